"""The three questions that are asked of a training tab, and what its formulas say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from xlsgd import verdict
from xlsgd.base.cells import Formula
from xlsgd.base.columns import Column
from xlsgd.base.errors import WorkbookError
from xlsgd.checks.differences import Order
from xlsgd.checks.examined import ExaminedTab
from xlsgd.checks.expected import block_of, places_of, ranked
from xlsgd.checks.horizon import Horizon, horizon
from xlsgd.report.report import RunVerdict, shortened
from xlsgd.sheets.maps import TabMap, address
from xlsgd.tabs.compare.columns import RunSummary
from xlsgd.tabs.examination import Examination
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.layouts.torch_limits import limits_of
from xlsgd.tabs.layouts.torch_tracing import Tracer, tracer
from xlsgd.tabs.training.run_verdict import run_verdict
from xlsgd.tabs.training.sides_check import other_sides
from xlsgd.tabs.training.still_check import with_still_weights
from xlsgd.tabs.training.torch_trained import Trained
from xlsgd.tabs.training.worked_out import (
    WorkedOut,
    by_torch,
    in_the_sheet,
    with_own_formulas,
    worked_out,
)
from xlsgd.tabs.view import View
from xlsgd.torch_side import Ensemble
from xlsgd.torch_side.targets import columns_to_predict
from xlsgd.training.experiment import Experiment
from xlsgd.training.trace import Trace, Traces

__all__ = ["TrainingCheck", "check_all", "train"]

DATA, STEPS, LIMITS, EPOCHS, PANEL = range(5)
"""Parts of a training tab in order of calculation."""

_BEFORE_STEPS = ("rows", "steps_per_epoch")
"""Fields that the steps look at, or that look at data alone."""


def train(work: Examination) -> None:
    """Let torch train every experiment by itself, and make ready what checks their tabs.

    Raises WorkbookError for an input that cannot be used.
    """
    tabs, data = work.found.maps.training, work.found.data
    checks = [TrainingCheck(work, name) for name in work.found.views]
    for each in checks:
        if "exploded_above" in each.worked.ours:
            _refuse_too_large(work, each.view.experiment)
    tracers = {name: tracer(each.worked.alone, data) for each in checks for name in [each.id]}
    rows = {name: len(tabs[name].tables["steps"].rows) for name in tracers}
    trained = work.of(Trained)
    trained.checks, trained.traces = checks, trained.runs.of(tracers, rows)
    for each in checks:
        fields = tabs[each.id].fields
        trained.foreign += ((tabs[each.id].sheet, fields[key]) for key in each.worked.foreign)


def check_all(work: Examination) -> None:
    """Check the tabs of all experiments, which torch has trained."""
    checks = work.of(Trained).checks
    for done, each in enumerate(checks):
        work.tell(done)
        each.check()
    work.tell(len(checks))


def _refuse_too_large(work: Examination, experiment: Experiment) -> None:
    """Raise WorkbookError for a y from whose loss the sheet cannot work out a limit."""
    maps, loss = work.found.maps.data, experiment.loss
    columns = zip(experiment.targets, columns_to_predict(experiment, work.found.data), strict=True)
    for name, i, y in ((name, i, y) for name, column in columns for i, y in enumerate(column)):
        if not np.isfinite(loss.cost_before_learning(y, y)):
            place = address(maps.tables["data"].cell(name, i))
            raise WorkbookError(
                f"{work.file.path}: {maps.sheet}!{place} ({name}): got {y:g}, {loss.too_large}, so "
                f"that exploded_above has no value; use numbers up to {loss.largest_y:.0e} in size"
            )


class TrainingCheck:
    """Checks the tab of one experiment, which torch has trained."""

    def __init__(self, work: Examination, experiment_id: str) -> None:
        self._work, self.id, self._trained = work, experiment_id, work.of(Trained)
        self.view = work.found.views[experiment_id]
        self.maps = work.found.maps.training[experiment_id]
        self.tab = work.tabs[self.maps.sheet]
        self.worked = worked_out(
            self.tab, self.maps, self.view, work.writer(self.maps), str(work.file.path)
        )

    def look_at_formulas(self) -> None:
        """Name the cells that do not hold xlsgd's formulas, whatever they give."""
        as_shown = tracer(self.view, self._work.found.shown)
        self._check_formulas(self.tab, self.maps, self.view, as_shown)
        for key in self.worked.foreign:
            reason = "says something else than xlsgd's formula"
            self.tab.differ(self.maps.fields[key], (LIMITS, 0, 0), key, "pattern", reason)

    def check(self) -> None:
        """Ask the three questions of the tab, and look at its formulas."""
        view, maps, tab, worked = self.view, self.maps, self.tab, self.worked
        layout = get_layout(view.layout)
        tables = {n: columns for n, columns in layout.tables(view).items() if n != "epochs"}
        report = tab.report
        report.experiment = self.id
        steps = maps.tables["steps"]
        as_shown = tracer(worked.shown, self._work.found.shown)
        by_itself = tracer(worked.alone, self._work.found.data)
        self._check_formulas(tab, maps, view, as_shown)
        seen = tab.numbers(steps)
        others = {n: tab.numbers(maps.tables[n]) for n in tables if n != "steps"}
        one_step = as_shown.step(seen, others)
        whole_run = self._trained.traces.pop(self.id)
        whole_run = self._on_its_side(maps, by_itself, whole_run, {"steps": seen, **others})
        limit = horizon(view.experiment, whole_run["steps"])
        report.predictable_steps, report.horizon = limit.step, limit.why
        numbers = whole_run["steps"]["step"].astype(np.int64)
        self._trained.last_steps[maps.sheet] = int(numbers[-1])

        def step_of(table: str, row: int) -> int:
            return int(numbers[as_shown.step_row(table, row)])

        within = self._within(maps, by_itself, limit, tables)
        self._check_worked_out(tab, worked, seen)
        for check, traced, traces in (
            ("step", as_shown, one_step),
            ("run", by_itself, whole_run),
        ):
            for name, columns in tables.items():
                table = maps.tables[name]
                length = len(table.rows) if check == "step" else within[name]
                block = block_of(table, places_of(table, columns), traces[name], length)
                order = _ordered(as_shown, name, columns)
                tab.compare_table(check, name, block, order, partial(step_of, name))
            panels = self._check_summary(tab, maps, check, traced, traces, seen, limit.why is None)
        self._check_start(tab, maps, view, whole_run["steps"])
        report.verdict = run_verdict(tab, maps, view, whole_run["steps"], panels)
        self._tell_foreign(maps, worked, report.verdict)
        beside = self._work.found.maps.tabs.values()
        if any(self.id in tabs or _follow(tabs, self.id) for tabs in beside):
            self._trained.alone[self.id] = whole_run["steps"]

    @staticmethod
    def _within(
        maps: TabMap, traced: Tracer, limit: Horizon, tables: Iterable[str]
    ) -> dict[str, int]:
        """Return how many rows of every table can be predicted."""
        return {
            name: len(maps.tables[name].rows)
            if limit.why is None
            else traced.rows_within(name, len(maps.tables[name].rows), limit.rows)
            for name in tables
        }

    def _on_its_side(
        self,
        maps: TabMap,
        traced: Tracer,
        alone: Traces,
        seen: Mapping[str, Mapping[str, NDArray[np.float64]]],
    ) -> Traces:
        """Return the whole run on the sheet's side of every kink at which rounding decides.

        alone: the run by itself.   seen: the sheet's numbers, by table.
        """
        limit = horizon(traced.experiment, alone["steps"])
        within = self._within(maps, traced, limit, seen)
        found = other_sides(traced.view, alone, seen, within)
        if not found:
            return alone
        followed = traced.run(len(maps.tables["steps"].rows), seen["steps"], seen)
        for number in found:
            if number.matters(alone, followed):
                cell = address(maps.tables[number.table].cell(number.quantity, number.row))
                self._work.notes.append(number.told(f"{maps.sheet}!{cell}"))
                break
        return followed

    def _check_start(self, tab: ExaminedTab, maps: TabMap, view: View, trace: Trace) -> None:
        """Compare start values that are an optimizer's rule; all others are taken as they are."""
        inputs = get_layout(view.layout).inputs(view)
        tab.inputs |= {maps.fields[given.key] for given in inputs}
        rule = view.experiment.optimizer
        if any(rule.start_of(state).startswith("=") for state in rule.state):
            begins = {f"init.{name}": list(map(float, v)) for name, v in trace.start.items()}
            places = {
                key: maps.fields[key]
                for key in begins
                if isinstance(tab.contents.get(maps.fields[key]), Formula)
            }
            tab.compare_fields("run", places, begins, DATA)

    def _check_worked_out(
        self, tab: ExaminedTab, worked: WorkedOut, seen: Mapping[str, NDArray[np.float64]]
    ) -> None:
        """Compare what the tab works out from data and start weights by xlsgd's own formulas."""
        for check, values in (
            ("step", in_the_sheet(worked, seen, self._work.found.shown)),
            ("run", by_torch(worked, self._work.found.data)),
        ):
            expected = {key: [value] for key, value in values.items()}
            # They look at the table of steps: what is wrong there comes before them.
            tab.compare_fields(check, worked.ours, expected, LIMITS)

    def _tell_foreign(self, maps: TabMap, worked: WorkedOut, shown: RunVerdict) -> None:
        """Tell of a formula that is not xlsgd's where an input is worked out, and what it does."""
        if not worked.foreign:
            return
        data = self._work.found.data
        own = with_own_formulas(worked)
        limits = limits_of(own, data)
        for key, formula in worked.foreign.items():
            taken, usual = worked.alone.typed[key], getattr(limits, key)
            said = (
                f"{maps.sheet}!{address(maps.fields[key])} ({key}): {shortened(formula)} is not "
                f"xlsgd's formula; taken as it is, {taken:.7g} (xlsgd's gives {usual:.7g})"
            )
            if key == "exploded_above" and taken != usual:
                rows = len(maps.tables["steps"].rows)
                traced = tracer(own, data)
                run = self._trained.runs.of({own.id: traced}, {own.id: rows})[own.id]
                panels = self._summary(maps, traced, run)[1]
                if (verdict_text := str(panels[0]["verdict"])) != shown.torch:
                    said += (
                        f"; it changes the verdict: '{shown.torch}', with xlsgd's '{verdict_text}'"
                    )
            self._work.notes.append(said)

    def _check_formulas(self, tab: ExaminedTab, maps: TabMap, view: View, traced: Tracer) -> None:
        """Look at the formulas of a training tab, whatever they give."""
        layout = get_layout(view.layout)
        for name, columns in layout.tables(view).items():
            order = ranked(EPOCHS) if name == "epochs" else _ordered(traced, name, columns)
            writer = self._work.writer(maps, name)
            if layout.filled_down:
                tab.check_patterns(maps.tables[name], columns, writer, order)
            else:
                tab.check_cells(maps.tables[name], columns, writer, order)
        wanted = self._work.writer(maps)
        written = {g.key: str(g.value) for g in (layout.rows, *layout.panel(view))}
        for i, key in enumerate(verdict.panel_order(layout.evidence(view))):
            position = maps.fields[key]
            rank = DATA if key in _BEFORE_STEPS else PANEL
            formula = wanted(written[key])(position[0])
            tab.check_formula(position, (rank, i, position[1]), key, formula)

    def _summary(
        self, maps: TabMap, traced: Tracer, traces: Traces
    ) -> tuple[dict[str, NDArray[np.float64]], list[dict[str, float | str]]]:
        """Return what torch has for the table of epochs, and for every member's panel."""
        length = len(maps.tables["epochs"].rows)
        reading = traced.experiment.loss.reading
        per_epoch = traced.experiment.steps_per_epoch(traced.data.rows)
        rows = traced.by_row(traces)
        moves = Ensemble(len(rows["loss"])).moves_of_means
        earlier = traced.view.formats_ago > 0
        epochs = verdict.epoch_quantities(rows, length, reading, moves, earlier)
        epochs["ends_at"] = verdict.ends_of_epochs(epochs["epoch"], per_epoch)
        panels = verdict.panel_values(
            traced.experiment,
            limits_of(traced.view, traced.data),
            traces["steps"].values,
            epochs,
            traced.start_loss(traces),
            self._work.found.data.rows,
            traced.completed(traces),
        )
        return epochs, panels if earlier else list(map(verdict.panel_in_words, panels))

    def _check_summary(
        self,
        tab: ExaminedTab,
        maps: TabMap,
        check: str,
        traced: Tracer,
        traces: Traces,
        seen: Mapping[str, NDArray[np.float64]],
        predictable: bool,
    ) -> list[dict[str, float | str]]:
        """Compare the table of epochs and the panel, and return every member's panel.

        seen: the sheet's numbers of its table of steps.
        """
        table, experiment = maps.tables["epochs"], traced.experiment
        length = len(table.rows)
        evidence = get_layout(traced.view.layout).evidence(traced.view)
        epochs, panels = self._summary(maps, traced, traces)
        # Beside the members, the run with every weight at rest that is so in the sheet, if rounding
        # decides on that: each for itself, so that no member need have just these.
        as_seen = with_still_weights(traces, seen)
        panels += self._summary(maps, traced, as_seen)[1]
        losses = [*epochs["mean_loss"], epochs["mean_loss"][0]]
        self._trained.summaries[check][experiment.id] = [
            RunSummary(
                experiment.id,
                experiment.optimizer.name,
                experiment.learning_rate,
                mean_loss[:length],
                panel,
                experiment.group_rates,
            )
            for mean_loss, panel in zip(losses, panels, strict=True)
        ]
        members = Trace({name: values[:, :length] for name, values in epochs.items()})
        places = places_of(table, get_layout(traced.view.layout).epoch_columns(traced.view))
        expected = {key: [panel[key] for panel in panels] for key in panels[0]}
        fields = {key: maps.fields[key] for key in verdict.panel_order(evidence)}
        if check == "step" or predictable:  # else the verdict alone counts
            block = block_of(table, places, members, length)
            tab.compare_table(check, "epochs", block, ranked(EPOCHS))
            before = {key: fields.pop(key) for key in _BEFORE_STEPS}
            tab.compare_fields(check, before, expected, DATA)
            tab.compare_fields(check, fields, expected, PANEL, len(before))
        return panels


def _follow(tabs: Mapping[str, TabMap], experiment_id: str) -> bool:
    """Return whether one of some tabs shows the whole run of an experiment."""
    return any(experiment_id in tab.follows for tab in tabs.values())


def _ordered(traced: Tracer, table: str, columns: Sequence[Column]) -> Order:
    """Return the order of a table of steps, or of what stands beside it."""
    quantities = [column.quantity for column in columns]
    return lambda row, column: (STEPS, *traced.order(table, row, quantities[column], column))
