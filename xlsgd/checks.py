"""The checks of verify, tab by tab. Here the sheet and the torch run meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xlsgd import comparison, training, verdict
from xlsgd.cells import CellError, Content, Formula, Position, Scalar, Uncomputed
from xlsgd.columns import Column
from xlsgd.compare import (
    SAFETY,
    Block,
    Comparison,
    Tolerance,
    compare,
    kind_name,
    kind_of,
)
from xlsgd.experiment import Experiment
from xlsgd.patterns import broken_patterns
from xlsgd.report.report import Difference, Extreme, RunVerdict, SheetReport, value_text
from xlsgd.sheets.finder import Found, Values
from xlsgd.sheets.maps import TableMap, TabMap, address
from xlsgd.sheets.reader import WorkbookFile
from xlsgd.tolerances import HORIZON
from xlsgd.trace import MEMBERS, Trace, run, steps

__all__ = ["Checker"]

Floats = NDArray[np.float64]
Expected = Mapping[str, Sequence[float | str]]
"""Name to what each member of the ensemble expects."""


@dataclass
class _Tab:
    """A tab under examination.

    wrong: cell to its first difference; place orders them by calculation.
    """

    report: SheetReport
    cells: dict[Position, Scalar | Uncomputed]
    contents: Mapping[Position, Content]
    compared: set[Position] = field(default_factory=set)
    wrong: dict[Position, Difference] = field(default_factory=dict)
    order: dict[Position, tuple[int, int, int]] = field(default_factory=dict)
    spread: dict[Position, float] = field(default_factory=dict)


class Checker:
    """Checks a workbook's tabs one by one and gathers the reports."""

    def __init__(
        self,
        file: WorkbookFile,
        values: Values,
        found: Found,
        tolerance: Mapping[str, Tolerance],
    ) -> None:
        self.notes: list[str] = []
        self._file, self._found, self._tolerance = file, found, tolerance
        self._summaries: dict[str, dict[str, list[comparison.RunSummary]]] = {"step": {}, "run": {}}
        kinds = {found.maps.data.sheet: "data"}
        kinds |= {tab.sheet: "training" for tab in found.maps.training.values()}
        if found.maps.compare is not None:
            kinds[found.maps.compare.sheet] = "compare"
        self._tabs: dict[str, _Tab] = {}
        for sheet, grid in file.book.sheets.items():
            cells: dict[Position, Scalar | Uncomputed] = {
                position: values[sheet][position] if isinstance(content, Formula) else content
                for position, content in grid.items()
            }
            report = SheetReport(sheet, kinds.get(sheet, "other"))
            report.formulas = sum(isinstance(content, Formula) for content in grid.values())
            self._tabs[sheet] = _Tab(report, cells, grid)

    # Training tabs

    def check_training(self, experiment_id: str) -> None:
        """Ask the three questions of a training tab, and look at its patterns."""
        experiment = self._found.experiments[experiment_id]
        maps = self._found.maps.training[experiment_id]
        tab = self._tabs[maps.sheet]
        tab.report.experiment = experiment_id
        table = maps.tables["steps"]
        columns = training.steps_columns(experiment)
        self._check_patterns(tab, table, columns, 0)
        self._check_patterns(tab, maps.tables["epochs"], verdict.epoch_columns(), 1)
        for given in (*verdict.panel(experiment),):
            self._need_formula(tab, maps.fields.get(given.key), given.key, 2)

        traces = {
            "step": steps(experiment, self._found.data, self._sheet_numbers(tab, table)),
            "run": run(experiment, self._found.data, rows=len(table.rows)),
        }
        horizon = self._horizon(tab, experiment, traces["run"])
        names = {column.quantity: table.columns[column.quantity] for column in columns}
        for check, trace in traces.items():
            until = len(table.rows) if check == "step" else horizon
            block = Block(
                table.rows[:until],
                names,
                {name: trace[name][:until] for name in names},
                {name: trace.spread(name)[:until] for name in names},
            )
            number = traces["step"]["step"].astype(np.int64)
            self._compare(tab, check, "steps", block, 0, number)
            self._check_panel(tab, maps, experiment, check, trace, horizon < len(table.rows))
        for name, column in names.items():
            for row, value in zip(table.rows, traces["run"].spread(name), strict=True):
                tab.spread[row, column] = float(value)
        tab.report.verdict = self._verdict(tab, maps, experiment, traces["run"])

    def _sheet_numbers(self, tab: _Tab, table: TableMap) -> dict[str, Floats]:
        """Return the sheet's numbers per quantity, nan where it has none."""
        found = {}
        for quantity, column in table.columns.items():
            values = (tab.cells.get((row, column)) for row in table.rows)
            found[quantity] = np.array([v if type(v) is float else np.nan for v in values])
        return found

    def _horizon(self, tab: _Tab, experiment: Experiment, trace: Trace) -> int:
        """Return how many rows of a run float64 can predict, and say so in the report."""
        rows = len(trace["loss"])
        parameters = experiment.network.parameters
        values = np.stack([np.abs(trace[f"param.{p}"]) for p in parameters])
        stray = np.stack([trace.spread(f"param.{p}") for p in parameters])
        with np.errstate(all="ignore"):
            largest = np.maximum.accumulate(values.max(0))
            unpredictable = ~((stray <= HORIZON * np.maximum(values, largest)).all(0))
        lost = ~np.isfinite(trace["loss"])
        for flags, why in (
            (lost, "the numbers leave what a cell can hold"),
            (unpredictable, "start values one unit in the last place apart part ways"),
        ):
            if flags.any():
                first = int(np.argmax(flags))
                # The row in which the loss is lost still counts: both sides must lose it there.
                first += 1 if flags is lost else 0
                if first < rows:
                    rows = first
                    tab.report.predictable_steps = int(trace["step"][first - 1]) if first else 0
                    step = int(trace["step"][first])
                    tab.report.horizon = f"from step {step} on {why}: there only the verdict counts"
        return rows

    def _check_panel(
        self,
        tab: _Tab,
        maps: TabMap,
        experiment: Experiment,
        check: str,
        trace: Trace,
        beyond_horizon: bool,
    ) -> None:
        """Compare the table of epochs and the panel with every member's."""
        table = maps.tables["epochs"]
        length = len(table.rows)
        epochs = verdict.epoch_quantities(trace.values, max(length, experiment.epochs))
        panels = []
        for member in range(trace["loss"].shape[0] and trace.values["loss"].shape[0]):
            own = {name: values[member] for name, values in epochs.items()}
            panels.append(
                verdict.panel_values(experiment, trace.member(member), own, self._found.data.rows)[
                    1
                ]
            )
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
        if check == "run" and beyond_horizon:
            return  # the verdict alone counts, and is compared by _verdict
        members = Trace({name: values[:, :length] for name, values in epochs.items()})
        block = Block(
            table.rows,
            {c.quantity: table.columns[c.quantity] for c in verdict.epoch_columns()},
            {name: members[name] for name in epochs},
            {name: members.spread(name) for name in epochs},
        )
        self._compare(tab, check, "epochs", block, 1, None)
        expected = {key: [panel[key] for panel in panels] for key in panels[0]}
        places = {key: maps.fields[key] for key in expected if key in maps.fields}
        self._compare_fields(tab, check, places, expected, 2)

    def _verdict(self, tab: _Tab, maps: TabMap, experiment: Experiment, trace: Trace) -> RunVerdict:
        panels = [s.panel for s in self._summaries["run"][experiment.id]]
        texts = [str(panel["verdict"]) for panel in panels]
        shown = tab.cells.get(maps.fields["verdict"])
        # What the numbers in the sheet amount to, even if its own verdict cell is broken.
        sheet = value_text(shown) if not isinstance(shown, str) else shown
        panel = panels[0]
        kind, step = str(panel["trend"]), 0
        for key, name in (
            ("frozen_since", "frozen"),
            *((f"dead_since.{unit}", "dead") for unit in verdict.units(experiment)),
            ("exploded_step", "exploded"),
        ):
            if panel[key]:
                kind, step = name, int(float(panel[key]))
        cell = None
        if step:
            column = {
                "exploded": "loss",
                "frozen": f"grad_num.{experiment.network.parameters[0]}",
            }.get(kind) or next(u for u in verdict.units(experiment) if panel[f"dead_since.{u}"])
            table = maps.tables["steps"]
            at = int(np.argmax(trace["step"] >= step))
            cell = address(table.cell(column, at))
        return RunVerdict(
            sheet,
            texts[0],
            tuple(dict.fromkeys(texts)),
            sheet in texts,
            kind,
            step or None,
            cell,
        )

    # The compare tab

    def check_compare(self) -> None:
        """Compare the compare tab with what the training tabs' traces say."""
        maps = self._found.maps.compare
        if maps is None:
            return
        tab = self._tabs[maps.sheet]
        losses, runs = maps.tables["losses"], maps.tables["runs"]
        experiments = list(self._found.experiments)
        columns = comparison.losses_columns(experiments)
        shown = [c for c in columns if c.quantity in losses.columns]
        self._check_patterns(tab, losses, shown, 0)
        target = tab.cells.get(maps.fields["target_loss"])
        aim = target if isinstance(target, float) else np.nan
        predictable = all(
            self._tabs[t.sheet].report.horizon is None for t in self._found.maps.training.values()
        )
        for check in ("step", "run") if predictable else ("step",):
            summaries = self._summaries[check]
            tables = [
                comparison.losses_quantities(
                    [summaries[e][member] for e in experiments], len(losses.rows), aim
                )
                for member in range(MEMBERS)
            ]
            stacked = Trace({name: np.stack([t[name] for t in tables]) for name in tables[0]})
            block = Block(
                losses.rows,
                {c.quantity: losses.columns[c.quantity] for c in shown},
                {c.quantity: stacked[c.quantity] for c in shown},
                {c.quantity: stacked.spread(c.quantity) for c in shown},
            )
            self._compare(tab, check, "losses", block, 0, None)
            for row in runs.rows:
                experiment = str(tab.cells[row, runs.columns["experiment"]])
                members = [
                    comparison.runs_quantities(summaries[experiment][m], tables[m])
                    for m in range(MEMBERS)
                ]
                places = {key: (row, runs.columns[key]) for key in members[0]}
                expected = {key: [m[key] for m in members] for key in members[0]}
                for key, place in places.items():
                    self._need_formula(tab, place, key, 1)
                self._compare_fields(tab, check, places, expected, 1)

    # What all tabs share

    def _compare(
        self,
        tab: _Tab,
        check: str,
        table: str,
        block: Block,
        rank: int,
        step_numbers: NDArray[np.int64] | None,
    ) -> None:
        if not len(block.rows):
            return
        result = compare(block, tab.cells, self._tolerance[check])
        tab.report.comparisons[f"{check} {table}"] = result
        for column in result.columns:
            for row in block.rows:
                position = (row, int(column))
                if isinstance(tab.contents.get(position), Formula):
                    tab.compared.add(position)
        for i, j in np.argwhere(~result.ok):
            position = result.position(i, j)
            value, expected = tab.cells.get(position), float(result.expected[i, j])
            self._differ(
                tab,
                position,
                (rank, int(i), int(j)),
                Difference(
                    tab.report.name,
                    address(position),
                    result.quantities[j],
                    check,
                    _reason(value, expected),
                    step=None if step_numbers is None else int(step_numbers[i]),
                    sheet_value=value,
                    torch_value=expected,
                    off=_finite(result.off[i, j]),
                    allowed=_finite(result.allowed[i, j]),
                ),
            )

    def _compare_fields(
        self,
        tab: _Tab,
        check: str,
        places: Mapping[str, Position],
        expected: Expected,
        rank: int,
    ) -> None:
        """Compare single cells, numbers or words, with what each member of the ensemble has."""
        tolerance = self._tolerance[check]
        for order, (key, position) in enumerate(places.items()):
            value, members = tab.cells.get(position), expected[key]
            if isinstance(tab.contents.get(position), Formula):
                tab.compared.add(position)
            off = allowed = None
            first = members[0]
            if isinstance(value, str) or isinstance(first, str):
                ok = value in members
            elif not np.isfinite(first):
                ok = isinstance(value, CellError)
            elif isinstance(value, float):
                numbers = [m for m in members if isinstance(m, float)]
                spread = max(abs(number - first) for number in numbers)
                allowed = tolerance.atol + tolerance.rtol * abs(first) + SAFETY * spread
                off = abs(value - first)
                ok = off <= allowed or np.isnan(allowed)
                if len(numbers) == len(members):
                    tab.spread[position] = spread
            else:
                ok = False
            if not ok:
                self._differ(
                    tab,
                    position,
                    (rank, order, position[1]),
                    Difference(
                        tab.report.name,
                        address(position),
                        key,
                        check,
                        _reason(value, first),
                        sheet_value=value,
                        torch_value=first,
                        off=off,
                        allowed=allowed,
                    ),
                )

    def _check_patterns(
        self, tab: _Tab, table: TableMap, columns: Sequence[Column], rank: int
    ) -> None:
        for j, column in enumerate(columns):
            number = table.columns[column.quantity]
            first_is_formula = column.first is None or column.first.startswith("=")
            starts_differently = column.first is not None or "{prev." in column.formula
            rows = table.rows[1:] if starts_differently else table.rows
            broken = broken_patterns(tab.contents, table.rows, rows, number)
            if starts_differently and first_is_formula:
                broken |= broken_patterns(tab.contents, table.rows, table.rows[:1], number)
            tab.report.cells_in_pattern += len(rows)
            places = {row: i for i, row in enumerate(table.rows)}
            for position, reason in broken.items():
                self._differ(
                    tab,
                    position,
                    (rank, places[position[0]], j),
                    Difference(
                        tab.report.name,
                        address(position),
                        column.quantity,
                        "pattern",
                        reason,
                        sheet_value=tab.cells.get(position),
                    ),
                )

    def _need_formula(self, tab: _Tab, position: Position | None, key: str, rank: int) -> None:
        if position is None or isinstance(tab.contents.get(position), Formula):
            return
        value = tab.cells.get(position)
        self._differ(
            tab,
            position,
            (rank, 0, position[1]),
            Difference(
                tab.report.name,
                address(position),
                key,
                "pattern",
                f"holds {value_text(value)} where xlsgd put a formula",
                sheet_value=value,
            ),
        )

    def _differ(
        self, tab: _Tab, position: Position, order: tuple[int, int, int], difference: Difference
    ) -> None:
        """Note a difference; of several in one cell the one that knows torch's value counts."""
        earlier = tab.wrong.get(position)
        if earlier is None or (earlier.torch_value is None and difference.torch_value is not None):
            if earlier is not None:
                difference = _with(difference, reason=f"{earlier.reason}; {difference.reason}")
            tab.wrong[position] = difference
            tab.order.setdefault(position, order)

    def _check_stored(self, tab: _Tab) -> None:
        """Are the values in the file those that recalculation gives?"""
        stored = self._file.stored[tab.report.name]
        tolerance = self._tolerance["stored"]
        for number, (position, saved) in enumerate(stored.items()):
            value = tab.cells[position]
            tab.report.cells_stored += 1
            off = allowed = None
            if isinstance(value, float) and isinstance(saved, float):
                allowed = tolerance.atol + tolerance.rtol * abs(value)
                allowed += SAFETY * tab.spread.get(position, 0.0)
                off = abs(saved - value)
                ok = off <= allowed
            elif isinstance(value, Uncomputed):
                continue  # reported as not computed
            else:
                ok = kind_of(saved) == kind_of(value)
                ok = ok and (saved == value or not isinstance(value, str | bool))
            if not ok:
                quantity = "" if position not in tab.compared else self._quantity(tab, position)
                self._differ(
                    tab,
                    position,
                    tab.order.get(position, (3, number, 0)),
                    Difference(
                        tab.report.name,
                        address(position),
                        quantity,
                        "stored",
                        f"the file stores {value_text(saved)}, recalculated it is "
                        f"{value_text(value)}",
                        sheet_value=saved,
                        torch_value=value,
                        off=off,
                        allowed=allowed,
                    ),
                )

    def _quantity(self, tab: _Tab, position: Position) -> str:
        for result in tab.report.comparisons.values():
            rows = np.flatnonzero(result.rows == position[0])
            columns = np.flatnonzero(result.columns == position[1])
            if len(rows) and len(columns):
                return result.quantities[int(columns[0])]
        return ""

    def finish(self) -> list[SheetReport]:
        """Check stored values, account for every formula cell, and return all reports."""
        has_stored = any(v is not None for s in self._file.stored.values() for v in s.values())
        if not has_stored:
            self.notes.append(
                "the file stores no values beside its formulas (the program that saved it writes "
                "none), so stored values could not be checked"
            )
        for tab in self._tabs.values():
            report = tab.report
            if has_stored and report.kind != "other":
                self._check_stored(tab)
            report.cells_compared = len(tab.compared)
            for position, content in tab.contents.items():
                if isinstance(content, Formula) and position not in tab.compared:
                    self._account(tab, position)
            ordered = sorted(tab.wrong, key=lambda p: tab.order[p])
            for position in ordered:
                content = tab.contents.get(position)
                formula = str(content) if isinstance(content, Formula) else None
                report.differences.append(_with(tab.wrong[position], formula=formula))
            report.cells_differing = len(report.differences)
            report.greatest_off = _extreme(report.comparisons, "off")
            report.greatest_relative = _extreme(report.comparisons, "relative")
        return [tab.report for tab in self._tabs.values()]

    def _account(self, tab: _Tab, position: Position) -> None:
        value = tab.cells[position]
        reason = {
            "training": "not one of xlsgd's fields or columns",
            "compare": "not one of xlsgd's fields or columns",
            "data": "data: taken as it is for both sides",
            "other": "on a tab that is none of xlsgd's training tabs",
        }[tab.report.kind]
        if isinstance(value, Uncomputed):
            reason += f"; {value}"
        tab.report.unchecked[address(position)] = reason


def _reason(value: Scalar | Uncomputed, expected: float | str) -> str:
    if isinstance(value, Uncomputed):
        return str(value)
    kind = kind_name(kind_of(value))
    if isinstance(expected, str):
        return "says something else than torch" if isinstance(value, str) else f"holds {kind}"
    if isinstance(value, float) and np.isfinite(expected):
        return "differs from torch"
    wanted = "a number" if np.isfinite(expected) else "not finite"
    return f"{kind} where torch has {wanted}"


def _with(difference: Difference, **changes: object) -> Difference:
    from dataclasses import replace

    return replace(difference, **changes)  # type: ignore[arg-type]


def _finite(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None


def _extreme(comparisons: Mapping[str, Comparison], kind: str) -> Extreme | None:
    """Return the greatest difference among the step checks, with its cell."""
    best: Extreme | None = None
    for name, result in comparisons.items():
        if not name.startswith("step"):
            continue
        numbers = getattr(result, kind)
        numbers = np.where(np.isfinite(numbers), numbers, -1.0)
        if numbers.size == 0:
            continue
        i, j = np.unravel_index(int(np.argmax(numbers)), numbers.shape)
        if numbers[i, j] >= 0 and (best is None or numbers[i, j] > best.value):
            best = Extreme(float(numbers[i, j]), address(result.position(int(i), int(j))))
    return best
