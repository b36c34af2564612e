"""LibreOffice and Gnumeric open the lessons, calculate every cell from scratch, and agree.

The stored values are cut out of the file beforehand, so that nothing but a calculation can bring
numbers into it. Compared are cells before the horizon of verify's run check: beyond it, start
values one unit in the last place apart part ways, and so may two programs.

LibreOffice is held to 1e-12 relative in every one of these cells. Gnumeric, as Debian builds it,
calculates with more digits than the others (it stores 21 of them): numbers differ in what the
others round away and, through (loss at p + h - loss) / h, in more than that. It is allowed what
verify's ensemble shows rounding to do, as torch is.
"""

from __future__ import annotations

import functools
import math
import re
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from tests.builders import LESSONS, default_lesson
from xlsgd import verify
from xlsgd.cells import CellError, Position, Scalar, WorkbookFile
from xlsgd.report import Report
from xlsgd.report.report import SheetReport
from xlsgd.sheets.finder import find_lesson
from xlsgd.sheets.maps import address
from xlsgd.tolerances import TOLERANCES
from xlsgd.xlsx.reader import read_workbook

Convert = Callable[..., Path]

RELATIVE = 1e-12
# A change of the loss is a difference of nearly equal numbers near 1, compared as such.
CHANGES = ("change", "last_change")


def without_values(source: Path, target: Path) -> Path:
    """Write a workbook's formulas without the values beside them."""
    with zipfile.ZipFile(source) as package, zipfile.ZipFile(target, "w") as stripped:
        for name in package.namelist():
            content = package.read(name)
            if name.startswith("xl/worksheets/sheet"):
                content = re.sub(rb"</f><v>[^<]*</v>", b"</f>", content)
                assert b"</f><v>" not in content
            stripped.writestr(name, content, zipfile.ZIP_DEFLATED)
    stored = read_workbook(target).stored
    assert {value for sheet in stored.values() for value in sheet.values()} == {None}
    return target


@dataclass(frozen=True)
class Outcome:
    """A lesson as the formulas library and as another program calculate it."""

    ours: WorkbookFile
    theirs: WorkbookFile
    report: Report

    def cells(self, tab: SheetReport) -> dict[Position, Scalar]:
        """Return what the other program has for the formulas of a tab."""
        return self.theirs.stored[tab.name]

    def apart(self, tab: SheetReport, table: str, rows: int, slack: bool) -> list[str]:
        """Return the cells of a table's first rows in which the two differ by too much.

        slack: whether to allow what the ensemble shows rounding to do.
        """
        compared = tab.comparisons.get(f"run {table}")
        if compared is None:  # beyond the horizon the epochs have none
            return []
        allowance = TOLERANCES["run"]
        known = allowance.rtol * np.abs(compared.expected) + allowance.atol
        spread = np.zeros_like(known)
        if slack:
            spread = np.nan_to_num(np.maximum(0.0, compared.allowed - known))
        found = []
        for i, row in enumerate(compared.rows[:rows]):
            for j, column in enumerate(compared.columns):
                position = (int(row), int(column))
                mine = self.ours.stored[tab.name].get(position)
                if mine is None:
                    continue  # a constant
                value = self.cells(tab)[position]
                if isinstance(mine, CellError):
                    if _is_number(value):
                        found.append(f"{tab.name}!{address(position)} {mine} {value!r}")
                    continue
                assert isinstance(mine, float)
                size = abs(mine)
                if compared.quantities[j] in CHANGES:
                    size = max(1.0, size)
                allowed = RELATIVE * size + spread[i, j]
                if not (isinstance(value, float) and abs(value - mine) <= allowed):
                    found.append(f"{tab.name}!{address(position)} {mine!r} {value!r}")
        return found


def _is_number(value: Scalar) -> bool:
    return isinstance(value, float) and math.isfinite(value)


@functools.cache
def report_on(lesson: str) -> Report:
    return verify(default_lesson(lesson))


TABLES = ("steps", "epochs", "losses", "block.1", "block.20", "data", "forward", "product")
SWINGING = ("one-6", "one-7")
"""Runs that swing wider and wider for epochs before the last bit shows."""
PROGRAMS = ("libreoffice", "gnumeric")
BOTH = [(program, lesson) for lesson in LESSONS for program in PROGRAMS]


@pytest.fixture(scope="module", params=BOTH, ids=" ".join)
def outcome(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Outcome]:
    """A program's name, and what it makes of a lesson."""
    program, lesson = request.param
    folder = tmp_path_factory.mktemp(program)
    stripped = without_values(default_lesson(lesson), folder / f"{lesson}.xlsx")
    path = folder / "calculated" / stripped.name
    if program == "libreoffice":
        convert: Convert = request.getfixturevalue("libreoffice_convert")
        convert(stripped, "xlsx", path.parent)
    else:
        ssconvert: Path = request.getfixturevalue("ssconvert")
        path.parent.mkdir()
        command = [ssconvert, "--recalc", stripped, path]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    ours = read_workbook(default_lesson(lesson))
    return program, Outcome(ours, read_workbook(path), report_on(lesson))


def test_the_numbers_are_the_same(outcome: tuple[str, Outcome]) -> None:
    program, found = outcome
    apart, rows_compared = [], 0
    for tab in found.report.sheets:
        rows = 10**6
        by_chance = program == "gnumeric" or tab.name in SWINGING
        if by_chance and tab.verdict is not None and tab.verdict.kind == "exploded":
            # In a run that explodes, derivatives freeze a step sooner or later with the last bit.
            rows = tab.verdict.step or 0
        for table in TABLES:
            # Means of hundreds of rows, added up in another order, are taken from each other.
            slack = program == "gnumeric" or "run block.1" in tab.comparisons
            apart += found.apart(tab, table, rows, slack)
        if tab.kind == "training":
            rows_compared += min(rows, len(tab.comparisons["run steps"].rows))
    assert apart == []
    assert rows_compared >= (2000 if found.report.sheets[1].name == "data" else 60)


def test_no_cell_shows_an_error(outcome: tuple[str, Outcome]) -> None:
    ours, theirs = outcome[1].ours, outcome[1].theirs
    errors = [
        f"{sheet}!{address(position)} {value}"
        for sheet, cells in theirs.stored.items()
        for position, value in cells.items()
        if not (_is_number(value) or isinstance(value, str | bool))
    ]
    shown = sum(isinstance(v, CellError) for cells in ours.stored.values() for v in cells.values())
    if shown:  # runs that leave what a cell can hold: an error may come a step sooner or later
        assert len(errors) == pytest.approx(shown, rel=0.01)
    else:
        assert errors == []
    # Not one formula was lost on the way, and a formula is still one.
    for sheet, cells in ours.stored.items():
        assert theirs.stored[sheet].keys() == cells.keys()


def test_the_panel_says_the_same(outcome: tuple[str, Outcome]) -> None:
    ours, theirs = outcome[1].ours, outcome[1].theirs
    found = find_lesson(ours.book, ours.stored, "lesson")
    assert len(found.maps.training) >= 3
    for maps in found.maps.training.values():
        mine, other = ours.stored[maps.sheet], theirs.stored[maps.sheet]
        exploded = str(mine[maps.fields["verdict"]]).startswith("exploded")
        for key, position in maps.fields.items():
            value = mine.get(position)
            if isinstance(value, str) and exploded:
                # When weight + h rounds to the weight, and when numbers end, is up to the last bit.
                late = re.compile("; (numerical derivative frozen|no number) since step .*")
                assert late.sub("", str(other[position])) == late.sub("", value)
            elif isinstance(value, str):
                assert other[position] == value, (maps.sheet, key)
            elif isinstance(value, float) and not exploded:  # else only the verdict counts
                assert other[position] == pytest.approx(value, rel=1e-9, abs=1e-9), key


def test_tabs_and_charts_are_still_there(outcome: tuple[str, Outcome]) -> None:
    ours, theirs = outcome[1].ours, outcome[1].theirs
    assert list(theirs.book.sheets) == list(ours.book.sheets)
    counts = []
    for file in (ours, theirs):
        with zipfile.ZipFile(file.path) as package:
            names = package.namelist()
        counts.append(sum(bool(re.fullmatch(r"xl/charts/chart\d+\.xml", n)) for n in names))
    assert counts[0] == counts[1] > 10
