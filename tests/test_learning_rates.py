"""The lesson learning-rates: rates typed in on one tab, the limits above them, and what verify says
when somebody changes any of it."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

import xlsgd
from tests.builders import Recalculated, default_lesson, experiment_of, small_data, view_of
from tests.loaded import loaded, looked_at
from tests.verify.books import field_cell, header_row, letter_of
from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset, default_data
from xlsgd.lessons import Options, get_plan
from xlsgd.report import Report, SheetReport
from xlsgd.tabs.layouts.rows.curvature import curvature_column
from xlsgd.tabs.view import View

pytestmark = pytest.mark.usefixtures("trained_once")

FEW = Dataset("four points", {"x": (1.0, 4.0, -2.0, 3.0)}, (3.0, 9.5, -3.0, 7.0))


@functools.cache
def small(folder: Path, **options: Any) -> Path:
    """Return the lesson on four points: seven rates, quick to check."""
    return xlsgd.generate("learning-rates", folder / "rates.xlsx", data=FEW, epochs=6, **options)


@pytest.fixture(scope="module")
def rates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small(tmp_path_factory.mktemp("rates"))


def tab(report: Report, name: str) -> SheetReport:
    return next(sheet for sheet in report.sheets if sheet.name == name)


def rate_cells(sheet: Any) -> list[str]:
    """Return the addresses of the seven rates, which stand below keys and words."""
    letter, first = letter_of(sheet, "learning_rate", "experiment"), header_row(sheet, "experiment")
    return [f"{letter}{first + 1 + i}" for i in range(1, 8)]


def edited(path: Path, target: Path, tab: str, changes: dict[str, Any]) -> Path:
    book = loaded(path)
    for cell, value in changes.items():
        book[tab][cell] = value
    book.save(target)
    return target


# As it comes


def test_from_far_too_small_to_exploding() -> None:
    sheet = Recalculated.of(default_lesson("learning-rates"))
    for net in ("one", "two"):
        verdicts = [str(sheet.field(f"{net}-{n}", "verdict")) for n in range(1, 8)]
        assert verdicts[0] == "too slow"
        assert any(v.startswith("converging") for v in verdicts)
        exploded = [v.startswith("exploded") for v in verdicts]
        assert exploded == [False] * 5 + [True] * 2
    # By the chain rule two neurons leave what a cell can hold.
    assert sheet.field("two-7", "not_finite_step") > sheet.field("two-7", "exploded_step") > 0


def test_the_limits_of_the_default_points() -> None:
    book = looked_at(default_lesson("learning-rates"), data_only=True)
    one, two = book["rates-one"], book["rates-two"]
    assert one[field_cell(one, "limit_found")].value == pytest.approx(4.380593e-4, rel=2e-7)
    x = np.array(default_data().inputs["x"])
    rows = np.stack((x, np.ones_like(x)), 1)
    largest = np.linalg.eigvalsh(2 * rows.T @ rows / len(x))[1]
    full = one[field_cell(one, "limit_full_batch")].value
    assert full == pytest.approx(2 / largest, rel=1e-12)
    assert full == pytest.approx(3.974e-4, rel=1e-4)
    # Two neurons: by plain arithmetic, a hundred-thousandth below holds and at it it explodes.
    found = two[field_cell(two, "limit_found")].value
    with pytest.raises(LookupError):
        field_cell(two, "limit_full_batch")
    y = np.array(default_data().y)
    for rate, explodes in ((found * (1 - 1e-5), False), (found, True)):
        a, b, c, d = 1.0, 1.0, 1.0, 1.0
        losses: list[float] = []
        with np.errstate(all="ignore"):
            for _ in range(10):
                losses.clear()
                for xi, yi in zip(x, y, strict=True):
                    inner = a * xi + b
                    error = c * inner + d - yi
                    losses.append(error * error)
                    g = 2 * error
                    a, b, c, d = (
                        a - rate * g * c * xi, b - rate * g * c, c - rate * g * inner, d - rate * g
                    )  # fmt: skip
        assert (not np.mean(losses) <= 1e6) == explodes


def test_every_cell_agrees_with_torch(rates: Path) -> None:
    report = xlsgd.verify(rates)
    assert report.ok, report.first_difference
    assert not report.notes
    unchecked = {sheet.name: sheet.unchecked for sheet in report.sheets if sheet.unchecked}
    assert not unchecked  # neither limits nor rates that look at another tab are passed over


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    "options",
    [{"optimizers": ["momentum"]}, {"batch_size": 4}, {"optimizers": ["adam"]}, {"batch_size": 2}],
    ids=str,
)
def test_other_steps_have_other_limits(tmp_path: Path, options: dict[str, Any]) -> None:
    path = xlsgd.generate("learning-rates", tmp_path / "r.xlsx", data=FEW, epochs=4, **options)
    report = xlsgd.verify(path)
    assert report.ok, report.first_difference
    assert not report.notes
    sheet = openpyxl.load_workbook(path, data_only=True)["rates-one"]
    if options == {"batch_size": 4}:
        both = [sheet[field_cell(sheet, f"limit_{way}")].value for way in ("full_batch", "found")]
        assert both[0] == pytest.approx(both[1], rel=1e-12)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"learning_rate": 0.1}, "--lr: this lesson chooses seven"),
        ({"optimizers": ("sgd", "adam")}, "this lesson takes one"),
        ({"start": "solved"}, "--start solved"),
        ({"init": {"z": 1.0}}, "--init z"),
        ({"batch_size": 30}, "use at most that many"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_the_lesson_does_not_take(options: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        get_plan("learning-rates").build(Options(**options))


# Changed by a learner


def test_a_rate_typed_in_changes_its_tab_on_both_sides(rates: Path, tmp_path: Path) -> None:
    sheet = loaded(rates)["rates-one"]
    cell = rate_cells(sheet)[0]
    path = edited(rates, tmp_path / "edited.xlsx", "rates-one", {cell: 0.9})
    report = xlsgd.verify(path)
    assert report.ok, report.first_difference
    verdict = tab(report, "one-1").verdict
    assert verdict is not None
    assert verdict.sheet.startswith("exploded at step ")
    assert Recalculated.of(path).field("one-1", "learning_rate") == 0.9


def test_a_rate_typed_in_on_the_tab_of_a_run_is_named(rates: Path, tmp_path: Path) -> None:
    """The table of rates would show another one than the run trains at."""
    sheet = loaded(rates)["one-3"]
    cell = field_cell(sheet, "learning_rate")
    report = xlsgd.verify(edited(rates, tmp_path / "e.xlsx", "one-3", {cell: 0.01}))
    first = report.first_difference
    assert first is not None
    assert (first.sheet, first.cell, first.quantity) == ("one-3", cell, "learning_rate")


def test_a_rate_taken_from_another_row_is_named(rates: Path, tmp_path: Path) -> None:
    book = loaded(rates)
    cell = field_cell(book["one-3"], "learning_rate")
    other = book["one-4"][field_cell(book["one-4"], "learning_rate")].value
    report = xlsgd.verify(edited(rates, tmp_path / "e.xlsx", "one-3", {cell: other}))
    first = report.first_difference
    assert first is not None
    assert (first.sheet, first.cell) == ("one-3", cell)


def test_words_in_place_of_a_rate_are_refused(rates: Path, tmp_path: Path) -> None:
    cell = rate_cells(loaded(rates)["rates-one"])[2]
    path = edited(rates, tmp_path / "e.xlsx", "rates-one", {cell: "fast"})
    with pytest.raises(xlsgd.XlsgdError, match="learning_rate"):
        xlsgd.verify(path)


@pytest.mark.parametrize("value", [0.5, "=1/3"])
def test_another_limit_of_the_full_batch_is_named(
    rates: Path, tmp_path: Path, value: float | str
) -> None:
    cell = field_cell(loaded(rates)["rates-one"], "limit_full_batch")
    report = xlsgd.verify(edited(rates, tmp_path / "e.xlsx", "rates-one", {cell: value}))
    first = report.first_difference
    assert first is not None
    assert (first.sheet, first.cell) == ("rates-one", cell)


@pytest.mark.parametrize("name", ["rates-one", "rates-two"])
@pytest.mark.parametrize("value", [0.5, "large"])
def test_a_limit_that_no_longer_holds_is_noted(
    rates: Path, tmp_path: Path, name: str, value: float | str
) -> None:
    cell = field_cell(loaded(rates)[name], "limit_found")
    report = xlsgd.verify(edited(rates, tmp_path / "e.xlsx", name, {cell: value}))
    assert report.ok  # a number beside the runs, not one of theirs
    assert any(f"{name}!{cell} (limit_found)" in note for note in report.notes)


def test_other_points_make_the_numbers_found_stale(rates: Path, tmp_path: Path) -> None:
    path = edited(rates, tmp_path / "e.xlsx", "data", {"A6": 7.0})
    report = xlsgd.verify(path)
    assert report.ok, report.first_difference  # the formula for the full batch has followed
    assert sum("was found when the workbook was written" in note for note in report.notes) >= 1


def test_a_deleted_run_is_no_error(rates: Path, tmp_path: Path) -> None:
    book = loaded(rates)
    del book["two-4"]
    book.save(tmp_path / "e.xlsx")
    report = xlsgd.verify(tmp_path / "e.xlsx")
    assert all(sheet.ok for sheet in report.sheets if sheet.kind == "training")


# Learning rate times curvature of every row


def test_every_row_of_a_linear_model_shows_its_curvature(rates: Path) -> None:
    sheet = Recalculated.of(rates)
    x = np.tile(np.array(FEW.inputs["x"]), 6)
    for n in (1, 5, 7):
        rate = sheet.field(f"one-{n}", "learning_rate")
        shown = sheet.numbers(f"one-{n}", "lr_curvature")
        np.testing.assert_allclose(shown, rate * 2 * (1 + x * x), rtol=1e-12)
        once = shown[:4]
        assert sheet.field(f"one-{n}", "overshooting_rows") == (once > 1).sum()
        assert sheet.field(f"one-{n}", "growing_rows") == (once > 2).sum()
    assert sheet.field("one-7", "growing_rows") > 0


def test_a_step_above_2_leaves_its_own_error_larger() -> None:
    """What the column promises of plain gradient descent, row by row."""
    data = small_data()
    for rate in (0.02, 0.1, 0.3):
        experiment = experiment_of(learning_rate=rate, gradient="backprop", epochs=1)
        sheet = Recalculated.of(_book(experiment, data))
        curvature = sheet.numbers("run", "lr_curvature")
        x, y = np.array(data.inputs["x"]), np.array(data.y)
        before = sheet.numbers("run", "pred") - y
        after = sheet.numbers("run", "new.a") * x + sheet.numbers("run", "new.b") - y
        np.testing.assert_allclose(after, (1 - curvature) * before, rtol=1e-9)


def _book(experiment: Any, data: Dataset) -> Any:
    from tests.builders import bare_book

    return bare_book(experiment, data=data)


def test_where_there_is_no_such_column() -> None:
    assert curvature_column(view_of()) is not None
    for other in (
        experiment_of(batch_size=2),
        experiment_of("Linear(1, 1), Linear(1, 1)"),
        experiment_of("Linear(1, 1), ReLU"),
    ):
        assert curvature_column(View(other)) is None


def test_rows_that_overshoot_are_marked() -> None:
    sheet = looked_at(default_lesson("graddesc"))["sgd"]
    letter = letter_of(sheet, "lr_curvature", "step", "loss")
    rules = [
        rule
        for spans in sheet.conditional_formatting
        if str(spans.sqref).startswith(letter)
        for rule in spans.rules
    ]
    formulas = [rule.formula[0] for rule in rules]
    red = next(r for r in rules if r.formula[0].endswith(">2"))
    yellow = next(r for r in rules if r.formula[0].endswith(">1"))
    assert formulas.index(red.formula[0]) < formulas.index(yellow.formula[0])
    assert red.dxf.fill.bgColor.rgb != yellow.dxf.fill.bgColor.rgb
