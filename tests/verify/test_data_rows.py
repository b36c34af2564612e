"""Which rows are data: those that the training formulas look at, whatever they hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import xlsgd
from tests.verify.books import (
    Workbook,
    edited,
    first_wrong,
    letter_of,
    passes,
    steps_rows,
)
from xlsgd.base.cells import Formula
from xlsgd.sheets.reach import reach

FIRST, LAST = 6, 11
"""Rows of the six points."""


@pytest.fixture
def data_of(small: Path, target: Path) -> Callable[[dict[str, Any]], Path]:
    """Return a function that fills in cells of the data tab."""

    def filled(cells: dict[str, Any]) -> Path:
        def edit(workbook: Workbook) -> None:
            for cell, content in cells.items():
                workbook["data"][cell] = content

        return edited(small, target, edit)

    return filled


Filled = Callable[[dict[str, Any]], Path]


@pytest.mark.parametrize(
    "cells",
    [
        {"A11": "=A10+1", "B11": "=2*A11+30"},
        {"A8": "=A7+1", "B8": "=2*A8+30"},
        {f"B{row}": f"=2*A{row}+30" for row in range(FIRST, LAST + 1)},
        {
            f"{column}{row}": formula.format(row=row)
            for row in range(FIRST, LAST + 1)
            for column, formula in (("A", "=ROW()*3-10"), ("B", "=2*A{row}+30"))
        },
        # Sums below data that end in formulas are sums all the same.
        {"A11": "=9", "B11": "=48", "A12": "=SUM(A6:A11)", "B12": "=SUM(B6:B11)"},
    ],
    ids=["last", "middle", "all y", "all", "sums below"],
)
def test_rows_of_formulas_are_data(data_of: Filled, cells: dict[str, Any]) -> None:
    path = data_of(cells)
    assert passes(xlsgd.verify(path))
    assert [tab.rows for tab in xlsgd.explain(path).tabs] == [6, 6]


def test_what_formulas_of_data_give_is_what_torch_trains_on(data_of: Filled) -> None:
    cells = {"A11": "=5*5", "B11": "=2*A11+30"}
    # The mean squared distance of pred = 1·x + 1 from y = 2x + 30, at the start weights.
    x = [14, 86, 28, 51, 8, 25]
    wanted = sum((number + 1 - 2 * number - 30) ** 2 for number in x) / 6
    found = xlsgd.explain(data_of(cells), tabs=["sgd"]).tabs[0]
    assert found.start_loss == pytest.approx(wanted)


def test_rows_below_the_data_are_named(data_of: Filled) -> None:
    more = {f"A{row}": 3 for row in range(12, 17)} | {f"B{row}": 36 for row in range(12, 17)}
    report = xlsgd.verify(data_of(more))
    assert not report.ok
    assert report.cells_differing == 1
    assert first_wrong(report) == "data!A12"
    difference = report.first_difference
    assert difference is not None
    assert difference.reason.startswith("rows 12 to 16 of data below row 11, the last that")
    assert report.sheets[1].looked_at
    notes = xlsgd.explain(data_of(more), tabs=["sgd"]).notes
    assert [note for note in notes if "rows 12 to 16" in note]


def test_formulas_that_go_on_below_the_data_are_named(data_of: Filled) -> None:
    cells = {f"B{row}": f"=2*A{row}+30" for row in range(FIRST, LAST + 2)} | {"A12": 3}
    report = xlsgd.verify(data_of(cells))
    assert first_wrong(report) == "data!A12"
    assert report.cells_differing == 1


@pytest.mark.parametrize("row", [FIRST + 1, LAST - 1])
def test_an_empty_row_is_the_one_thing_wrong(data_of: Filled, row: int) -> None:
    path = data_of({f"A{row}": None, f"B{row}": None})
    report = xlsgd.verify(path)
    (difference,) = report.differences()
    assert (difference.sheet, difference.cell) == ("data", f"A{row}")
    assert difference.reason.startswith(f"row {row} is an empty row among the data")
    for tab in (sheet for sheet in report.sheets if sheet.kind == "training"):
        assert not tab.ok
        assert tab.cells_following > 100
        assert tab.verdict is not None
        assert tab.verdict.torch.endswith(f" (without the empty row {row} of data)")
    assert any(f"torch trains without the empty row {row} of data" in n for n in report.notes)
    with pytest.raises(xlsgd.XlsgdError, match=rf"data!A{row}: row {row} is an empty row"):
        xlsgd.explain(path)


def test_what_else_is_wrong_is_told_of_beside_an_empty_row(small: Path, target: Path) -> None:
    def edit(workbook: Workbook) -> None:
        for cell in ("A8", "B8"):
            workbook["data"][cell] = None
        sheet = workbook["adam"]
        pred, loss = (letter_of(sheet, name, "step", "loss") for name in ("pred", "loss"))
        row = steps_rows(sheet)[1]
        sheet[f"{pred}{row}"] = 12.5
        sheet[f"{loss}{row}"] = f"=({pred}{row}-1)^2"

    report = xlsgd.verify(edited(small, target, edit))
    first, *others = report.differences()
    assert (first.sheet, first.cell) == ("data", "A8")
    assert {(d.sheet, d.quantity) for d in others} == {("adam", "pred"), ("adam", "loss")}


def test_an_empty_row_inserted(
    small: Path, target: Path, libreoffice_edit: Callable[..., Path]
) -> None:
    report = xlsgd.verify(libreoffice_edit(small, target, [("insert_row", "data", 9)]))
    (difference,) = report.differences()
    assert (difference.sheet, difference.cell) == ("data", "A9")


@pytest.mark.parametrize(
    "edits",
    [
        [("delete_rows", "data", FIRST, 1)],
        [("delete_rows", "data", LAST, 1), ("delete_rows", "data", FIRST + 1, 1)],
        # A row twice.
        [
            ("insert_row", "data", 9),
            ("set_value", "data", "A9", 28),
            ("set_value", "data", "B9", 86),
        ],
    ],
    ids=["first", "last and second", "twice"],
)
def test_rows_deleted_and_filled(
    small: Path, target: Path, libreoffice_edit: Callable[..., Path], edits: list[tuple[Any, ...]]
) -> None:
    assert passes(xlsgd.verify(libreoffice_edit(small, target, edits)))


@pytest.mark.parametrize(
    "cells",
    [
        {},
        {"A11": "mean of x"},
        {"A12": "=AVERAGE(A6:A9)", "B12": "=AVERAGE(B6:B9)"},
    ],
    ids=["nothing", "note", "sums"],
)
def test_rows_emptied_at_the_end(data_of: Filled, cells: dict[str, Any]) -> None:
    emptied = {f"{column}{row}": None for column in "AB" for row in (10, 11)}
    assert passes(xlsgd.verify(data_of({**emptied, **cells})))


def test_one_row_is_left(data_of: Filled) -> None:
    emptied = {f"{column}{row}": None for column in "AB" for row in range(FIRST + 1, LAST + 1)}
    assert passes(xlsgd.verify(data_of(emptied)))


def test_a_word_in_the_last_row_is_refused(data_of: Filled) -> None:
    with pytest.raises(xlsgd.XlsgdError, match=r"data!A11 \(data, x\): got 'last', need a number"):
        xlsgd.verify(data_of({"A11": "last"}))


@pytest.mark.parametrize("first", ["C5", "F5", "D2"])
def test_own_columns_headed_as_inputs_are(data_of: Filled, first: str) -> None:
    letter, row = first[0], int(first[1:])
    own = {f"{letter}{row + i}": i * 7.5 for i in range(1, 4)}
    report = xlsgd.verify(data_of({first: "x2", **own}))
    assert passes(report)


# How far formulas look


def grid(*formulas: str) -> dict[tuple[int, int], Any]:
    return {(row, 1): Formula(text) for row, text in enumerate(formulas, 1)}


@pytest.mark.parametrize(
    ("formulas", "last"),
    [
        (["=INDEX(data!$A$6:$A$34,M6)"] * 3, 34),
        (["=INDEX('data'!$A$6:$A$34,M6)", "=index(DATA!$a$6:$a$34,1)"], 34),
        # One that a mistake has made longer, a whole column of them, and a reader's own.
        (["=SUM(data!$B$6:$B$34)", "=SUM(data!$A$6:$A$34)", "=SUM(data!$B$6:$B$99999)"], 34),
        (["=data!$A$6:$A$99"] * 5 + ["=data!$B$6:$B$34"] * 6, 34),
        (["=data!$A$6:$A$34"] * 4 + ["=data!A40"], 34),
        # Batches of their own: every row is looked at by as many formulas.
        ([f"=SUM(data!$A${a}:$A${a + 3})" for a in (6, 10, 14) for _ in range(5)], 17),
        ([f"=data!$A{row}" for row in range(6, 20)], 19),
        # Of other tabs whose names end alike, and of none.
        (["=SUM(mydata!$A$6:$A$99)", "=data!$A$7"], 7),
        (["=SUM(A1:A9)", "=SUM(data!A:A)"], None),
    ],
)
def test_reach(formulas: list[str], last: int | None) -> None:
    assert reach("data", [grid(*formulas)]) == last


def test_reach_of_a_tab_with_a_name_in_quotes() -> None:
    assert reach("my 'own' data", [grid("=SUM('my ''own'' data'!$A$6:$A$9)")]) == 9
