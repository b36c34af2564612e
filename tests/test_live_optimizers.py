"""Optimizers of torch as somebody made them: the sheet trains as they do, in a loop of their own.

The loop is the documented one, a weight at a time and without anything of the package: what the
cells hold has to be what the live optimizer makes of the same start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from tests.builders import Recalculated, bare_book, experiment_of, small_data
from xlsgd.base.errors import SpecError
from xlsgd.torch_side.from_torch import from_torch
from xlsgd.training.experiment import Experiment
from xlsgd.training.optimizers import get_optimizer, optimizers
from xlsgd.training.transforms import transforms

pytestmark = pytest.mark.every

Live = Callable[[list[torch.Tensor]], torch.optim.Optimizer]

EPOCHS = 4
O = torch.optim  # noqa: E741  # as short as a table wants it

LIVE: dict[str, Live] = {
    "sgd": lambda p: O.SGD(p, 0.05),
    "sgd, decay": lambda p: O.SGD(p, 0.05, weight_decay=0.3),
    "sgd, uphill": lambda p: O.SGD(p, 0.002, maximize=True, weight_decay=0.3),
    "momentum-classic": lambda p: O.SGD(p, 0.02, momentum=0.7, weight_decay=0.1),
    "momentum-dampened": lambda p: O.SGD(p, 0.05, momentum=0.7, dampening=0.4, weight_decay=0.1),
    "momentum-dampened, as much": lambda p: O.SGD(p, 0.05, momentum=0.7, dampening=0.7),
    "nesterov": lambda p: O.SGD(p, 0.02, momentum=0.7, nesterov=True),
    "adagrad": lambda p: O.Adagrad(p, 0.3, initial_accumulator_value=0.2, weight_decay=0.1),
    "adagrad-decay": lambda p: O.Adagrad(p, 0.3, lr_decay=0.2, eps=0.1),
    "adadelta": lambda p: O.Adadelta(p, 0.9, rho=0.8, eps=0.01, weight_decay=0.1),
    "rmsprop": lambda p: O.RMSprop(p, 0.05, alpha=0.8, eps=0.1, weight_decay=0.1),
    "rmsprop-centered": lambda p: O.RMSprop(p, 0.05, alpha=0.8, eps=0.1, centered=True),
    "rmsprop-momentum": lambda p: O.RMSprop(p, 0.02, alpha=0.8, eps=0.1, momentum=0.6),
    "rmsprop-centered-momentum": lambda p: O.RMSprop(
        p, 0.02, alpha=0.8, eps=0.1, momentum=0.6, centered=True, maximize=True
    ),
    "adam": lambda p: O.Adam(p, 0.1, betas=(0.8, 0.9), eps=0.01, weight_decay=0.2),
    "amsgrad": lambda p: O.Adam(p, 0.1, betas=(0.8, 0.9), eps=0.01, amsgrad=True),
    "adamw, as adam": lambda p: O.Adam(p, 0.1, weight_decay=0.2, decoupled_weight_decay=True),
    "adamw": lambda p: O.AdamW(p, 0.1, betas=(0.8, 0.9), eps=0.01, weight_decay=0.2),
    "adamw-amsgrad": lambda p: O.AdamW(p, 0.1, betas=(0.8, 0.9), weight_decay=0.2, amsgrad=True),
    "adamax": lambda p: O.Adamax(p, 0.1, betas=(0.8, 0.9), eps=0.01, weight_decay=0.2),
    "nadam": lambda p: O.NAdam(p, 0.1, betas=(0.8, 0.9), weight_decay=0.2, momentum_decay=0.03),
    "nadamw": lambda p: O.NAdam(
        p, 0.1, betas=(0.8, 0.9), weight_decay=0.2, decoupled_weight_decay=True
    ),
    "radam": lambda p: O.RAdam(p, 0.1, betas=(0.8, 0.95), eps=0.01, weight_decay=0.2),
    "radamw": lambda p: O.RAdam(
        p, 0.1, betas=(0.8, 0.95), weight_decay=0.2, decoupled_weight_decay=True
    ),
    "rprop": lambda p: O.Rprop(p, 0.05, etas=(0.4, 1.3), step_sizes=(0.01, 0.2)),
    "asgd": lambda p: O.ASGD(p, 0.05, lambd=0.02, alpha=0.6, t0=4, weight_decay=0.1),
}


@pytest.fixture(autouse=True)
def _double() -> Any:
    """Let torch keep its own numbers, such as NAdam's product, in double precision."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def as_ours(name: str, live: Live, batch_size: int, **more: Any) -> Experiment:
    """Return an experiment that trains a line as a live optimizer would."""
    read = from_torch(live([torch.zeros(1, requires_grad=True)]))
    e = experiment_of(learning_rate=read.learning_rate, epochs=EPOCHS, gradient="backprop")
    start = {f"{state}.{p}": v for state, v in read.start.items() for p in e.network.parameters}
    return replace(
        e,
        id=name,
        optimizer=read.optimizer,
        hyper={**read.hyper, **more.pop("hyper", {})},
        transforms=more.pop("transforms", read.transforms),
        start={**e.start, **start},
        batch_size=batch_size,
    )


def trained(
    live: Live, batch_size: int, before: Callable[[Any], Any] = lambda p: None
) -> list[list[float]]:
    """Return a and b after every step of torch's own loop.  before: done before every step."""
    start = experiment_of().start
    a, b = (torch.tensor(start[p], requires_grad=True) for p in "ab")
    optimizer, data = live([a, b]), small_data()
    for group in optimizer.param_groups:
        group["foreach"] = False
    x, y = torch.tensor(data.inputs["x"]), torch.tensor(data.y)
    found = []
    for _ in range(EPOCHS):
        for rows in torch.arange(len(x)).split(batch_size):
            optimizer.zero_grad()
            ((a * x[rows] + b - y[rows]) ** 2).mean().backward()
            before([a, b])
            optimizer.step()
            found.append([a.item(), b.item()])
    return found


def cells(found: Recalculated, experiment: Experiment) -> np.ndarray:
    """Return a and b after every step of a sheet."""
    each = np.stack([found.numbers(experiment.id, f"new.{p}") for p in "ab"], 1)
    if experiment.batch_size == 1:
        return each
    return each[found.numbers(experiment.id, "batch_end") == 1]


@pytest.fixture(scope="module")
def in_sheets() -> dict[tuple[str, int], np.ndarray]:
    """Every live optimizer's run, in the cells of a workbook."""
    experiments = {
        (name, size): replace(as_ours(name, live, size), id=f"run{i}.{size}")
        for i, (name, live) in enumerate(LIVE.items())
        for size in (1, 2)
    }
    book = Recalculated.of(bare_book(*experiments.values(), data=small_data()))
    return {key: cells(book, e) for key, e in experiments.items()}


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("name", LIVE)
def test_a_sheet_trains_as_a_live_optimizer(
    name: str, size: int, in_sheets: dict[tuple[str, int], np.ndarray]
) -> None:
    wanted = np.array(trained(LIVE[name], size))
    assert np.abs(np.diff(wanted, axis=0)).max() > 1e-3, "it stands still"
    np.testing.assert_allclose(in_sheets[name, size], wanted, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", LIVE)
def test_a_live_optimizer_is_found(name: str) -> None:
    found = from_torch(LIVE[name]([torch.zeros(1, requires_grad=True)]))
    assert found.optimizer.name == name.partition(",")[0]


def test_every_optimizer_of_torch_is_tried_or_refused() -> None:
    ours = {o.name for o in optimizers().values() if o.torch_class}
    assert ours == {name.partition(",")[0] for name in LIVE}
    theirs = {
        name
        for name, kind in vars(O).items()
        if isinstance(kind, type) and issubclass(kind, O.Optimizer) and kind is not O.Optimizer
    }
    known = {o.torch_class for o in optimizers().values() if o.torch_class}
    for name in theirs - known:
        with pytest.raises(SpecError, match="; use ") as refused:
            get_optimizer(name.lower())
        assert name in str(refused.value)


CLIPPED: dict[str, tuple[dict[str, float], Callable[[Any], Any]]] = {
    "clip-value": (
        {"clip_value": 0.4},
        lambda p: torch.nn.utils.clip_grad_value_(p, 0.4),
    ),
    "clip-norm": (
        {"clip_norm": 0.7},
        lambda p: torch.nn.utils.clip_grad_norm_(p, 0.7, foreach=False),
    ),
}


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("name", CLIPPED)
def test_slopes_are_clipped_as_torch_clips(name: str, size: int) -> None:
    hyper, clip = CLIPPED[name]
    live = LIVE["sgd, uphill"]
    chosen = tuple(t for t in transforms().values() if t.name in (name, "maximize", "weight-decay"))
    experiment = as_ours("run", live, size, hyper=hyper, transforms=chosen)
    found = cells(Recalculated.of(bare_book(experiment, data=small_data())), experiment)
    wanted = np.array(trained(live, size, clip))
    assert not np.allclose(wanted, trained(live, size)), "nothing was clipped"
    np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-12)


# What cannot be taken over


def weight() -> list[torch.Tensor]:
    return [torch.ones(2, 2, requires_grad=True)]


class Own(torch.optim.SGD):
    """An optimizer of somebody's own."""


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: O.LBFGS(weight()), "LBFGS cannot be shown in a sheet: .*use momentum-classic"),
        (lambda: O.SparseAdam(weight()), "SparseAdam cannot .*use adam"),
        (lambda: O.Adafactor(weight()), "Adafactor cannot .*use adam or rmsprop"),
        (lambda: O.Muon(weight()), "Muon cannot .*use momentum-classic or adamw"),
        (lambda: Own(weight(), 0.1), "Own is none of torch.optim's"),
        (lambda: weight()[0], "got Tensor for an optimizer; need one of torch.optim"),
        (
            lambda: O.SGD([{"params": weight()}, {"params": weight(), "lr": 0.2}], 0.1),
            "SGD has groups, and nobody says of which weights",
        ),
    ],
)
def test_what_cannot_be_taken_over_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(SpecError, match=message):
        from_torch(make())


@pytest.mark.parametrize("name", ["momentum-classic", "adam", "adagrad"])
def test_an_optimizer_that_has_begun_is_refused(name: str) -> None:
    (p,) = weight()
    optimizer = LIVE[name]([p])
    p.sum().backward()
    optimizer.step()
    with pytest.raises(SpecError, match="has made steps already"):
        from_torch(optimizer)


def test_how_torch_computes_plays_no_part() -> None:
    for flag in ("foreach", "differentiable"):
        live = O.Adam(weight(), 0.1, **{flag: True})
        assert from_torch(live).optimizer.name == "adam"


def test_a_rate_may_be_a_tensor() -> None:
    assert from_torch(O.Adam(weight(), torch.tensor(0.25))).learning_rate == 0.25


@pytest.mark.parametrize(("done", "lost"), [(1, False), (20, True)])
def test_a_weight_divided_by_what_no_cell_holds_is_no_number(done: int, lost: bool) -> None:
    """RAdam divides by its squares once it trusts them; torch stands still where they overflow."""
    from xlsgd.torch_side.stepper import Stepper

    weight = torch.tensor([0.5])
    stepper = Stepper(experiment_of(optimizer="radam"), {"w": weight})
    memory = {"avg_grad.w": torch.tensor([1e150]), "sq_avg.w": torch.tensor([torch.inf])}
    stepper.remember(memory, steps_done=torch.full_like(weight, float(done)))
    stepper.step({"w": torch.tensor([1e160])})
    assert bool(stepper.parameters["w"].isnan().all()) == lost
