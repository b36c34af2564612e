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
from tests.builders import LESSONS, default_lesson
from tests.test_workbook_file import CASES, digest
from xlsgd import generate

ROOT = Path(__file__).resolve().parent.parent
WORKBOOKS = ROOT / "workbooks"


@pytest.mark.sampled(1)
@pytest.mark.parametrize("lesson", LESSONS)
def test_generating_twice_gives_the_same_bytes(lesson: str, tmp_path: Path) -> None:
    first, second = (generate(lesson, tmp_path / f"{i}.xlsx", epochs=1) for i in "ab")
    assert digest(first) == digest(second)


@pytest.mark.parametrize("lesson", CASES)
def test_another_process_gives_the_same_bytes(lesson: str, tmp_path: Path) -> None:
    """Another process has another order of sets, another time, another folder."""
    code = "import sys, xlsgd; xlsgd.generate(sys.argv[1], sys.argv[2], epochs=2)"
    package = Path(xlsgd.__file__).resolve().parent.parent
    seed = os.environ.get("PYTHONHASHSEED", "0")
    environment = {
        **os.environ,
        "PYTHONPATH": str(package),
        "PYTHONHASHSEED": "4711" if seed != "4711" else "42",
        "TZ": "Pacific/Auckland",
        "LC_ALL": "C",
    }
    command = [sys.executable, "-c", code, lesson, str(tmp_path / "other.xlsx")]
    subprocess.run(command, check=True, cwd=tmp_path, env=environment)
    own = generate(lesson, tmp_path / "own.xlsx", epochs=2)
    assert digest(tmp_path / "other.xlsx") == digest(own)


@pytest.mark.parametrize("lesson", LESSONS)
def test_committed_workbooks_are_fresh(lesson: str) -> None:
    if not list(WORKBOOKS.glob("*.xlsx")):
        pytest.skip("no workbooks/*.xlsx in this copy of the repository (make workbooks)")
    committed = WORKBOOKS / f"{lesson}.xlsx"
    assert digest(committed) == digest(default_lesson(lesson)), (
        f"{committed} is not what xlsgd generates now: make workbooks, and look at what changed"
    )


def test_every_lesson_is_committed_and_nothing_else() -> None:
    if not list(WORKBOOKS.glob("*.xlsx")):
        pytest.skip("no workbooks/*.xlsx in this copy of the repository (make workbooks)")
    from xlsgd.lessons import lesson_plans

    assert {path.stem for path in WORKBOOKS.glob("*.xlsx")} == set(lesson_plans()) == set(LESSONS)


@pytest.mark.parametrize("lesson", CASES)
def test_nothing_in_the_file_tells_when_it_was_made(lesson: str) -> None:
    with zipfile.ZipFile(default_lesson(lesson)) as package:
        assert {info.date_time for info in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        dates = re.findall(rb"\d{4}-\d\d-\d\dT[^<]*", package.read("docProps/core.xml"))
    assert set(dates) == {b"2026-11-01T00:00:00Z"}
