"""Workbooks to check and to put mistakes into: of others, small twins, ways, and ours unmarked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.foreign.calculated import Calculator, Numbers, calculated
from tests.foreign.mutations import Place, Runs
from tests.foreign.plans import Way, address, position
from xlsgd.base.cells import Book, Formula, Grid, WorkbookFile
from xlsgd.formula.r1c1 import read_area, tokens
from xlsgd.formula.tree import sheet_name
from xlsgd.xlsx.reader import read_workbook

__all__ = ["Source", "of_book", "of_file", "of_way", "stripped"]


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
    rates: frozenset[Place] = frozenset()


def of_way(way: Way) -> Source:
    """Return a way as a source: what is wrong shows in all its formulas that train."""
    runs = Runs(way.book)
    columns: set[Place] = set()
    rates: set[Place] = set()
    for truth in way.truths:
        if len(truth.rate) > 1:
            rates.update(_place(cell) for cell in truth.rate)
        if not truth.gradients:
            continue  # with the loss assumed from the steps alone, other steps follow another loss
        for run in (*truth.gradients, *truth.updates):
            columns.update(_place(cell) for cell in run)
    cells = runs.trained() | columns
    for truth in way.truths:
        for run in (*truth.states, truth.losses):
            cells.update(_place(cell) for cell in run)
    return Source(
        way.name, way.book, calculated, frozenset(cells), frozenset(columns), frozenset(rates)
    )


def _place(cell: str) -> Place:
    sheet, _, where = cell.rpartition("!")
    return sheet, position(where)


ALL = "all"

PARTS: dict[str, tuple[str, str]] = {
    # By the names of files: what shows a mistake in one cell besides what is trained, and where one
    # in a whole column shows.
    "entropy": (ALL, ""),
    "epochs-as-blocks": ("I:I", "A:C J:Q"),
    "epochs-as-tabs": ("L:L M20:N20", "A6:B6 M:N"),
    "graddesc-v3": ("basic!F4:J33", "basic!G4:N33 momentum!F:K rmsprop!F:K adam!F:M adam_ann!F:M"),
    "matrix-backprop": (ALL, "M11:O12 M24:U28 J30:M31 P34:T36"),
    "momentum-bias": ("", ""),
    "net222-a": ("", "E:H M:P X:AE"),
    "titanic": (ALL, ""),
    "gate-right": ("I:I", "A:C J:N"),
    "mmult-right": (ALL, "Q:Z"),
    "net222-right": ("", "E:H M:P X:AE"),
}


def of_file(path: Path) -> Source:
    """Return a workbook as a source; what changes each time keeps what was stored."""
    file: WorkbookFile = read_workbook(path)
    calculator = Calculator(file)
    book = calculator.settled(file.book)
    runs = Runs(book)
    one, column = PARTS.get(path.stem, ("", ""))
    every = {c for c in runs.keys if one == ALL or _inside(c, one)}
    cells = runs.trained() | every
    columns = {c for c in runs.keys if _inside(c, column)} if path.stem in PARTS else set(cells)
    return Source(path.stem, book, calculator.values, frozenset(cells), frozenset(columns))


def _inside(cell: Place, areas: str) -> bool:
    """Return whether a cell is in one of some areas, of all tabs or of one."""
    row, column = cell[1]
    for text in areas.split():
        tab, _, where = text.rpartition("!")
        area = read_area(where) if where != ALL else None
        if area is None or (tab and tab != cell[0]):
            continue
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


def of_book(name: str, book: Book) -> Source:
    """Return any book as a source."""
    cells = frozenset(Runs(book).trained())
    return Source(name, book, calculated, cells, cells)
