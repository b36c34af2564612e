"""Both sides of every schedule, and of all that is done to slopes: they agree, and it takes both.

As in tests/test_two_sides.py each is tried as it is, and with one of its sides wrong by one part in
a million: then the step check and the run check must fail, each by itself.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders import (
    RememberingEngine,
    bare_book,
    experiment_of,
    small_data,
    write_experiments,
)
from tests.two_sides import (
    FACTOR,
    asked_for,
    assert_both_checks_fail,
    like,
    off_column,
    tab_of,
    verified_cells,
)
from xlsgd import verify
from xlsgd.base.columns import Column
from xlsgd.report import Report
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.schedules import Schedule, get_schedule, schedules
from xlsgd.training.schedules.schedule import EVERY
from xlsgd.training.transforms import Transform, transforms

pytestmark = pytest.mark.every

TWO = "Linear(1, 2), Tanh, Linear(2, 1)"
"""Seven weights: so many squares are written as one sum."""

TRIED: dict[str, tuple[str, dict[str, float]]] = {
    "step": ("step", {"step_size": 4, "gamma": 0.6}),
    "multi-step": (
        "multi-step",
        {"milestone_1": 2, "milestone_2": 5, "milestone_3": 7, "milestone_4": 9, "gamma": 0.8},
    ),
    "exponential": ("exponential", {"gamma": 0.9}),
    "linear": ("linear", {"start_factor": 0.3, "end_factor": 0.9, "total_iters": 8}),
    "polynomial": ("polynomial", {"total_iters": 30, "power": 1.5}),
    "cosine": ("cosine", {"cosine_steps": 12, "eta_min": 0.01}),
    "warm-restarts": ("warm-restarts", {"first_cycle": 3, "longer_by": 2, "eta_min": 0.01}),
    "one-cycle": (
        "one-cycle",
        {
            "total_steps": 14, "pct_start": 0.4, "div_factor": 5.0, "final_div_factor": 3.0,
            "base_momentum": 0.7, "max_momentum": 0.9,
        },
    ),
    "one-cycle-linear": (
        "one-cycle-linear",
        {
            "total_steps": 14, "pct_start": 0.4, "div_factor": 5.0, "final_div_factor": 3.0,
            "base_momentum": 0.7, "max_momentum": 0.9,
        },
    ),
    "one-cycle-three-phase": (
        "one-cycle-three-phase",
        {
            "total_steps": 14, "pct_start": 0.3, "div_factor": 5.0, "final_div_factor": 3.0,
            "base_momentum": 0.7, "max_momentum": 0.9,
        },
    ),
    "cyclic": (
        "cyclic",
        {
            "base_share": 0.3, "step_size_up": 2, "step_size_down": 3, "shrink": 0.8,
            "base_momentum": 0.7, "max_momentum": 0.9,
        },
    ),
    "cyclic by count": ("cyclic", {"gamma": 0.95}),
    "flat-cos": ("flat-cos", {"total_steps": 14, "pct_start": 0.4, "div_final": 5.0}),
    "combined-cos": (
        "combined-cos",
        {"total_steps": 14, "pct_start": 0.4, "div": 5.0, "div_final": 3.0},
    ),
    "plateau": (
        "plateau",
        {"factor": 0.6, "patience": 0, "threshold": 0.95, "cooldown": 2},
    ),
    "plateau by a difference": (
        "plateau",
        {"threshold": 0, "threshold_abs": 100.0, "patience": 0, "min_lr": 0.02},
    ),
    # What falls by no more than rate_eps does not fall: 0.03 by half.
    "plateau, hardly": (
        "plateau", {"threshold": 0.95, "patience": 0, "factor": 0.5, "rate_eps": 0.0150000001},
    ),
    "constant-factor": ("constant-factor", {"factor": 0.4, "total_iters": 3}),
    "one after the other": (
        "linear, warm-restarts, exponential",
        {
            "switch_1": 3, "switch_2": 8, "start_factor_1": 0.3, "end_factor_1": 0.9,
            "total_iters_1": 5, "first_cycle_2": 2, "longer_by_2": 2, "eta_min_2": 0.01,
            "gamma_3": 0.8,
        },
    ),
    "multiplied": (
        "constant-factor * step * exponential",
        {
            "factor_1": 0.4, "total_iters_1": 2, "step_size_2": 2, "gamma_2": 0.6, "gamma_3": 0.9,
        },
    ),
    "formula": ("learning_rate/(1+0.1*count)", {}),
}  # fmt: skip
"""Schedules with hyperparameters that all tell within three epochs."""

DONE = {
    "clip-value": {"clip_value": 0.23},
    "clip-norm": {"clip_norm": 0.3},
    "maximize": {},
    "weight-decay": {"weight_decay": 0.3},
    "noise": {"slope_noise": 0.7, "noise_seed": 3},
    "slope-length": {"slope_length": 0.6},
}


def with_schedule(what: str, schedule: Schedule | None = None, **options: Any) -> Experiment:
    name, hyper = TRIED[what]
    given = {"gradient": "backprop", "learning_rate": 0.03, **options}
    hyper = {**hyper, **given.pop("hyper", {})}
    return experiment_of(
        "Linear(1, 1)", "momentum-classic", schedule=schedule or get_schedule(name), hyper=hyper,
        **given,
    )  # fmt: skip


def with_transform(name: str, transform: Transform | None = None, **options: Any) -> Experiment:
    given = {"gradient": "backprop", "hyper": DONE[name], **options}
    return experiment_of(TWO, transforms=(transform or transforms()[name],), **given)


EVERYTHING: dict[str, Callable[..., Experiment]] = {
    **{f"schedule {what}": functools.partial(with_schedule, what) for what in TRIED},
    **{f"transform {name}": functools.partial(with_transform, name) for name in transforms()},
}


def test_all_there_is_is_tried() -> None:
    assert {schedule for schedule, _ in TRIED.values()} >= schedules().keys() - {"constant"}
    assert DONE.keys() == transforms().keys()
    for name, schedule in schedules().items():
        tried = {key for other, hyper in TRIED.values() if other == name for key in hyper}
        assert tried == {g.key for g in schedule.hyperparameters if g is not EVERY}


@pytest.fixture(scope="module")
def right() -> Report:
    """What verify says of a workbook with all of them, in several ways."""
    ways: tuple[dict[str, Any], ...] = (
        {"batch_size": 1, "gradient": "numerical"},
        {"batch_size": 2},
        {"batch_size": 2, "layout": "blocks"},
    )
    views = []
    for build in EVERYTHING.values():
        for way in ways:
            shown = {key: value for key, value in way.items() if key == "layout"}
            options = {key: value for key, value in way.items() if key != "layout"}
            every = {"rate_every": 3.0} if way["batch_size"] == 2 else {}
            id = f"run{len(views)}"
            if build.func is with_schedule:
                experiment = build(id=id, hyper=every, **options)  # type: ignore[attr-defined]
            else:
                experiment = build(id=id, **options)
            views.append(View(experiment, "as it is", **shown))
    return verified_cells(bare_book(*views, data=small_data()))


@pytest.mark.parametrize("what", EVERYTHING)
def test_both_sides_agree(what: str, right: Report) -> None:
    number = list(EVERYTHING).index(what)
    for i in range(3):
        tab = tab_of(right, f"run{3 * number + i}")
        assert tab.ok, tab.first_difference
        assert tab.unchecked == {}
        assert tab.horizon is None
        for comparison in tab.comparisons.values():
            assert comparison.ok.all()


# The sheet side is wrong


def with_columns_off(thing: Any, number: int, method: str) -> Any:
    """Return a schedule or a transform of which one column is off."""

    def columns(self: Any, *arguments: Any) -> list[Column]:
        found: list[Column] = getattr(thing, method)(*arguments)
        found[number] = off_column(found[number])
        return found

    return like(thing, **{method: columns})


def off() -> Iterator[tuple[str, Callable[..., Experiment], str]]:
    for what in TRIED:
        schedule = get_schedule(TRIED[what][0])
        for i, column in enumerate(schedule.columns(with_schedule(what).optimizer)):
            wrong = with_columns_off(schedule, i, "columns")
            build = functools.partial(with_schedule, what, wrong)
            yield f"schedule {what} {column.quantity}", build, column.quantity
    names = experiment_of(TWO).network.parameters
    for name, transform in transforms().items():
        for i, column in enumerate(transform.columns(names, {p: f"grad_used.{p}" for p in names})):
            wrong = with_columns_off(transform, i, "columns")
            build = functools.partial(with_transform, name, wrong)
            yield f"transform {name} {column.quantity}", build, column.quantity


OFF = {name: (build, quantity) for name, build, quantity in off()}


@pytest.fixture(scope="module")
def off_report(request: pytest.FixtureRequest) -> Report:
    """What verify says of one workbook with a tab for everything in OFF that is asked for."""
    wanted = asked_for(request, "test_a_wrong_sheet_side_is_found")
    experiments = [
        build(id=f"run{i}") for i, (what, (build, _)) in enumerate(OFF.items()) if what in wanted
    ]
    return verified_cells(bare_book(*experiments, data=small_data()))


@pytest.mark.of_each(1)
@pytest.mark.parametrize("what", OFF)
def test_a_wrong_sheet_side_is_found(what: str, off_report: Report) -> None:
    tab = tab_of(off_report, f"run{list(OFF).index(what)}")
    assert_both_checks_fail(tab)
    first = tab.first_difference
    assert first is not None
    assert first.quantity == OFF[what][1]


# The torch side is wrong

engine = RememberingEngine()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A workbook for each thing in EVERYTHING that is right in every cell: torch says so."""
    folder = tmp_path_factory.mktemp("right")

    @functools.cache
    def file(what: str) -> Path:
        path = write_experiments(folder / f"{what}.xlsx", EVERYTHING[what](), engine=engine)
        assert verify(path).ok
        return path

    return file


@pytest.fixture(autouse=True)
def remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recalculate a workbook once, however often verify is asked about it."""
    from xlsgd.verifying import opening

    monkeypatch.setattr(opening, "get_engine", lambda name: engine)


# A threshold of 0 only leaves room for the other one: a part in a million of it is 0.
CONSTANTS = [
    (what, key)
    for what, (_, hyper) in TRIED.items()
    for key in hyper
    if (key, hyper[key]) != ("threshold", 0)
]


@pytest.mark.of_each(1)
@pytest.mark.parametrize(("what", "key"), CONSTANTS, ids=map(" ".join, CONSTANTS))
def test_a_wrong_constant_in_a_scheduler_is_found(
    what: str, key: str, files: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = type(get_schedule(TRIED[what][0]))
    scheduler = kind.torch_scheduler
    whole = {g.key for g in get_schedule(TRIED[what][0]).hyperparameters if g.whole}

    def torch_scheduler(self: Any, optimizer: Any, hyper: Any) -> Any:
        changed = hyper[key] + 1 if key in whole else hyper[key] / FACTOR
        return scheduler(self, optimizer, {**hyper, key: changed})

    file = files(f"schedule {what}")
    monkeypatch.setattr(kind, "torch_scheduler", torch_scheduler)
    assert_both_checks_fail(tab_of(verify(file), "run"))


@pytest.mark.parametrize("name", transforms())
def test_slopes_transformed_wrongly_in_torch_are_found(
    name: str, files: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = type(transforms()[name])
    quantities = kind.quantities

    def off_quantities(self: Any, *arguments: Any, **counted: Any) -> Any:
        slopes, others = quantities(self, *arguments, **counted)
        return slopes * FACTOR, others

    file = files(f"transform {name}")
    monkeypatch.setattr(kind, "quantities", off_quantities)
    assert_both_checks_fail(tab_of(verify(file), "run"))
