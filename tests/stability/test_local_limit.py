"""The largest stable rate near some weights, of any net and loss, against Hessians of torch.func,
closed forms, and runs just below and above it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, hessian

from tests.explain.own_nets import entries
from tests.modules.nets import Of
from tests.stability.witnesses import TORCH, UPDATES, features, neuron_on, points
from xlsgd.data.table import dataset_of
from xlsgd.torch_side.modules import read_module
from xlsgd.torch_side.stability import local_limit, sharpness
from xlsgd.torch_side.stability.lanczos import largest_eigenvalue
from xlsgd.torch_side.stability.linearity import NoLimitError
from xlsgd.torch_side.stability.local_limit import border_of_steps
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses import losses
from xlsgd.training.optimizers import optimizers
from xlsgd.training.param_groups import ParamGroup
from xlsgd.training.schedules import schedules
from xlsgd.training.transforms import transforms

X = torch.tensor([[0.5, -0.4], [0.3, 0.9], [-0.7, 0.2], [1.1, -0.8], [0.1, 0.6], [-0.2, -0.5]])
X = X.double()


def skip() -> nn.Module:
    return Of(
        lambda m, x: m.out(torch.tanh(m.fc(x)) + x * m.gain),
        fc=nn.Linear(2, 2), out=nn.Linear(2, 1), gain=0.4,
    )  # fmt: skip


def wide() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 12), nn.GELU(), nn.Linear(12, 2), nn.Tanh(), nn.Linear(2, 1))


def classes() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 9), nn.SiLU(), nn.Linear(9, 3))


def case(make: Any, loss: str, target: torch.Tensor, **options: Any) -> tuple[nn.Module, Any, Any]:
    """Return a module with seeded weights, its experiment, and the data."""
    net, random = make().double(), torch.Generator().manual_seed(1)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.rand(p.shape, generator=random, dtype=torch.float64) * 2 - 1)
    columns = {f"x{i}": column.tolist() for i, column in enumerate(X.T, 1)}
    data = dataset_of({**columns, "y": target.tolist()}, ["y"])
    start = {
        key: float(p.detach()[at])
        for name, p in net.named_parameters()
        for key, at in entries(name, p)
    }
    network = read_module(net, tuple(data.inputs))
    options = {"optimizer": optimizers()["sgd"], "learning_rate": 0.1} | options
    return net, Experiment("run", network, losses()[loss], start=start, **options), data


def largest_of_all(net: nn.Module, loss: Any) -> float:
    """Return the largest eigenvalue of the whole Hessian of a module's loss."""
    names, shapes = zip(*((n, p.shape) for n, p in net.named_parameters()), strict=True)
    sizes = [math.prod(shape) for shape in shapes]

    def whole(flat: torch.Tensor) -> torch.Tensor:
        parts = [p.reshape(s) for p, s in zip(flat.split(sizes), shapes, strict=True)]
        return loss(functional_call(net, dict(zip(names, parts, strict=True)), (X,)))

    flat = torch.cat([p.detach().reshape(-1) for p in net.parameters()])
    return float(torch.linalg.eigvalsh(hessian(whole)(flat))[-1])


Y = (X[:, 0] * X[:, 1] + 0.3).round(decimals=3)
KIND = torch.tensor([0, 1, 2, 0, 1, 2])
CASES: list[tuple[Any, str, torch.Tensor, Any]] = [
    (skip, "squared error", Y, lambda p: nn.functional.mse_loss(p[:, 0], Y)),
    (skip, "huber", Y, lambda p: nn.functional.huber_loss(p[:, 0], Y)),
    (wide, "squared error", Y, lambda p: nn.functional.mse_loss(p[:, 0], Y)),
    (
        wide,
        "bce-with-logits",
        (Y > 0.3).double(),
        lambda p: nn.functional.binary_cross_entropy_with_logits(p[:, 0], (Y > 0.3).double()),
    ),
    (classes, "cross-entropy", KIND.double(), lambda p: nn.functional.cross_entropy(p, KIND)),
]


@pytest.mark.parametrize(("make", "loss", "target", "torchs"), CASES)
def test_the_largest_curvature_of_graphs_and_losses(
    make: Any, loss: str, target: torch.Tensor, torchs: Any
) -> None:
    net, experiment, data = case(make, loss, target)
    expected = largest_of_all(net, torchs)
    found = local_limit(experiment, data, experiment.start)
    assert found.sharpness == pytest.approx(expected, rel=1e-9)
    assert found.value == pytest.approx(2 / expected, rel=1e-9)
    assert found.reason == ""
    # The same to the last digit whenever it is asked.
    again = sharpness(experiment, data, experiment.start, range(data.rows))
    assert again == found.sharpness


@pytest.mark.parametrize("size", [1, 47, 49, 90])
@pytest.mark.parametrize("kind", ["spread", "close", "few", "negative", "zero"])
def test_products_alone_give_the_largest_eigenvalue(size: int, kind: str) -> None:
    random = np.random.default_rng(size)
    values = {
        "spread": np.geomspace(1e-8, 1e8, size),
        "close": 1 + 1e-6 * random.random(size),
        "few": random.integers(0, 3, size).astype(float),
        "negative": -np.geomspace(1, 1e3, size),
        "zero": np.zeros(size),
    }[kind]
    turned = np.linalg.qr(random.normal(size=(size, size)))[0]
    matrix = torch.from_numpy(turned * values @ turned.T)
    found = largest_eigenvalue(lambda v: matrix @ v, size)
    scale = np.abs(values).max()
    assert found == pytest.approx(values.max(), rel=1e-9, abs=1e-13 * scale + 1e-300)


def test_no_number_has_no_largest_eigenvalue() -> None:
    assert math.isnan(largest_eigenvalue(lambda v: v * math.inf, 100))
    assert math.isnan(largest_eigenvalue(lambda v: v * math.nan, 3))


@pytest.mark.parametrize("optimizer", UPDATES)
def test_linear_regression_in_closed_form_and_by_running(optimizer: str) -> None:
    data = points([0.5, -1.0, 2.0, 0.3], [1.0, 0.2, -0.7, 0.9], y=[1.0, 2.0, 0.5, -1.0])
    rows = features(data)
    largest = np.linalg.eigvalsh(2 / 4 * rows.T @ rows)[-1]
    experiment = neuron_on(data, optimizer, batch_size=4)
    weights = dict.fromkeys(experiment.network.parameters, 0.3)
    found = local_limit(experiment, data, weights)
    beta = 0.9
    closed = {
        "sgd": 2.0,
        "momentum": 2 * (1 + beta) / (1 - beta),
        "momentum-classic": 2 * (1 + beta),
        "nesterov": 2 * (1 + beta) / (1 + 2 * beta),
    }[optimizer]
    assert found.sharpness == pytest.approx(largest, rel=1e-12)
    assert found.factor == pytest.approx(closed, rel=1e-9)
    assert found.value == pytest.approx(closed / largest, rel=1e-9)
    x, y = torch.tensor(rows), torch.tensor(data.y, dtype=torch.float64)
    ends = []
    for share in (0.98, 1.02):
        w = nn.Parameter(torch.zeros(3, dtype=torch.float64))
        steps = TORCH[optimizer]([w], share * float(found.value or 0))
        for _ in range(1500):
            steps.zero_grad()
            loss = (x @ w - y).square().mean()
            loss.backward()
            steps.step()
        ends.append(loss.item())
    least = float(np.linalg.lstsq(rows, np.array(data.y), rcond=None)[1][0]) / 4
    assert ends[0] == pytest.approx(least, rel=1e-3)
    assert ends[1] > 1e3


@pytest.mark.parametrize("share", [7.0, 0.2])
@pytest.mark.parametrize("optimizer", UPDATES)
def test_groups_with_rates_of_their_own_in_closed_form_and_by_running(
    optimizer: str, share: float
) -> None:
    """Rates of r·s make of the Hessian H the matrix √s·H·√s, in units in which all rates are r."""
    data = points([0.5, -1.0, 2.0, 0.3], [1.0, 0.2, -0.7, 0.9], y=[1.0, 2.0, 0.5, -1.0])
    rows, root = features(data), np.sqrt([1.0, 1.0, share])
    largest = np.linalg.eigvalsh(2 / 4 * (rows * root).T @ (rows * root))[-1]
    plain = neuron_on(data, optimizer, batch_size=4)
    bias = [t for t, names in plain.network.tensors.items() if "b" in names]
    given = {
        "param_groups": (ParamGroup("own", tuple(bias), ("learning_rate",)),),
        "hyper": {**plain.hyper, "learning_rate.own": share * plain.learning_rate},
    }
    experiment = neuron_on(data, optimizer, batch_size=4, **given)
    found = local_limit(experiment, data, dict.fromkeys(experiment.network.parameters, 0.3))
    closed = {
        "sgd": 2.0,
        "momentum": 2 * 1.9 / 0.1,
        "momentum-classic": 2 * 1.9,
        "nesterov": 2 * 1.9 / 2.8,
    }[optimizer]
    assert found.value == pytest.approx(closed / largest, rel=1e-9)
    x, y = torch.tensor(rows), torch.tensor(data.y, dtype=torch.float64)
    ends = []
    for part in (0.98, 1.02):
        w, b = (nn.Parameter(torch.zeros(n, dtype=torch.float64)) for n in (2, 1))
        rate = part * float(found.value or 0)
        steps: Any = TORCH[optimizer]([{"params": [w]}, {"params": [b], "lr": share * rate}], rate)
        for _ in range(1500):
            steps.zero_grad()
            loss = (x[:, :2] @ w + b - y).square().mean()
            loss.backward()
            steps.step()
        ends.append(loss.item())
    least = float(np.linalg.lstsq(rows, np.array(data.y), rcond=None)[1][0]) / 4
    assert ends[0] == pytest.approx(least, rel=1e-3)
    assert ends[1] > 1e3


def test_the_edge_near_a_minimum_of_a_net_that_is_no_parabola() -> None:
    """From beside the minimum of (x² − 9)² a run settles just below its limit and not above."""

    def ends(rate: float) -> float:
        x = 3.001
        for _ in range(3000):
            x -= rate * 4 * x * (x * x - 9)
        return abs(x - 3)

    data = points([1.0], y=[9.0])
    net = Of(lambda m, x: m.w * m.w * x, w=3.0).double()
    experiment = Experiment(
        "run", read_module(net, ("x",)), losses()["squared error"], optimizers()["sgd"], 0.01
    )
    limit = local_limit(experiment, data, {"w": 3.0}).value
    assert limit == pytest.approx(2 / 72, rel=1e-12)
    assert ends(0.99 * limit) < 1e-9
    assert ends(1.01 * limit) > 1e-2


@pytest.mark.parametrize("name", ["adam", "rmsprop", "adagrad", "rprop", "nadam", "adamax"])
def test_steps_that_adapt_have_no_such_number(name: str) -> None:
    net, experiment, data = case(skip, "huber", Y, optimizer=optimizers()[name])
    found = local_limit(experiment, data, experiment.start)
    assert (found.value, found.factor) == (None, None)
    assert name in found.reason
    expected = largest_of_all(net, lambda p: nn.functional.huber_loss(p[:, 0], Y))
    assert found.sharpness == pytest.approx(expected, rel=1e-9)


def test_weight_decay_bends_as_well_and_clipping_has_no_limit() -> None:
    known = transforms()
    decayed = {"transforms": (known["weight-decay"],), "hyper": {"weight_decay": 0.7}}
    net, experiment, data = case(skip, "squared error", Y, **decayed)
    expected = largest_of_all(net, lambda p: nn.functional.mse_loss(p[:, 0], Y))
    found = local_limit(experiment, data, experiment.start)
    assert found.seen == pytest.approx(expected + 0.7, rel=1e-9)
    assert found.value == pytest.approx(2 / (expected + 0.7), rel=1e-9)
    for name, why in (
        ("clip-norm", "how steep"),
        ("clip-value", "how steep"),
        ("maximize", "down"),
    ):
        _, experiment, _ = case(skip, "squared error", Y, transforms=(known[name],))
        found = local_limit(experiment, data, experiment.start)
        assert found.value is None
        assert name in found.reason
        assert why in found.reason


def test_the_momentum_of_the_step_counts_where_it_moves() -> None:
    options = {
        "optimizer": optimizers()["momentum-classic"],
        "schedule": schedules()["one-cycle"],
    }
    _, experiment, data = case(skip, "squared error", Y, **options)
    found = local_limit(experiment, data, experiment.start, momentum=0.5)
    assert found.factor == pytest.approx(3, rel=1e-9)
    assert border_of_steps(experiment, 0.95) == pytest.approx(3.9, rel=1e-9)


def test_a_loss_of_straight_pieces_has_no_limit() -> None:
    data = points([1.0, 2.0], y=[5.0, 7.0])
    experiment = neuron_on(data, loss=losses()["l1"])
    found = local_limit(experiment, data, {"a": 0.0, "b": 0.0})
    assert (found.sharpness, found.value) == (0, None)
    assert "bends upwards in no direction" in found.reason
    with pytest.raises(NoLimitError, match="adam"):
        border_of_steps(neuron_on(data, "adam"))
