"""A tab of counts, and sweeps that count how many runs get somewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from xlsgd import verify
from xlsgd.lessons import Options, get_plan
from xlsgd.lessons.generation import write_lesson
from xlsgd.sweeping import sweep
from xlsgd.sweeping.words import summary_lines
from xlsgd.tabs.counts.plan import Count, Counts

COMMAND = "xlsgd sweep graddesc --x init.a=-3:3:1000 --reach 400"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("counts") / "counted.xlsx"
    lesson = get_plan("graddesc").build(Options(epochs=1, optimizers=("sgd",)))
    rows = (Count("plain", COMMAND, 400.0, 1000, 250, 7), Count("never", COMMAND, 1.0, 1000, 0))
    write_lesson(replace(lesson, counts=(Counts(rows, about="words"),)), path, False, None)
    return path


def changed(book: Path, tmp_path: Path, cell: str, value: object) -> Path:
    work = openpyxl.load_workbook(book)
    work["counts"][cell] = value
    work.save(tmp_path / "changed.xlsx")
    return tmp_path / "changed.xlsx"


def of_counts(path: Path) -> tuple[int, set[str]]:
    report = verify(path)
    (sheet,) = [sheet for sheet in report.sheets if sheet.name == "counts"]
    return sheet.cells_compared, {d.cell for d in sheet.differences}


def test_shares_are_checked_and_it_is_said_that_counts_are_typed_in(book: Path) -> None:
    report = verify(book)
    assert report.ok
    assert [note for note in report.notes if "'counts'" in note and "typed in" in note]
    values = openpyxl.load_workbook(book, data_only=True)["counts"]
    assert [values.cell(7, 4).value, values.cell(8, 4).value] == [0.25, 0]
    assert values["I7"].value == COMMAND
    assert values["E8"].value is None


@pytest.mark.parametrize(
    ("cell", "value", "wrong"),
    [
        ("D7", 0.3, {"D7"}),
        ("D8", "=C7/B8", {"D8"}),
        ("C7", 1001, {"C7"}),
        ("C7", 2.5, {"C7"}),
    ],
)
def test_what_cannot_be_a_count_or_its_share_is_named(
    book: Path, tmp_path: Path, cell: str, value: object, wrong: set[str]
) -> None:
    assert of_counts(changed(book, tmp_path, cell, value))[1] == wrong


def test_a_sweep_counts_the_runs_that_end_below_a_loss() -> None:
    found = sweep("graddesc", "init.a=-3:3:40", tab="sgd", epochs=2, reach=384.8)
    losses = found.mean_loss
    assert losses is not None
    ended = losses[:, -1] < 384.8
    first = [1 + next(i for i, loss in enumerate(run) if loss < 384.8) for run in losses[ended]]
    assert 0 < ended.sum() < 40
    assert found.reached == (ended.sum(), sorted(first)[(len(first) - 1) // 2])
    line = f"reached: {ended.sum()} of 40 runs ended below 384.8; half of these had been by epoch "
    assert any(words.startswith(line) for words in summary_lines(found))
    assert list(found.frame()["reached_epoch"][ended]) == first
