"""However a training is written down, it is found, and nothing in it is called wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.foreign.calculated import Calculator, calculated, same, saved
from tests.foreign.judged import differences
from tests.foreign.plans import position
from tests.foreign.ways import all_ways
from xlsgd.base.cells import Uncomputed
from xlsgd.xlsx.reader import read_workbook

if TYPE_CHECKING:
    from tests.foreign.conftest import Checked

WAYS = list(all_ways())


def test_there_are_many_ways() -> None:
    assert len(WAYS) >= 50


@pytest.mark.every
@pytest.mark.parametrize("name", WAYS)
def test_a_way_is_what_it_says(name: str) -> None:
    """The last numbers of the sheet are those of another road, with slopes by torch."""
    way = all_ways()[name]
    values = calculated(way.book)
    for cell, number in way.expected().items():
        sheet, _, where = cell.rpartition("!")
        assert values[sheet][position(where)] == pytest.approx(number, rel=1e-9, abs=1e-12), cell


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", ["matrix line", "matrix net", "a table of steps", "names"])
def test_libreoffice_says_the_same(
    name: str, libreoffice_saved: Callable[..., Path], tmp_path: Path
) -> None:
    """Tables, names and array formulas are not only read as they are written here."""
    way = all_ways()[name]
    source = saved(way.book, tmp_path / "way.xlsx")
    other = read_workbook(libreoffice_saved(source, "xlsx", tmp_path / "saved"))
    values = calculated(way.book)
    assert any(other.stored.values())
    for sheet, stored in other.stored.items():
        for place, value in stored.items():
            assert same(value, values[sheet][place]), (sheet, place)


PASSES = [name for name, way in all_ways().items() if not any(t.steps for t in way.truths)]
"""Ways in which derivatives are worked out once, and no weight is moved."""


@pytest.mark.every
@pytest.mark.parametrize("name", [name for name in WAYS if name not in PASSES])
def test_a_way_is_found(name: str, checked: Checked) -> None:
    way = all_ways()[name]
    assert differences(checked(way.book), way) == []


@pytest.mark.every
@pytest.mark.parametrize("name", PASSES)
def test_of_a_pass_without_steps_nothing_is_said(name: str, checked: Checked) -> None:
    report = checked(all_ways()[name].book)
    assert (report.trainings, report.findings) == ([], [])
    assert report.recalculated == report.formulas


FILES = (
    "entropy",
    "epochs-as-blocks",
    "graddesc-v3",
    "matrix-backprop",
    "momentum-bias",
)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", FILES)
def test_workbooks_of_others_are_calculated_here_as_they_were_saved(
    name: str, shared: Path, tmp_path: Path
) -> None:
    """What mistakes are made in has the values that Excel gave it, but those it draws by chance."""
    file = read_workbook(shared / "foreign" / f"{name}.xlsx")
    calculator = Calculator(file)
    values: dict[str, dict[Any, Any]] = calculator.values(file.book)
    kept = sum(len(places) for places in calculator.kept.values())
    assert kept <= {"graddesc-v3": 29, "momentum-bias": 100, "entropy": 8}.get(name, 0)
    for sheet, stored in file.stored.items():
        for place, value in stored.items():
            new = values[sheet][place]
            assert not isinstance(new, Uncomputed)
            assert same(value, new) or value in (None, ""), (sheet, place)
