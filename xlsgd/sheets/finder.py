"""Find again in a workbook what the writer put there: maps, data and experiments.

A tab of xlsgd is known by the field ``xlsgd``, fields by their keys in that column, tables by the
quantities in their header row. So rows and columns may be inserted and tabs renamed.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from xlsgd import comparison, matrix, model
from xlsgd.cells import Book, CellError, Formula, Grid, Position, Scalar, Uncomputed
from xlsgd.data import Dataset
from xlsgd.data.passengers import INPUTS, NEEDED, NUMBERS, passengers_of
from xlsgd.errors import SpecError, WorkbookError
from xlsgd.experiment import Experiment
from xlsgd.features import MAX_AGE
from xlsgd.layouts import Layout, get_layout
from xlsgd.layouts.blocks import block_name
from xlsgd.losses import Loss, losses
from xlsgd.nets import Network, parse_network
from xlsgd.nets.network import numbered_inputs
from xlsgd.optimizers import get_optimizer
from xlsgd.registry import pick
from xlsgd.sheets.maps import BookMap, TableMap, TabMap, address
from xlsgd.sheets.markers import COMPARE, DATA, MARKER, MATRIX, MODEL, PASSENGERS, TRAINING
from xlsgd.sheets.model_tab import PERSON

__all__ = ["Found", "Values", "find_lesson"]

Values = Mapping[str, Mapping[Position, Scalar | Uncomputed]]
"""Per sheet, the calculated value of every formula cell."""

_HEADERS = {
    "rows": frozenset(("step", "epoch", "row", "y", "loss")),
    "blocks": frozenset(("step", "epoch", "batch_rows", "loss")),
}
"""Quantities that the table of steps of every training tab has, and no other table, by layout."""

_FORMAT = re.compile(r"(\w+) tab, format (\d+)$")


@dataclass
class Found:
    """What a workbook turned out to be.

    data: what torch trains on; shown: the same as the cells show it. They differ where inputs are
    formulas, and one of them is wrong.
    experiments: by id, with the values that stand in the cells now.
    person: what is filled in on the model tab.
    """

    maps: BookMap
    data: Dataset
    shown: Dataset
    experiments: dict[str, Experiment] = field(default_factory=dict)
    person: dict[str, Scalar | Uncomputed] = field(default_factory=dict)


def find_lesson(book: Book, values: Values, file: str) -> Found:
    """Return the maps, data and experiments of a workbook.

    file: its name, for messages.
    Raises WorkbookError if it is none of xlsgd's, or an input holds what cannot be used.
    """
    tabs: dict[str, list[_Tab]] = {
        kind: [] for kind in ("data", "passengers", "training", "model", "matrix", "compare")
    }
    for sheet, grid in book.sheets.items():
        tab = _Tab.find(sheet, grid, values.get(sheet, {}), file)
        if tab is not None:
            tabs[tab.kind].append(tab)
            continue
        texts = set(_texts(grid).values())
        for layout, headers in _HEADERS.items():
            if texts >= headers:
                # To pass over it would be to call a workbook right of which a tab was not looked
                # at.
                raise WorkbookError(
                    f"{file}: tab '{sheet}' has the headers of a training tab, but no cell "
                    f"'{MARKER}' with '{TRAINING[layout]}' beside it; restore these two cells, or "
                    "give the headers other words if the tab is your own"
                )
    sources = tabs["data"] + tabs["passengers"]
    if len(sources) != 1 or not tabs["training"]:
        raise WorkbookError(
            f"{file}: found {len(sources)} data tabs and {len(tabs['training'])} training "
            f"tabs of xlsgd, need one and at least one; looked for cells '{MARKER}' with "
            f"'{DATA}' or '{TRAINING['rows']}' beside them. Is this a workbook that xlsgd "
            "generated?"
        )
    data_map, data, shown = sources[0].data() if tabs["data"] else sources[0].passengers()
    found = Found(BookMap(data_map), data, shown)
    for tab in tabs["training"]:
        experiment, tab_map = tab.experiment(data)
        if experiment.id in found.experiments:
            # A learner has copied the tab to try something: the copy goes by its tab's name.
            experiment = replace(experiment, id=tab.sheet)
        found.experiments[experiment.id] = experiment
        found.maps.training[experiment.id] = tab_map
    for tab in tabs["model"]:
        experiment = tab.shown_experiment(found.experiments)
        found.maps.model[experiment.id] = tab.model(experiment, data.rows)
        where = found.maps.model[experiment.id].tables["person"]
        found.person = {key: tab.value(where.cell(key, 0)) for key in PERSON}
    for tab in tabs["matrix"]:
        if not found.maps.model:
            raise WorkbookError(
                f"{file}: tab '{tab.sheet}' shows the weights of a model tab, and there is none; "
                "restore it, or delete this tab too"
            )
        experiment = found.experiments[next(iter(found.maps.model))]
        found.maps.matrix[experiment.id] = tab.matrix(experiment, data.rows)
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
    layout: str = ""

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
                known = (DATA, PASSENGERS, *TRAINING.values(), MODEL, MATRIX, COMPARE)
                if text not in known:
                    listed = ", ".join(f"'{kind}'" for kind in known)
                    raise WorkbookError(
                        f"{file}: tab '{sheet}' is a '{text}'; this version of xlsgd reads "
                        f"{listed}; use the version that wrote it"
                    )
                fields: dict[str, Position] = {}
                for (r, c), key in sorted(_texts(grid).items()):
                    if c == column:
                        fields.setdefault(key, (r, value_column))
                kind = match[1]
                layout = next((name for name, word in TRAINING.items() if word == text), "")
                return cls(
                    sheet, "training" if layout else kind, grid, values, fields, file, layout
                )
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

    def data(self) -> tuple[TabMap, Dataset, Dataset]:
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
        data = Dataset("data", columns, y)
        return TabMap(self.sheet, self.fields, {"data": table}), data, data

    def passengers(self) -> tuple[TabMap, Dataset, Dataset]:
        """Return the map, the passengers as pandas has them, and as the cells show them."""
        import pandas as pd

        table = self.table({*NEEDED, *INPUTS}, {*NEEDED, *INPUTS}.__contains__, "the passengers")
        self.place(MAX_AGE.key)
        if not table.rows:
            raise WorkbookError(f"{self.file}: tab '{self.sheet}' has no passengers")
        raw = {
            name: [
                self._as_number((row, column), self.value((row, column)), name)
                if name in NUMBERS
                else self._as_word((row, column), name)
                for row in table.rows
            ]
            for name, column in table.columns.items()
            if name in NEEDED
        }
        self._check_labels(table, raw["Survived"])
        data = passengers_of("passengers", pd.DataFrame(raw), len(table.rows), {})

        def seen(name: str) -> tuple[float, ...]:
            values = (self.value((row, table.columns[name])) for row in table.rows)
            return tuple(v if isinstance(v, float) else math.nan for v in values)

        shown = Dataset("passengers", {name: seen(name) for name in INPUTS}, data.y)
        table.columns["y"] = table.columns["Survived"]
        return TabMap(self.sheet, self.fields, {"data": table}), data, shown

    def _as_word(self, position: Position, what: str) -> str:
        value = self.value(position)
        if isinstance(value, str):
            return value
        shown = "nothing" if value is None else f"{value!r}"
        raise WorkbookError(
            f"{self.file}: {self.sheet}!{address(position)} ({what}): got {shown:.60}, "
            "need a word; type one"
        )

    def _check_labels(self, table: TableMap, labels: list[Any]) -> None:
        for row, label in zip(table.rows, labels, strict=True):
            if label not in (0.0, 1.0):
                place = address((row, table.columns["Survived"]))
                raise WorkbookError(
                    f"{self.file}: {self.sheet}!{place} (Survived): got {label:g}, need 0 or 1"
                )

    def shown_experiment(self, experiments: Mapping[str, Experiment]) -> Experiment:
        """Return the experiment whose weights a model tab shows."""
        name = self.text("experiment")
        if name not in experiments:
            raise WorkbookError(
                f"{self.file}: {self.sheet}!{address(self.place('experiment'))} (experiment): got "
                f"'{name}', need one of: {', '.join(experiments)}"
            )
        return experiments[name]

    def model(self, experiment: Experiment, rows: int) -> TabMap:
        """Return the map of a model tab.  rows: of data."""
        columns = [column.quantity for column in model.forward_table(experiment)]
        forward = self._table_of("one row per row of data", columns, rows)
        person = self._row_to_fill_in([*PERSON, *INPUTS, "says"], experiment)
        counts = [column.quantity for column in model.histogram_table()]
        bars = self.table({"from", "to", *counts}, {"from", "to", *counts}.__contains__, "bars")
        bars.rows = bars.rows[: len(model.BINS) - 1]
        fields = dict(self.fields)
        choice = self.text(model.WEIGHTS_OF.key)
        if choice not in model.WEIGHTS_OF.choices:
            raise WorkbookError(
                f"{self.file}: {self.sheet}!{address(self.place(model.WEIGHTS_OF.key))} "
                f"({model.WEIGHTS_OF.key}): got '{choice}', need one of: "
                f"{', '.join(model.WEIGHTS_OF.choices)}"
            )
        for given in model.fields(experiment):
            self.place(given.key)
        names = experiment.network.input_names
        weights = self.table({"unit", *names}, {"unit", *names}.__contains__, "the weights")
        numbers = {
            self.grid.get((row, weights.columns["unit"])): row for row in reversed(weights.rows)
        }
        for unit, group in enumerate(model.weight_groups(experiment), 1):
            if unit not in numbers:
                raise WorkbookError(
                    f"{self.file}: tab '{self.sheet}': no row of weights for unit {unit}; "
                    "restore it"
                )
            for name, weight in zip(names, group, strict=True):
                fields[f"weight.{weight}"] = numbers[unit], weights.columns[name]
        return TabMap(self.sheet, fields, {"forward": forward, "person": person, "histogram": bars})

    def matrix(self, experiment: Experiment, rows: int) -> TabMap:
        """Return the map of a matrix tab.  rows: of data."""
        columns = [column.quantity for column in matrix.product_table(experiment)]
        product = self._table_of("one row per row of data", columns, rows)
        fields = dict(self.fields)
        for given in matrix.fields(experiment):
            self.place(given.key)
        units = matrix.units(experiment)
        heads = {f"unit {j}" for j in range(1, len(units) + 1)}
        w = self.table({"input", *heads}, {"input", *heads}.__contains__, "W")
        inputs = list(experiment.network.input_names)
        texts = _texts(self.grid)
        rows_of = {texts.get((r, w.columns["input"])): r for r in w.rows}
        rows_of |= {
            text: r for (r, c), text in texts.items() if c == w.columns["input"] and text in inputs
        }
        for j, names in enumerate(units, 1):
            for name, unit_weight in zip(inputs, names, strict=True):
                if name not in rows_of:
                    raise WorkbookError(
                        f"{self.file}: tab '{self.sheet}': no row '{name}' in W; restore it"
                    )
                fields[f"weight.{unit_weight}"] = rows_of[name], w.columns[f"unit {j}"]
        ones = sorted(
            r
            for (r, c), content in self.grid.items()
            if c == w.columns["unit 1"] and r > max(rows_of.values()) and content == 1.0
        )
        if len(ones) < len(units):
            raise WorkbookError(
                f"{self.file}: tab '{self.sheet}': the column of {len(units)} ones below W is not "
                "there; restore it"
            )
        for j in range(len(units)):
            fields[f"one.{j + 1}"] = ones[j], w.columns["unit 1"]
        return TabMap(self.sheet, fields, {"product": product})

    def _table_of(self, what: str, quantities: list[str], rows: int) -> TableMap:
        """Return the table with these headers, which must have so many rows."""
        table = self.table(set(quantities), set(quantities).__contains__, what)
        if len(table.rows) != rows:
            raise WorkbookError(
                f"{self.file}: tab '{self.sheet}': its table has {len(table.rows):,} rows, the "
                f"data {rows:,}; this tab cannot grow or shrink: generate the workbook again"
            )
        return table

    def _row_to_fill_in(self, needed: list[str], experiment: Experiment) -> TableMap:
        outputs = [name for place in experiment.network.places for name in place.outputs]
        known = {*needed, *outputs}
        table = self.table({*needed, "pred"}, known.__contains__, "the row to fill in")
        below = sorted(
            {
                r
                for r, c in self.grid
                if r > table.header_row
                and c in {table.columns[name] for name in INPUTS}
                and isinstance(self.grid[r, c], Formula)
            }
        )
        if not below:
            raise WorkbookError(
                f"{self.file}: tab '{self.sheet}': the row to fill in has no formulas; restore it"
            )
        table.rows = below[:1]
        return table

    def experiment(self, data: Dataset) -> tuple[Experiment, TabMap]:
        layout = get_layout(self.layout)
        headers = _HEADERS[self.layout]
        try:
            steps = self.table(set(headers), lambda text: True, "one row per step")
            if not steps.rows:
                raise WorkbookError(f"{self.file}: tab '{self.sheet}' has no rows of training")
            experiment = self._as_it_stands(data, layout, steps)
        except SpecError as error:
            field = getattr(error, "field", None)
            key = field if field in self.fields else f"init.{field}"
            where = f"!{address(self.fields[key])}" if key in self.fields else ""
            raise WorkbookError(f"{self.file}: {self.sheet}{where}: {error}") from error
        tables = layout.tables(experiment)
        self._keep(steps, {column.quantity for column in tables["steps"]}, "")
        steps.rows = self._rows(steps.header_row, set(steps.columns.values()))
        found = {"steps": steps}
        if self.layout == "rows":
            experiment = replace(experiment, epochs=max(1, -(-len(steps.rows) // data.rows)))
        else:
            quantities = [column.quantity for column in tables[block_name(1)]]
            blocks = self._blocks(steps, quantities, data.rows)
            experiment = replace(experiment, epochs=len(blocks))
            self._need_steps(steps, layout.lengths(experiment, data.rows)["steps"])
            found |= blocks
        for given in (*layout.inputs(experiment), *layout.panel(experiment)):
            self.place(given.key)
        names = {column.quantity for column in tables["epochs"]}
        epochs = self.table(names, names.__contains__, "one row an epoch")
        return experiment, TabMap(
            self.sheet, self.fields, {**found, "epochs": epochs}, experiment.batch_size
        )

    def _as_it_stands(self, data: Dataset, layout: Layout, steps: TableMap) -> Experiment:
        """Return the experiment that the fields of the tab describe."""
        network = _network(self.text("network"), data)
        optimizer = get_optimizer(self.text("optimizer"))
        loss = cast(Loss, pick("loss", self.text("loss"), dict(losses())))
        states = [f"{s}.{p}" for s in optimizer.state for p in network.parameters]
        start = {p: self.number(f"init.{p}") for p in network.parameters}
        for name in states:
            # Some optimizers have a rule of their own for where to start, as a formula.
            content = self.grid.get(self.place(f"init.{name}"))
            has_rule = optimizer.start_state.startswith("=")
            if not (has_rule and isinstance(content, Formula)):
                start[name] = self.number(f"init.{name}")
        details: dict[str, Any] = {}
        if layout.name == "rows":
            batched = "batch_end" in steps.columns
            whole = "a whole number" if batched else "1; this tab updates after every row"
            most = None if batched else 1
            details["batch_columns"] = batched
            details["chart_limit"] = self.number("chart_limit")
            details["epochs"] = max(1, -(-len(steps.rows) // data.rows))
        else:
            whole, most = f"a whole number from 1 to the {data.rows} rows of data", data.rows
            details["derivative_of"] = self.text("derivative_of")
            details["classifies"] = "accuracy" in steps.columns
        return Experiment(
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
            batch_size=self._whole("batch_size", whole, most),
            layout=layout.name,
            exploded_above=self.number("exploded_above"),
            loss=loss,
            **details,
        )

    def _whole(self, key: str, need: str, most: int | None) -> int:
        number = self.number(key)
        if number != int(number) or (most is not None and not 1 <= number <= most):
            raise WorkbookError(
                f"{self.file}: {self.sheet}!{address(self.place(key))} ({key}): "
                f"got {number:g}, need {need}"
            )
        return int(number)

    def _keep(self, table: TableMap, quantities: set[str], what: str) -> None:
        """Leave a table with the columns of quantities.  Raises WorkbookError if one is missing."""
        table.columns = {q: c for q, c in table.columns.items() if q in quantities}
        missing = quantities - table.columns.keys()
        if missing:
            raise WorkbookError(
                f"{self.file}: tab '{self.sheet}', row {table.header_row}{what}: no header "
                f"{', '.join(sorted(missing))}; restore it, or generate the workbook again"
            )

    def _blocks(
        self, steps: TableMap, quantities: list[str], data_rows: int
    ) -> dict[str, TableMap]:
        """Return the tables to the right of the steps: one for every time their headers come."""
        row, begin = steps.header_row, max(steps.columns.values())
        texts = sorted(
            (c, text) for (r, c), text in _texts(self.grid).items() if r == row and c > begin
        )
        blocks: dict[str, TableMap] = {}
        for column, text in texts:
            if text == quantities[0]:
                blocks[block_name(len(blocks) + 1)] = TableMap(row, {}, [])
            if blocks and text in quantities:
                blocks[block_name(len(blocks))].columns.setdefault(text, column)
        if not blocks:
            raise WorkbookError(
                f"{self.file}: tab '{self.sheet}', row {row}: no header {quantities[0]}; restore "
                "it, or generate the workbook again"
            )
        rows: set[int] = set()
        for number, block in enumerate(blocks.values(), 1):
            self._keep(block, set(quantities), f", block of epoch {number}")
            rows |= set(self._rows(row, set(block.columns.values())))
        if len(rows) != data_rows:
            raise WorkbookError(
                f"{self.file}: tab '{self.sheet}': its blocks have {len(rows):,} rows, the data "
                f"{data_rows:,}; this layout cannot grow or shrink: generate the workbook again"
            )
        for block in blocks.values():
            block.rows = sorted(rows)
        return blocks

    def _need_steps(self, steps: TableMap, need: int) -> None:
        if len(steps.rows) != need:
            raise WorkbookError(
                f"{self.file}: tab '{self.sheet}': got {len(steps.rows):,} steps, need {need:,} "
                "for its blocks; restore the rows, or generate the workbook again"
            )

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


def _network(text: str, data: Dataset) -> Network:
    """Return the network of a tab.  data: tells the names of its inputs."""
    names = tuple(data.inputs)
    numbered = numbered_inputs(len(names))
    # Columns x1, x2, … may stand in any order.
    return parse_network(text, numbered if set(numbered) == set(names) else names)


def _texts(grid: Grid) -> dict[Position, str]:
    return {
        position: content
        for position, content in grid.items()
        if isinstance(content, str) and not isinstance(content, Formula)
    }
