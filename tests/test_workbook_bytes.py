"""The same bytes every time: in another process, in another folder, and as they were committed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import xlsgd
from tests.builders import LESSONS, default_lesson, short_lesson
from tests.test_workbook_file import digest
from xlsgd import generate

ROOT = Path(__file__).resolve().parent.parent
WORKBOOKS = ROOT / "workbooks"


def test_generating_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (generate("two-neuron", tmp_path / f"{i}.xlsx", epochs=1) for i in "ab")
    assert digest(first) == digest(second)


@pytest.mark.every
@pytest.mark.parametrize(
    "lesson", ["quadratic", pytest.param("titanic", marks=pytest.mark.wide), "relu"]
)
def test_another_process_gives_the_same_bytes(lesson: str, tmp_path: Path) -> None:
    """Another process has another order of sets, another time, another folder: as the one had that
    wrote the committed workbooks."""
    code = "import sys, xlsgd\nxlsgd.generate(sys.argv[1], 'other.xlsx', epochs=2)\n"
    package = Path(xlsgd.__file__).resolve().parent.parent
    seed = os.environ.get("PYTHONHASHSEED", "0")
    environment = {
        **os.environ,
        "PYTHONPATH": str(package),
        "PYTHONHASHSEED": "4711" if seed != "4711" else "42",
        "TZ": "Pacific/Auckland",
        "LC_ALL": "C",
    }
    subprocess.run([sys.executable, "-c", code, lesson], check=True, cwd=tmp_path, env=environment)
    assert digest(tmp_path / "other.xlsx") == digest(short_lesson(lesson))


@pytest.mark.parametrize("lesson", LESSONS)
def test_committed_workbooks_are_fresh(lesson: str) -> None:
    if not list(WORKBOOKS.glob("*.xlsx")):
        pytest.skip("no workbooks/*.xlsx in this copy of the repository (make workbooks)")
    committed = WORKBOOKS / f"{lesson}.xlsx"
    assert digest(committed) == digest(default_lesson(lesson)), (
        f"{committed} is not what xlsgd generates now: make workbooks, and look at what changed"
    )


SIZES = {
    "graddesc": 1_312_001,
    "two-neuron": 2_167_316,
    "titanic": 5_521_869,
    "learning-rates": 3_006_060,
}
"""Bytes when formulas were written cell by cell and charts kept nothing of what they draw."""

SMALL = 1_000_000
"""Bytes of all other lessons."""


def test_files_have_not_grown() -> None:
    sizes = {path.stem: path.stat().st_size for path in WORKBOOKS.glob("*.xlsx")}
    assert {n: size for n, size in sizes.items() if size >= SIZES.get(n, SMALL)} == {}


def test_every_lesson_is_committed_and_nothing_else() -> None:
    if not list(WORKBOOKS.glob("*.xlsx")):
        pytest.skip("no workbooks/*.xlsx in this copy of the repository (make workbooks)")
    assert {path.stem for path in WORKBOOKS.glob("*.xlsx")} == set(LESSONS)
    commands = re.findall(r"xlsgd generate (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert commands == ["--all -o demo --force", "--all -o workbooks --force"]


@pytest.mark.parametrize("lesson", LESSONS)
def test_nothing_in_the_file_tells_when_it_was_made(lesson: str) -> None:
    with zipfile.ZipFile(short_lesson(lesson)) as package:
        assert {info.date_time for info in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        dates = re.findall(rb"\d{4}-\d\d-\d\dT[^<]*", package.read("docProps/core.xml"))
    assert set(dates) == {b"2026-11-01T00:00:00Z"}
