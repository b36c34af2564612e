"""Rates from step to step: those of torch's live schedulers, of its documentation, of fast.ai."""

from __future__ import annotations

import math
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
from xlsgd.training.experiment import Experiment
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import optimizers
from xlsgd.training.schedules import get_schedule, schedules
from xlsgd.training.schedules.formula import Formula
from xlsgd.training.transforms import transforms

pytestmark = pytest.mark.every

S, Classic, Adam = torch.optim.lr_scheduler, torch.optim.SGD, torch.optim.Adam
Make = Callable[[Any], Any]
EPOCHS = 5
ROWS = small_data().rows


def classic(p: list[torch.Tensor]) -> torch.optim.Optimizer:
    return torch.optim.SGD(p, 0.03, momentum=0.8)


def adam(p: list[torch.Tensor]) -> torch.optim.Optimizer:
    return torch.optim.Adam(p, 0.1, betas=(0.8, 0.9), eps=0.01)


LIVE: dict[str, Make] = {
    "constant": lambda o: None,
    "step": lambda o: S.StepLR(o, 4, 0.3),
    "multi-step": lambda o: S.MultiStepLR(o, [3, 7, 7], 0.5),
    "exponential": lambda o: S.ExponentialLR(o, 0.9),
    "constant-factor": lambda o: S.ConstantLR(o, 0.4, 3),
    "linear": lambda o: S.LinearLR(o, 0.2, 0.9, 6),
    "polynomial": lambda o: S.PolynomialLR(o, 9, 1.5),
    "cosine": lambda o: S.CosineAnnealingLR(o, 8, 0.001),
    "warm-restarts": lambda o: S.CosineAnnealingWarmRestarts(o, 2, 2, 0.001),
    "warm-restarts, all alike": lambda o: S.CosineAnnealingWarmRestarts(o, 4),
    "one-cycle": lambda o: S.OneCycleLR(o, 0.06, total_steps=EPOCHS * ROWS),
    "one-cycle, a part": lambda o: S.OneCycleLR(
        o, 0.06, total_steps=40, pct_start=0.37, div_factor=9.0, final_div_factor=50.0,
        base_momentum=0.6, max_momentum=0.9,
    ),
    "one-cycle, momentum stays": lambda o: S.OneCycleLR(
        o, 0.06, total_steps=EPOCHS * ROWS, cycle_momentum=False
    ),
    "one-cycle-linear": lambda o: S.OneCycleLR(
        o, 0.06, total_steps=EPOCHS * ROWS, anneal_strategy="linear", div_factor=9.0
    ),
    "one-cycle-three-phase": lambda o: S.OneCycleLR(
        o, 0.06, total_steps=EPOCHS * ROWS, three_phase=True, pct_start=0.37, final_div_factor=50.0
    ),
    "cyclic, momentum stays": lambda o: S.CyclicLR(o, 0.01, 0.06, 3, 4, cycle_momentum=False),
    "cyclic": lambda o: S.CyclicLR(o, 0.01, 0.06, 3, 4),
    "cyclic, halved": lambda o: S.CyclicLR(o, 0.01, 0.06, 3, mode="triangular2"),
    "cyclic, shrinking": lambda o: S.CyclicLR(o, 0.01, 0.06, 3, 2, "exp_range", 0.95),
}  # fmt: skip


def as_ours(optimizer: Callable[..., Any], make: Make, every: int) -> Experiment:
    """Return an experiment that trains a line as a live optimizer under a live scheduler."""
    live = optimizer([torch.zeros(1, requires_grad=True)])
    read = from_torch(live, make(live), every)
    return replace(
        experiment_of(learning_rate=read.learning_rate, epochs=EPOCHS, gradient="backprop"),
        optimizer=read.optimizer,
        hyper=dict(read.hyper),
        schedule=read.schedule,
    )


def trained(optimizer: Callable[..., Any], make: Make, every: int) -> np.ndarray:
    """Return rate, momentum, a and b of every step of torch's own loop."""
    start = experiment_of().start
    weights = [torch.tensor(start[p], dtype=torch.float64, requires_grad=True) for p in "ab"]
    live, data = optimizer(weights), small_data()
    scheduler, found = make(live), []
    for step in range(EPOCHS * ROWS):
        x, y = data.inputs["x"][step % ROWS], data.y[step % ROWS]
        group = live.param_groups[0]
        momentum = group["betas"][0] if "betas" in group else group["momentum"]
        live.zero_grad()
        ((weights[0] * x + weights[1] - y) ** 2).backward()
        rate = group["lr"]
        live.step()
        found.append([rate, momentum, *(w.item() for w in weights)])
        if scheduler is not None and (step + 1) % every == 0 and step + 1 < EPOCHS * ROWS:
            scheduler.step()
    return np.array(found)


@pytest.fixture(scope="module")
def in_sheets() -> dict[tuple[str, str, int], np.ndarray]:
    """What cells hold for every live scheduler."""
    experiments = {}
    for name, make in LIVE.items():
        for optimizer in (classic, adam):
            for every in (1, ROWS):
                e = as_ours(optimizer, make, every)
                experiments[name, optimizer.__name__, every] = replace(
                    e, id=f"run{len(experiments)}"
                )
    sheet, found = Recalculated.of(bare_book(*experiments.values(), data=small_data())), {}
    for key, e in experiments.items():
        shown = sheet.found.maps.training[e.id].tables["steps"].columns
        other = e.hyper["beta" if e.optimizer.name == "momentum-classic" else "beta1"]
        columns = [
            sheet.numbers(e.id, name) if name in shown else np.full(EPOCHS * ROWS, value)
            for name, value in (("rate", e.learning_rate), ("momentum", other))
        ]
        columns += [sheet.numbers(e.id, f"new.{p}") for p in "ab"]
        found[key] = np.stack(columns, 1)
    return found


@pytest.mark.parametrize("every", [1, ROWS])
@pytest.mark.parametrize("optimizer", [classic, adam])
@pytest.mark.parametrize("name", LIVE)
def test_a_sheet_goes_by_a_live_scheduler(
    name: str,
    optimizer: Callable[..., Any],
    every: int,
    in_sheets: dict[tuple[str, str, int], np.ndarray],
) -> None:
    wanted = trained(optimizer, LIVE[name], every)
    found = in_sheets[name, optimizer.__name__, every]
    np.testing.assert_allclose(found[:, :2], wanted[:, :2], rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(found[:, 2:], wanted[:, 2:], rtol=1e-11, atol=1e-12)


def test_every_schedule_of_torchs_is_tried() -> None:
    tried = {name.partition(",")[0] for name in LIVE}
    # tests/test_plateau.py tries that.
    of_torch = {n for n, s in schedules().items() if s.torch_class and not s.follows_losses}
    assert tried - {"constant"} == of_torch


# Numbers that are written down elsewhere


def rates(schedule: str, learning_rate: float, steps: int, **hyper: float) -> list[float]:
    """Return the rates in the cells of a run of so many steps."""
    epochs = -(-steps // ROWS)
    e = experiment_of(
        learning_rate=learning_rate, schedule=get_schedule(schedule), hyper=hyper, epochs=epochs
    )
    sheet = Recalculated.of(bare_book(e, data=small_data()))
    return [float(rate) for rate in sheet.numbers("run", "rate")[:steps]]


@pytest.mark.parametrize(
    ("schedule", "rate", "hyper", "wanted"),
    [
        # The values in the documentation of torch.optim.lr_scheduler.
        ("step", 0.05, {"step_size": 30, "gamma": 0.1}, {0: 0.05, 29: 0.05, 30: 0.005, 60: 5e-4}),
        ("multi-step", 0.05, {"milestone_1": 30, "milestone_2": 80, "gamma": 0.1},
         {0: 0.05, 29: 0.05, 30: 0.005, 79: 0.005, 80: 0.0005}),
        ("linear", 0.05, {"start_factor": 0.5, "total_iters": 4},
         {0: 0.025, 1: 0.03125, 2: 0.0375, 3: 0.04375, 4: 0.05, 9: 0.05}),
        ("polynomial", 0.001, {"total_iters": 4, "power": 1.0},
         {0: 0.001, 1: 0.00075, 2: 0.0005, 3: 0.00025, 4: 0.0}),
        # Half a cosine passes its middle half way, its quarters at (2 ± √2)/4.
        ("cosine", 0.4, {"cosine_steps": 8},
         {0: 0.4, 2: 0.1 * (2 + 2**0.5), 4: 0.2, 6: 0.1 * (2 - 2**0.5), 8: 0.0}),
        ("warm-restarts", 0.4, {"first_cycle": 2, "longer_by": 2},
         {0: 0.4, 1: 0.2, 2: 0.4, 4: 0.2, 6: 0.4, 10: 0.2, 14: 0.4}),
        ("exponential", 0.4, {"gamma": 0.5}, {0: 0.4, 1: 0.2, 4: 0.025}),
        ("one-cycle", 0.5, {"total_steps": 11, "pct_start": 3 / 11}, {0: 0.02, 2: 0.5, 10: 2e-6}),
        ("one-cycle-linear", 0.5, {"total_steps": 11, "pct_start": 3 / 11},
         {0: 0.02, 1: 0.26, 2: 0.5, 6: 0.250001, 10: 2e-6}),
        ("one-cycle-three-phase", 0.5, {"total_steps": 11, "pct_start": 3 / 11},
         {0: 0.02, 1: 0.26, 2: 0.5, 3: 0.26, 4: 0.02, 7: 0.010001, 10: 2e-6}),
        ("cyclic", 0.5, {"base_share": 0.2, "step_size_up": 2, "step_size_down": 4},
         {0: 0.1, 1: 0.3, 2: 0.5, 3: 0.4, 6: 0.1, 8: 0.5}),
    ],
)  # fmt: skip
def test_rates_are_those_of_the_books(
    schedule: str, rate: float, hyper: dict[str, float], wanted: dict[int, float]
) -> None:
    found = rates(schedule, rate, max(wanted) + 1, **hyper)
    assert {count: found[count] for count in wanted} == pytest.approx(wanted, rel=1e-12, abs=1e-17)


def annealed(start: float, end: float, at: float) -> float:
    """fast.ai's SchedCos."""
    return start + (1 + math.cos(math.pi * (1 - at))) * (end - start) / 2


@pytest.mark.parametrize("total", [9, 20])
def test_rates_are_those_of_fastai(total: int) -> None:
    """combine_scheds of cosines, at the share of the training that is done before a step."""

    def combined(share: float, first: float, then: float, last: float) -> list[float]:
        found = []
        for step in range(total):
            at = step / total
            late = at >= share
            ends = (then, last) if late else (first, then)
            found.append(annealed(*ends, (at - share) / (1 - share) if late else at / share))
        return found

    one = combined(0.25, 0.3 / 25, 0.3, 0.3 / 1e5)
    assert rates("combined-cos", 0.3, total, total_steps=total) == pytest.approx(one, rel=1e-11)
    flat = combined(0.75, 0.3, 0.3, 0.3 / 1e5)
    assert rates("flat-cos", 0.3, total, total_steps=total) == pytest.approx(flat, rel=1e-11)


# Formulas


@pytest.mark.parametrize(
    ("text", "of"),
    [
        ("learning_rate*0.00001/1e-5", lambda r, n: r),
        ("learning_rate*1e16/1e+16*1e-250/1e-250", lambda r, n: r),
        ("learning_rate/(1+0.1*step)", lambda r, n: r / (1 + 0.1 * n)),
        ("learning_rate*0.9^count", lambda r, n: r * 0.9 ** (n - 1)),
        ("learning_rate-(0.001-(0.002-step/1000))", lambda r, n: r - (0.001 - (0.002 - n / 1000))),
        ("max(learning_rate*2^-step, 0.001)", lambda r, n: max(r * 2.0**-n, 0.001)),
        ("-(-learning_rate)^3/(step/(2*step))", lambda r, n: -((-r) ** 3) / 0.5),
        ("learning_rate if step<4 else learning_rate/2", lambda r, n: r if n < 4 else r / 2),
        ("learning_rate*(1 if step>=4 else 2)", lambda r, n: r if n >= 4 else 2 * r),
        ("learning_rate*exp(-sqrt(step))*cos(ln(step))",
         lambda r, n: r * math.exp(-math.sqrt(n)) * math.cos(math.log(n))),
    ],
)  # fmt: skip
def test_a_formula_is_what_it_says(text: str, of: Callable[[float, int], float]) -> None:
    wanted = [of(0.04, n) for n in range(1, 11)]
    assert rates(text, 0.04, 10) == pytest.approx(wanted, rel=1e-13)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("__import__('os').system('ls')*learning_rate", "cannot read '__import__"),
        ("learning_rate.real", "cannot read 'learning_rate.real'"),
        ("learning_rate*steps", "cannot read 'steps'"),
        ("learning_rate*(", "cannot read the rate"),
        ("learning_rate*1e999", "too great a number"),
        ("learning_rate*True", "cannot read 'True'"),
        ("learning_rate*count/step", "counts in two ways; use step or count"),
        ("learning_rate if step<count<4 else 1", "cannot read 'learning_rate if"),
        ("learning_rate" + "*1" * 40, "nested too deeply"),
        ("learning_rate" + "+1" * 200, "are the most"),
        ("[learning_rate][0]", "cannot read"),
        ("learning_rate if [x:=1] else 2", "cannot read"),
    ],
)
def test_what_is_no_formula_of_a_rate_is_refused(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=re.escape(message)):
        get_schedule(text)


def test_a_formula_has_no_number_with_an_exponent() -> None:
    said = get_schedule("learning_rate*1e-5*1e16*1e-250").rate()
    assert said == "{learning_rate}*0.00001*10000000000000000*(1*10^-250)"


def test_a_formula_has_to_depend_on_the_learning_rate() -> None:
    with pytest.raises(SpecError, match="does not depend on learning_rate"):
        Formula("0.1/step")


# What makes no sense


@pytest.mark.parametrize(
    ("schedule", "hyper", "message"),
    [
        ("step", {"gamma": 0.0}, "gamma in 'run': got 0"),
        ("step", {"step_size": 2.5}, "step_size in 'run': got 2.5.* without a fraction"),
        ("step", {"rate_every": 0.0}, "rate_every in 'run': got 0"),
        ("one-cycle", {"pct_start": 1.0}, "pct_start in 'run': got 1"),
        ("one-cycle", {"pct_start": 0.1, "total_steps": 10}, "leaves no step on the way up"),
        ("cyclic", {"shrink": 0.5, "gamma": 0.9}, "both change the height"),
        ("linear", {"start_factor": 2.0}, "are parts of the rate, 1 at most"),
    ],
)
def test_hyperparameters_that_make_no_sense(
    schedule: str, hyper: dict[str, float], message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        experiment_of(schedule=get_schedule(schedule), hyper=hyper)


@pytest.mark.parametrize("optimizer", ["rprop", "asgd"])
def test_optimizers_with_rates_of_their_own_take_no_schedule(optimizer: str) -> None:
    with pytest.raises(SpecError, match=f"{optimizer} .* of its own|{optimizer} takes"):
        experiment_of(optimizer=optimizer, schedule=get_schedule("step"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: S.LambdaLR(o, lambda n: 1.0), "LambdaLR takes a Python function.*formula"),
        (lambda o: S.MultiplicativeLR(o, lambda n: 1.0), "MultiplicativeLR takes a Python"),
        (lambda o: S.MultiStepLR(o, [1, 2, 3, 4, 5]), "has 5 milestones, and multi-step takes 4"),
        (
            lambda o: S.OneCycleLR(o, 1.0, 50, three_phase=True, anneal_strategy="linear"),
            "OneCycleLR with these options",
        ),
        (
            lambda o: S.CyclicLR(o, 0.1, 1.0, scale_fn=lambda n: 1.0),
            "CyclicLR has a scale_fn, a Python function",
        ),
    ],
)
def test_schedulers_that_cannot_be_taken_over(make: Make, message: str) -> None:
    live = classic([torch.zeros(1, requires_grad=True)])
    with pytest.raises(SpecError, match=message):
        from_torch(live, make(live))


def test_momentum_that_cannot_move_is_refused() -> None:
    live = torch.optim.NAdam([torch.zeros(1, requires_grad=True)])
    with pytest.raises(SpecError, match=r"moves the momentum of nadam.*cycle_momentum=False"):
        from_torch(live, S.OneCycleLR(live, 0.1, 20))
    live = torch.optim.NAdam([torch.zeros(1, requires_grad=True)])
    read = from_torch(live, S.OneCycleLR(live, 0.1, 20, cycle_momentum=False))
    assert read.hyper["beta1"] == 0.9


def test_a_scheduler_that_has_begun_is_refused() -> None:
    live = classic([torch.zeros(1, requires_grad=True)])
    scheduler = S.StepLR(live, 3)
    live.step()
    scheduler.step()
    with pytest.raises(SpecError, match="has made 1 steps already"):
        from_torch(live, scheduler)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("rate", {"schedule": get_schedule("step")}),
        ("count", {"schedule": get_schedule("cosine")}),
        ("mu", {"optimizer": optimizers()["nadam"]}),
        ("grad_norm", {"transforms": (transforms()["clip-norm"],)}),
    ],
)
def test_a_column_of_the_data_may_not_be_called_as_one_of_the_steps(
    name: str, options: dict[str, Any]
) -> None:
    steady = replace(experiment_of(start={}), network=parse_network("Linear(1, 1)", [name]))
    with pytest.raises(SpecError, match=f"the data has a column {name}, and so have the steps"):
        replace(steady, **options)
