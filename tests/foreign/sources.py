"""Workbooks to check and to put mistakes into: of others, small twins, ways, and ours unmarked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.foreign.calculated import Calculator, Numbers, calculated
from tests.foreign.mutations import Place, Runs
from tests.foreign.plans import Way, address, position
from xlsgd.base.cells import Book, Formula, Grid, WorkbookFile
from xlsgd.formula.r1c1 import read_area, tokens
from xlsgd.formula.tree import sheet_name
from xlsgd.xlsx.reader import read_workbook

__all__ = ["Source", "of_file", "of_way", "stripped"]


@dataclass
class Source:
    """A workbook that mistakes are put into.

    cells: those in which a mistake in one cell shows; None for what is trained.   columns: the same
    for mistakes in whole columns, which do not make another training.
    """

    name: str
    book: Book
    calculate: Callable[[Book], Numbers]
    cells: frozenset[Place] | None = None
    columns: frozenset[Place] | None = None


def of_way(way: Way) -> Source:
    """Return a way as a source: what is wrong shows in all its formulas that train."""
    runs = Runs(way.book)
    columns: set[Place] = set()
    for truth in way.truths:
        for run in (*truth.gradients, *truth.updates):
            columns.update(_place(cell) for cell in run)
    cells = runs.trained() | columns
    for truth in way.truths:
        for run in (*truth.states, truth.losses):
            cells.update(_place(cell) for cell in run)
    return Source(way.name, way.book, calculated, frozenset(cells), frozenset(columns))


def _place(cell: str) -> Place:
    sheet, _, where = cell.rpartition("!")
    return sheet, position(where)


ALL = "all"

PARTS: dict[str, tuple[str, str]] = {
    # By the names of files: where a mistake in one cell shows, and where one in a column does.
    "entropy": (ALL, ""),
    "epochs-as-blocks": ("", "J:P"),
    "epochs-as-tabs": ("", "M:N"),
    "graddesc-v3": ("", "F:M"),
    "matrix-backprop": (ALL, "M11:O12 M24:U28 J30:M31 P34:T36"),
    "momentum-bias": ("", "-"),
    "net222-a": ("", "E:H M:P X:AE"),
    "titanic": (ALL, "-"),
    "gate-right": ("", "J:M"),
    "mmult-right": ("", "M:Z"),
    "net222-right": ("", "E:H M:P X:AE"),
}


def of_file(path: Path) -> Source:
    """Return a workbook as a source; what changes each time keeps what was stored."""
    file: WorkbookFile = read_workbook(path)
    calculator = Calculator(file)
    book = calculator.settled(file.book)
    runs = Runs(book)
    trained = runs.trained()
    one, column = PARTS.get(path.stem, ("", ""))
    cells = frozenset(runs.keys) if one == ALL else frozenset(trained)
    columns = frozenset(c for c in cells if not column or _inside(c, column))
    return Source(path.stem, book, partial(_values, calculator), cells, columns)


def _values(calculator: Calculator, book: Book) -> Numbers:
    return calculator.values(book)


def _inside(cell: Place, areas: str) -> bool:
    row, column = cell[1]
    for text in areas.split():
        if text == "-":
            return False
        area = read_area(text)
        assert area is not None
        (_, top), (_, left), (_, bottom), (_, right) = area.corners
        if top <= row <= bottom and left <= column <= right:
            return True
    return False


def stripped(book: Book) -> Book:
    """Return a book of ours without the words by which it is found again: no headers, no titles, no
    names of tabs, no names that no formula uses. Texts that formulas read become others."""
    read: set[tuple[str, str]] = set()
    used: set[str] = set()
    for sheet, grid in book.sheets.items():
        for content in grid.values():
            if isinstance(content, Formula):
                for token in tokens(str(content)):
                    if token["reference"] is not None:
                        where = sheet_name(token["sheet"]) or sheet.lower()
                        read.add((where, token["area"].replace("$", "")))
                    elif token["name"] is not None:
                        used.add(token["bare"].lower())
    names = {sheet: f"T{i}" for i, sheet in enumerate(book.sheets, 1)}
    sheets: dict[str, Grid] = {}
    for sheet, grid in book.sheets.items():
        new: Grid = {}
        for place, content in grid.items():
            if isinstance(content, str) and not isinstance(content, Formula):
                if (sheet.lower(), address(*place)) in read:
                    new[place] = f"t{place[0]}"
                continue
            new[place] = _renamed(content, names) if isinstance(content, Formula) else content
        sheets[names[sheet]] = new
    kept = {
        (names.get(owner or ""), name): str(_renamed(Formula(text), names))
        for (owner, name), text in book.names.items()
        if name.lower() in used
    }
    return Book(sheets, kept, {}, {})


def _renamed(content: Formula, names: dict[str, str]) -> Formula:
    lower = {old.lower(): new for old, new in names.items()}
    pieces = []
    for token in tokens(str(content)):
        if token["reference"] is not None and token["sheet"] is not None:
            pieces.append(f"{lower[sheet_name(token['sheet']) or '']}!{token['area']}")
        else:
            pieces.append(token[0])
    return Formula("".join(pieces))
