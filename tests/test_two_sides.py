"""Both sides of every layer, loss, gradient rule and optimizer: they agree, and it takes both.

The walks below go over the registries: a new file in nets/, losses/, gradients/ or optimizers/ is
tested without being named here. Each thing is tried as it is, and with its sheet side wrong by one
part in a million: then the step check and the run check must fail, each by itself. The torch side:
tests/test_two_sides_in_torch.py."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.builders import (
    bare_book,
    small_data,
    view_of,
)
from tests.two_sides import (
    COMMON,
    EVERYTHING,
    TABLES,
    around,
    asked_for,
    assert_both_checks_fail,
    columns_of,
    data_for,
    like,
    off,
    off_column,
    some_layer,
    sorts,
    tab_of,
    tabs_of,
    verified,
    verified_cells,
    with_layer,
    with_loss,
    with_method_off,
    with_optimizer,
    with_rule,
)
from tests.two_sides import remembered as remembered
from tests.widths import share_of_each
from xlsgd.base.columns import Column
from xlsgd.report.report import SheetReport
from xlsgd.tabs.layouts.rows.layout import LAYOUT, RowsLayout
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.gradients import CHOICES, GradientRule, gradient_rules
from xlsgd.training.losses import Loss, losses
from xlsgd.training.nets import layer_types
from xlsgd.training.optimizers import Optimizer, optimizers

pytestmark = pytest.mark.every


def test_the_walks_have_something_to_walk_over() -> None:
    assert {"Linear", "ReLU", "Sigmoid", "Tanh", "Sum"} <= layer_types().keys()
    assert {"sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"} <= optimizers().keys()
    assert {"forward", "central", "backprop"} <= gradient_rules().keys()
    assert losses()


# As they are


def test_parts_like_others_agree_in_a_few_steps() -> None:
    parts = {}
    for what, build in EVERYTHING.items():
        kind, _, name = what.partition(" ")
        if kind in ("layer", "loss") and name not in COMMON:
            parts[what] = build
    for what, tab in tabs_of(parts, rows=3, epochs=2).items():
        assert tab.ok, (what, tab.first_difference)
        assert tab.unchecked == {}
        assert tab.cells_compared == tab.formulas > 0


@pytest.mark.both
@pytest.mark.parametrize("what", sorts(EVERYTHING))
def test_both_sides_agree(what: str, tmp_path: Path, share: Callable[..., list[Any]]) -> None:
    # A row an update, a batch that the data is no multiple of, and all rows an update.
    ways = ((1, "numerical"), (2, "backprop"), (small_data().rows, "numerical"))
    assert {gradient for _, gradient in ways} == set(CHOICES)
    experiments = [
        EVERYTHING[what](id=f"run{i}", batch_size=batch_size, gradient=gradient)
        for i, (batch_size, gradient) in enumerate(share(ways))
    ]
    report = verified(tmp_path / "run.xlsx", *experiments, data=data_for(what))
    assert report.ok, report.first_difference
    for experiment in experiments:
        tab = tab_of(report, experiment.id)
        assert tab.unchecked == {}
        assert tab.cells_compared == tab.formulas > 0
        assert tab.horizon is None
        for table in TABLES:
            assert tab.comparisons[table].ok.all()


# The sheet side is wrong


def with_column_off(thing: Any, number: int) -> Any:
    """Return an optimizer or gradient rule of which one column is off."""

    def columns(self: Any, *arguments: Any) -> list[Column]:
        found: list[Column] = thing.columns(*arguments)
        found[number] = off_column(found[number])
        return found

    return like(thing, columns=columns)


def with_step_column_off(thing: Any, number: int) -> Any:
    """Return an optimizer of which one column of the step itself is off."""

    def step_columns(self: Any) -> list[Column]:
        found: list[Column] = thing.step_columns()
        found[number] = off_column(found[number])
        return found

    return like(thing, step_columns=step_columns)


Off = tuple[str, Callable[..., Experiment], set[str]]
"""What is off, an experiment with it, and in which quantities it must be found first."""


def off_layers() -> Iterator[Off]:
    for name, kind in layer_types().items():
        layer = some_layer(kind)
        place = around(layer).places[1]
        shown = {column.quantity for column in LAYOUT.tables(View(with_layer(layer)))["steps"]}
        handed_back = {f"grad.{x}" for x in place.inputs}
        if not handed_back <= shown:  # handed back as it came: the weights before it show it
            handed_back = {f"grad.{p}" for p in around(layer).parameters}
        found_first = {
            "forward": set(place.outputs),
            "backward": handed_back,
            "parameter_gradients": {f"grad.{p}" for p in around(layer).parameters},
        }
        for method, quantities in found_first.items():
            if method != "parameter_gradients" or place.parameters:
                wrong = with_method_off(layer, method)
                yield f"layer {name} {method}", functools.partial(with_layer, wrong), quantities


def off_optimizers() -> Iterator[Off]:
    def experiment(optimizer: Optimizer, **options: Any) -> Experiment:
        return replace(with_optimizer(optimizer.name, **options), optimizer=optimizer)

    for name, optimizer in optimizers().items():
        columns = optimizer.columns("a", "grad_used.a")
        for i, column in enumerate(columns):
            build = functools.partial(experiment, with_column_off(optimizer, i))
            yield f"optimizer {name} {column.quantity}", build, {column.quantity}
        for i, column in enumerate(optimizer.step_columns()):
            build = functools.partial(experiment, with_step_column_off(optimizer, i))
            yield f"optimizer {name} {column.quantity}", build, {column.quantity}
        if optimizer.start_state.startswith("="):
            wrong = like(optimizer, start_state="=" + off(optimizer.start_state[1:]))
            build = functools.partial(experiment, wrong)
            yield f"optimizer {name} start_state", build, {f"init.{columns[0].quantity}"}


def off_rules() -> Iterator[Off]:
    class WithRule(Experiment):
        wrong: GradientRule

        @property
        def rules(self) -> tuple[GradientRule, ...]:
            return tuple(self.wrong if r.name == self.wrong.name else r for r in super().rules)

    def experiment(rule: GradientRule, **options: Any) -> Experiment:
        found = object.__new__(WithRule)
        found.__dict__.update(with_rule(rule, **options).__dict__, wrong=rule)
        return found

    for name, rule in gradient_rules().items():
        for i, column in enumerate(columns_of(rule)):
            build = functools.partial(experiment, with_column_off(rule, i))
            yield f"gradient {name} {column.quantity}", build, {column.quantity}


def off_losses() -> Iterator[Off]:
    def experiment(loss: Loss, **options: Any) -> Experiment:
        return replace(with_loss(loss.name, **options), loss=loss)

    for name, loss in losses().items():
        one = (("forward", "loss"), ("backward", "grad.pred"))
        for method, quantity in (
            (("of_row", "loss"), ("slopes", "grad.pred_1")) if loss.several else one
        ):
            build = functools.partial(experiment, with_method_off(loss, method))
            yield f"loss {name} {method}", build, {quantity}


OFF = {
    name: (build, quantities)
    for walk in (off_layers, off_optimizers, off_rules, off_losses)
    for name, build, quantities in walk()
}


@pytest.fixture(scope="module")
def off_tabs(request: pytest.FixtureRequest) -> dict[str, SheetReport]:
    """What verify says of everything in OFF that is asked for."""
    wanted = asked_for(request, "test_a_wrong_sheet_side_is_found")
    return tabs_of({what: build for what, (build, _) in OFF.items() if what in wanted})


@pytest.mark.of_each(1)
@pytest.mark.parametrize("what", sorts(OFF))
def test_a_wrong_sheet_side_is_found(what: str, off_tabs: dict[str, SheetReport]) -> None:
    tab = off_tabs[what]
    assert_both_checks_fail(tab)
    assert not tab.ok
    first = tab.first_difference
    assert first is not None
    assert first.quantity in OFF[what][1]
    assert first.step == (None if first.quantity.startswith("init.") else 1)


@pytest.fixture(scope="module")
def off_columns(pytestconfig: pytest.Config) -> dict[str, SheetReport]:
    """What verify says where one column is wrong: a tab for every column that there is.

    At first for one of those of every kind, such as the weights'.
    """
    right = RowsLayout.tables
    # The loss counts as exploded from the first row on: a 0 would hide that it is off.
    options: dict[str, Any] = {"epochs": 2, "typed": {"exploded_above": 1e-9}}
    base = functools.partial(view_of, "Linear(1, 1), Linear(1, 1)", "adam", batch_size=2, **options)
    relu = functools.partial(view_of, "Linear(1, 1), ReLU, Linear(1, 1)", **options)
    cases: dict[str, tuple[View, str]] = {}
    seen: set[str] = set()
    for start in (base, relu):
        for column in right(LAYOUT, start())["steps"]:
            if column.quantity not in seen:
                seen.add(column.quantity)
                id = f"run{len(cases)}"
                # Where every loss is a number, the first step without one is 0 as well.
                huge = {"start": dict.fromkeys("abcd", 1e200)}
                lost = huge if column.quantity == "not_finite_at" else {}
                cases[column.quantity] = (start(id=id, **lost), id)
    assert {"step", "batch_end", "x", "pred_collapsed", "grad_mean.a", "plot.loss"} < cases.keys()
    kinds = {quantity: quantity.partition(".")[0] for quantity in cases}
    cases = {quantity: cases[quantity] for quantity in share_of_each(pytestconfig, kinds)}

    def tables(layout: RowsLayout, view: View) -> dict[str, list[Column]]:
        wrong = {id: quantity for quantity, (_, id) in cases.items()}[view.id]
        found = right(layout, view)
        steps = [off_column(c) if c.quantity == wrong else c for c in found["steps"]]
        return {**found, "steps": steps}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RowsLayout, "tables", tables)
        book = bare_book(*(experiment for experiment, _ in cases.values()), data=small_data())
    report = verified_cells(book)
    return {quantity: tab_of(report, id) for quantity, (_, id) in cases.items()}


@pytest.mark.both
def test_every_column_is_guarded(off_columns: dict[str, SheetReport]) -> None:
    assert len(off_columns) > 15
    unguarded, misplaced = [], []
    for quantity, tab in off_columns.items():
        if any(tab.comparisons[table].ok.all() for table in TABLES):
            unguarded.append(quantity)
        elif tab.first_difference is None or tab.first_difference.quantity != quantity:
            misplaced.append((quantity, tab.first_difference))
    assert unguarded == []
    assert misplaced == []
