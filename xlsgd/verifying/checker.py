"""Which checks a workbook gets: three questions for every training tab, then the compare tab."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from xlsgd import verdict
from xlsgd.base.cells import CellError, Formula, Uncomputed, WorkbookFile
from xlsgd.base.columns import Column
from xlsgd.base.errors import WorkbookError
from xlsgd.checks import harmless
from xlsgd.checks.examined import ExaminedTab, Order, Wanted
from xlsgd.checks.expected import block_of, places_of, ranked
from xlsgd.checks.horizon import horizon
from xlsgd.checks.reading import Reading
from xlsgd.checks.stored import wrongly_saved
from xlsgd.engines import Calculation
from xlsgd.report.compare import Tolerance
from xlsgd.report.report import (
    IN_ORDER,
    Difference,
    RunVerdict,
    SheetReport,
    shortened,
    value_text,
)
from xlsgd.sheets.maps import TabMap, address, formula_maker
from xlsgd.tabs.compare import columns as comparison
from xlsgd.tabs.compare import limits
from xlsgd.tabs.finder import Found
from xlsgd.tabs.forward_checks import check_matrix, check_model, check_passengers
from xlsgd.tabs.layouts import ROWS, get_layout
from xlsgd.tabs.layouts.rows.torch_run import with_limits
from xlsgd.tabs.layouts.tracing import Tracer, tracer
from xlsgd.tabs.layouts.whole_runs import WholeRuns
from xlsgd.tabs.training.worked_out import WorkedOut, by_torch, in_the_sheet, own_limits, worked_out
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses import Loss
from xlsgd.training.trace import MEMBERS, Trace, Traces

__all__ = ["Checker"]

_DATA, _STEPS, _LIMITS, _EPOCHS, _PANEL = range(5)
"""Parts of a training tab in order of calculation."""

_BEFORE_STEPS = ("rows", "steps_per_epoch")
"""Fields that the steps look at, or that look at data alone."""


class Checker:
    """Checks a workbook's tabs one by one and gathers the reports.

    notes: sentences about what could not be checked.
    """

    def __init__(
        self,
        file: WorkbookFile,
        calculation: Calculation,
        found: Found,
        tolerance: Mapping[str, Tolerance],
        runs: WholeRuns | None = None,
    ) -> None:
        self._tolerance, self._habits = tolerance, calculation.habits
        self._runs = WholeRuns() if runs is None else runs
        values = calculation.values
        self.notes = [
            f"tab '{copy}' is a copy of '{tab}', which is checked; the copy is not"
            for copy, tab in found.copies.items()
        ]
        self._file, self._found = file, found
        kinds = {found.maps.data.sheet: "data"}
        kinds |= {tab.sheet: "training" for tab in found.maps.training.values()}
        for kind, shown in (("model", found.maps.model), ("matrix", found.maps.matrix)):
            kinds |= {tab.sheet: kind for tab in shown.values()}
        kinds |= dict.fromkeys(found.maps.compare, "compare")
        reading = Reading(file.book, found.maps, values)
        self._tabs = {
            sheet: ExaminedTab(
                sheet, kinds.get(sheet, "other"), grid, values[sheet], tolerance, reading
            )
            for sheet, grid in file.book.sheets.items()
        }
        # What the compare tab will have to say of each experiment, per check and member.
        self._summaries: dict[str, dict[str, list[comparison.RunSummary]]] = {"step": {}, "run": {}}
        self._traces: dict[str, Traces] = {}
        self._steps: dict[str, int] = {}  # of every training tab
        self._worked_out: dict[str, WorkedOut] = {}

    def train(self) -> None:
        """Let torch train every experiment by itself; must come before the tabs are checked."""
        tabs, data = self._found.maps.training, self._found.data
        for name, experiment in self._found.experiments.items():
            maps = tabs[name]
            self._worked_out[name] = worked_out(
                self._tabs[maps.sheet],
                maps,
                experiment,
                self._writer(maps, ""),
                str(self._file.path),
            )
        for worked in self._worked_out.values():
            if "exploded_above" in worked.ours:
                self._refuse_too_large(worked.alone.loss)
        tracers = {name: tracer(e.alone, data) for name, e in self._worked_out.items()}
        rows = {name: len(tabs[name].tables["steps"].rows) for name in tracers}
        self._traces = self._runs.of(tracers, rows)

    def _refuse_too_large(self, loss: Loss) -> None:
        """Raise WorkbookError for a y from whose loss the sheet cannot work out a limit."""
        table, sheet = self._found.maps.data.tables["data"], self._found.maps.data.sheet
        for i, y in enumerate(self._found.data.y):
            if not np.isfinite(loss.cost_before_learning(y, y)):
                raise WorkbookError(
                    f"{self._file.path}: {sheet}!{address(table.cell('y', i))} (y): got {y:g}, "
                    f"{loss.too_large}, so that exploded_above has no "
                    f"value; use numbers up to {loss.largest_y:.0e} in size"
                )

    def check_data(self) -> None:
        """Compare the data tab, where it holds formulas, and name rows that do not count."""
        check_passengers(self._found, self._tabs)
        tab = self._tabs[self._found.maps.data.sheet]
        for position, reason in self._found.faults.items():
            tab.differ(position, (_DATA, *position), "data", "pattern", reason)

    def changed_formulas(self, experiment_id: str) -> list[Difference]:
        """Return the cells of a training tab, and inputs on the data tab, that do not hold
        xlsgd's formulas, whatever they give, in order of calculation."""
        experiment = self._found.experiments[experiment_id]
        maps = self._found.maps.training[experiment_id]
        as_shown = tracer(experiment, self._found.shown)
        tab = self._tabs[maps.sheet]
        self._check_formulas(tab, maps, experiment, as_shown)
        worked = worked_out(tab, maps, experiment, self._writer(maps, ""), str(self._file.path))
        for key in worked.foreign:
            reason = "says something else than xlsgd's formula"
            tab.differ(maps.fields[key], (_LIMITS, 0, 0), key, "pattern", reason)
        check_passengers(self._found, self._tabs)
        tabs = self._tabs[self._found.maps.data.sheet], self._tabs[maps.sheet]
        return [d for tab in tabs for d in tab.finish().differences if d.cell in tab.edited]

    def check_training(self, experiment_id: str) -> None:
        """Ask the three questions of a training tab, and look at its patterns; then of the tabs
        that show its forward pass."""
        experiment = self._found.experiments[experiment_id]
        maps = self._found.maps.training[experiment_id]
        layout = get_layout(experiment.layout)
        tables = {n: columns for n, columns in layout.tables(experiment).items() if n != "epochs"}
        tab = self._tabs[maps.sheet]
        report = tab.report
        report.experiment = experiment_id
        steps = maps.tables["steps"]
        worked = self._worked_out[experiment_id]
        as_shown = tracer(worked.shown, self._found.shown)
        by_itself = tracer(worked.alone, self._found.data)
        self._check_formulas(tab, maps, experiment, as_shown)
        seen = tab.numbers(steps)
        others = {n: tab.numbers(maps.tables[n]) for n in tables if n != "steps"}
        one_step = as_shown.step(seen, others)
        whole_run = self._traces.pop(experiment_id)
        limit = horizon(experiment, whole_run["steps"])
        report.predictable_steps, report.horizon = limit.step, limit.why
        numbers = whole_run["steps"]["step"].astype(np.int64)
        self._steps[maps.sheet] = int(numbers[-1])

        def step_of(table: str, row: int) -> int:
            return int(numbers[as_shown.step_row(table, row)])

        within = {
            name: by_itself.rows_within(name, len(maps.tables[name].rows), limit.rows)
            for name in tables
        }
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
            panels = self._check_summary(tab, maps, check, traced, traces, limit.why is None)
        self._check_start(tab, maps, experiment, whole_run["steps"])
        report.verdict = _run_verdict(tab, maps, experiment, whole_run["steps"], panels)
        self._tell_foreign(maps, worked, report.verdict)
        for shown, check_tab in (
            (self._found.maps.model, check_model),
            (self._found.maps.matrix, check_matrix),
        ):
            if experiment_id in shown:
                check_tab(self._found, self._tabs, experiment, whole_run["steps"])

    def _check_start(
        self, tab: ExaminedTab, maps: TabMap, experiment: Experiment, trace: Trace
    ) -> None:
        """Compare start values that are an optimizer's rule; all others are taken as they are."""
        layout = get_layout(experiment.layout)
        inputs = layout.inputs(experiment)
        tab.inputs |= {maps.fields[given.key] for given in inputs}
        if experiment.optimizer.start_state.startswith("="):
            begins = {f"init.{name}": list(map(float, v)) for name, v in trace.start.items()}
            places = {
                key: maps.fields[key]
                for key in begins
                if isinstance(tab.contents.get(maps.fields[key]), Formula)
            }
            tab.compare_fields("run", places, begins, dict.fromkeys(places, _DATA).__getitem__)

    def _check_worked_out(
        self, tab: ExaminedTab, worked: WorkedOut, seen: Mapping[str, NDArray[np.float64]]
    ) -> None:
        """Compare what the tab works out from data and start weights by xlsgd's own formulas."""
        for check, values in (
            ("step", in_the_sheet(worked, seen, self._found.shown)),
            ("run", by_torch(worked, self._found.data)),
        ):
            expected = {key: [value] for key, value in values.items()}
            # They look at the table of steps: what is wrong there comes before them.
            tab.compare_fields(check, worked.ours, expected, lambda key: _LIMITS)

    def _tell_foreign(self, maps: TabMap, worked: WorkedOut, shown: RunVerdict) -> None:
        """Tell of a formula that is not xlsgd's where an input is worked out, and what it does."""
        if not worked.foreign:
            return
        data = self._found.data
        own = own_limits(worked, data)
        for key, formula in worked.foreign.items():
            taken, usual = getattr(worked.alone, key), getattr(own, key)
            said = (
                f"{maps.sheet}!{address(maps.fields[key])} ({key}): {shortened(formula)} is not "
                f"xlsgd's formula; taken as it is, {taken:.7g} (xlsgd's gives {usual:.7g})"
            )
            if key == "exploded_above" and taken != usual:
                rows = len(maps.tables["steps"].rows)
                traced = tracer(own, data)
                run = self._runs.of({own.id: traced}, {own.id: rows})[own.id]
                panels = self._summary(maps, traced, run)[1]
                if (verdict_text := str(panels[0]["verdict"])) != shown.torch:
                    said += (
                        f"; it changes the verdict: '{shown.torch}', with xlsgd's '{verdict_text}'"
                    )
            self.notes.append(said)

    def _check_formulas(
        self, tab: ExaminedTab, maps: TabMap, experiment: Experiment, traced: Tracer
    ) -> None:
        """Look at the formulas of a training tab, whatever they give."""
        layout = get_layout(experiment.layout)
        for name, columns in layout.tables(experiment).items():
            order = ranked(_EPOCHS) if name == "epochs" else _ordered(traced, name, columns)
            writer = self._writer(maps, name)
            # A table whose formulas look at other tables says something else in every row.
            if experiment.layout == "rows":
                tab.check_patterns(maps.tables[name], columns, writer, order)
            else:
                tab.check_cells(maps.tables[name], columns, partial(self._maker, maps, name), order)
        wanted = self._writer(maps, "")
        written = {g.key: str(g.value) for g in (ROWS, *layout.panel(experiment))}
        for i, key in enumerate(verdict.panel_order(layout.watched(experiment))):
            position = maps.fields[key]
            rank = _DATA if key in _BEFORE_STEPS else _PANEL
            formula = wanted(written[key], position[0])
            tab.check_formula(position, (rank, i, position[1]), key, formula)

    def _writer(self, maps: TabMap, table: str) -> Wanted:
        """Return what xlsgd writes for a template into a row of a table of a tab."""
        return lambda template, row: formula_maker(template, self._found.maps, maps, table)(row)

    def _maker(self, maps: TabMap, table: str, template: str) -> Callable[[int], str]:
        """Return what gives a template's formula for the rows of a table."""
        return formula_maker(template, self._found.maps, maps, table)

    def _summary(
        self, maps: TabMap, traced: Tracer, traces: Traces
    ) -> tuple[dict[str, NDArray[np.float64]], list[dict[str, float | str]]]:
        """Return what torch has for the table of epochs, and for every member's panel."""
        length = len(maps.tables["epochs"].rows)
        reading = traced.experiment.loss.reading
        epochs = verdict.epoch_quantities(traced.by_row(traces), length, reading)
        panels = verdict.panel_values(
            with_limits(traced.experiment, traced.data),
            traces["steps"].values,
            epochs,
            traced.start_loss(traces),
            self._found.data.rows,
            traced.completed(traces),
        )
        return epochs, panels

    def _check_summary(
        self,
        tab: ExaminedTab,
        maps: TabMap,
        check: str,
        traced: Tracer,
        traces: Traces,
        predictable: bool,
    ) -> list[dict[str, float | str]]:
        """Compare the table of epochs and the panel, and return every member's panel."""
        table, experiment = maps.tables["epochs"], traced.experiment
        length = len(table.rows)
        watched = get_layout(experiment.layout).watched(experiment)
        epochs, panels = self._summary(maps, traced, traces)
        self._summaries[check][experiment.id] = [
            comparison.RunSummary(
                experiment.id,
                experiment.optimizer.name,
                experiment.learning_rate,
                epochs["mean_loss"][member][:length],
                panel,
            )
            for member, panel in enumerate(panels)
        ]
        members = Trace({name: values[:, :length] for name, values in epochs.items()})
        places = places_of(table, verdict.epoch_columns(watched))
        expected = {key: [panel[key] for panel in panels] for key in panels[0]}
        fields = {key: maps.fields[key] for key in verdict.panel_order(watched)}
        if check == "step" or predictable:  # else the verdict alone counts
            block = block_of(table, places, members, length)
            tab.compare_table(check, "epochs", block, ranked(_EPOCHS))
            tab.compare_fields(
                check, fields, expected, lambda key: _DATA if key in _BEFORE_STEPS else _PANEL
            )
        return panels

    def check_compare(self) -> None:
        """Compare the tabs that show runs side by side with what the training tabs say."""
        for maps in self._found.maps.compare.values():
            self._check_side_by_side(maps)
            if maps.sets_rates:
                self._check_rates(maps)
                self._check_limits(maps)

    def _check_side_by_side(self, maps: TabMap) -> None:
        tab = self._tabs[maps.sheet]
        losses, runs, rated = maps.tables["losses"], maps.tables["runs"], maps.sets_rates
        # A tab that a learner has copied, or one that is gone, has no place in this tab.
        experiments = [e for e in self._found.experiments if f"plot.{e}" in losses.columns]
        reading = comparison.common_reading(self._found.experiments[e] for e in experiments)
        columns = comparison.losses_columns(experiments)
        tab.check_patterns(losses, columns, self._writer(maps, "losses"), ranked(0))
        target = tab.cells.get(maps.fields["target_loss"])
        aim = target if isinstance(target, float) else float("nan")
        predictable = all(
            self._tabs[m.sheet].report.horizon is None for m in self._found.maps.training.values()
        )
        for check in ("step", "run"):
            compared = check == "step" or predictable
            summaries = self._summaries[check]
            tables = [
                comparison.losses_quantities(
                    [summaries[e][member] for e in experiments], len(losses.rows), aim
                )
                for member in range(MEMBERS)
            ]
            members = Trace({name: np.stack([t[name] for t in tables]) for name in tables[0]})
            places = places_of(losses, columns)
            if compared:
                block = block_of(losses, places, members, len(losses.rows))
                tab.compare_table(check, "losses", block, ranked(0))
            for order, row in enumerate(runs.rows, 1):
                named = (row, runs.columns["experiment"])
                experiment = tab.cells.get(named)
                if not isinstance(experiment, str) or experiment not in experiments:
                    looked_up = tab.cells.get((row, runs.columns["optimizer"]))
                    if isinstance(looked_up, CellError | Uncomputed):
                        continue  # its tab has been deleted, and every cell here says so
                    reason = f"names no experiment; there are: {', '.join(experiments)}"
                    tab.differ(named, (order, 0, 0), "experiment", "pattern", reason)
                    continue
                lines = [
                    comparison.runs_quantities(
                        summaries[experiment][member], tables[member], reading
                    )
                    for member in range(MEMBERS)
                ]
                shown = [key for key in lines[0] if not (rated and key == "learning_rate")]
                fields = {key: (row, runs.columns[key]) for key in shown}
                wanted = self._writer(maps, "runs")
                columns_here = comparison.runs_columns(experiment, reading)
                for j, column in enumerate(c for c in columns_here if c.quantity in fields):
                    formula = wanted(column.formula, row)
                    place = fields[column.quantity]
                    tab.check_formula(place, (order, j, 0), column.quantity, formula)
                expected = {key: [line[key] for line in lines] for key in fields}
                if compared:
                    tab.compare_fields(
                        check, fields, expected, dict.fromkeys(fields, order).__getitem__
                    )

    def _check_rates(self, maps: TabMap) -> None:
        """Do the tabs of the runs train at the rates that are typed in beside each other?"""
        here, number = self._tabs[maps.sheet], maps.tables["runs"].columns["learning_rate"]
        here.inputs |= {(row, number) for row in maps.runs.values()}
        for experiment, row in maps.runs.items():
            if experiment not in self._found.experiments:
                continue  # named by _check_side_by_side
            there = self._found.maps.training[experiment]
            tab, place = self._tabs[there.sheet], there.fields["learning_rate"]
            wanted = self._writer(there, "")("{rates.learning_rate}", place[0])
            tab.check_formula(place, (_DATA, 0, 0), "learning_rate", f"={wanted}")
            rate = here.cells.get((row, number))
            if isinstance(rate, float):
                expected = {"learning_rate": [rate]}
                where = {"learning_rate": place}
                tab.compare_fields("run", where, expected, {"learning_rate": _DATA}.__getitem__)

    def _check_limits(self, maps: TabMap) -> None:
        """Is the largest stable rate above a table of rates right?"""
        known = [e for e in maps.runs if e in self._found.experiments]
        if not known:
            return
        tab, experiment = self._tabs[maps.sheet], self._found.experiments[known[0]]
        wanted = limits.full_batch_formula(experiment, known[0])
        if wanted and limits.FULL_BATCH in maps.fields:
            place = maps.fields[limits.FULL_BATCH]
            formula = self._writer(maps, "")(wanted, place[0])
            tab.check_formula(place, (-1, 0, 0), limits.FULL_BATCH, formula)
            value = limits.full_batch_limit(experiment, self._found.data)
            expected = {limits.FULL_BATCH: [value]}
            where = {limits.FULL_BATCH: place}
            tab.compare_fields("run", where, expected, {limits.FULL_BATCH: -1}.__getitem__)
        if limits.FOUND in maps.fields:
            place = maps.fields[limits.FOUND]
            found = tab.cells.get(place)
            why = "it holds no number"
            if isinstance(found, float):
                why = limits.stale(experiment, self._found.data, found) or ""
            if why:
                self.notes.append(
                    f"{maps.sheet}!{address(place)} ({limits.FOUND}) was found when the workbook "
                    f"was written: {why}"
                )

    def finish(self) -> list[SheetReport]:
        """Check stored values, account for every formula cell, and return all reports."""
        stored = self._file.stored
        if any(value is not None for sheet in stored.values() for value in sheet.values()):
            own = [(stored[s], tab) for s, tab in self._tabs.items() if tab.report.kind != "other"]
            doubts = [place for values, tab in own for place in tab.doubted(values)]
            wrong = (
                wrongly_saved(self._file, doubts, self._tolerance["stored"], self.notes)
                if doubts
                else {}
            )
            for (sheet, position), found in wrong.items():
                self._tabs[sheet].differ_stored(position, found)
        else:
            self.notes.append(
                "the file stores no values beside its formulas (the program that saved it writes "
                "none), so stored values could not be checked"
            )
        # In order of calculation: what is wrong because of an earlier tab is no news.
        kinds = list(IN_ORDER)
        ordered = sorted(self._tabs.values(), key=lambda tab: kinds.index(tab.report.kind))
        wrong_before: dict[str, bool] = {}
        names_uncomputed = any(tab.names_uncomputed() for tab in ordered)
        explosions = self._explosions()
        earliest = min(explosions.values(), default=None)
        for tab in ordered:
            kind = tab.report.kind
            earlier = [k for k in wrong_before if k in IN_ORDER[kind]]
            step = earliest if kind == "compare" else explosions.get(tab.report.name)
            circumstances = self._circumstances(tab, step)
            report = tab.finish(
                any(wrong_before[k] for k in earlier),
                names_uncomputed,
                partial(harmless.rule_of, circumstances=circumstances),
            )
            wrong_before[kind] = wrong_before.get(kind, False) or bool(report.differences)
        self.notes += [note for tab in self._tabs.values() for note in tab.notes]
        return [tab.report for tab in self._tabs.values()]

    def _circumstances(self, tab: ExaminedTab, exploded: int | None) -> harmless.Circumstances:
        """Return what the rules of harmless differences may know of a tab."""
        known = harmless.Circumstances(self._habits, self._tolerance, exploded)
        experiment = self._found.experiments.get(tab.report.experiment or "")
        if experiment is None or exploded is None:
            return known
        limit = with_limits(experiment, self._found.data).chart_limit
        return replace(known, steps=self._steps[tab.report.name], chart_limit=limit)

    def _explosions(self) -> dict[str, int]:
        """Return the step of every tab's explosion, and excuse verdicts that differ only later."""
        found = {}
        for name, tab in self._tabs.items():
            shown = tab.report.verdict
            step = None if shown is None else harmless.explosion(shown)
            if shown is None or step is None:
                continue
            found[name] = step
            if not shown.agree:
                circumstances = self._circumstances(tab, step)
                said = Difference(
                    name, "", "verdict", "run", "", None, None, shown.sheet, shown.torch
                )
                rule = harmless.rule_of(said, circumstances)
                tab.report.verdict = replace(shown, agree=rule is not None, rule=rule)
        return found


def _ordered(traced: Tracer, table: str, columns: Sequence[Column]) -> Order:
    """Return the order of a table of steps, or of what stands beside it."""
    quantities = [column.quantity for column in columns]
    return lambda row, column: (_STEPS, *traced.order(table, row, quantities[column], column))


def _run_verdict(
    tab: ExaminedTab,
    maps: TabMap,
    experiment: Experiment,
    trace: Trace,
    panels: list[dict[str, float | str]],
) -> RunVerdict:
    """Return how the run went, by the sheet's verdict cell and by torch's ensemble.

    panels: of every member.
    """
    layout = get_layout(experiment.layout)
    shown = tab.cells.get(maps.fields["verdict"])
    sheet = shown if isinstance(shown, str) else value_text(shown)
    texts = [str(panel["verdict"]) for panel in panels]
    panel = panels[0]
    kind, step, column = str(panel["trend"]), 0, ""
    units = verdict.units(experiment)
    for key, name, where in (
        ("zero_gradient_since", "zero gradient", layout.watched(experiment).numerical[0]),
        ("frozen_since", "frozen", layout.watched(experiment).numerical[0]),
        *((f"dead_since.{unit}", "dead", unit) for unit in units),
        ("exploded_step", "exploded", "loss"),
    ):
        if panel[key] and not (name == "zero gradient" and panel["last_loss"] == 0):
            kind, step, column = name, int(float(panel[key])), where
    cell = None
    if step:
        row = int(np.argmax(trace["step"] >= step))
        steps = maps.tables["steps"]
        column = column if column in steps.columns else f"awake.{column}"
        cell = address(steps.cell(column, row))
    agree = verdict.agrees(sheet, texts)
    return RunVerdict(sheet, texts[0], tuple(dict.fromkeys(texts)), agree, kind, step or None, cell)
