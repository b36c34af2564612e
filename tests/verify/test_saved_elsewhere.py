"""Runs that explode, saved by this program or another: every saved number counts, and no program's
last digits are a mistake."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

import xlsgd
from tests.verify.books import (
    SIX_POINTS,
    field_cell,
    first_wrong,
    passes,
    patched,
    step_cell,
    stored,
)
from xlsgd.base.cells import CellError, Formula, Position, WorkbookFile, column_letters
from xlsgd.checks.stored import Place, wrongly_saved
from xlsgd.report.tolerances import TOLERANCES
from xlsgd.verifying.opening import recalculate
from xlsgd.xlsx.reader import read_workbook

EXPLODING = {
    "one neuron": ("graddesc", {"optimizers": ["sgd"], "learning_rate": 0.001}),
    "momentum": ("graddesc", {"optimizers": ["momentum"], "learning_rate": 0.05}),
    "two neurons": ("two-neuron", {"learning_rate": 0.01}),
    "rates": ("learning-rates", {}),
    "batches": ("graddesc", {"optimizers": ["sgd"], "learning_rate": 0.01, "batch_size": 3}),
}


@pytest.fixture(scope="module")
def exploding(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return workbooks with runs that explode."""
    folder = tmp_path_factory.mktemp("exploding")
    made = {}
    for name, (lesson, options) in EXPLODING.items():
        settings = {"data": SIX_POINTS, "epochs": 4, **options}
        made[name] = xlsgd.generate(lesson, folder / f"{name}.xlsx", **settings)
    return made


def test_these_runs_explode(exploding: dict[str, Path]) -> None:
    for name, path in exploding.items():
        report = xlsgd.verify(path)
        assert passes(report)
        verdicts = [sheet.verdict.sheet for sheet in report.sheets if sheet.verdict]
        assert any(text.startswith("exploded") for text in verdicts), name


# By this program


def outside_the_steps(file: WorkbookFile, tab: str) -> list[Position]:
    """Return the formula cells of a tab left of its table of steps, or all of a tab without."""
    grid = file.book.sheets[tab]
    begin = min((c for (_, c), text in grid.items() if text == "step"), default=10**6)
    return [place for place, said in grid.items() if isinstance(said, Formula) and place[1] < begin]


def unseen(file: WorkbookFile, most: int) -> list[str]:
    """Return the saved numbers outside the steps that may be others and nobody is the wiser.

    most: how many are tried, each by itself, in turn by a small count and by a billionth.
    """
    numbers = [
        (tab, place)
        for tab in file.stored
        for place in outside_the_steps(file, tab)
        if isinstance(file.stored[tab][place], float)
    ]
    missed = []
    for i, (tab, place) in enumerate(random.Random(1).sample(numbers, most)):
        values = file.stored[tab]
        right = values[place]
        assert isinstance(right, float)
        values[place] = right * (1 + 1e-9) + 1e-9 if i % 2 else 5.0 if right != 5.0 else 3.0
        if not wrongly_saved(file, [(tab, place)], TOLERANCES["stored"]):
            missed.append(f"{tab}!{column_letters(place[1])}{place[0]}: {right}, {values[place]}")
        values[place] = right
    return missed


@pytest.mark.parametrize("name", ["two neurons", "one neuron"])
def test_no_saved_number_goes_unseen(exploding: dict[str, Path], name: str) -> None:
    assert unseen(read_workbook(exploding[name]), 40) == []


@pytest.mark.parametrize(
    "key",
    ["exploded_step", "last_loss", "start_loss", "overshooting_rows", "frozen_since", "rises"],
)
def test_a_wrong_number_in_the_panel_is_the_only_one_named(
    exploding: dict[str, Path], tmp_path: Path, key: str
) -> None:
    source = exploding["one neuron"]
    cell = field_cell(openpyxl.load_workbook(source)["sgd"], key)
    path = patched(source, tmp_path / "edited.xlsx", "sgd", cell, stored("7"))
    report = xlsgd.verify(path)
    assert first_wrong(report) == f"sgd!{cell}"
    assert report.cells_differing == 1
    first = report.first_difference
    assert first is not None
    assert first.check == "stored"


# By other programs


@pytest.mark.parametrize("name", list(EXPLODING))
def test_calculated_and_saved_by_libreoffice(
    exploding: dict[str, Path],
    tmp_path: Path,
    name: str,
    libreoffice_saved: Callable[..., Path],
) -> None:
    saved = libreoffice_saved(exploding[name], "xlsx", tmp_path)
    assert passes(xlsgd.verify(saved))


def test_a_rate_typed_in_libreoffice(tmp_path: Path, libreoffice_edit: Callable[..., Path]) -> None:
    hot = xlsgd.generate("graddesc", tmp_path / "hot.xlsx", optimizers=["sgd"], learning_rate=5e-4)
    saved = libreoffice_edit(hot, tmp_path / "saved.xlsx", [("set_value", "sgd", "B4", 0.001)])
    report = xlsgd.verify(saved)
    assert passes(report)
    verdict = next(sheet.verdict for sheet in report.sheets if sheet.name == "sgd")
    assert verdict is not None
    assert verdict.sheet.startswith("exploded")


def test_a_number_changed_after_libreoffice(
    exploding: dict[str, Path], tmp_path: Path, libreoffice_saved: Callable[..., Path]
) -> None:
    saved = libreoffice_saved(exploding["two neurons"], "xlsx", tmp_path)
    assert unseen(read_workbook(saved), 40) == []


@pytest.mark.parametrize("name", list(EXPLODING))
def test_calculated_and_saved_by_gnumeric(
    exploding: dict[str, Path],
    tmp_path: Path,
    name: str,
    gnumeric_convert: Callable[[Path, Path], Path],
) -> None:
    assert passes(xlsgd.verify(gnumeric_convert(exploding[name], tmp_path / "saved.xlsx")))


def test_counts_beside_numbers_beyond_float64(
    exploding: dict[str, Path], tmp_path: Path, gnumeric_convert: Callable[[Path, Path], Path]
) -> None:
    # Gnumeric goes on to 1e4932. What it counts, compares and cuts off there is no guess.
    file = read_workbook(gnumeric_convert(exploding["rates"], tmp_path / "saved.xlsx"))
    tab = "two-7"
    grid, values = file.book.sheets[tab], file.stored[tab]
    assert any(isinstance(v, CellError) and v.too_large for v in values.values())
    (header,) = {row for (row, _), text in grid.items() if text == "not_finite_at"}
    kinds = ("exploded_at", "nonzero.", "derivative_alive", "plot.")
    columns = [c for (row, c), t in grid.items() if row == header and str(t).startswith(kinds)]
    last = max(row for row, column in values if column == columns[0])
    tried = 0
    for place in [(row, column) for column in columns for row in (last - 9, last)]:
        right = values[place]
        assert isinstance(right, float)
        values[place] = right + 1 + abs(right) / 2
        assert wrongly_saved(file, [(tab, place)], TOLERANCES["stored"]), place
        values[place] = right
        tried += 1
    assert tried > 15


def recalculated(file: WorkbookFile) -> dict[Place, float]:
    """Return the numbers that this program has where the file has others, a hundredth off."""
    values = recalculate(file, "formulas").calculation.values
    found = {}
    for tab, cells in file.stored.items():
        for place, was in cells.items():
            number = values[tab].get(place)
            if not (isinstance(was, float) and isinstance(number, float)):
                continue
            if abs(number - was) > 0.01 * abs(number):
                found[tab, place] = number
    return found


def test_a_number_that_only_recalculation_gives(
    exploding: dict[str, Path], tmp_path: Path, gnumeric_convert: Callable[[Path, Path], Path]
) -> None:
    # After the explosion Gnumeric has numbers of its own. One of ours among them is none that it
    # can have had from what is saved beside it: here a chart column with the sign of ours.
    saved = gnumeric_convert(exploding["rates"], tmp_path / "saved.xlsx")
    file = read_workbook(saved)
    ours = recalculated(file)
    grid = file.book.sheets["two-7"]
    (header,) = {row for (row, _), text in grid.items() if text == "plot.a"}
    signs = [
        (tab, place)
        for tab, place in ours
        if tab == "two-7" and str(grid.get((header, place[1]))).startswith("plot.")
    ]
    assert signs
    tab, (row, column) = signs[0]
    cell = f"{column_letters(column)}{row}"
    assert ours[signs[0]] == -float(str(file.stored[tab][row, column]))
    edited = patched(saved, tmp_path / "edited.xlsx", tab, cell, stored(repr(ours[signs[0]])))
    report = xlsgd.verify(edited)
    assert [(d.sheet, d.cell, d.check) for d in report.differences()] == [(tab, cell, "stored")]
    first = report.first_difference
    assert first is not None
    assert first.torch_value == file.stored[tab][row, column]


def test_every_number_that_only_recalculation_gives(
    exploding: dict[str, Path], tmp_path: Path, libreoffice_saved: Callable[..., Path]
) -> None:
    file = read_workbook(libreoffice_saved(exploding["two neurons"], "xlsx", tmp_path))
    ours = recalculated(file)
    other, *rest = ours
    missed = []
    for tab, place in random.Random(1).sample(rest, 20):
        was = file.stored[tab][place]
        file.stored[tab][place] = ours[tab, place]
        found = wrongly_saved(file, [other], TOLERANCES["stored"], agreeing=[(tab, place)])
        if (tab, place) not in found:
            missed.append(f"{tab}!{column_letters(place[1])}{place[0]}")
        file.stored[tab][place] = was
    assert missed == []


def test_what_stands_beside_a_wrong_number_is_not_named(
    exploding: dict[str, Path], tmp_path: Path, libreoffice_saved: Callable[..., Path]
) -> None:
    # In a file that LibreOffice calculated otherwise after the explosion: before it, what follows
    # from the wrong number is as recalculation has it, and contradicts only that.
    saved = libreoffice_saved(exploding["two neurons"], "xlsx", tmp_path)
    cell = step_cell(openpyxl.load_workbook(saved)["two"], "pred", 1)
    edited = patched(saved, tmp_path / "edited.xlsx", "two", cell, stored("4711"))
    report = xlsgd.verify(edited)
    assert [(d.sheet, d.cell) for d in report.differences()] == [("two", cell)]


def test_a_difference_of_equal_numbers_is_0(exploding: dict[str, Path]) -> None:
    # Frozen: loss at w + h and loss are the same to the last digit, and all digits are saved.
    file = read_workbook(exploding["two neurons"])
    frozen = [
        place
        for place, value in file.stored["two"].items()
        if value == 0.0 and re.fullmatch(r"=\([A-Z]+\d+-[A-Z]+\d+\)/\$B\$\d+",
                                         str(file.book.sheets["two"][place]))
    ]  # fmt: skip
    assert frozen
    for place in frozen[:3]:
        file.stored["two"][place] = 5.0
        assert wrongly_saved(file, [("two", place)], TOLERANCES["stored"])
        file.stored["two"][place] = 0.0


def test_hidden_digits_are_no_mistake(
    tmp_path: Path, gnumeric_convert: Callable[[Path, Path], Path]
) -> None:
    # Two derivatives that are equal as saved, and differ in digits that Gnumeric keeps to itself.
    source = xlsgd.generate(
        "graddesc", tmp_path / "central.xlsx", data=SIX_POINTS, optimizers=["sgd"],
        epochs=8, learning_rate=1.0, difference="central",
    )  # fmt: skip
    assert passes(xlsgd.verify(gnumeric_convert(source, tmp_path / "saved.xlsx")))
