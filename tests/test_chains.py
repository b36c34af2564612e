"""Several schedules in a row, or multiplied: by torch's own SequentialLR and ChainedScheduler."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from tests.builders import Recalculated, bare_book, experiment_of, small_data
from xlsgd.base.errors import SpecError
from xlsgd.torch_side.from_torch import from_torch
from xlsgd.training.schedules import get_schedule

S = torch.optim.lr_scheduler
EPOCHS, ROWS = 8, small_data().rows
STEPS = EPOCHS * ROWS


def in_a_row(o: Any, milestones: list[int], *make: Callable[[Any], Any]) -> Any:
    return S.SequentialLR(o, [each(o) for each in make], milestones)


def multiplied(o: Any, *make: Callable[[Any], Any]) -> Any:
    return S.ChainedScheduler([each(o) for each in make], o)


LIVE: dict[str, Callable[[Any], Any]] = {
    "warm-up, cosine": lambda o: in_a_row(
        o, [5], lambda o: S.LinearLR(o, 0.1, total_iters=5), lambda o: S.CosineAnnealingLR(o, 20)
    ),
    "of the documentation": lambda o: in_a_row(
        o, [20], lambda o: S.ConstantLR(o, 0.1, 20), lambda o: S.ExponentialLR(o, 0.9)
    ),
    "three, restarts in the middle": lambda o: in_a_row(
        o, [4, 19],
        lambda o: S.PolynomialLR(o, 6, 2.0),
        lambda o: S.CosineAnnealingWarmRestarts(o, 2, 2, 0.001),
        lambda o: S.StepLR(o, 3, 0.5),
    ),
    "restarts first": lambda o: in_a_row(
        o, [7], lambda o: S.CosineAnnealingWarmRestarts(o, 3), lambda o: S.MultiStepLR(o, [2, 5])
    ),
    "only one": lambda o: in_a_row(o, [], lambda o: S.StepLR(o, 3, 0.5)),
    "multiplied, of the documentation": lambda o: multiplied(
        o, lambda o: S.ConstantLR(o, 0.1, 20), lambda o: S.ExponentialLR(o, 0.9)
    ),
    "multiplied, four": lambda o: multiplied(
        o,
        lambda o: S.LinearLR(o, 0.25, 0.75, 8),
        lambda o: S.StepLR(o, 7, 0.5),
        lambda o: S.MultiStepLR(o, [3, 9], 0.8),
        lambda o: S.PolynomialLR(o, 60, 1.5),
    ),
}  # fmt: skip


def new() -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.05)


def live_rates(make: Callable[[Any], Any], every: int) -> list[float]:
    optimizer, found = new(), []
    scheduler = make(optimizer)
    for step in range(1, STEPS + 1):
        found.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        if step % every == 0:
            scheduler.step()
    return found


@pytest.mark.parametrize("every", [1, 2])
def test_a_sheet_goes_by_a_live_chain(every: int) -> None:
    experiments = []
    for i, make in enumerate(LIVE.values()):
        optimizer = new()
        read = from_torch(optimizer, make(optimizer), every)
        e = experiment_of(id=f"run{i}", learning_rate=read.learning_rate, epochs=EPOCHS)
        experiments.append(replace(e, hyper=dict(read.hyper), schedule=read.schedule))
    sheet = Recalculated.of(bare_book(*experiments, data=small_data()))
    for i, (name, make) in enumerate(LIVE.items()):
        wanted = live_rates(make, every)
        found = sheet.numbers(f"run{i}", "rate")
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-17, err_msg=name)


def test_rates_of_the_documentation() -> None:
    """The values that torch's pages of SequentialLR and ChainedScheduler write down."""
    ways = {
        "constant-factor 20, exponential": (0.05, [0.005, 0.005, 0.05, 0.045, 0.0405]),
        "constant-factor * exponential": (0.5, [0.05, 0.00675, 0.06078, 0.05470]),
    }
    for text, (rate, wanted) in ways.items():
        e = experiment_of(
            schedule=get_schedule(text),
            hyper={"factor_1": 0.1, "total_iters_1": 20.0, "gamma_2": 0.9},
            epochs=5,
            learning_rate=rate,
        )
        rates = Recalculated.of(bare_book(e, data=small_data())).numbers("run", "rate")
        found = [float(rates[i]) for i in (0, 19, 20, 21, 22)[: len(wanted)]]
        assert found == pytest.approx(wanted, rel=1e-3)


def test_counts_say_when_the_next_one_begins() -> None:
    """A part lasts as long as it says, the last one for the rest of the run."""
    chain = get_schedule("linear 4, polynomial 6, cosine")
    assert chain.name == "linear, polynomial, cosine"
    defaults = {given.key: given.value for given in chain.hyperparameters}
    assert (defaults["switch_1"], defaults["switch_2"]) == (4.0, 10.0)
    lengths = {"total_iters_1": 4.0, "total_iters_2": 6.0, "cosine_steps_3": 20.0}
    assert chain.lasting(30) == lengths
    usual = {given.key: given.value for given in get_schedule("step, cosine").hyperparameters}
    assert usual["switch_1"] == 10.0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("linear, cosines", "unknown schedule 'cosines'"),
        ("linear 5", "got 1 of 2 to 6 parts"),
        ("linear, cosine 5", "'cosine 5' in the schedule 'linear, cosine 5': only a part that"),
        ("linear 5 * step", "only a part that another comes after"),
        ("linear, step * exponential", "parts after each other and parts multiplied"),
        ("linear,, cosine", "cannot read '' in the schedule"),
        ("linear five, cosine", "cannot read 'linear five'"),
        ("linear, one-cycle", "one-cycle moves momentum, or may, as well"),
        ("plateau, cosine", "plateau goes by losses"),
        ("linear * cosine", "cosine in 'linear * cosine' is no factor"),
        ("linear * " + "a" * 200, "a schedule of 209 characters; 200 are the most"),
        (", ".join(["step"] * 7), "got 7 of 2 to 6 parts"),
    ],
)
def test_what_is_no_chain_is_refused(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=re.escape(message)):
        get_schedule(text)


def test_hyperparameters_that_make_no_sense() -> None:
    chain = get_schedule("linear 4, step 4, cosine")
    with pytest.raises(SpecError, match="every switch has to come after the one before"):
        experiment_of(schedule=chain, hyper={"switch_1": 9.0})
    with pytest.raises(SpecError, match="linear, number 1: start_factor and end_factor are parts"):
        experiment_of(schedule=chain, hyper={"start_factor_1": 2.0})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: multiplied(o, lambda o: S.CosineAnnealingLR(o, 9), lambda o: S.StepLR(o, 2)),
         "cosine in .* is no factor"),
        (lambda o: in_a_row(o, [3], lambda o: S.StepLR(o, 2), lambda o: S.LambdaLR(o, lambda n: 1)),
         "LambdaLR takes a Python function"),
        (lambda o: in_a_row(o, [3], lambda o: S.StepLR(o, 2), lambda o: S.OneCycleLR(o, 0.05, 50)),
         "different learning rates|moves momentum"),
        (lambda o: multiplied(o, lambda o: multiplied(o, lambda o: S.StepLR(o, 2))),
         "has a ChainedScheduler among its own"),
    ],
)  # fmt: skip
def test_live_chains_that_cannot_be_taken_over(make: Any, message: str) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.05, momentum=0.9)
    with pytest.raises(SpecError, match=message):
        from_torch(optimizer, make(optimizer))


@pytest.mark.parametrize("name", ["warm-up, cosine", "multiplied, of the documentation"])
def test_a_chain_that_has_begun_is_refused(name: str) -> None:
    optimizer = new()
    scheduler = LIVE[name](optimizer)
    optimizer.step()
    scheduler.step()
    with pytest.raises(SpecError, match="has made 1 steps already"):
        from_torch(optimizer, scheduler)
