"""Find again in a workbook what the writer put there: maps, data and experiments.

A tab of xlsgd is known by the field ``xlsgd``, fields by their keys in that column, tables by the
quantities in their header row. So rows and columns may be inserted and tabs renamed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from xlsgd import comparison, training, verdict
from xlsgd.cells import Book, CellError, Formula, Grid, Position, Scalar, Uncomputed
from xlsgd.data import Dataset
from xlsgd.errors import SpecError, WorkbookError
from xlsgd.experiment import Experiment
from xlsgd.losses import Loss, losses
from xlsgd.nets import parse_network
from xlsgd.optimizers import get_optimizer
from xlsgd.registry import pick
from xlsgd.sheets.maps import BookMap, TableMap, TabMap, address
from xlsgd.sheets.markers import COMPARE, DATA, MARKER, TRAINING

__all__ = ["Found", "Values", "find_lesson"]

Values = Mapping[str, Mapping[Position, Scalar | Uncomputed]]
"""Per sheet, the calculated value of every formula cell."""

_HEADERS = frozenset(("step", "epoch", "row", "y", "loss"))
"""Quantities that the table of every training tab has, and no other table."""

_FORMAT = re.compile(r"(\w+) tab, format (\d+)$")


@dataclass
class Found:
    """What a workbook turned out to be.

    experiments: by id, with the values that stand in the cells now.
    """

    maps: BookMap
    data: Dataset
    experiments: dict[str, Experiment] = field(default_factory=dict)


def find_lesson(book: Book, values: Values, file: str) -> Found:
    """Return the maps, data and experiments of a workbook.

    file: its name, for messages.
    Raises WorkbookError if it is none of xlsgd's, or an input holds what cannot be used.
    """
    tabs: dict[str, list[_Tab]] = {"data": [], "training": [], "compare": []}
    for sheet, grid in book.sheets.items():
        tab = _Tab.find(sheet, grid, values.get(sheet, {}), file)
        if tab is not None:
            tabs[tab.kind].append(tab)
        elif set(_texts(grid).values()) >= _HEADERS:
            # To pass over it would be to call a workbook right of which a tab was not looked at.
            raise WorkbookError(
                f"{file}: tab '{sheet}' has the headers of a training tab, but no cell "
                f"'{MARKER}' with '{TRAINING}' beside it; restore these two cells, or give the "
                "headers other words if the tab is your own"
            )
    if len(tabs["data"]) != 1 or not tabs["training"]:
        raise WorkbookError(
            f"{file}: found {len(tabs['data'])} data tabs and {len(tabs['training'])} training "
            f"tabs of xlsgd, need one and at least one; looked for cells '{MARKER}' with "
            f"'{DATA}' or '{TRAINING}' beside them. Is this a workbook that xlsgd generated?"
        )
    data_map, data = tabs["data"][0].data()
    found = Found(BookMap(data_map), data)
    for tab in tabs["training"]:
        experiment, tab_map = tab.experiment(data)
        if experiment.id in found.experiments:
            # A learner has copied the tab to try something: the copy goes by its tab's name.
            experiment = replace(experiment, id=tab.sheet)
        found.experiments[experiment.id] = experiment
        found.maps.training[experiment.id] = tab_map
    if tabs["compare"]:
        found.maps.compare = tabs["compare"][0].compare(list(found.experiments))
    return found


@dataclass
class _Tab:
    """A tab with the marker, and how to read it."""

    sheet: str
    kind: str
    grid: Grid
    values: Mapping[Position, Scalar | Uncomputed]
    fields: dict[str, Position]
    file: str

    @classmethod
    def find(
        cls, sheet: str, grid: Grid, values: Mapping[Position, Scalar | Uncomputed], file: str
    ) -> _Tab | None:
        for (row, column), content in sorted(_texts(grid).items()):
            if content != MARKER:
                continue
            beside = [(c, text) for (r, c), text in _texts(grid).items() if r == row and c > column]
            for value_column, text in sorted(beside):
                match = _FORMAT.match(text)
                if match is None:
                    continue
                if text not in (DATA, TRAINING, COMPARE):
                    raise WorkbookError(
                        f"{file}: tab '{sheet}' is a '{text}'; this version of xlsgd reads "
                        f"'{DATA}', '{TRAINING}' and '{COMPARE}'; use the version that wrote it"
                    )
                fields: dict[str, Position] = {}
                for (r, c), key in sorted(_texts(grid).items()):
                    if c == column:
                        fields.setdefault(key, (r, value_column))
                return cls(sheet, match[1], grid, values, fields, file)
        return None

    def value(self, position: Position) -> Any:
        """Return what a cell shows: a constant, or what its formula gave."""
        content = self.grid.get(position)
        return self.values.get(position) if isinstance(content, Formula) else content

    def place(self, key: str) -> Position:
        if key not in self.fields:
            raise WorkbookError(
                f"{self.file}: tab '{self.sheet}' has no field '{key}' in the column of "
                f"'{MARKER}'; restore it, or generate the workbook again"
            )
        return self.fields[key]

    def number(self, key: str) -> float:
        position = self.place(key)
        return self._as_number(position, self.value(position), key)

    def _as_number(self, position: Position, value: Any, what: str) -> float:
        if isinstance(value, float):
            return value
        shown = (
            "nothing"
            if value is None
            else str(value)
            if isinstance(value, CellError | Uncomputed)
            else repr(value)
        )
        raise WorkbookError(
            f"{self.file}: {self.sheet}!{address(position)} ({what}): got {shown[:60]}, "
            "need a number; type one"
        )

    def text(self, key: str) -> str:
        position = self.place(key)
        value = self.value(position)
        if isinstance(value, str):
            return value
        raise WorkbookError(
            f"{self.file}: {self.sheet}!{address(position)} ({key}): got {value!r}, need a word"
        )

    def table(self, needed: set[str], mine: Any, name: str) -> TableMap:
        """Return the table whose header row has all the needed quantities.

        mine: says of a header whether it is one of the table's quantities.
        """
        headers: dict[int, dict[str, int]] = {}
        for (row, column), text in sorted(_texts(self.grid).items()):
            headers.setdefault(row, {}).setdefault(text, column)
        for row, columns in sorted(headers.items()):
            if needed <= columns.keys():
                kept = {text: column for text, column in columns.items() if mine(text)}
                return TableMap(row, kept, self._rows(row, {columns[name] for name in needed}))
        raise WorkbookError(
            f"{self.file}: tab '{self.sheet}' has no table with the headers "
            f"{', '.join(sorted(needed))} in one row ({name}); restore them"
        )

    def _rows(self, header: int, columns: set[int]) -> list[int]:
        """Return the rows of a table: those with formulas or numbers in most of its columns.

        A sum or a note that a learner keeps below a column makes no row.
        """
        filled = Counter(
            row
            for (row, column), content in self.grid.items()
            if row > header and column in columns and isinstance(content, Formula | float)
        )
        return sorted(row for row, count in filled.items() if 2 * count >= len(columns))

    def data(self) -> tuple[TabMap, Dataset]:
        table = self.table({"y"}, lambda t: t == "y" or re.fullmatch(r"x\d*", t), "the data")
        names = [name for name in table.columns if name != "y"]
        if not names:
            raise WorkbookError(f"{self.file}: tab '{self.sheet}' has no column x")
        # Data ends at the first empty row, or where nothing but formulas follow: further down
        # there may be notes, and sums of the columns.
        rows = []
        row = table.header_row + 1
        while any((row, column) in self.grid for column in table.columns.values()):
            rows.append(row)
            row += 1
        while rows and not any(
            (rows[-1], column) in self.grid and not isinstance(self.grid[rows[-1], column], Formula)
            for column in table.columns.values()
        ):
            rows.pop()
        if not rows:
            raise WorkbookError(f"{self.file}: tab '{self.sheet}' has no rows of data")
        columns = {
            name: tuple(
                self._as_number((row, column), self.value((row, column)), f"data, {name}")
                for row in rows
            )
            for name, column in table.columns.items()
        }
        table.rows = rows
        y = columns.pop("y")
        return TabMap(self.sheet, self.fields, {"data": table}), Dataset("data", columns, y)

    def experiment(self, data: Dataset) -> tuple[Experiment, TabMap]:
        try:
            network = parse_network(self.text("network"), len(data.inputs))
            optimizer = get_optimizer(self.text("optimizer"))
            loss = cast(Loss, pick("loss", self.text("loss"), dict(losses())))
            steps = self.table(set(_HEADERS), lambda text: True, "one row per row of data")
            if not steps.rows:
                raise WorkbookError(f"{self.file}: tab '{self.sheet}' has no rows of training")
            batched = "batch_end" in steps.columns
            batch_size = self.number("batch_size")
            if batch_size != int(batch_size) or (not batched and batch_size != 1):
                raise WorkbookError(
                    f"{self.file}: {self.sheet}!{address(self.place('batch_size'))} (batch_size): "
                    f"got {batch_size:g}, need "
                    + ("a whole number" if batched else "1; this tab updates after every row")
                )
            states = [f"{s}.{p}" for s in optimizer.state for p in network.parameters]
            start = {p: self.number(f"init.{p}") for p in network.parameters}
            for name in states:
                # Some optimizers have a rule of their own for where to start, as a formula.
                content = self.grid.get(self.place(f"init.{name}"))
                has_rule = optimizer.start_state.startswith("=")
                if not (has_rule and isinstance(content, Formula)):
                    start[name] = self.number(f"init.{name}")
            experiment = Experiment(
                id=self.text("experiment"),
                title=self.sheet,
                about="",
                network=network,
                optimizer=optimizer,
                learning_rate=self.number("learning_rate"),
                start=start,
                hyper={h.key: self.number(h.key) for h in optimizer.hyperparameters},
                gradient=self.text("gradient"),
                difference=self.text("difference"),
                h=self.number("h"),
                batch_size=int(batch_size),
                batch_columns=batched,
                epochs=max(1, -(-len(steps.rows) // data.rows)),
                exploded_above=self.number("exploded_above"),
                chart_limit=self.number("chart_limit"),
                loss=loss,
            )
        except SpecError as error:
            field = getattr(error, "field", None)
            key = field if field in self.fields else f"init.{field}"
            where = f"!{address(self.fields[key])}" if key in self.fields else ""
            raise WorkbookError(f"{self.file}: {self.sheet}{where}: {error}") from error
        quantities = {column.quantity for column in training.steps_columns(experiment)}
        steps.columns = {q: c for q, c in steps.columns.items() if q in quantities}
        missing = quantities - steps.columns.keys()
        if missing:
            raise WorkbookError(
                f"{self.file}: tab '{self.sheet}', row {steps.header_row}: no header "
                f"{', '.join(sorted(missing))}; restore it, or generate the workbook again"
            )
        steps.rows = self._rows(steps.header_row, set(steps.columns.values()))
        experiment = replace(experiment, epochs=max(1, -(-len(steps.rows) // data.rows)))
        for given in (*training.inputs(experiment), *verdict.panel(experiment)):
            self.place(given.key)
        names = {column.quantity for column in verdict.epoch_columns()}
        epochs = self.table(names, names.__contains__, "one row an epoch")
        return experiment, TabMap(self.sheet, self.fields, {"steps": steps, "epochs": epochs})

    def compare(self, experiments: list[str]) -> TabMap:
        runs_names = {c.quantity for c in comparison.runs_columns(experiments[0])}
        runs = self.table(runs_names, runs_names.__contains__, "one row a run")
        texts = _texts(self.grid)
        shown = [e for e in experiments if f"mean_loss.{e}" in texts.values()]
        names = {c.quantity for c in comparison.losses_columns(shown)}
        losses = self.table(names, names.__contains__, "one row an epoch")
        runs.rows = [row for row in runs.rows if row < losses.header_row]
        self.number("target_loss")
        return TabMap(self.sheet, self.fields, {"runs": runs, "losses": losses})


def _texts(grid: Grid) -> dict[Position, str]:
    return {
        position: content
        for position, content in grid.items()
        if isinstance(content, str) and not isinstance(content, Formula)
    }
