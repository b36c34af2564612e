"""Small experiments, workbooks of them, and what their cells hold once they are recalculated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import xlsgd
from tests.together import made_once
from xlsgd.base.cells import Book, Formula, Grid, Position, Scalar, Uncomputed, WorkbookFile
from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.data.schema import PLAIN
from xlsgd.engines import Calculation, Progress, get_engine
from xlsgd.lessons import Lesson, lesson_plans
from xlsgd.sheets.found_tab import MARKER
from xlsgd.sheets.maps import BookMap, TableMap, column_contents, formula_maker
from xlsgd.tabs.dataset.sheet import map_data_tab
from xlsgd.tabs.finder import find_lesson
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.training.sheet import map_training_tab
from xlsgd.tabs.view import View
from xlsgd.tabs.workbook import book_of, build_workbook
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses import losses
from xlsgd.training.nets import parse_network
from xlsgd.training.nets.graph import keys_of
from xlsgd.training.optimizers import optimizers
from xlsgd.xlsx.package import package
from xlsgd.xlsx.reader import read_workbook

__all__ = [
    "LESSONS",
    "Recalculated",
    "RememberingEngine",
    "bare_book",
    "default_lesson",
    "experiment_of",
    "lesson_of",
    "short_lesson",
    "small_data",
    "view_of",
    "write_experiments",
]

Floats = NDArray[np.float64]

LESSONS = tuple(lesson_plans())
"""The lessons that the project ships as workbooks."""


# Experiments


def small_data(rows: int = 5, inputs: int = 1) -> Dataset:
    """Return a few points on a gentle bend: no number is 0 or round, none repeats.

    rows, inputs: at most 8 and 3.
    """
    x = (0.7, -1.3, 2.1, 0.4, -0.6, 1.7, -2.2, 1.1)
    columns = [
        tuple(round(v * (1 - 0.3 * i) + 0.17 * i, 3) for v in x[:rows]) for i in range(inputs)
    ]
    y = tuple(round(0.3 + 0.9 * v + 0.15 * v * v, 3) for v in x[:rows])
    names = ["x"] if inputs == 1 else [f"x{i}" for i in range(1, inputs + 1)]
    return Dataset(f"{rows} points", dict(zip(names, columns, strict=True)), y)


def experiment_of(
    network: str = "Linear(1, 1)",
    optimizer: str = "sgd",
    *,
    data: Dataset | None = None,
    learning_rate: float = 0.05,
    start: dict[str, float] | None = None,
    loss: str = "squared error",
    id: str = "run",
    **options: Any,
) -> Experiment:
    """Return an experiment on data, small_data() by default.

    start: by default every weight begins at a number of its own, none of them 0.
    options: whatever else an Experiment takes.
    """
    inputs = len((data or small_data()).inputs)
    net = parse_network(network, inputs)
    weights = {p: round(0.9 - 0.23 * i, 3) for i, p in enumerate(net.parameters)}
    return Experiment(
        id=id,
        network=net,
        loss=losses()[loss],
        optimizer=optimizers()[optimizer],
        learning_rate=learning_rate,
        start=weights if start is None else start,
        **{"epochs": 3, **options},
    )


def view_of(network: str = "Linear(1, 1)", optimizer: str = "sgd", **options: Any) -> View:
    """Return a view of such an experiment.

    options: whatever a View takes, and experiment_of.
    """
    names = {field.name for field in fields(View)}
    shown = {name: options.pop(name) for name in names & options.keys()}
    experiment = experiment_of(network, optimizer, **options)
    return View(experiment, **{"title": f"{network}, {optimizer}", **shown})


def lesson_of(*shown: View | Experiment, data: Dataset | None = None) -> Lesson:
    """Return a lesson without words.   shown: experiments as they come, or views of them."""
    points = small_data() if data is None else data
    return Lesson("test", "A test", (), (), (), points, _views(shown), target_loss=1.0)


def _views(shown: Sequence[View | Experiment]) -> tuple[View, ...]:
    return tuple(one if isinstance(one, View) else View(one, f"{one.network}") for one in shown)


def write_experiments(
    path: Path, *shown: View | Experiment, data: Dataset | None = None, engine: Any = None
) -> Path:
    """Write a workbook of experiments, as ``xlsgd.generate`` writes one of a lesson."""
    workbook = build_workbook(lesson_of(*shown, data=data))
    calculation = (engine or get_engine("formulas")).calculate(book_of(workbook))
    path.write_bytes(package(workbook, calculation.values))
    return path


def bare_book(*shown: View | Experiment, data: Dataset) -> Book:
    """Return the cells of the data tab and of training tabs, as build_workbook has them.

    Without drawing anything, which takes most of the time where runs are long.
    """
    maps = BookMap(map_data_tab(data))
    for view in _views(shown):
        maps.training[view.id] = map_training_tab(view, view.id, data.rows)
    book = Book()
    grid: Grid = {}
    told: dict[str, Any] = {MARKER: PLAIN}
    if data.more_targets:
        told = {given.key: given.value for given in data.schema.description()} | {
            MARKER: data.schema.marker
        }
    for key, value in told.items():
        row, column = maps.data.fields[key]
        grid |= {(row, column - 1): key, (row, column): value}
    table = maps.data.tables["data"]
    for name, values in (*data.inputs.items(), ("y", data.y), *data.more_targets.items()):
        grid[table.header_row, table.columns[name]] = name
        cells = (table.cell(name, i) for i in range(data.rows))
        grid |= dict(zip(cells, map(float, values), strict=True))
    book.sheets["data"] = grid
    for view in _views(shown):
        e = view.experiment
        tab, layout = maps.training[e.id], get_layout(view.layout)
        grid = book.sheets.setdefault(e.id, {})
        fields = {given.key: given.value for given in (*layout.inputs(view), *layout.panel(view))}
        fields |= {"experiment": e.id, "loss": e.loss.name}
        if e.loss.is_summed:
            fields["reduction"] = e.loss.reduction
        fields |= {"optimizer": e.optimizer.name, "difference": e.difference}
        lines = e.network.lines
        fields |= dict(zip(keys_of(lines), lines, strict=True))
        if e.transforms:
            fields["transforms"] = ", ".join(each.name for each in e.transforms)
        if not e.schedule.steady:
            fields["schedule"] = e.schedule.name
        fields[MARKER] = layout.marker
        top = tab.fields["verdict"][0]
        for key, value in fields.items():
            row, column = tab.fields[key]
            if isinstance(value, str) and value.startswith("="):
                value = Formula(formula_maker(value, maps, tab)(row))
            # Above the words above those that stand beside each other, left of the others.
            grid[(row - 2, column) if row == top else (row, column - 1)] = key
            grid[row, column] = value if isinstance(value, str) else float(value)
        for name, columns in layout.tables(view).items():
            for column in columns:
                number = tab.tables[name].columns[column.quantity]
                grid[tab.tables[name].header_row, number] = column.quantity
                for row, cell in column_contents(column, maps, tab, name):
                    grid[row, number] = Formula(cell) if isinstance(cell, str) else float(cell)
    return book


def default_lesson(name: str) -> Path:
    """Return the workbook of a lesson as it comes, written once for all tests of a run."""
    return made_once(f"{name}.xlsx", lambda path: xlsgd.generate(name, path))


def short_lesson(name: str) -> Path:
    """Return the workbook of a lesson with two epochs, written once for all tests of a run.

    It has every tab, chart, input and kind of cell of the lesson as it comes, in a quarter of the
    bytes or fewer. A lesson that trains nothing comes as it is.
    """

    def make(path: Path) -> None:
        try:
            xlsgd.generate(name, path, epochs=2)
        except SpecError:
            path.unlink(missing_ok=True)
            xlsgd.generate(name, path)

    return made_once(f"short-{name}.xlsx", make)


# What the cells hold


@dataclass(frozen=True)
class Recalculated:
    """A workbook's formulas, calculated anew by the formulas library."""

    book: Book
    values: dict[str, dict[Position, Scalar | Uncomputed]]
    found: FoundWorkbook

    @classmethod
    def of(cls, source: Path | Book) -> Recalculated:
        """Recalculate a file or a book; values stored in a file are not looked at."""
        book = read_workbook(source).book if isinstance(source, Path) else source
        values = get_engine("formulas").calculate(book).values
        return cls(book, values, find_lesson(book, values, str(source)))

    def value(self, sheet: str, position: Position) -> Any:
        """Return what a cell holds: a constant, or the value of its formula."""
        content = self.book.sheets[sheet].get(position)
        return self.values[sheet][position] if isinstance(content, Formula) else content

    def field(self, experiment: str, key: str) -> Any:
        """Return an input or a field of the panel."""
        tab = self.found.maps.training[experiment]
        return self.value(tab.sheet, tab.fields[key])

    def cells(self, experiment: str, quantity: str, table: str = "steps") -> list[Any]:
        """Return a column of a table from top to bottom."""
        tab = self.found.maps.training[experiment]
        where: TableMap = tab.tables[table]
        return [self.value(tab.sheet, where.cell(quantity, i)) for i in range(len(where.rows))]

    def numbers(self, experiment: str, quantity: str, table: str = "steps") -> Floats:
        """Return a column as numbers, nan where a cell holds none."""
        cells = self.cells(experiment, quantity, table)
        return np.array([v if isinstance(v, float) else np.nan for v in cells])


class RememberingEngine:
    """The formulas engine for tests that ask for the same book again and again."""

    name = "formulas"

    def __init__(self) -> None:
        self._engine = get_engine("formulas")
        self._known: list[tuple[Book, Calculation]] = []

    def version(self) -> str:
        return self._engine.version()

    def recalculate(self, file: WorkbookFile, progress: Progress | None = None) -> Calculation:
        return self.calculate(file.book, progress)

    def calculate(self, book: Book, progress: Progress | None = None) -> Calculation:
        for earlier, calculation in self._known:
            if earlier == book:
                return calculation
        calculation = self._engine.calculate(book, progress)
        self._known = [*self._known[-20:], (book, calculation)]
        return calculation
