"""Other programs and libraries open every kind of workbook, without a word, and find it all there.

What they find is compared with what openpyxl and xlsgd's own reader find.
"""

from __future__ import annotations

import functools
import json
import math
import shutil
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from scripts.openers_table import COLUMNS, OPENERS, rows_shown
from tests.builders import LESSONS
from tests.openers.books import LARGEST, kind
from xlsgd.base.cells import Formula, WorkbookFile, column_letters
from xlsgd.xlsx.reader import read_workbook

HERE = Path(__file__).parent

SMALL = ("graddesc", "two-neuron", "learning-rates", "titanic", "functions", "exploding", "layers")
BOOKS = {
    "small ones": (*SMALL, "sweep"),
    "every lesson": tuple(f"short {lesson}" for lesson in LESSONS),
    "the largest": (f"whole {LARGEST}",),
}
"""Workbooks that one start of a program opens. Of lessons as they come the largest: size is all
that the others have besides what they have with two epochs."""

CASES = [
    name if name == "small ones" else pytest.param(name, marks=pytest.mark.wide) for name in BOOKS
]

pytestmark = pytest.mark.every


@functools.cache
def read(name: str) -> WorkbookFile:
    return read_workbook(kind(name))


@functools.cache
def formulas_of(name: str) -> dict[str, dict[str, tuple[str, Any]]]:
    """Return (formula, stored value) by sheet and address."""
    file = read(name)
    return {
        sheet: {
            f"{column_letters(column)}{row}": (str(cell)[1:], file.stored[sheet][row, column])
            for (row, column), cell in grid.items()
            if isinstance(cell, Formula)
        }
        for sheet, grid in file.book.sheets.items()
    }


def same_value(given: Any, stored: Any) -> bool:
    if isinstance(stored, float):
        return isinstance(given, int | float) and math.isclose(given, stored, rel_tol=1e-15)
    return isinstance(stored, str) and given in (stored, None if stored == "" else stored)


# JavaScript


@pytest.fixture(scope="module")
def node() -> str:
    program = shutil.which("node")
    if program is None:
        pytest.skip("Node.js is not installed (Debian: nodejs)")
    if not (HERE / "node_modules").is_dir():
        pytest.skip("ExcelJS and SheetJS are not there: npm install --prefix tests/openers")
    return program


@pytest.mark.parametrize("library", ["exceljs", "xlsx"])
@pytest.mark.parametrize("books", CASES)
def test_libraries_in_javascript(node: str, books: str, library: str) -> None:
    command = [node, str(HERE / "open.cjs"), library, *(str(kind(name)) for name in BOOKS[books])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    for name, line in zip(BOOKS[books], done.stdout.splitlines(), strict=True):
        found, wanted = json.loads(line), formulas_of(name)
        assert [sheet for sheet, _ in found] == list(wanted), name
        for sheet, cells in found:
            assert {a: formula for a, (formula, *_) in cells.items()} == {
                a: formula for a, (formula, _) in wanted[sheet].items()
            }, name
            for address, (_, *value) in cells.items():
                stored = wanted[sheet][address][1]
                if isinstance(stored, float | str):
                    place = f"{name}: {sheet}!{address}"
                    assert same_value(value[0] if value else None, stored), place


# Python and Rust


@pytest.mark.parametrize("books", CASES)
def test_calamine(books: str, capfd: pytest.CaptureFixture[str]) -> None:
    python_calamine = pytest.importorskip(
        "python_calamine", reason="calamine is not installed: pip install python-calamine"
    )
    for name in BOOKS[books]:
        book = python_calamine.CalamineWorkbook.from_path(str(kind(name)))
        file = read(name)
        assert book.sheet_names == list(file.book.sheets)
        for sheet in book.sheet_names:
            rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
            for (row, column), stored in file.stored[sheet].items():
                if isinstance(stored, float | str):
                    place = f"{name}: {sheet}!{column_letters(column)}{row}"
                    assert same_value(rows[row - 1][column - 1], stored), place
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("engine", ["openpyxl", "calamine"])
@pytest.mark.parametrize("books", CASES)
def test_pandas(books: str, engine: str) -> None:
    if engine == "calamine":
        pytest.importorskip(
            "python_calamine", reason="calamine is not installed: pip install python-calamine"
        )
    for name in BOOKS[books]:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            frames = pd.read_excel(
                kind(name),
                sheet_name=None,
                header=None,
                engine=engine,  # type: ignore[call-overload]
            )
        file = read(name)
        assert list(frames) == list(file.book.sheets)
        for sheet, frame in frames.items():
            values = frame.to_numpy()
            for (row, column), stored in file.stored[sheet].items():
                if isinstance(stored, float):
                    place = f"{name}: {sheet}!{column_letters(column)}{row}"
                    assert same_value(values[row - 1, column - 1], stored), place


IRONCALC = """
import json, sys, ironcalc
for path, sheets, cells in json.load(sys.stdin):
    model = ironcalc.load_from_xlsx(path, "en", "UTC", "en")
    assert len(model.get_worksheets_properties()) == len(sheets), path
    for sheet, row, column in cells:
        place = (path, sheets[sheet], row, column)
        assert model.get_cell_content(sheet, row, column).startswith("="), place
"""

FORMUALIZER = """
import json, sys, formualizer
for path, sheets, cells in json.load(sys.stdin):
    book = formualizer.load_workbook(path)
    names = list(book.sheet_names)
    assert names == sheets, path
    for sheet, row, column in cells:
        assert book.get_formula(names[sheet], row, column), (path, names[sheet], row, column)
"""


@pytest.mark.parametrize(
    ("library", "script"),
    [("ironcalc", IRONCALC), ("formualizer", FORMUALIZER)],
    ids=["ironcalc", "formualizer"],
)
@pytest.mark.parametrize("books", CASES)
def test_engines_that_read_files_themselves(books: str, library: str, script: str) -> None:
    pytest.importorskip(library, reason=f"{library} is not installed: pip install {library}")
    order = []
    for name in BOOKS[books]:
        sheets = read(name).book.sheets
        cells = [
            (i, row, column)
            for i, grid in enumerate(sheets.values())
            for (row, column), cell in grid.items()
            if isinstance(cell, Formula)
        ]
        # A look takes one of them a thousandth of a second.
        order.append((str(kind(name)), list(sheets), cells[:: 1 + len(cells) // 1000]))
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(order), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# Spreadsheet programs


def charts_in(path: Path) -> int:
    with zipfile.ZipFile(path) as package:
        return sum(name.startswith("xl/charts/chart") for name in package.namelist())


def assert_all_there(saved: Path, name: str) -> None:
    """A program has saved every tab, formula and chart of a workbook."""
    found = read_workbook(saved).book
    assert list(found.sheets) == list(read(name).book.sheets), name
    for sheet, cells in formulas_of(name).items():
        formulas = sum(isinstance(c, Formula) for c in found.sheets[sheet].values())
        assert formulas == len(cells), f"{name}: {sheet}"
    assert charts_in(saved) == charts_in(kind(name)), name


@pytest.mark.parametrize("books", CASES)
def test_gnumeric(ssconvert: Path, books: str, tmp_path: Path) -> None:
    for name in BOOKS[books]:
        saved = tmp_path / "saved.xlsx"
        done = subprocess.run(
            [str(ssconvert), str(kind(name)), str(saved)],
            capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        # The boxes of notes are what Excel writes, and Gnumeric says this of those in its files
        # too; the notes are there all the same.
        said = set(done.stderr.splitlines()) - {"Unhandled object of type Note"}
        assert (done.returncode, done.stdout, said) == (0, "", set()), name
        assert_all_there(saved, name)


@pytest.mark.parametrize("books", CASES)
def test_libreoffice(libreoffice_saved: Any, books: str, tmp_path: Path) -> None:
    for name in BOOKS[books]:
        assert_all_there(libreoffice_saved(kind(name), "xlsx", tmp_path), name)


# The page that says so


def test_the_table_has_every_program() -> None:
    shown = rows_shown()
    assert {name: set(words.values()) for name, words in shown.items()} == {
        name: {"opens"} for name in OPENERS
    }
    assert all(list(words) == list(COLUMNS.values()) for words in shown.values())
    assert set(COLUMNS) < set(BOOKS)
    # No test of a program is missing there, and none there is no test.
    named = {test.partition("[")[0] for test in OPENERS.values()}
    assert named == {name for name in globals() if name.startswith("test_") and "table" not in name}
