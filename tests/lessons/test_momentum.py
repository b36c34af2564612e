"""The lesson ``momentum``: averages by closed forms and plain loops, and what words say of them."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tests.lessons.reading import column, field, looked_at
from tests.verify.books import field_cell
from xlsgd import generate, verify
from xlsgd.base.errors import SpecError
from xlsgd.lessons import Options, get_plan


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("momentum") / "momentum.xlsx"
    return generate("momentum", path, points=9, epochs=2)


def of_averages(book: Path, tab: str, quantity: str) -> list[float]:
    return column(book, tab, quantity, "dampened", "classic")


def test_it_verifies_whole(book: Path) -> None:
    report = verify(book)
    assert report.ok, report.first_difference
    assert not any(sheet.unchecked for sheet in report.sheets)


def test_a_wave_is_smaller_and_late_by_the_closed_form(book: Path) -> None:
    left = 1 - 0.9 * cmath.exp(-0.1j)
    assert field(book, "wave", "gain") == pytest.approx(0.1 / abs(left), rel=1e-12)
    assert field(book, "wave", "lag") == pytest.approx(cmath.phase(left), rel=1e-12)
    assert field(book, "wave", "lag_in_steps") == pytest.approx(cmath.phase(left) / 0.1, rel=1e-12)
    # What is left of the start after 120 rows: 0.9^120 = 3e-6.
    assert field(book, "wave", "gain_measured") == pytest.approx(0.1 / abs(left), rel=1e-5)
    assert field(book, "wave", "lag_measured") == pytest.approx(cmath.phase(left), rel=1e-5)


@pytest.mark.parametrize(
    ("tab", "slope", "rows"),
    [
        ("wave", lambda step: math.sin(0.1 * step), 240),
        ("slopes", lambda step: 1.0 if step <= 50 else 0.5, 100),
    ],
)
def test_averages_are_those_of_a_plain_loop(
    book: Path, tab: str, slope: Callable[[int], float], rows: int
) -> None:
    for name, weight in (("dampened", 1 - 0.9), ("classic", 1.0)):
        v, wanted = 0.0, []
        for step in range(1, rows + 1):
            v = 0.9 * v + weight * slope(step)
            wanted.append(v)
        assert of_averages(book, tab, name) == pytest.approx(wanted, rel=1e-12, abs=1e-14)


def test_slopes_of_one_then_a_half(book: Path) -> None:
    assert field(book, "slopes", "highest") == pytest.approx(1 - 0.9**50)
    assert field(book, "slopes", "highest") < 1
    lowest = 0.5 + (0.5 - 0.9**50) * 0.9**50
    assert field(book, "slopes", "lowest_since") == pytest.approx(lowest)
    assert field(book, "slopes", "lowest_since") > 0.5
    assert field(book, "slopes", "highest_classic") == pytest.approx(10 * (1 - 0.9**50))
    assert of_averages(book, "slopes", "classic")[:2] == pytest.approx([1, 1.9])
    assert of_averages(book, "slopes", "dampened")[:2] == pytest.approx([0.1, 0.19])


def test_classic_at_a_tenth_of_the_rate_is_dampened(book: Path) -> None:
    for p in "ab":
        classic, dampened = (column(book, tab, f"new.{p}") for tab in ("classic", "dampened"))
        assert len(classic) == 18
        assert classic == pytest.approx(dampened, rel=1e-12)


def test_torch_takes_the_first_slope_whole(book: Path) -> None:
    first = {tab: column(book, tab, "velocity.a")[0] for tab in ("classic", "dampened", "torch")}
    assert first["torch"] == first["classic"] == pytest.approx(10 * first["dampened"])


@pytest.mark.parametrize("tab", ["two", "relu", "silent"])
def test_the_derivative_of_d_is_that_of_the_loss(book: Path, tab: str) -> None:
    pred, y, slope = (column(book, tab, name) for name in ("pred", "y", "grad.d"))
    assert slope == pytest.approx([2 * (p - t) for p, t in zip(pred, y, strict=True)])
    others = [value for p in "abc" for value in column(book, tab, f"grad.{p}")]
    assert any(others) != (tab == "silent")


def test_with_a_relu_that_lets_all_through_nothing_changes(book: Path) -> None:
    for p in "abcd":
        assert column(book, "relu", f"new.{p}") == column(book, "two", f"new.{p}")


def test_the_first_tab_shows_what_its_words_say(book: Path) -> None:
    words = [answer.words for answer in get_plan("momentum").build(Options()).answered]
    left = 1 - 0.9 * cmath.exp(-0.1j)
    assert f"{0.1 / abs(left):.4f} times as high" in words[0]
    assert f"{cmath.phase(left) / 0.1:.2f} rows late" in words[0]
    gain, highest, classic, second, slope = looked_at(book)
    assert gain == pytest.approx(0.1 / abs(left), rel=1e-5)
    assert (highest, classic) == pytest.approx((1 - 0.9**50, 10 * (1 - 0.9**50)))
    assert second == 1.9
    assert slope != 0


def test_cells_that_say_something_else_are_found(book: Path, tmp_path: Path) -> None:
    work, wrong = openpyxl.load_workbook(book), set()
    for tab, key, value in (
        ("wave", "gain", "=0.7"),
        ("wave", "lag_measured", 0.7),
        ("slopes", "highest", "=MAX(1,2)"),
    ):
        beside = work[tab][field_cell(work[tab], key)]
        beside.value = value
        wrong.add((tab, beside.coordinate))
    work.save(tmp_path / "changed.xlsx")
    found = {
        (sheet.name, difference.cell)
        for sheet in verify(tmp_path / "changed.xlsx").sheets
        for difference in sheet.differences
    }
    assert wrong <= found
    assert {tab for tab, _ in found} <= {"wave", "slopes", "lesson"}


def test_an_input_changed_changes_both_sides(book: Path, tmp_path: Path) -> None:
    work = openpyxl.load_workbook(book)
    for key, value in (("omega", 0.7), ("share", 0.5), ("settled", 60)):
        work["wave"][field_cell(work["wave"], key)] = value
    work.save(tmp_path / "changed.xlsx")
    assert verify(tmp_path / "changed.xlsx").ok


def test_other_rules_are_refused() -> None:
    with pytest.raises(SpecError, match="--loss huber: this lesson compares rules"):
        get_plan("momentum").build(Options(loss="huber"))
