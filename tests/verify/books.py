"""Workbooks to examine, and ways to change them as a learner or an accident would.

Two kinds of change: ``edited`` goes through openpyxl, which moves no formula along and drops all
stored values; ``patched`` replaces bytes of a part and leaves everything else as it is. What must
move formulas along goes through LibreOffice (tests.libreoffice).
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.formula.translate import Translator
from openpyxl.utils import get_column_letter

from tests.loaded import loaded
from xlsgd import Dataset
from xlsgd.report import Difference, Report

SIX_POINTS = Dataset(
    "six points on y = 2x + 30",
    {"x": (14.0, 86.0, 28.0, 51.0, 8.0, 99.0)},
    (58.0, 202.0, 86.0, 132.0, 46.0, 228.0),
)
"""Few enough for hundreds of checks, far enough apart for a rate of 0.001 to explode."""

EPOCHS = 4
ROWS = EPOCHS * SIX_POINTS.rows

Sheet = Any
Workbook = Any


# Where things stand in a workbook just generated, found by the words in it


def header_row(sheet: Sheet, *words: str) -> int:
    """Return the first row that has all the words."""
    for row in sheet.iter_rows():
        if set(words) <= {cell.value for cell in row if isinstance(cell.value, str)}:
            return int(row[0].row)
    raise LookupError(f"{sheet.title}: no row with {words}")


def letter_of(sheet: Sheet, quantity: str, *beside: str) -> str:
    """Return the letter of the column with this header.

    beside: other headers of the same row, where the header alone is not enough.
    """
    row = header_row(sheet, quantity, *beside)
    columns = [cell.column for cell in sheet[row] if cell.value == quantity]
    # Two tables may stand beside each other and share a header.
    other = next((word for word in beside if word != quantity), quantity)
    near = next(cell.column for cell in sheet[row] if cell.value == other)
    return str(get_column_letter(min(columns, key=lambda column: abs(column - near))))


def steps_rows(sheet: Sheet) -> list[int]:
    """Return the rows of the table of steps."""
    header = header_row(sheet, "step", "loss")
    letter = letter_of(sheet, "step", "loss")
    rows = range(header + 2, sheet.max_row + 1)
    return [row for row in rows if sheet[f"{letter}{row}"].value is not None]


def step_cell(sheet: Sheet, quantity: str, place: int) -> str:
    """Return the address of a quantity in the table of steps; place counts from 0, or from the
    end if negative."""
    return f"{letter_of(sheet, quantity, 'step', 'loss')}{steps_rows(sheet)[place]}"


def fields(sheet: Sheet) -> dict[str, str]:
    """Return the addresses of values by their keys: two rows below those that stand in the row of
    the verdict's, right of those that stand above or below the word ``xlsgd``."""
    cells = [cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    marker = next(cell.column for cell in cells if cell.value == "xlsgd")
    found = {cell.value: cell.offset(0, 1).coordinate for cell in cells if cell.column == marker}
    tops = [cell.row for cell in cells if cell.value == "verdict" and cell.column != marker]
    top = [cell for cell in cells if tops and cell.row == tops[0]]
    return found | {cell.value: cell.offset(2, 0).coordinate for cell in top}


def field_cell(sheet: Sheet, key: str) -> str:
    """Return the address of the value of a field."""
    found = fields(sheet)
    if key not in found:
        raise LookupError(f"{sheet.title}: no field {key}")
    return found[key]


def key_cell(sheet: Sheet, key: str) -> str:
    """Return the address of the key of a field: left of its value, or above it and its words."""
    cell = sheet[field_cell(sheet, key)]
    beside = [cell.offset(0, -1)] if cell.column > 1 else []
    beside += [cell.offset(-2, 0)] if cell.row > 2 else []
    return str(next(near.coordinate for near in beside if near.value == key))


def steps_columns(sheet: Sheet) -> list[int]:
    """Return the numbers of the columns of the table of steps, which other tables stand between:
    those of epochs, with a part that is folded, and of the line."""
    columns: list[int] = []
    beside: list[Any] = []
    for cell in [*sheet[header_row(sheet, "step", "loss")], None]:
        if cell is not None and isinstance(cell.value, str):
            beside.append(cell)
            continue
        if not {"mean_loss", "line_x", "lowest"} & {near.value for near in beside}:
            columns += [near.column for near in beside]
        beside = []
    return columns


def clear_steps(sheet: Sheet, rows: Sequence[int]) -> None:
    """Empty rows of the table of steps and leave what stands beside them."""
    for row in rows:
        for column in steps_columns(sheet):
            sheet.cell(row, column).value = None


def epochs_cell(sheet: Sheet, quantity: str, place: int) -> str:
    """Return the address of a quantity in the table of epochs; place counts from 0."""
    row = header_row(sheet, "epoch", "mean_loss") + 2 + place
    return f"{letter_of(sheet, quantity, 'mean_loss', 'epoch')}{row}"


def runs_cell(sheet: Sheet, quantity: str, run: str) -> str:
    """Return the address of a quantity in the table of runs on the tab compare."""
    for (cell,) in sheet.iter_rows(max_col=1):
        if cell.value == run:
            return f"{letter_of(sheet, quantity, 'experiment')}{cell.row}"
    raise LookupError(run)


def losses_cell(sheet: Sheet, quantity: str, place: int) -> str:
    """Return the address of a quantity in the table of losses on the tab compare."""
    row = header_row(sheet, "epoch", "mean_loss.sgd") + 2 + place
    return f"{letter_of(sheet, quantity, 'epoch', 'mean_loss.sgd')}{row}"


class Words:
    """Formulas of a training tab in words, and back: ``=P7-$B$4*AC7`` in row 7 is
    ``=[param.a]-[learning_rate]*[grad_used.a]``, and ``AE6`` there is ``[prev.new.a]``.

    What is changed in words stays right when the layout of the tab changes.
    """

    def __init__(self, sheet: Sheet) -> None:
        header = header_row(sheet, "step", "loss")
        # Of two columns with one header, that of the steps is the left one.
        self._letters = {
            str(cell.value): str(cell.column_letter)
            for cell in reversed(sheet[header])
            if isinstance(cell.value, str)
        }
        self._fields = {
            key: re.sub(r"([A-Z]+)([0-9]+)", r"$\1$\2", place)
            for key, place in fields(sheet).items()
        }

    def of(self, formula: str, row: int) -> str:
        """Return a formula of a row in words; ranges stay as they are."""
        names = {letter: name for name, letter in self._letters.items()}
        keys = {address: key for key, address in self._fields.items()}

        def word(match: re.Match[str]) -> str:
            text = match[0]
            if text in keys:
                return f"[{keys[text]}]"
            plain = re.fullmatch("([A-Z]+)([0-9]+)", text)
            if plain and plain[1] in names and row - int(plain[2]) in (0, 1):
                return f"[{'' if int(plain[2]) == row else 'prev.'}{names[plain[1]]}]"
            return text

        return re.sub(r"(?<![A-Za-z$:!])\$?[A-Z]{1,3}\$?[0-9]+(?![0-9:(])", word, formula)

    def formula(self, words: str, row: int) -> str:
        """Return the formula that words mean in a row."""

        def address(match: re.Match[str]) -> str:
            name = match[1]
            if name in self._fields and name not in self._letters:
                return self._fields[name]
            above = name.startswith("prev.")
            return f"{self._letters[name.removeprefix('prev.')]}{row - above}"

        return re.sub(r"\[([a-z][^\]]*)\]", address, words)


# Changes


def edited(source: Path, target: Path, edit: Callable[[Workbook], None]) -> Path:
    """Save a workbook changed by openpyxl, which stores no values."""
    workbook = loaded(source)
    edit(workbook)
    workbook.save(target)
    return target


def retyped(
    source: Path, target: Path, tab: str, quantity: str, places: slice, old: str, new: str
) -> tuple[Path, list[str]]:
    """Replace a piece of the formulas of a column in some of its rows.

    old, new: as in Words.
    Return the file and the changed cells, top down.
    """
    changed: list[str] = []

    def edit(workbook: Workbook) -> None:
        sheet = workbook[tab]
        words = Words(sheet)
        letter = letter_of(sheet, quantity, "step", "loss")
        for row in steps_rows(sheet)[places]:
            cell = sheet[f"{letter}{row}"]
            before = words.of(cell.value, row)
            assert old in before, f"{cell.coordinate}: no {old} in {before}"
            cell.value = words.formula(before.replace(old, new), row)
            changed.append(cell.coordinate)

    return edited(source, target, edit), changed


def parts_of(path: Path) -> dict[str, bytes]:
    """Return the parts of a workbook, with every formula written out in its own cell."""
    with zipfile.ZipFile(path) as package:
        return {
            name: written_out(package.read(name)) if "/sheet" in name else package.read(name)
            for name in package.namelist()
        }


def written_out(sheet: bytes) -> bytes:
    """Return a sheet's XML without formulas that others share, so that one cell can be changed."""
    shared: dict[bytes, Translator] = {}

    def cell(match: re.Match[bytes]) -> bytes:
        head, reference, number, formula = match[1], match[2].decode(), match[3], match[4]
        if formula:
            shared[number] = Translator("=" + formula.decode(), reference)
        text = shared[number].translate_formula(reference)[1:]
        return head + b"<f>%b</f>" % text.encode()

    pattern = rb'(<c r="([A-Z]+[0-9]+)"[^>]*>)<f t="shared"[^>]* si="([0-9]+)"(?:/>|>(.*?)</f>)'
    return re.sub(pattern, cell, sheet)


def packed(parts: dict[str, bytes], target: Path) -> Path:
    """Save parts as a workbook."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return target


def part_name(path: Path, tab: str) -> str:
    """Return the name of a tab's part in a file that openpyxl or xlsgd wrote."""
    names = openpyxl.load_workbook(path, read_only=True).sheetnames
    return f"xl/worksheets/sheet{names.index(tab) + 1}.xml"


def patched(
    source: Path, target: Path, tab: str, cell: str, change: Callable[[bytes], bytes]
) -> Path:
    """Save a workbook with the XML of one cell changed and all else left as it is."""
    parts, name = parts_of(source), part_name(source, tab)
    pattern = re.compile(rb'<c r="%b"[^>]*>.*?</c>' % cell.encode(), re.DOTALL)
    match = pattern.search(parts[name])
    assert match is not None, f"{tab}!{cell}: no such cell"
    new = change(match[0])
    assert new != match[0], f"{tab}!{cell}: nothing changes in {match[0]!r}"
    parts[name] = parts[name].replace(match[0], new, 1)
    return packed(parts, target)


def stored(value: str) -> Callable[[bytes], bytes]:
    """Return a change for ``patched`` that stores another value."""
    return lambda xml: re.sub(rb"<v>.*?</v>", b"<v>%b</v>" % value.encode(), xml)


# What came out


def first_wrong(report: Report) -> str:
    """Return the first wrong cell as ``tab!cell``, or why there is none."""
    first = report.first_difference
    if first is None:
        return "nothing differs" if report.ok else "only verdicts differ"
    return f"{first.sheet}!{first.cell}"


def passes(report: Report) -> bool:
    """Assert that a report finds nothing wrong, and show the first cells if it does."""
    assert report.ok, "\n".join(map(_described, list(report.differences())[:5])) or "verdicts"
    assert report.cells_differing == 0
    assert report.cells_compared > 0
    return True


def _described(difference: Difference) -> str:
    d = difference
    return (
        f"{d.sheet}!{d.cell} {d.quantity} [{d.check}] {d.reason}: "
        f"sheet {d.sheet_value!r}, torch {d.torch_value!r}, formula {d.formula}"
    )
