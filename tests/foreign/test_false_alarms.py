"""What is right is not called wrong, in whatever words it is said and wherever it stands."""

from __future__ import annotations

from bisect import bisect_left
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest

import xlsgd
from tests.foreign.calculated import Numbers, calculated
from tests.foreign.judged import said
from tests.foreign.plans import Tab, book_of
from tests.foreign.rewritings import REWRITINGS
from tests.foreign.sources import of_file, stripped
from tests.foreign.ways import all_ways
from xlsgd.base.cells import Book
from xlsgd.xlsx.reader import read_workbook

if TYPE_CHECKING:
    from tests.foreign.conftest import Checked

SEED = 16

CHOSEN = (
    "momentum",
    "forward quotient",
    "blocks of rows",
    "relu by MAX",
    "softmax",
    "central quotient",
    "tanh with deltas",
)
"""Ways that are said in other words."""


def _rewritten(name: str, book: Book) -> Book:
    found = REWRITINGS[name](book, Random(f"{SEED} {name}"))
    assert found is not None
    return found


@pytest.mark.every
@pytest.mark.parametrize("rewriting", REWRITINGS)
def test_another_wording_says_the_same(rewriting: str) -> None:
    """Every number of the workbook is there still."""
    for name in ("tanh in long products", "small batches"):
        book = all_ways()[name].book
        new = _rewritten(rewriting, book)
        assert new.sheets != book.sheets
        numbers = _numbers(calculated(new))
        for number in _numbers(calculated(book)):
            at = bisect_left(numbers, number)
            near = numbers[max(0, at - 2) : at + 3]
            assert any(abs(other - number) <= 1e-12 + 1e-9 * abs(number) for other in near)


def _numbers(values: Numbers) -> list[float]:
    return sorted(v for places in values.values() for v in places.values() if isinstance(v, float))


@pytest.mark.every
@pytest.mark.parametrize("number", range(len(REWRITINGS)), ids=list(REWRITINGS))
def test_another_wording_is_not_called_wrong(number: int, checked: Checked) -> None:
    """Two ways each, by turns."""
    for name in (CHOSEN[number % len(CHOSEN)], CHOSEN[(number + 2) % len(CHOSEN)]):
        report = checked(_rewritten(list(REWRITINGS)[number], all_ways()[name].book))
        assert [said(finding) for finding in report.findings] == [], name
        assert report.trainings, name


TWINS = ("gate-right", "mmult-right", "net222-right")


@pytest.mark.every
@pytest.mark.parametrize("name", TWINS)
def test_right_twins_are_not_called_wrong(name: str, shared: Path, checked: Checked) -> None:
    source = of_file(shared / "cases" / "own" / f"{name}.xlsx")
    report = checked(source.book, source.calculate(source.book))
    assert [said(finding) for finding in report.findings] == []
    assert bool(report.trainings) == (name != "mmult-right")  # a pass without steps


@pytest.mark.every
@pytest.mark.parametrize("name", ["net222-times-for-minus", "net222-wrong-activation"])
def test_wrong_twins_are_called_wrong(name: str, shared: Path, checked: Checked) -> None:
    source = of_file(shared / "cases" / "own" / f"{name}.xlsx")
    assert checked(source.book, source.calculate(source.book)).findings


@pytest.mark.sampled(1)
@pytest.mark.parametrize("lesson", ["graddesc", "two-neuron", "relu"])
def test_ours_without_marks_are_not_called_wrong(
    lesson: str, checked: Checked, tmp_path: Path
) -> None:
    """A workbook of ours is anybody's, once the words and names are gone by which it is known."""
    path = xlsgd.generate(lesson, tmp_path / "own.xlsx", epochs=2, points=6)
    report = checked(stripped(read_workbook(path).book))
    assert [said(finding) for finding in report.findings] == []
    assert report.trainings


def test_what_trains_nothing_is_not_called_wrong(checked: Checked) -> None:
    """Savings with interest: what comes back to itself from row to row is no descent."""
    tab = Tab("savings")
    tab.put("A1", 0.03)
    tab.put("A3", 100.0)
    for row in range(4, 12):
        tab.put((row, 1), f"=A{row - 1}*(1+$A$1)")
        tab.put((row, 2), f"=A{row}-A{row - 1}")
    report = checked(book_of(tab))
    assert report.findings == () or list(report.findings) == []
    assert not report.trainings
