"""Values first: what other programs have stored beside formulas is what torch makes of them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import torch

from tests.conftest import ROOT
from tests.graph.sheets import same
from xlsgd.base.cells import Scalar
from xlsgd.engines import get_engine
from xlsgd.graph.cells import Cell, Cells
from xlsgd.graph.evaluate import Evaluation
from xlsgd.xlsx.reader import read_workbook

FOREIGN = [
    "entropy",
    "epochs-as-blocks",
    "epochs-as-tabs",
    "graddesc-v3",
    "matrix-backprop",
    "momentum-bias",
    "net222-a",
    "titanic",
]
OWN = [
    "gate-right",
    "net222-right",
    "net222-times-for-minus",
    "net222-wrong-activation",
]
LESSONS = [
    "one-weight",
    "step-rules",
    "relu",
    "cross-entropy",
    "momentum",
    pytest.param("graddesc", marks=pytest.mark.wide),
]


@cache
def cells_of(path: Path) -> Cells:
    return Cells(read_workbook(path))


def calculated(cells: Cells, stretches: bool | None = None) -> Evaluation:
    found = Evaluation(cells, 4, stretches=stretches)
    found.run()
    return found


def differing(cells: Cells, found: Evaluation, wanted: dict[Cell, Scalar]) -> list[str]:
    """Return the formulas that come to something else, with both values."""
    formulas = [*cells.written, *cells.refused, *cells.spilled]
    assert formulas
    return [
        f"{cell} {cells.contents.get(cell)}: {wanted[cell]!r}, {found.values.get(cell)}"
        for cell in formulas
        if not _alike(found, cell, wanted[cell])
    ]


def _alike(found: Evaluation, cell: Cell, wanted: Scalar) -> bool:
    if cell in found.unknown:
        return False
    value = found.values[cell]
    if wanted is None:  # an empty text, or nothing spilled there
        return value == "" or same(value, 0.0)
    return same(value, wanted)


@pytest.mark.every
@pytest.mark.parametrize("name", FOREIGN)
def test_workbooks_of_others_hold_what_is_calculated(name: str, shared: Path) -> None:
    cells = cells_of(shared / "foreign" / f"{name}.xlsx")
    assert differing(cells, calculated(cells), cells.stored) == []


@pytest.mark.parametrize("name", FOREIGN)
def test_stretches_come_to_the_same_as_single_cells(name: str, shared: Path) -> None:
    cells = cells_of(shared / "foreign" / f"{name}.xlsx")
    together, apart = calculated(cells, True), calculated(cells, False)
    assert set(together.unknown) == set(apart.unknown)
    assert all(same(together.values[c], apart.values[c], 1e-14) for c in cells.written)


@pytest.mark.parametrize("name", OWN)
def test_workbooks_without_stored_values(name: str, shared: Path) -> None:
    """A recalculation engine of its own is the witness."""
    file = read_workbook(shared / "cases" / "own" / f"{name}.xlsx")
    cells = Cells(file)
    grids = get_engine("formulas").recalculate(file).values
    wanted = {
        Cell(sheet.lower(), *place): value
        for sheet, grid in grids.items()
        for place, value in grid.items()
    }
    assert differing(cells, calculated(cells), wanted) == []  # type: ignore[arg-type]


@pytest.mark.parametrize("name", LESSONS)
def test_lessons_hold_what_is_calculated(name: str) -> None:
    hold(Cells(read_workbook(ROOT / "workbooks" / f"{name}.xlsx")))


def hold(cells: Cells) -> None:
    """Assert that formulas come to what is stored.

    A formula that takes one number from another that is nearly the same has what the last bit of
    its operands makes of it. Such a one is calculated from its operands as they are stored, and
    with their last bits moved: what is stored must be among that.
    """
    found = calculated(cells)
    assert not found.unknown
    different = [cell for cell in cells.written if not _alike(found, cell, cells.stored[cell])]
    assert len(different) <= len(cells.written) / 50
    moved = torch.ones(16, dtype=torch.float64)
    for i in range(1, 16):
        moved[i] += (i % 3 - 1) * 2.0**-52
    given = {cell: "" if value is None else value for cell, value in cells.stored.items()}
    for i, (cell, value) in enumerate(given.items()):
        if isinstance(value, float) and value != int(value):
            given[cell] = value * torch.cat([moved[:1], moved[1:].roll(i % 7)])
    here = Evaluation(cells, 16, given, stretches=False)
    for cell in different:
        value, stored = here.again(cell), cells.stored[cell]
        if isinstance(value, torch.Tensor) and isinstance(stored, float):
            spread = float(value.max() - value.min())
            operands = [cells.stored.get(c, cells.contents[c]) for c in cells.precedents[cell]]
            largest = max(abs(x) for x in operands if isinstance(x, float))
            allowed = 2 * spread + largest * 2.0**-50
            assert abs(float(value[0]) - stored) <= allowed, f"{cell} {cells.contents[cell]}"
        else:
            assert same(value, stored), f"{cell} {cells.contents[cell]}: {stored}, {value}"
