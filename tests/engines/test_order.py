"""Which cell comes when: chains, sheets in any order, circles."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.engines.books import book, calculate, position
from xlsgd.base.cells import Book, CellError, Formula, Grid, Uncomputed
from xlsgd.engines import get_engine
from xlsgd.engines.fast.components import in_a_circle

pytestmark = pytest.mark.every

LONG = 30_000


def test_a_long_chain_downwards() -> None:
    grid: Grid = {(1, 1): 1.0}
    grid.update({(row, 1): Formula(f"=A{row - 1}+1") for row in range(2, LONG + 1)})
    assert calculate(Book({"S": grid})).values["S"][LONG, 1] == LONG


def test_a_long_chain_upwards() -> None:
    grid: Grid = {(LONG, 1): 1.0}
    grid.update({(row, 1): Formula(f"=A{row + 1}+1") for row in range(1, LONG)})
    assert calculate(Book({"S": grid})).values["S"][1, 1] == LONG


def test_a_long_chain_between_sheets() -> None:
    one: Grid = {(row, 1): Formula(f"=two!A{row}+1") for row in range(1, 5001)}
    two: Grid = {(row, 1): Formula(f"=one!A{row + 1}") for row in range(1, 5000)}
    two[5000, 1] = 0.0
    assert calculate(Book({"one": one, "two": two})).values["one"][1, 1] == 5000


def test_a_range_whose_cells_come_later() -> None:
    grid: Grid = {(1, 1): Formula("=SUM(B1:B2000)"), (2000, 2): 1.0}
    grid.update({(row, 2): Formula(f"=B{row + 1}+1") for row in range(1, 2000)})
    assert calculate(Book({"S": grid})).values["S"][1, 1] == 2000 * 2001 / 2


CROSSED: dict[str, dict[str, object]] = {
    "start": {"A1": "='two neurons'!B2*2", "A2": "=SUM(data!A1:A9)", "A3": "=IF(A2>1,A1,data!A1)"},
    "two neurons": {"B1": "=start!A2+1", "B2": "=B1*data!$A$1", "B3": "=start!A3&start!A1"},
    "data": {"A1": 0.5, "A2": "=A1+0.1", "A3": "=A2/'Two Neurons'!B9", "A4": "text", "A9": True},
}


def test_the_order_of_sheets_does_not_matter() -> None:
    first = calculate(book(None, **CROSSED))
    last = calculate(book(None, **dict(reversed(CROSSED.items()))))
    assert first.values == last.values
    assert first.values["data"][3, 1] == CellError("#DIV/0!")
    assert list(last.values) == list(reversed(first.values))


def test_references_to_all_kinds_of_sheets_and_cells() -> None:
    cells = {
        "A1": "='it''s'!A1",
        "A2": "='it''s'!$B1+1",
        "A3": "=Größe!A1",
        "A4": "='100% größer!'!A1",
        "A5": "=größe!a$1*2",
        "A6": "=nowhere!A1",
        "A7": "=SUM(nowhere!A1:B9)",
        "A8": "=Größe!Z99",
        "A9": "=Größe!Z99+1",
        "B1": "='it''s'!A2",
        "B2": "='it''s'!A3",
        "B3": "='it''s'!A2&\"!\"",
        "B4": "='it''s'!A3+1",
    }
    sheets: dict[str, dict[str, object]] = {
        "it's": {"A1": 1.0, "B1": 2.0, "A2": "text", "A3": True},
        "Größe": {"A1": 3.0},
        "100% größer!": {"A1": 4.0},
    }
    values = calculate(Book({**book(cells).sheets, **book(None, **sheets).sheets})).values["Sheet"]
    expected: dict[str, object] = {"A1": 1.0, "A2": 3.0, "A3": 3.0, "A4": 4.0, "A5": 6.0}
    expected |= {"A6": CellError("#REF!"), "A7": CellError("#REF!"), "A8": 0.0, "A9": 1.0}
    expected |= {"B1": "text", "B2": True, "B3": "text!", "B4": 2.0}
    assert {address: values[position(address)] for address in expected} == expected


# --- circles ---


def reasons(cells: Mapping[str, object], **sheets: Mapping[str, object]) -> dict[str, str]:
    values = calculate(book(cells, **sheets)).values["Sheet"]
    return {
        address: value.reason
        for address in cells
        if isinstance(value := values.get(position(address)), Uncomputed)
    }


def test_circles_and_what_depends_on_them() -> None:
    found = reasons(
        {
            "A1": "=A1+1",
            "B1": "=B2",
            "B2": "=B3",
            "B3": "=B1",
            "C1": "=B2+1",
            "C2": "=C1+1",
            "D1": "=SUM(D1:D3)",
            "E1": "=IF(TRUE,1,E1)",
            "F1": "=other!A1",
            "G1": "=1+1",
            "G2": "=IFERROR(A1,5)",
        },
        other={"A1": "=Sheet!F1"},
    )
    assert found == {
        "A1": "circular reference: it needs itself",
        "B1": "circular reference: it needs Sheet!B2, which in the end needs it",
        "B2": "circular reference: it needs Sheet!B3, which in the end needs it",
        "B3": "circular reference: it needs Sheet!B1, which in the end needs it",
        "C1": "circular reference: it waits for Sheet!B2",
        "C2": "circular reference: it waits for Sheet!C1",
        "D1": "circular reference: it needs itself",
        "E1": "circular reference: it needs itself",
        "F1": "circular reference: it needs other!A1, which in the end needs it",
        "G2": "circular reference: it waits for Sheet!A1",
    }


@pytest.mark.parametrize("condition", ["TRUE", "FALSE"])
def test_a_circle_is_one_whichever_branch_is_taken(condition: str) -> None:
    cells = {f"A{row}": f"=IF({condition},1,B{row})" for row in range(1, 5)}
    cells |= {f"B{row}": f"=A{row}" for row in range(1, 5)}
    assert len(reasons(cells)) == 8


def test_a_long_circle() -> None:
    grid: Grid = {(row, 1): Formula(f"=A{row + 1}+1") for row in range(1, LONG)}
    grid[LONG, 1] = Formula("=A1")
    values = calculate(Book({"S": grid})).values["S"]
    assert len(values) == LONG
    assert all(isinstance(value, Uncomputed) for value in values.values())


def test_circles_do_not_depend_on_the_order_of_sheets() -> None:
    sheets = {
        "one": {"A1": "=two!A1", "A2": "=A1+1", "A3": "=three!A1"},
        "two": {"A1": "=one!A1", "A2": "=one!A2"},
        "three": {"A1": "=two!A2", "A2": "=A2"},
    }
    first = calculate(book(None, **sheets))
    last = calculate(book(None, **dict(reversed(sheets.items()))))
    assert first.values == last.values


def test_nodes_in_circles() -> None:
    needs: dict[int, list[int]] = {1: [2], 2: [3, 4], 3: [1], 4: [5], 5: [4, 6], 6: [6], 7: [1, 4]}
    circles = in_a_circle(needs)
    assert set(circles) == {1, 2, 3, 4, 5, 6}
    assert circles[1] == circles[2] == circles[3] != circles[4]
    assert circles[4] == circles[5] != circles[6]


def test_what_needs_a_cell_given_up_says_so_with_the_first_cause() -> None:
    found = reasons({"A1": "=OFFSET(B1,1,1)", "A2": "=A1+1", "A3": "=SUM(A2:A2)", "A4": "=2"})
    cause = "it needs Sheet!A1, which was not computed: formulas does not know the function OFFSET"
    assert found == {"A1": "formulas does not know the function OFFSET", "A2": cause, "A3": cause}


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    grid: Grid = {(row, 1): Formula("=1") for row in range(1, 10_001)}
    get_engine("formulas").calculate(Book({"S": grid}), lambda *at: told.append(at))
    assert told[-1] == (10_000, 10_000)
    assert len(told) > 2
    assert told == sorted(told)
