"""Who copied from whom: said in a folder run, and without any effect on its exit status."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import Result

import xlsgd
from tests.verify.books import edited, field_cell, step_cell
from xlsgd.many.copies import Seen, copy_lines, untouched_line

pytestmark = pytest.mark.usefixtures("warm")

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with workbooks of the seeds 1 to 3."""
    folder = tmp_path_factory.mktemp("class")
    for seed in (1, 2, 3):
        points = xlsgd.made_data(5, 2, seed)
        path = folder / f"graddesc-{seed}.xlsx"
        xlsgd.generate("graddesc", path, data=points, optimizers=("sgd",), epochs=1)
    return folder


def with_rate(source: Path, target: Path, rate: float) -> Path:
    """Save a workbook with another learning rate, as a program does that keeps no values."""
    book = openpyxl.load_workbook(source)
    book["sgd"][field_cell(book["sgd"], "learning_rate")] = rate
    book.save(target)
    return target


def notes(run: Run, folder: Path, *options: object) -> list[str]:
    """Return what is said of the files of a folder that agree all."""
    result = run("verify", folder, *options)
    assert result.exit_code == 0, result.stdout
    return [
        line.removeprefix("note: ").replace(f"{folder}/", "")
        for line in result.stderr.splitlines()
        if line.startswith("note: ")
    ]


def test_the_same_bytes(run: Run, handed_out: Path, tmp_path: Path) -> None:
    for name in ("ada", "ben", "cleo"):
        shutil.copy(handed_out / "graddesc-1.xlsx", tmp_path / f"{name}.xlsx")
    (tmp_path / "dora.xlsx").write_bytes(b"")
    (tmp_path / "emil.xlsx").write_bytes(b"")
    result = run("verify", tmp_path, "--json", tmp_path / "r.json")
    assert result.exit_code == 2
    said = "the same bytes: " + ", ".join(f"{tmp_path / n}.xlsx" for n in ("ada", "ben", "cleo"))
    assert result.stderr.splitlines()[0] == f"note: {said}"
    assert json.loads((tmp_path / "r.json").read_text())["copies"] == [said]


def test_the_same_inputs_and_formulas(run: Run, handed_out: Path, tmp_path: Path) -> None:
    """Saved twice the bytes differ. Cleo has the same points and another rate."""
    task = handed_out / "graddesc-2.xlsx"
    with_rate(task, tmp_path / "ada.xlsx", 0.0002)
    book = openpyxl.load_workbook(tmp_path / "ada.xlsx")
    book["lesson"]["K40"] = "by Ben"
    book.save(tmp_path / "ben.xlsx")
    with_rate(task, tmp_path / "cleo.xlsx", 0.0003)
    assert (tmp_path / "ada.xlsx").read_bytes() != (tmp_path / "ben.xlsx").read_bytes()
    assert notes(run, tmp_path) == ["the same inputs and formulas: ada.xlsx, ben.xlsx"]


def test_the_same_mistakes_are_the_same_formulas(
    run: Run, handed_out: Path, tmp_path: Path
) -> None:
    def wrong(name: str, quantity: str) -> Callable[[Any], None]:
        def edit(workbook: Any) -> None:
            workbook["lesson"]["K40"] = f"by {name}"
            sheet = workbook["sgd"]
            sheet[step_cell(sheet, quantity, 2)] = 7

        return edit

    for name, quantity in (("ada", "pred"), ("ben", "pred"), ("cleo", "loss")):
        edited(handed_out / "graddesc-2.xlsx", tmp_path / f"{name}.xlsx", wrong(name, quantity))
        with_rate(tmp_path / f"{name}.xlsx", tmp_path / f"{name}.xlsx", 0.0001)
    result = run("verify", tmp_path)
    assert result.exit_code == 1
    assert [line for line in result.stderr.splitlines() if line.startswith("note")] == [
        f"note: the same inputs and formulas: {tmp_path / 'ada.xlsx'}, {tmp_path / 'ben.xlsx'}"
    ]


def test_the_untouched_original(run: Run, handed_out: Path, tmp_path: Path) -> None:
    shutil.copy(handed_out / "graddesc-1.xlsx", tmp_path)
    assert notes(run, tmp_path) == []  # nobody has begun
    with_rate(handed_out / "graddesc-2.xlsx", tmp_path / "graddesc-2.xlsx", 0.0002)
    assert notes(run, tmp_path) == ["unchanged since xlsgd wrote it: graddesc-1.xlsx"]


def test_data_of_somebody_elses_seed(run: Run, handed_out: Path, tmp_path: Path) -> None:
    """Number 3 handed in the points of number 2, with a rate of its own."""
    with_rate(handed_out / "graddesc-1.xlsx", tmp_path / "graddesc-1.xlsx", 0.0002)
    with_rate(handed_out / "graddesc-2.xlsx", tmp_path / "graddesc-2.xlsx", 0.0002)
    with_rate(handed_out / "graddesc-2.xlsx", tmp_path / "graddesc-3.xlsx", 0.0003)
    assert notes(run, tmp_path, "-j", 2) == [
        "data of the same seed, 2: graddesc-2.xlsx, graddesc-3.xlsx",
        "named after seed 3, the data are those of seed 2: graddesc-3.xlsx",
    ]


# Without workbooks


def test_one_seed_for_all_is_no_copy() -> None:
    given = [Seen(name, name, name, seed=5) for name in ("a", "b", "c")]
    assert list(copy_lines(given)) == []


def test_data_that_are_made_otherwise_share_no_more_than_a_number() -> None:
    """Lessons begin with seed 0 or 7, each for data of its own; two lines of seed 2 are copies."""
    lines = [Seen(f"line-{i}", f"{i}", f"{i}", seed=i, made="# points around #x") for i in (1, 2)]
    other = [Seen(name, name, name, seed=2, made=name) for name in ("ratings", "images")]
    assert list(copy_lines([*lines, *other])) == []
    copied = Seen("line-9", "9", "9", seed=2, made="# points around #x")
    found = list(copy_lines([*lines, *other, copied]))
    assert found[0] == "data of the same seed, 2: line-2, line-9"


def test_what_was_said_is_not_said_again() -> None:
    same = [Seen(name, "1", "2", seed=5) for name in ("a", "b")]
    assert list(copy_lines([*same, Seen("c", "3", "4", seed=6)])) == ["the same bytes: a, b"]


def test_what_could_not_be_read_is_like_nothing() -> None:
    assert list(copy_lines([Seen("a", None), Seen("b", None)])) == []
    assert untouched_line([Seen("a", None), Seen("b", "1", "2", None, True)]) is None


def test_of_many_only_some_are_named() -> None:
    (line,) = copy_lines([Seen(f"{i}.xlsx", "1") for i in range(100)])
    assert line.endswith("9.xlsx and 90 more")
    assert len(line) < 200
