"""Runs that explode, saved by this program or another: every saved number counts, and no program's
last digits are a mistake."""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

import xlsgd
from tests.builders import default_lesson
from tests.verify.books import (
    SIX_POINTS,
    field_cell,
    first_wrong,
    passes,
    patched,
    step_cell,
    stored,
)
from xlsgd.base.cells import CellError, Formula, Grid, Position, WorkbookFile, column_letters
from xlsgd.checks.stored import Place, stands_alone, wrongly_saved
from xlsgd.engines.libreoffice import find_soffice
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
    """Return the formula cells of a tab outside its table of steps."""
    grid = file.book.sheets[tab]
    header, columns = steps_in(grid)
    return [
        (row, column)
        for (row, column), said in grid.items()
        if isinstance(said, Formula) and not (row > header and column in columns)
    ]


def steps_in(grid: Grid) -> tuple[int, dict[int, str]]:
    """Return the header row and the columns of a grid's table of steps, with the headers; 0 and
    none of a tab without."""
    rows = {row for (row, _), text in grid.items() if text == "new.a"}
    if not rows:
        return 0, {}
    (header,) = rows
    columns = {c: str(text) for (row, c), text in grid.items() if row == header}
    # A table beside it ends where nothing stands.
    beside = {"mean_loss", "line_x"}
    stretches: list[dict[int, str]] = []
    for column, text in sorted(columns.items()):
        if column - 1 not in columns:
            stretches.append({})
        stretches[-1][column] = text
    steps = [each for each in stretches if not beside & set(each.values())]
    return header, {column: text for each in steps for column, text in each.items()}


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
    kinds = ("exploded_at", "nonzero.", "derivative_alive", "plot.")
    headers = steps_in(grid)[1].items()
    # A row an epoch, and not a step.
    columns = [c for c, t in headers if t.startswith(kinds) and t != "plot.mean_loss"]
    last = max(row for row, column in values if column == columns[0])
    tried = 0
    for place in [(row, column) for column in columns for row in (last - 9, last)]:
        right = values[place]
        # Weights that left the chart are no number there.
        assert isinstance(right, float) or right == CellError("#N/A")
        values[place] = right + 1 + abs(right) / 2 if isinstance(right, float) else 1.0
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
    # can have had from what is saved beside it: here the step since which a loss is no number, in
    # the last row, at which nothing looks that would be another number then.
    saved = gnumeric_convert(exploding["rates"], tmp_path / "saved.xlsx")
    file = read_workbook(saved)
    ours, tab = recalculated(file), "two-7"
    columns = steps_in(file.book.sheets[tab])[1]
    column = next(column for column, text in columns.items() if text == "not_finite_at")
    row = max(row for row, c in file.stored[tab] if c == column)
    cell, number = f"{column_letters(column)}{row}", ours[tab, (row, column)]
    assert 0 < number < float(str(file.stored[tab][row, column]))
    edited = patched(saved, tmp_path / "edited.xlsx", tab, cell, stored(repr(number)))
    report = xlsgd.verify(edited)
    assert [(d.sheet, d.cell, d.check) for d in report.differences()] == [(tab, cell, "stored")]
    first = report.first_difference
    assert first is not None
    assert first.torch_value == file.stored[tab][row, column]


def test_every_number_that_only_recalculation_gives(
    exploding: dict[str, Path], tmp_path: Path, libreoffice_saved: Callable[..., Path]
) -> None:
    file = read_workbook(libreoffice_saved(exploding["two neurons"], "xlsx", tmp_path))
    # A count that stands by itself may be one that LibreOffice kept, see below.
    ours = recalculated(file)
    other, *rest = (place for place in ours if not stands_alone(file, place))
    missed = []
    for tab, place in random.Random(1).sample(rest, 20):
        was = file.stored[tab][place]
        file.stored[tab][place] = ours[tab, place]
        found = wrongly_saved(file, [other], TOLERANCES["stored"], agreeing=[(tab, place)])
        if (tab, place) not in found:
            missed.append(f"{tab}!{column_letters(place[1])}{place[0]}")
        file.stored[tab][place] = was
    assert missed == []


@pytest.mark.wide  # lessons as they come: in small ones nothing froze twice
@pytest.mark.parametrize("name", ["learning-rates", "schedules"])
def test_what_libreoffice_kept_beside_what_it_calculated(tmp_path: Path, name: str) -> None:
    # Opened and saved, and calculated on no command: LibreOffice calculates some columns all the
    # same. It comes to another step in which a derivative froze than the panel keeps saying; or
    # makes a last change of one unit in the last place 0, which the panel still has.
    soffice = find_soffice()
    if soffice is None:
        pytest.skip("LibreOffice is not installed")
    if name == "schedules":
        (tmp_path / "source").mkdir()
        source = xlsgd.generate(name, tmp_path / "source" / f"{name}.xlsx", learning_rate=0.3)
    else:
        source = default_lesson(name)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    subprocess.run(
        [soffice, profile, "--headless", "--convert-to", "xlsx", "--outdir", tmp_path, source],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    report = xlsgd.verify(tmp_path / f"{name}.xlsx")
    assert passes(report)
    assert any("LibreOffice kept it when it opened the file" in note for note in report.notes)


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
    h = field_cell(openpyxl.load_workbook(exploding["two neurons"])["two"], "h")
    fixed = re.sub("([A-Z]+)([0-9]+)", r"\\$\1\\$\2", h)
    frozen = [
        place
        for place, value in file.stored["two"].items()
        if value == 0.0 and re.fullmatch(rf"=\([A-Z]+\d+-[A-Z]+\d+\)/{fixed}",
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
