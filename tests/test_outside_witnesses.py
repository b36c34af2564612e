"""Numbers that both sides of an optimizer or a gradient rule share, by witnesses from outside.

Where sheet and torch side take a number from the same place, or both have the same mistake, they
agree, and agreement proves nothing. So each such number is held against something that knows
nothing of this package: the defaults of torch.optim, fast.ai's own numbers, a derivative by hand.
Every witness is tried on a package with the mistake on both sides as well, and must notice it.
"""

from __future__ import annotations

import csv
import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.builders import Floats, Recalculated, bare_book, experiment_of
from xlsgd.data import Dataset
from xlsgd.tabs.layouts.rows import torch_run as trace
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.gradients.central import CentralDifference
from xlsgd.training.gradients.forward import ForwardDifference
from xlsgd.training.optimizers import get_optimizer, optimizers

pytestmark = pytest.mark.every

Patch = pytest.MonkeyPatch


def both_sides(experiment: Experiment, data: Dataset, *quantities: str) -> list[list[Floats]]:
    """Return columns as the sheet has them, and as the torch side has them."""
    sheet = Recalculated.of(bare_book(experiment, data=data))
    run = trace.run(View(experiment), data, members=1)
    return [
        [sheet.numbers(experiment.id, name) for name in quantities],
        [run[name] for name in quantities],
    ]


def close(found: list[list[Floats]], wanted: list[list[float]], relative: float = 1e-9) -> bool:
    """Return whether both sides have the wanted columns."""
    return all(
        np.allclose(column, numbers, rtol=relative, atol=0.0)
        for side in found
        for column, numbers in zip(side, wanted, strict=True)
    )


# The defaults of torch.optim

TORCH: dict[str, tuple[type[torch.optim.Optimizer], dict[str, tuple[str, int | None]]]] = {
    "rmsprop": (torch.optim.RMSprop, {"alpha": ("alpha", None), "eps": ("eps", None)}),
    "adam": (
        torch.optim.Adam,
        {"beta1": ("betas", 0), "beta2": ("betas", 1), "eps": ("eps", None)},
    ),
    "adagrad": (torch.optim.Adagrad, {"eps": ("eps", None)}),
}
"""Our hyperparameters and those of torch, with the place in a tuple."""


def defaults(kind: type[torch.optim.Optimizer]) -> dict[str, Any]:
    return {name: p.default for name, p in inspect.signature(kind).parameters.items()}


@pytest.mark.parametrize("name", TORCH)
def test_hyperparameters_begin_at_torchs_defaults(name: str) -> None:
    kind, ours = TORCH[name]
    known = defaults(kind)
    wanted = {key: known[arg] if i is None else known[arg][i] for key, (arg, i) in ours.items()}
    assert {given.key: given.value for given in optimizers()[name].hyperparameters} == wanted


TINY = Dataset("a point", {"x": (1.0,)}, (0.0,))


def as_torch_steps(name: str) -> bool:
    """Return whether three steps are those of torch's optimizer with nothing but a rate given.

    The derivatives are as small as eps, so that eps, and where it stands, changes every step.
    """
    start = {"a": 4e-9, "b": 2e-9}
    experiment = experiment_of(
        optimizer=name, start=start, learning_rate=1e-9, gradient="backprop", epochs=3
    )
    weights = [torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in start.values()]
    optimizer = TORCH[name][0](weights, lr=1e-9)  # type: ignore[call-arg]
    seen: list[list[float]] = [[], []]
    for _ in range(3):
        optimizer.zero_grad()
        (weights[0] * 1.0 + weights[1]).square().backward()
        optimizer.step()
        for column, weight in zip(seen, weights, strict=True):
            column.append(weight.item())
    return close(both_sides(experiment, TINY, "new.a", "new.b"), seen)


@pytest.mark.parametrize("name", TORCH)
def test_steps_are_those_of_torch_with_its_defaults(name: str) -> None:
    assert as_torch_steps(name)


def other(name: str, key: str, value: float) -> Callable[[Patch], None]:
    """Return a mistake that both sides share: another default of a hyperparameter."""

    def make(patch: Patch) -> None:
        optimizer = optimizers()[name]
        changed = tuple(
            replace(given, value=value) if given.key == key else given
            for given in optimizer.hyperparameters
        )
        patch.setattr(type(optimizer), "hyperparameters", changed)

    return make


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("rmsprop", "alpha", 0.9),
        ("rmsprop", "eps", 1e-7),
        ("adam", "eps", 1e-7),
        ("adam", "beta1", 0.99),
        ("adam", "beta2", 0.99),
        ("adagrad", "eps", 1e-9),
    ],
)
def test_another_default_on_both_sides_is_noticed(
    name: str, key: str, value: float, monkeypatch: Patch
) -> None:
    other(name, key, value)(monkeypatch)
    assert not as_torch_steps(name)


# fast.ai's numbers


def test_fastais_hyperparameters(shared: Path) -> None:
    inputs = json.loads((shared / "reference/fastai/inputs.json").read_text(encoding="utf-8"))
    for sheet in ("momentum", "rmsprop", "adam"):
        known = {k: v for k, v in inputs[sheet].items() if k.startswith("beta")}
        ours = get_optimizer(sheet, "fastai").hyperparameters
        assert {given.key: given.value for given in ours} == known


def first_steps_are_a_rate_long(shared: Path) -> bool:
    """Return whether RMSprop of fast.ai's kind, without an earlier epoch, begins with steps of the
    learning rate down the slopes that fast.ai's sheet has in its first row."""
    folder = shared / "reference" / "fastai"
    own = json.loads((folder / "inputs.json").read_text(encoding="utf-8"))["rmsprop"]
    with (folder / "rmsprop.csv").open(encoding="utf-8", newline="") as file:
        row = {key: float(text) for key, text in next(csv.DictReader(file)).items()}
    experiment = experiment_of(
        optimizer="rmsprop-fastai",
        start={"a": own["init_slope"], "b": own["init_intercept"]},
        learning_rate=own["lr"],
        gradient="backprop",
        epochs=1,
    )
    data = Dataset("fast.ai's first point", {"x": (row["x"],)}, (row["y"],))
    slopes = row["grad_slope"], row["grad_intercept"]
    # An average that starts at g² stays there: 0.9·g² + 0.1·g².
    wanted = [
        [own["init_slope"] - own["lr"] * np.sign(slopes[0])],
        [own["init_intercept"] - own["lr"] * np.sign(slopes[1])],
        [slopes[0] ** 2],
        [slopes[1] ** 2],
    ]
    return close(both_sides(experiment, data, "new.a", "new.b", "sq_avg.a", "sq_avg.b"), wanted)


def test_start_of_fastais_rmsprop(shared: Path) -> None:
    assert first_steps_are_a_rate_long(shared)


@pytest.mark.parametrize(
    ("sheet", "torch_side"),
    [
        ("2*{first.{g}}^2", lambda g: 2 * g.square()),
        ("ABS({first.{g}})", lambda g: g.abs()),
        ("1", torch.ones_like),
    ],
)
def test_another_start_on_both_sides_is_noticed(
    sheet: str, torch_side: Callable[[Any], Any], shared: Path, monkeypatch: Patch
) -> None:
    kind = type(optimizers()["rmsprop-fastai"])
    monkeypatch.setattr(kind, "start_state", f"={sheet}")
    monkeypatch.setattr(kind, "torch_start_state", lambda self, gradient: torch_side(gradient))
    assert not first_steps_are_a_rate_long(shared)


# Derivatives by hand

POINTS = Dataset("points", {"x": (2.0, -3.0, 0.5)}, (1.0, 4.0, -2.0))


def differences_are(difference: str, ahead: float) -> bool:
    """Return whether the numerical derivatives are those of the parabolas (a·x + b − y)².

    On a parabola the central difference is the derivative itself, 2·(a·x + b − y)·x for a, and the
    forward difference is more than that by h times half the curvature, x²·h.
    ahead: how much of that is expected.
    """
    h, a, b = 0.25, 0.7, -0.2
    experiment = experiment_of(
        start={"a": a, "b": b}, learning_rate=0.0, difference=difference, h=h, epochs=1
    )
    x, y = np.array(POINTS.inputs["x"]), np.array(POINTS.y)
    off = 2 * (a * x + b - y)
    wanted = [list(off * x + ahead * h * x**2), list(off + ahead * h)]
    return close(both_sides(experiment, POINTS, "grad_num.a", "grad_num.b"), wanted)


def test_central_difference_of_parabolas() -> None:
    assert differences_are("central", 0.0)


def test_forward_difference_of_parabolas() -> None:
    assert differences_are("forward", 1.0)


@pytest.mark.parametrize(("divisor", "factor"), [("{h}", 1.0), ("(4*{h})", 4.0)])
def test_another_divisor_on_both_sides_is_noticed(
    divisor: str, factor: float, monkeypatch: Patch
) -> None:
    for kind, losses, difference in (
        (CentralDifference, "({{loss_up{0}}}-{{loss_down{0}}})/{1}", "central"),
        (ForwardDifference, "({{loss_up{0}}}-{{loss}})/(2*{1})", "forward"),
    ):
        monkeypatch.setattr(kind, "slope", lambda self, of, text=losses: text.format(of, divisor))
        below = (
            (lambda loss, moved: moved["down"])
            if difference == "central"
            else (lambda loss, moved: loss)
        )
        twice = 1.0 if difference == "central" else 2.0
        monkeypatch.setattr(
            kind,
            "slope_of",
            lambda self, loss, moved, h, below=below, twice=twice: (
                (moved["up"] - below(loss, moved)) / (twice * factor * h)
            ),
        )
        sides = both_sides(
            experiment_of(difference=difference, epochs=1, learning_rate=0.0), POINTS, "grad_num.a"
        )
        assert np.allclose(sides[0][0], sides[1][0]), "the mistake is the same on both sides"
        assert not differences_are(difference, 0.0 if difference == "central" else 1.0)
