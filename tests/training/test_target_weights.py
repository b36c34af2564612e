"""Targets that count by weights of their own, as torch.nn's BCE has them.

The witness is a plain loop of PyTorch's own loss beside the weights that stand in cells.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import xlsgd
from tests.builders import view_of
from tests.training.test_class_targets import X, exported, need_same
from tests.two_sides import data_for
from xlsgd.base.errors import SpecError
from xlsgd.data.table import dataset_of
from xlsgd.sweeping import Axis, check_sweep, sweep_experiment

OWN = torch.tensor([0.5, 2.0, 3.0]).double()
LABELS = torch.tensor([[1, 0, 1], [0, 0, 1], [1, 1, 0], [0.3, 1, 0], [0, 1, 1]]).double()


LOSSES: dict[str, tuple[Any, int]] = {
    "of targets": (nn.BCEWithLogitsLoss(weight=OWN), 3),
    "of ones": (nn.BCEWithLogitsLoss(pos_weight=OWN), 3),
    "both, a row of them": (
        nn.BCEWithLogitsLoss(weight=OWN[None], pos_weight=OWN.flip(0), reduction="sum"),
        3,
    ),
    "one for all": (nn.BCEWithLogitsLoss(weight=torch.tensor(0.4)), 3),
    "of the only target": (
        nn.BCEWithLogitsLoss(weight=torch.tensor([0.4]), pos_weight=torch.tensor(3.0)),
        1,
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_weighted_targets_go_as_a_plain_loop_goes(name: str, tmp_path: Path) -> None:
    loss, targets = LOSSES[name]
    path = tmp_path / "m.xlsx"
    need_same(exported(loss, LABELS[:, :targets], path, 2, targets), path)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_probabilities_have_weights_too(reduction: str, tmp_path: Path) -> None:
    torch.manual_seed(5)
    net = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid()).double()
    loss, path = nn.BCELoss(weight=OWN, reduction=reduction), tmp_path / "m.xlsx"
    optimizer = torch.optim.SGD(net.parameters(), lr=0.3)
    xlsgd.export(net, optimizer, loss, data=(X, LABELS), path=path, epochs=2)
    for _ in range(2):
        optimizer.zero_grad()
        loss(net(X), LABELS).backward()
        optimizer.step()
    need_same(net, path)


def test_weights_of_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"of the shape \(5, 1\): need one number, or one for each"):
        exported(nn.BCEWithLogitsLoss(weight=torch.ones(5, 1)), LABELS, tmp_path / "m.xlsx", 5)


def test_a_sweep_goes_as_the_tab_does() -> None:
    table = {"x": X[:, 0].tolist(), **{f"t{i}": LABELS[:, i].tolist() for i in range(2)}}
    data = dataset_of(table, ["t0", "t1"])
    view = view_of(
        "Linear(1, 2)", data=data, loss="weighted-bce-with-logits", gradient="backprop",
        hyper={"target_weight_2": 3.0, "pos_weight_1": 0.5}, batch_size=5, epochs=3,
        layout="blocks",
    )  # fmt: skip
    axis = Axis("target_weight_1", 0.1, 4.0, 4, log=False)
    checked = check_sweep(sweep_experiment(view, data, [axis]), per_side=1)
    assert checked
    assert all(one.agree for one in checked)


def test_a_weight_is_none_below_0() -> None:
    with pytest.raises(SpecError, match="target_weight_1"):
        view_of(
            "Linear(1, 1)", loss="weighted-bce", hyper={"target_weight_1": -1.0},
            data=data_for("loss weighted-bce"),
        )  # fmt: skip


def test_a_loss_may_be_called_by_its_name(tmp_path: Path) -> None:
    """fast.ai's loss, which PyTorch does not have: of the probability of the right label."""
    torch.manual_seed(5)
    net = nn.Sequential(nn.Linear(2, 1), nn.Sigmoid()).double()
    y, path = (LABELS[:, :1] > 0.5).double(), tmp_path / "m.xlsx"
    optimizer = torch.optim.SGD(net.parameters(), lr=0.3)
    xlsgd.export(net, optimizer, "mnist-loss", data=(X, y), path=path, epochs=2)
    for _ in range(2):
        optimizer.zero_grad()
        p = net(X)
        torch.where(y == 1, 1 - p, p).mean().backward()
        optimizer.step()
    need_same(net, path)
