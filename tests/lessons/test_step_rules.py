"""The lesson ``step-rules``: where each rule lands, by hand, and the numbers in its words."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.lessons.reading import column, looked_at
from xlsgd import generate, verify
from xlsgd.base.errors import SpecError
from xlsgd.lessons import Options, get_plan


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate("step-rules", tmp_path_factory.mktemp("rules") / "rules.xlsx")


def test_it_verifies_whole(book: Path) -> None:
    report = verify(book)
    assert report.ok, report.first_difference
    assert not any(sheet.unchecked for sheet in report.sheets)


def test_a_proportional_step_stops_by_itself(book: Path) -> None:
    for land, bend in (("steep", 4.0), ("gentle", 0.4)):
        wanted = [2.5 * (1 - 0.3 * bend) ** (i + 1) for i in range(16)]
        assert column(book, f"{land}-slope", "new.x") == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("land", ["steep", "gentle", "dip"])
@pytest.mark.parametrize("rule", ["sign", "unit"])
def test_a_step_of_one_length_does_not(book: Path, land: str, rule: str) -> None:
    wanted = [2.2, 1.9, 1.6, 1.3, 1.0, 0.7, 0.4, 0.1, *[-0.2, 0.1] * 4]
    assert column(book, f"{land}-{rule}", "new.x") == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("land", ["steep", "gentle", "bowl"])
def test_newton_lands_at_the_bottom_of_a_parabola_at_once(book: Path, land: str) -> None:
    assert column(book, f"{land}-newton", "new.x") == pytest.approx([0.0] * 16, abs=1e-15)


def test_where_it_is_flat_slopes_hardly_move_and_newton_walks_uphill(book: Path) -> None:
    slow, away = 2.5, 2.5
    for _ in range(16):
        slow -= 0.3 * slow * math.exp(-slow * slow / 2)
        # x·e^(−x²/2), and (1 − x²)·e^(−x²/2): their ratio is x / (1 − x²).
        away -= away / (1 - away * away)
    assert column(book, "dip-slope", "new.x")[-1] == pytest.approx(slow, rel=1e-12)
    assert column(book, "dip-newton", "new.x")[-1] == pytest.approx(away, rel=1e-9)
    losses = column(book, "dip-newton", "loss")
    assert losses == sorted(losses)


def test_in_a_bowl_unit_steps_are_one_rate_long_and_signs_are_not(book: Path) -> None:
    moved = {}
    for rule in ("sign", "unit"):
        steps = [
            [new - old for old, new in zip(*way, strict=True)]
            for way in (
                (
                    column(book, f"bowl-{rule}", f"param.{p}"),
                    column(book, f"bowl-{rule}", f"new.{p}"),
                )
                for p in "xy"
            )
        ]
        moved[rule] = [math.hypot(*both) for both in zip(*steps, strict=True)]
    assert moved["unit"] == pytest.approx([0.3] * 16)
    assert moved["sign"] == pytest.approx([0.3 * math.sqrt(2)] * 16)


def test_the_first_tab_shows_what_its_words_say(book: Path) -> None:
    slope, sign, newton, slow, away = looked_at(book)
    assert slope == pytest.approx(2.5 * 0.2**16)
    assert sign == pytest.approx(0.1)
    assert newton == 0
    assert 1.3 < slow < 2.5 < 6 < away  # type: ignore[operator]


def test_other_rules_are_refused() -> None:
    with pytest.raises(SpecError, match="--optimizer adam: this lesson compares rules"):
        get_plan("step-rules").build(Options(optimizers=("adam",)))
