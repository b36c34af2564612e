"""Cells with some formulas replaced."""

from __future__ import annotations

import pytest
import torch

from tests.graph.sheets import cell, file_of, plain
from tests.graph.training import training
from xlsgd.graph.cells import Cells, formula_text
from xlsgd.graph.evaluate import Evaluation


def held(cells: Cells, stretches: bool = True) -> Evaluation:
    found = Evaluation(cells, 2, stretches=stretches)
    found.run()
    return found


@pytest.mark.parametrize("stretches", [True, False])
@pytest.mark.parametrize("asked", [True, False], ids=["after order", "before"])
@pytest.mark.parametrize(
    ("place", "formula"),
    [("G9", "=2*(B9-E9)*E9"), ("F12", "=ABS(E12-B12)"), ("A5", "=B31*2"), ("E3", "=C3*N31")],
)
def test_another_formula(place: str, formula: str, asked: bool, stretches: bool) -> None:
    """It is as if the workbook had been written so: also where it stands later in the order."""
    contents = training()
    cells = Cells(file_of(contents))
    if asked:
        assert cells.order
    before = held(cells).values[cell("M3")]
    changed = cells.with_formulas({cell(place): cells.read(cell(place), formula)})
    fresh = Cells(file_of({**contents, place: formula}))
    assert changed.contents == fresh.contents or formula_text(
        cell(place), changed.written[cell(place)]
    )
    assert changed.precedents == fresh.precedents
    place_of = {c: i for i, c in enumerate(changed.order)}
    assert set(place_of) == set(fresh.order)
    one, other = held(changed, stretches), held(fresh, stretches)
    assert one.unknown.keys() == other.unknown.keys()
    for each in fresh.written:
        if each not in one.unknown:
            assert torch.allclose(one.values[each], other.values[each], rtol=1e-14, atol=0)
    assert torch.equal(held(cells).values[cell("M3")], before)


def test_a_number_in_place_of_a_formula() -> None:
    cells = Cells(file_of(training()))
    assert cells.order
    changed = cells.with_formulas({cell("E9"): 0.25, cell("A4"): 7.0})
    found = held(changed)
    assert plain(found.values[cell("F9")]) == (0.25 - changed.contents[cell("B9")]) ** 2
    assert cell("E9") not in changed.precedents
    assert cell("E9") not in changed.order
    assert cell("E9") in cells.precedents


def test_a_formula_from_above_stands_for_the_cells_beside_it() -> None:
    cells = Cells(file_of(training() | {"G9": "=2*(E8-B9)*E9*(1-E9)"}))
    whole = Cells(file_of(training()))
    mended = cells.with_formulas({cell("G9"): cells.written[cell("G8")]})
    assert mended.precedents[cell("G9")] == whole.precedents[cell("G9")]
    assert torch.equal(held(mended).values[cell("M3")], held(whole).values[cell("M3")])


def test_a_cell_of_an_array() -> None:
    contents = {"A1": 1.0, "A2": 2.0, "C1": "{=A1:A2*2}", "C2": 0.0, "D1": "=C1+C2"}
    cells = Cells(file_of(contents, arrays={"C1": (1, 3, 2, 3)}))
    assert plain(held(cells).values[cell("D1")]) == 6
    changed = cells.with_formulas({cell("C2"): 5.0})
    assert plain(held(changed).values[cell("D1")]) == 7
    changed = cells.with_formulas({cell("C1"): 5.0})
    assert plain(held(changed).values[cell("D1")]) == 5


@pytest.mark.parametrize(
    "text", ["=$A1+B$2*$C$3", "=SUM(S!A1:B9)-ROW()", "='My tab'!A1^2", '=IF(A1>0,"a",-B1)']
)
def test_a_formula_as_it_is_written(text: str) -> None:
    cells = Cells(file_of({"D7": text, "My tab!A1": 1.0}))
    written = cells.written[cell("D7")]
    again = cells.read(cell("D7"), formula_text(cell("D7"), written))
    assert again.slots == written.slots
    assert formula_text(cell("D7"), again) == formula_text(cell("D7"), written)
