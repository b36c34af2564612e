"""Logistic regression by descent in the sheet comes to the minimum that scikit-learn finds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import xlsgd
from tests.own.test_export import last_weights

X = np.array(
    [[0.2, 1.1], [1.4, -0.3], [-0.8, 0.6], [0.9, 0.8], [-1.2, -0.7], [0.1, -1.0], [-0.4, 0.3],
     [1.1, 0.2]]
)  # fmt: skip
LABELS = {
    "apart": (X @ [1.0, 0.5] > 0.2).astype(float),
    "mixed": np.array([1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0]),
}
"""A line parts the rows of the one, and those of the other not."""


@pytest.mark.parametrize(("kind", "decay"), [("apart", 0.05), ("mixed", 0.05), ("mixed", 0.0)])
def test_the_minimum_is_the_same(kind: str, decay: float, tmp_path: Path) -> None:
    """Its penalty w·w/2 beside C·Σ loss is a weight decay of 1/(C·rows), without one of the bias.

    Where a line parts the rows, there is no minimum without a penalty.
    """
    found_by = pytest.importorskip(
        "sklearn.linear_model", reason="the extra digits is not installed"
    ).LogisticRegression
    y = LABELS[kind]
    inverse = np.inf if decay == 0 else 1 / (decay * len(y))
    known = found_by(C=inverse, tol=1e-12, max_iter=10_000).fit(X, y)
    parted = found_by(C=1e9, max_iter=10_000).fit(X, y).score(X, y) == 1
    assert parted == (kind == "apart")
    model = nn.Linear(2, 1).double()
    with torch.no_grad():
        model.weight.zero_()
        model.bias.zero_()
    groups = [{"params": [model.weight], "weight_decay": decay}, {"params": [model.bias]}]
    optimizer = torch.optim.SGD(groups, lr=2.5, momentum=0.6, nesterov=True)
    path = xlsgd.export(
        model, optimizer, nn.BCEWithLogitsLoss(), data=(torch.tensor(X), torch.tensor(y)),
        path=tmp_path / "m.xlsx", epochs=80,
    )  # fmt: skip
    found = last_weights(path)
    expected = [*known.coef_[0], known.intercept_[0]]
    assert list(found.values()) == pytest.approx(expected, abs=2e-6)
    if kind == "apart":
        assert xlsgd.verify(path).ok
