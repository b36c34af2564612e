"""Graphs and formulas: the limit of those that are linear in their weights, and no limit, for a
true reason, of all others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.modules.nets import Of
from tests.stability.witnesses import points, radius
from xlsgd.torch_side.modules import read_module
from xlsgd.torch_side.stability import stability_limit
from xlsgd.torch_side.stability.linearity import NoLimitError, need_linear
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import LOSS
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer

X = [0.5, -1.0, 2.0, 0.3, 1.1]


def experiment(network: Any, optimizer: str = "sgd", **options: Any) -> Experiment:
    return Experiment("run", network, LOSS, get_optimizer(optimizer), 0.1, **options)


LINES: dict[str, tuple[Any, Any]] = {
    "lines": (
        lambda: parse_network("weights a, b; mul = Multiply of a, x; pred = Add of mul, b", ("x",)),
        lambda x: [x, np.ones_like(x)],
    ),
    "module": (lambda: read_module(nn.Linear(1, 1).double(), ("x",)), lambda x: [x, x**0]),
    "formula": (
        lambda: parse_network("Formula(x: a*x^2 + 3*b - c*exp(x))", ("x",)),
        lambda x: [x**2, 3 * np.ones_like(x), -np.exp(x)],
    ),
    "shared, features": (
        lambda: read_module(
            Of(lambda m, x: m.a * torch.sin(x) + m.a * 2 + m.b * x, a=0.3, b=0.2).double(), ("x",)
        ),
        lambda x: [np.sin(x) + 2, x],
    ),
}


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize(("optimizer", "size"), [("sgd", 2), ("momentum-classic", 5)])
def test_the_limit_of_graphs_that_are_linear_in_their_weights(
    name: str, optimizer: str, size: int
) -> None:
    make, of = LINES[name]
    data, rows = points(X), np.stack(of(np.array(X)), 1)
    found = stability_limit(experiment(make(), optimizer, batch_size=size), data)
    assert found.reason == ""
    assert found.value is not None
    below, above = radius(optimizer, rows, size, [0.999 * found.value, 1.001 * found.value])
    assert below < 1 < above


@pytest.mark.parametrize(
    "network",
    [
        "Formula(x: a*x + a*b)",
        "Formula(x: exp(a*x))",
        "weights a, b; mul = Multiply of a, b; pred = Add of mul, x",
        "weights a; mul = Multiply of a, x; pred = ReLU of mul",
    ],
)
def test_what_is_not_linear_in_its_weights(network: str) -> None:
    with pytest.raises(NoLimitError, match="is not linear in its weights"):
        need_linear(experiment(parse_network(network, ("x",))))
