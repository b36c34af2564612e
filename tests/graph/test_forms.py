"""Formulas as they are met in sheets of others: ranges, arrays, names, circles, errors."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.graph.sheets import cell, evaluated, file_of, plain, same, value_of
from xlsgd.graph.cells import Cells
from xlsgd.graph.evaluate import Evaluation

DATA = {f"A{i}": float(i) for i in range(1, 7)} | {f"B{i}": float(i * i) for i in range(1, 7)}


@pytest.mark.every
@pytest.mark.parametrize(
    ("formula", "wanted"),
    [
        ("=SUM(A:A)", 21),
        ("=SUM(A:B)", 21 + 91),
        ("=SUM(3:3)", 12),
        ("=SUMPRODUCT(A:A,B:B)", 441),
        ("=AVERAGE(A:A)-MIN(B:B)", 2.5),
        ("=SUMPRODUCT((A1:A6>2)*(A1:A6<5),B1:B6)", 25),
        ("=INDEX(A:A,ROW()-46)*2", 8),
        ("=INDEX($A$1:$B$6,ROW()-46,COLUMN()-24)", 16),
        ("=SUM(OFFSET($A$1,ROW()-49,0,3,1))", 9),
        ("=rate*A2", 0.02),
        ("=SUM(xs)", 21),
        ("=LET(e,A1-B2,h,e*e,h/2+e)", 1.5),
        ("=SUM(INDEX(xs,2):INDEX(xs,2))", None),
        ("=MAX(0,A1-3)", 0),
        ("=IF(A1>2,B1,B2)", 4),
        ("=--(A1=1)", 1),
        ("=A2^A2^A2", 16),
        ("=1-A1:A6", math.nan),
        ("='S'!A3+S!A3", 6),
    ],
)
def test_forms(formula: str, wanted: float | None) -> None:
    found = value_of(formula, DATA, names={"rate": "S!$D$1", "xs": "S!$A$1:$A$6"})
    if formula.startswith("=rate"):
        found = value_of(formula, DATA | {"D1": 0.01}, names={"rate": "S!$D$1"})
    if wanted is None:
        assert found == "it cannot be read"
    else:
        assert same(found, float(wanted)), found


def test_a_range_beside_a_formula_is_its_cell_in_the_same_row() -> None:
    found = evaluated(DATA | {"C3": "=A1:A6*2", "C4": "=EXP(A1:A6)", "C9": "=A1:A6"})
    assert plain(found.values[cell("C3")]) == 6
    assert same(found.values[cell("C4")], math.exp(4))
    assert math.isnan(plain(found.values[cell("C9")]))


def test_array_formulas_fill_their_cells() -> None:
    arrays = {"D1": (1, 4, 2, 9), "D4": (4, 4, 4, 9), "D6": (6, 4, 7, 5)}
    formulas = {
        "D1": "{=TRANSPOSE(A1:B6)}",
        "D4": "{=MMULT(TRANSPOSE(A1:A6),D1:D1)}",
        "D6": "{=A1:A2*B1:B2}",
        "K1": "=F2+I1",
    }
    spilled = {f"{c}{r}": 0.0 for r in (1, 2) for c in "EFGHI"}
    found = evaluated(DATA | spilled | formulas | {"D7": 0.0, "E6": 0.0, "E7": 0.0}, arrays=arrays)
    assert [plain(found.values[cell(f"{c}2")]) for c in "DEFGHI"] == [1, 4, 9, 16, 25, 36]
    assert plain(found.values[cell("K1")]) == 9 + 6
    assert [plain(found.values[cell(x)]) for x in ("D6", "E6", "D7", "E7")] == [1, 1, 8, 8]
    assert math.isnan(plain(found.values[cell("D4")]))


def test_texts_that_say_numbers_count_in_arithmetic_alone() -> None:
    found = evaluated({"A1": "3", "A2": 4.0, "A3": "=A1*A2", "A4": "=SUM(A1:A2)", "A5": "=A1+A6"})
    assert [plain(found.values[cell(f"A{i}")]) for i in (3, 4, 5)] == [12, 4, 3]


def test_an_error_goes_on_to_what_looks_at_it() -> None:
    found = evaluated({"A1": "=1/0", "A2": "=A1+1", "A3": "=IFERROR(A2,5)", "A4": "=SUM(A1:A3)"})
    assert math.isnan(plain(found.values[cell("A2")]))
    assert plain(found.values[cell("A3")]) == 5
    assert math.isnan(plain(found.values[cell("A4")]))
    assert not found.unknown


def test_what_cannot_be_calculated_is_named_and_what_follows_from_it() -> None:
    found = evaluated({"A1": "=MYOWN(1)", "A2": "=A1+1", "A3": "=A2*2", "A4": "=3*3"})
    assert found.unknown[cell("A1")] == "the function MYOWN is not known here"
    assert found.unknown[cell("A3")] == "it needs s!A2, which has no value"
    assert set(found.follows) == {cell("A2"), cell("A3")}
    assert plain(found.values[cell("A4")]) == 9


def test_iferror_does_not_hide_what_cannot_be_calculated() -> None:
    assert value_of("=IFERROR(MYOWN(1),0)") == "the function MYOWN is not known here"


def test_what_goes_round_in_a_circle_is_named() -> None:
    found = evaluated({"A1": "=A2+1", "A2": "=A1*2", "A3": "=A2", "A4": "=1+1"})
    assert set(found.unknown) == {cell("A1"), cell("A2"), cell("A3")}
    assert "it depends on itself" in found.unknown.values()
    assert plain(found.values[cell("A4")]) == 2


def test_volatile_formulas_keep_what_was_stored() -> None:
    found = evaluated({"A1": "=RAND()", "A2": "=A1*2"}, stored={"A1": 0.25})
    assert plain(found.values[cell("A2")]) == 0.5


@pytest.mark.parametrize("stretches", [True, False])
def test_index_and_offset_find_what_stands_further_up(stretches: bool) -> None:
    """A column that looks at itself by INDEX is no circle."""
    contents: dict[str, Any] = {"A1": 1.0, "B1": 1.0}
    for row in range(2, 40):
        contents[f"A{row}"] = "=INDEX($A$1:$A$99,ROW()-1)*1.1"
        contents[f"B{row}"] = f"=OFFSET(B$1,ROW()-2,0)+A{row - 1}"
    cells = Cells(file_of(contents))
    found = Evaluation(cells, 4, stretches=stretches)
    found.run()
    assert cells.precedents[cell("A9")] == [cell("A8")]
    assert same(found.values[cell("A39")], 1.1**38)
    assert same(found.values[cell("B39")], 1 + sum(1.1**i for i in range(38)))
    order = {c: i for i, c in enumerate(cells.order)}
    assert all(order[c] > order[o] for c in order for o in cells.precedents[c] if o in order)


@pytest.mark.parametrize("stretches", [True, False])
def test_an_index_whose_place_is_calculated(stretches: bool) -> None:
    contents: dict[str, Any] = {"C1": 2.0, "A1": 1.0}
    for row in range(2, 30):
        contents[f"C{row}"] = f"={row}-1"
        contents[f"A{row}"] = f"=INDEX(A$1:A$30,C{row})+1"
    found = Evaluation(Cells(file_of(contents)), 4, stretches=stretches)
    found.run()
    assert plain(found.values[cell("A29")]) == 29


def test_a_part_can_be_calculated_alone() -> None:
    cells = Cells(file_of({"A1": 2.0, "A2": "=A1*3", "A3": "=A2+1", "B1": "=A1^2"}))
    found = Evaluation(cells, 4)
    found.run([cell("A3")])
    assert plain(found.values[cell("A3")]) == 7
    assert cell("B1") not in found.values
