"""Where a run leaves what a cell can hold: words on the screen, lines that end, old workbooks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

import xlsgd
from tests.loaded import looked_at
from tests.verify.books import SIX_POINTS, Workbook, edited, fields, header_row, letter_of
from xlsgd.data.passengers import made_passengers
from xlsgd.lessons.lesson import Columns

BEYOND = "beyond what a cell can hold"
TABLE = "a,b,y,use\n1,2,3,train\n2,1,4,train\n3,5,1,valid\n4,4,2,train\n"

CASES = ("rows", "function", "blocks", "validation", "model", "rates")


def exploding(case: str, folder: Path) -> Path:
    """Return a workbook with tabs of a kind, of a run whose numbers end."""
    path, table = folder / f"{case}.xlsx", folder / "table.csv"
    table.write_text(TABLE)
    if case == "rows":
        return xlsgd.generate(
            "graddesc",
            path,
            data=SIX_POINTS,
            optimizers=("sgd",),
            learning_rate=0.5,
            epochs=10,
            gradient="backprop",
        )
    if case == "rates":
        return xlsgd.generate("learning-rates", path, data=SIX_POINTS, epochs=8)
    if case == "function":
        return xlsgd.generate("(x^2 - 9)^2", path, learning_rate=0.1, init={"x": 1.0}, epochs=10)
    if case == "model":
        data = made_passengers(6, 1)
        return xlsgd.generate(
            "titanic", path, data=data, optimizers=("sgd",), learning_rate=1e160, epochs=3
        )
    validation = "use" if case == "validation" else None
    columns = Columns(targets=("y",), inputs=("a", "b"), validation=validation)
    return xlsgd.generate(
        "Linear(2, 1), Tanh, Linear(1, 1)",
        path,
        source=str(table),
        columns=columns,
        learning_rate=1e160,
        epochs=3,
    )


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("beyond")
    return {case: exploding(case, folder) for case in CASES}


RUNS = ("sgd", "training", *(f"one-{i}" for i in range(1, 8)))
"""Tabs that stand in the first rows of a tab with runs side by side."""
TABS = {
    "rows": ("sgd", "compare"),
    "function": ("training", "compare"),
    "blocks": ("training", "compare"),
    "validation": ("training", "validation"),
    "model": ("linear", "model", "matrix"),
    "rates": ("one-7", "two-7", "rates-one", "rates-two"),
}


@pytest.mark.every
@pytest.mark.parametrize("case", CASES)
def test_no_field_and_no_row_of_runs_shows_an_error(books: dict[str, Path], case: str) -> None:
    shown = looked_at(books[case], data_only=True)
    said = []
    for name in TABS[case]:
        sheet = looked_at(books[case])[name]
        cells = list(fields(sheet).values())
        if name.startswith(("compare", "rates")):
            header = header_row(sheet, "experiment", "verdict")
            runs = [name for name in looked_at(books[case]).sheetnames if name in RUNS]
            rows = range(header + 2, header + 2 + len(runs))
            cells += [c.coordinate for row in rows for c in sheet[row]]
        values = {cell: shown[name][cell].value for cell in cells}
        assert not [c for c, v in values.items() if isinstance(v, str) and v.startswith("#")], name
        said += [value for value in values.values() if value == BEYOND]
    assert said


@pytest.mark.parametrize("case", ["rows", "function", "blocks", "rates"])
def test_lines_of_losses_end_where_the_chart_does(books: dict[str, Path], case: str) -> None:
    name = TABS[case][0]
    sheet = looked_at(books[case])[name]
    shown = looked_at(books[case], data_only=True)[name]
    loss, drawn = (letter_of(sheet, word, "step", "loss") for word in ("loss", "plot.loss"))
    first = header_row(sheet, "step", "loss") + 2
    ends = [
        (shown[f"{loss}{r}"].value, shown[f"{drawn}{r}"].value)
        for r in range(first, sheet.max_row + 1)
        if shown[f"{loss}{r}"].value is not None
    ]
    beyond = [on for value, on in ends if not isinstance(value, float | int) or value > 1e12]
    assert beyond
    assert set(beyond) == {"#N/A"}
    assert all(
        on == value for value, on in ends if isinstance(value, float) and 1e-12 < value <= 1e12
    )


FORMATS = {
    "training tab, format 4": "training tab, format 3",
    "blocks tab, format 4": "blocks tab, format 3",
    "function tab, format 3": "function tab, format 2",
    "compare tab, format 3": "compare tab, format 2",
    "rates tab, format 2": "rates tab, format 1",
    "validation tab, format 2": "validation tab, format 1",
    "model tab, format 2": "model tab, format 1",
    "matrix tab, format 2": "matrix tab, format 1",
}
IN_WORDS = re.compile(rf'=IF\(ISNUMBER\((.+)\),\1,"{BEYOND}"\)')
ENDS = re.compile(r"=IF\(ISNUMBER\((.+)\),IF\(\1<=10\^12,MAX\(10\^-12,\1\),NA\(\)\),NA\(\)\)")


def cells_of(workbook: Workbook) -> Iterator[openpyxl.cell.Cell]:
    for sheet in workbook.worksheets:
        yield from (cell for row in sheet.iter_rows() for cell in row if cell.value is not None)


def as_before(workbook: Workbook) -> None:
    """Make it what the former version wrote: errors in the panel, and lines along the edge."""
    for cell in cells_of(workbook):
        text = str(cell.value)
        if text in FORMATS:
            cell.value = FORMATS[text]
        elif found := IN_WORDS.fullmatch(text):
            cell.value = f"={found[1]}"
        elif found := ENDS.fullmatch(text):
            cell.value = f"=IF(ISNUMBER({found[1]}),MAX(10^-12,MIN(10^12,{found[1]})),10^12)"
        elif found := re.search(rf'"{BEYOND}"\),("[^"]+")\)$', text):
            cell.value = text.replace(f'"{BEYOND}"', found[1])


def new_words(workbook: Workbook) -> None:
    """Say that the former version wrote it, and leave the formulas."""
    for cell in cells_of(workbook):
        cell.value = FORMATS.get(str(cell.value), cell.value)


@pytest.mark.every
@pytest.mark.parametrize("case", CASES)
def test_workbooks_of_the_former_formats(books: dict[str, Path], tmp_path: Path, case: str) -> None:
    if case != "rates":
        assert xlsgd.verify(books[case]).ok
    assert xlsgd.verify(edited(books[case], tmp_path / "before.xlsx", as_before)).ok
    if case == "rows":
        assert not xlsgd.verify(edited(books[case], tmp_path / "mixed.xlsx", new_words)).ok


def test_a_model_with_weights_beyond_all_measure(books: dict[str, Path], tmp_path: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["model"]
        row = header_row(sheet, "unit", "male") + 1
        for cell in sheet[row]:
            if str(cell.value).startswith("=IF("):
                cell.value = 1e200

    report = xlsgd.verify(edited(books["model"], tmp_path / "large.xlsx", edit))
    assert report.ok
    said = {field[1]: field[3] for sheet in report.sheets for field in sheet.fields}
    assert said["mean_loss"] == said["mean_loss_of_model"] == BEYOND


def test_keys_are_out_of_the_way(books: dict[str, Path]) -> None:
    """On the tabs that are found by keys with words of code, a reader sees none of these."""
    for case, name in (
        ("rows", "compare"),
        ("rates", "rates-one"),
        ("model", "model"),
        ("model", "matrix"),
        ("validation", "validation"),
        ("rows", "surface"),
    ):
        sheet = looked_at(books[case])[name]
        keys = [key for key in fields(sheet) if "_" in key or "." in key]
        assert keys
        rows, columns = sheet.row_dimensions, sheet.column_dimensions
        for row in sheet.iter_rows(max_row=26):
            for cell in row:
                if cell.value in keys:
                    assert rows[cell.row].hidden or columns[cell.column_letter].hidden, cell
