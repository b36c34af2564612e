"""Slopes in any cell, and cells that are held, whether stretches are calculated as one or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import torch
import torch.autograd.forward_ad as forward

from tests.graph.sheets import cell, file_of
from tests.graph.training import training
from xlsgd.graph.cells import Cell, Cells
from xlsgd.graph.evaluate import Evaluation
from xlsgd.graph.runs import Run

ENDS = [cell(x) for x in ("M3", "M4", "M5", "F9", "N30")]
INNER = ["C9", "D17", "E3", "F2", "G12", "H20", "I4", "J8", "K30", "N11"]
LEAVES = ["A4", "B20", "C2", "D2", "M1", "M2"]


@pytest.fixture(scope="module")
def cells() -> Cells:
    return Cells(file_of(training()))


def calculated(
    cells: Cells, stretches: bool, given: Mapping[Cell, Any] | None = None, **options: Any
) -> Evaluation:
    found = Evaluation(cells, 2, given, stretches=stretches, **options)
    found.run()
    assert not found.unknown
    return found


def total(found: Evaluation) -> torch.Tensor:
    return torch.stack([found.values[c] for c in ENDS]).sum(0)


def by_difference(cells: Cells, moved: Cell, held: Mapping[Cell, Any] | None = None) -> float:
    """Return the slope of the ends in one cell: all else is calculated as it is written."""
    h = 1e-5
    base = calculated(cells, False, held)
    value = float(base.values[moved].detach()[0])
    step = torch.tensor([value + h, value - h], dtype=torch.float64)
    up, down = total(calculated(cells, False, {**(held or {}), moved: step})).tolist()
    return (up - down) / (2 * h)  # type: ignore[no-any-return]


def test_both_ways_hold_the_same(cells: Cells) -> None:
    together, apart = calculated(cells, True), calculated(cells, False)
    assert set(together.values) >= set(cells.written)
    for each in cells.written:
        a, b = together.values[each], apart.values[each]
        assert a.shape == b.shape == (2,)
        assert torch.allclose(a, b, rtol=1e-14, atol=0), each


def test_columns_are_calculated_as_one_and_recurrences_row_by_row(cells: Cells) -> None:
    found = calculated(cells, True)
    assert found.plan is not None
    runs = {step.first[2] for step in found.plan.steps if isinstance(step, Run)}
    assert runs == {cell(f"{c}2").column for c in "FJKN"}


@pytest.mark.every
@pytest.mark.parametrize("stretches", [True, False])
@pytest.mark.parametrize("where", ["inner", "leaves"])
def test_slopes_in_any_cell_are_those_of_differences(
    cells: Cells, stretches: bool, where: str
) -> None:
    found = calculated(cells, stretches, adjoint=True)
    asked = [cell(x) for x in (INNER if where == "inner" else LEAVES)]
    slopes = found.adjoints(ENDS, asked)
    for each in asked:
        wanted = by_difference(cells, each)
        assert slopes[each].shape == (2,)
        assert float(slopes[each][0]) == pytest.approx(wanted, rel=1e-6, abs=1e-7), each


def test_a_cell_that_nothing_hangs_on_has_no_slope(cells: Cells) -> None:
    found = calculated(cells, True, adjoint=True)
    slopes = found.adjoints([cell("F9")], [cell("N30"), cell("F9"), cell("F10"), cell("E9")])
    assert [float(x[0]) for x in list(slopes.values())[:3]] == [0, 1, 0]
    assert float(slopes[cell("E9")][0]) != 0


def test_a_slope_that_was_not_followed_is_refused(cells: Cells) -> None:
    with pytest.raises(ValueError, match=r"s!F9 holds no number that is followed"):
        calculated(cells, True).adjoints([cell("M3")], [cell("F9")])


@pytest.mark.every
@pytest.mark.parametrize("stretches", [True, False])
@pytest.mark.parametrize(
    "columns", [("C", "D"), ("C",), ("F",), ("E",), ()], ids=lambda each: "".join(each) or "some"
)
def test_held_cells_are_not_calculated(
    cells: Cells, stretches: bool, columns: tuple[str, ...]
) -> None:
    """What looks at them sees what they were given, and slopes stop there."""
    held = [f"{c}{row}" for c in columns for row in range(3, 32)] or ["F7", "F8", "K30", "J2"]
    given = {
        cell(x): torch.full((2,), 0.1 + 0.01 * i, dtype=torch.float64).requires_grad_()
        for i, x in enumerate(held)
    }
    found = calculated(cells, stretches, given)
    assert all(found.values[c] is value for c, value in given.items())
    apart = calculated(cells, False, given)
    for each in cells.written:
        assert torch.allclose(found.values[each], apart.values[each], rtol=1e-14, atol=0), each
    asked = list(given)[3::9]
    slopes = torch.autograd.grad(total(found).sum(), [given[c] for c in asked])
    for each, slope in zip(asked, slopes, strict=True):
        wanted = by_difference(cells, each, {c: x.detach() for c, x in given.items()})
        assert float(slope[0]) == pytest.approx(wanted, rel=1e-6, abs=1e-7)


def test_held_weights_leave_nothing_to_go_row_by_row(cells: Cells) -> None:
    given = {
        cell(f"{c}{row}"): torch.ones(2, dtype=torch.float64) for c in "CD" for row in range(3, 32)
    }
    plan = calculated(cells, True, given).plan
    assert plan is not None
    runs = {step.first[2] for step in plan.steps if isinstance(step, Run)}
    assert runs == {cell(f"{c}2").column for c in "EFGHIJKN"}


@pytest.mark.parametrize("stretches", [True, False])
def test_slopes_forward(cells: Cells, stretches: bool) -> None:
    start = torch.tensor([0.5, 0.5], dtype=torch.float64)
    with forward.dual_level():
        given = {cell("C2"): forward.make_dual(start, torch.tensor([1.0, 0.0]).double())}
        found = calculated(cells, stretches, given)
        _, slope = forward.unpack_dual(total(found))
    assert slope is not None
    assert slope.tolist() == pytest.approx([by_difference(cells, cell("C2")), 0], rel=1e-6)


def test_a_condition_that_differs_from_row_to_row() -> None:
    contents: dict[str, Any] = {"C1": 3.0}
    for row in range(1, 21):
        contents |= {f"A{row}": row - 10.0, f"B{row}": f"=IF(A{row}>0,SQRT(A{row})*C$1,1/A{row})"}
        contents |= {f"D{row}": f"=IFERROR(C$1/A{row},0)+MAX(0,A{row}*C$1)"}
    cells = Cells(file_of(contents))
    values = [calculated(cells, way, adjoint=True) for way in (True, False)]
    ends = [cell(f"{c}{row}") for c in "BD" for row in range(1, 21) if row != 10]
    asked = [cell("A15"), cell("A4"), cell("C1"), cell("D2")]
    slopes = [found.adjoints(ends, asked) for found in values]
    for each in asked:
        assert torch.allclose(slopes[0][each], slopes[1][each], rtol=1e-14, atol=0)
        assert bool(slopes[0][each].isfinite().all())


def test_what_conditions_never_take_ties_nothing_together() -> None:
    """A column of differences that no step uses is calculated as one, though the text of each step
    names it; where the word is another, it is used."""
    contents: dict[str, Any] = {"F1": "chain", "G1": 0.1, "B1": 1.0}
    for row in range(2, 20):
        contents |= {
            f"B{row}": f"=B{row - 1}-$G$1*E{row - 1}",
            f"C{row}": f"=((B{row}+0.01)^2-B{row}^2)/0.01",
            f"D{row}": f"=2*B{row}",
            f"E{row}": f'=IF($F$1="difference",C{row},D{row})',
        }
    contents["E1"] = 1.0
    for word, running, wanted in (("chain", {"C"}, 2.0), ("difference", {"D"}, 2.01)):
        found = calculated(Cells(file_of({**contents, "F1": word})), True)
        assert found.plan is not None
        runs = {step.first[2] for step in found.plan.steps if isinstance(step, Run)}
        assert runs == {cell(f"{c}1").column for c in running}
        ratio = found.values[cell("E2")] / found.values[cell("B2")]
        assert float(ratio[0]) == pytest.approx(wanted, abs=0.002)


def test_an_index_that_differs_from_row_to_row() -> None:
    contents: dict[str, Any] = {f"A{row}": row**2 / 7 for row in range(1, 11)}
    for row in range(1, 21):
        contents |= {f"C{row}": float(row % 10 + 1), f"D{row}": f"=AVERAGE(INDEX(A$1:A$10,C{row}))"}
    cells = Cells(file_of(contents))
    found, apart = (calculated(cells, way, adjoint=True) for way in (True, False))
    assert all(torch.equal(found.values[c], apart.values[c]) for c in cells.written)
    ends, asked = [cell("D3"), cell("D13"), cell("D5")], [cell("A4"), cell("A6"), cell("A7")]
    slopes = found.adjoints(ends, asked)
    assert [float(slopes[c][0]) for c in asked] == [2, 1, 0]


@pytest.mark.parametrize("stretches", [True, False])
def test_how_all_cells_move_with_some(cells: Cells, stretches: bool) -> None:
    """Each sample in a direction of its own: the first moves C2, the second D2."""
    start = {cell(x): torch.tensor([v, v]).double() for x, v in (("C2", 0.5), ("D2", -0.3))}
    given = {c: x.clone().requires_grad_() for c, x in start.items()}
    moves = {c: torch.eye(2, dtype=torch.float64)[i] for i, c in enumerate(start)}
    found = calculated(cells, stretches, given).tangents(moves)
    h = 1e-6
    up, down = (
        calculated(cells, False, {c: x + sign * h * moves[c] for c, x in start.items()})
        for sign in (1, -1)
    )
    for each in cells.written:
        wanted = (up.values[each] - down.values[each]) / (2 * h)
        tangent = found.get(each, torch.zeros(2, dtype=torch.float64))
        assert torch.allclose(tangent, wanted, rtol=1e-6, atol=1e-6), each
    assert cell("A4") not in found
