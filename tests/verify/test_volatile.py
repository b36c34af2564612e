"""Inputs that change with every calculation: what the file stores counts, for both sides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import xlsgd
from tests.verify.books import (
    Workbook,
    edited,
    field_cell,
    first_wrong,
    packed,
    part_name,
    parts_of,
    passes,
    step_cell,
)
from xlsgd.base.cells import Book, Formula, WorkbookFile
from xlsgd.base.errors import WorkbookError
from xlsgd.engines import engine_names, get_engine
from xlsgd.tabs.volatile import VOLATILE, settle
from xlsgd.xlsx.reader import read_workbook
from xlsgd.xlsx.settled import copy_settled

X = (14, 86, 28, 51, 8, 99)
"""The x of the six points, which the cells below store as well: the numbers behind them stay."""


def with_formulas(source: Path, target: Path, tab: str, cells: dict[str, str]) -> Path:
    """Put formulas into cells with numbers, which become the values that the file stores."""
    parts, name = parts_of(source), part_name(source, tab)
    for cell, formula in cells.items():
        pattern = rb'(<c r="%b"[^>]*>)(<v>)' % cell.encode()
        text = formula.encode().replace(b"&", b"&amp;")
        parts[name], count = re.subn(pattern, rb"\1<f>%b</f>\2" % text, parts[name])
        assert count == 1, cell
    return packed(parts, target)


@pytest.fixture
def rolled(small: Path, target: Path) -> Path:
    """Return a workbook whose x are all RANDBETWEEN, with values stored beside them."""
    cells = {f"A{row}": "RANDBETWEEN(1,100)" for row in range(6, 12)}
    return with_formulas(small, target, "data", cells)


def note_of(notes: Any) -> str:
    return next(note for note in notes if "change with every calculation" in note)


def test_stored_values_of_random_data_count(rolled: Path, untouched: xlsgd.Report) -> None:
    report = xlsgd.verify(rolled)
    assert passes(report)
    assert report.cells_compared == untouched.cells_compared
    assert note_of(report.notes).startswith(
        "data!A6, data!A7, data!A8 and 3 more cells: inputs that change with every calculation "
        "(RANDBETWEEN); the values that the file stores are taken, for the sheet and for torch"
    )
    data = next(sheet for sheet in report.sheets if sheet.name == "data")
    assert list(data.unchecked) == [f"A{row}" for row in range(6, 12)]


def test_what_is_explained_is_the_run_on_the_stored_values(rolled: Path, small: Path) -> None:
    found, plain = xlsgd.explain(rolled, ["sgd"]), xlsgd.explain(small, ["sgd"])
    assert found.tabs == plain.tabs
    assert "data!A6" in note_of(found.notes)
    assert plain.notes == ()


@pytest.mark.parametrize("engine", [name for name in engine_names() if name != "formulas"])
def test_every_engine_takes_the_stored_values(engine: str, rolled: Path) -> None:
    if (missing := get_engine(engine).missing()) is not None:
        pytest.skip(missing)
    assert passes(xlsgd.verify(rolled, engine=engine))


@pytest.mark.parametrize(
    ("formula", "function"),
    [
        ("RAND()*14", "RAND"),
        ("IF(1>2,0,NOW())", "NOW"),
        ("14*(TODAY()>1)", "TODAY"),
        ("OFFSET(A7,1,0)", "OFFSET"),
        ('INDIRECT("A7")', "INDIRECT"),
        ("_xlfn.RANDARRAY(1,1)", "RANDARRAY"),
        ("randbetween(1,9)", "RANDBETWEEN"),
        ("SUM(data!A7,own!B1:B3)", "RAND"),
        ("own!B4", "RAND"),
        ("dice+1", "RANDBETWEEN"),
    ],
)
def test_whatever_is_volatile_is_refused_where_nothing_is_stored(
    formula: str, function: str, small: Path, target: Path
) -> None:
    def edit(workbook: Workbook) -> None:
        workbook["data"]["A6"] = f"={formula}"
        own = workbook.create_sheet("own")
        own["B2"] = "=RAND()"
        own["B4"] = "=B2+1"
        dice = openpyxl.workbook.defined_name.DefinedName("dice", attr_text="RANDBETWEEN(1,6)")
        workbook.defined_names["dice"] = dice

    path = edited(small, target, edit)
    place = "own!B2" if "own!" in formula else "data!A6"
    words = rf"{place}: inputs that change with every calculation \({function}\), and the file "
    for ask in (xlsgd.verify, xlsgd.explain):
        with pytest.raises(WorkbookError, match=words + "stores no values for them; copy"):
            ask(path)


@pytest.mark.parametrize("key", ["learning_rate", "init.a", "batch_size", "h"])
def test_other_inputs_stand_still_as_well(key: str, small: Path, target: Path) -> None:
    cell = field_cell(openpyxl.load_workbook(small)["sgd"], key)
    path = with_formulas(small, target, "sgd", {cell: "1*RAND()"})
    report = xlsgd.verify(path)
    assert passes(report)
    assert note_of(report.notes).startswith(f"sgd!{cell}: ")


@pytest.mark.parametrize(
    "formula", ['="RAND()"&""', "=MYRAND+1", "=A7", "=SUM(A7:B8)", "=IF(A7>B7,TRUNC(1.5),2)"]
)
def test_what_is_not_volatile_is_calculated(formula: str, small: Path, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        workbook["data"]["A6"] = formula
        workbook.create_sheet("own")["B2"] = "=RAND()"  # nobody looks at it

    file = read_workbook(edited(small, target, edit))
    assert settle(file)[0] is file


def test_a_random_loss_is_a_mistake_and_no_input(small: Path, target: Path) -> None:
    # The limit that counts as exploded looks at losses: they are no inputs for that.
    cell = ""

    def edit(workbook: Workbook) -> None:
        nonlocal cell
        cell = step_cell(workbook["sgd"], "loss", 1)
        workbook["sgd"][cell] = "=RAND()"

    report = xlsgd.verify(edited(small, target, edit))
    assert first_wrong(report) == f"sgd!{cell}"


def test_a_copy_without_formulas_keeps_the_others_of_a_filled_block(
    small: Path, target: Path, tmp_path: Path
) -> None:
    parts, name = parts_of(small), part_name(small, "data")
    for row in range(6, 12):
        head = (
            b'<f t="shared" ref="A6:A11" si="0">RAND()+B6</f>'
            if row == 6
            else (b'<f t="shared" si="0"/>')
        )
        pattern = rb'(<c r="A%d"[^>]*>)(<v>)' % row
        parts[name] = re.sub(pattern, rb"\1%b\2" % head, parts[name])
    file = read_workbook(packed(parts, target))
    assert file.book.sheets["data"][8, 1] == "=RAND()+B8"
    settled = settle(file)[0]
    only = {"data": {(6, 1): settled.settled["data"][6, 1]}}
    copy = tmp_path / "copy.xlsx"
    copy_settled(WorkbookFile(file.path, file.book, file.stored, settled=only), file.path, copy)
    again = read_workbook(copy).book
    assert again.sheets["data"][6, 1] == 14.0
    assert [again.sheets["data"][row, 1] for row in (7, 11)] == ["=RAND()+B7", "=RAND()+B11"]
    assert again.sheets["sgd"] == file.book.sheets["sgd"]


def test_formulas_gives_no_fractions_for_whole_numbers() -> None:
    # The library has no whole numbers for it; no value is better than a wrong one.
    book = Book({"s": {(1, 1): Formula("=RANDBETWEEN(1,100)"), (2, 1): Formula("=A1+1")}})
    values = get_engine("formulas").calculate(book).values["s"]  # type: ignore[attr-defined]
    assert str(values[1, 1]).startswith("not computed: formulas gives no whole numbers")
    assert "not computed" in str(values[2, 1])


def test_volatile_functions_are_those_that_generated_sheets_avoid() -> None:
    assert {"RAND", "RANDBETWEEN", "RANDARRAY", "NOW", "TODAY", "OFFSET", "INDIRECT"} <= VOLATILE
