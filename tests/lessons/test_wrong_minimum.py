"""The lesson ``wrong-minimum``: its runs by plain loops, its words, and its counts anew."""

from __future__ import annotations

import math
import re
import shlex
from pathlib import Path

import pytest

from tests.lessons.reading import column
from xlsgd import generate, verify
from xlsgd.base.errors import SpecError
from xlsgd.lessons import Options, get_plan
from xlsgd.sweeping import sweep
from xlsgd.tabs.counts.plan import Count
from xlsgd.tabs.lesson.plan import Lesson


def f(x: float, y: float = 0.0) -> float:
    return (x * x + y * y - 4) ** 2 / 8 + x / 2 + 1.25


def slope(x: float, y: float = 0.0) -> float:
    return x * (x * x + y * y - 4) / 2 + 0.5


def draws(seed: int, count: int) -> list[float]:
    found, number = [], 742938285 * seed % 2147483647
    for _ in range(count):
        found.append(number / 2147483647)
        number = 16807 * number % 2147483647
    return found


def root(low: float, high: float) -> float:
    """Where the slope is 0 between two places."""
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) * slope(low) > 0 else (low, middle)
    return low


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate("wrong-minimum", tmp_path_factory.mktemp("wrong") / "wrong.xlsx")


@pytest.fixture(scope="module")
def lesson() -> Lesson:
    return get_plan("wrong-minimum").build(Options())


def shown(book: Path, tab: str) -> list[float]:
    return column(book, tab, "new.x")


def test_it_verifies_whole(book: Path) -> None:
    report = verify(book)
    assert report.ok, report.first_difference
    assert not any(sheet.unchecked for sheet in report.sheets)


def test_runs_are_those_of_plain_loops(book: Path) -> None:
    x = 3.0
    for _ in range(60):
        x -= 0.05 * slope(x)
    assert shown(book, "wrong")[-1] == pytest.approx(x, rel=1e-12)
    assert x == pytest.approx(root(1, 3), abs=1e-3)
    x, v = 3.0, 0.0
    for _ in range(60):
        v = 0.9 * v + slope(x)
        x -= 0.05 * v
    assert shown(book, "momentum")[-1] == pytest.approx(x, rel=1e-11)
    x, y = 3.0, 0.1
    for _ in range(90):
        x, y = x - 0.2 * slope(x, y), y - 0.2 * y * (x * x + y * y - 4) / 2
    assert shown(book, "round")[-1] == pytest.approx(x, rel=1e-9)
    x = 3.0
    for number in draws(4, 60):
        x -= 0.05 * (slope(x) + 12 * (2 * number - 1))
    assert shown(book, "noise")[-1] == pytest.approx(x, rel=1e-11)
    x, numbers = 3.0, draws(4, 120)
    for step in range(60):
        trial = x + 1.5 * (2 * numbers[2 * step] - 1)
        if numbers[2 * step + 1] < math.exp(min(0.0, -(f(trial) - f(x)) / 0.93**step)):
            x = trial
    assert shown(book, "annealing")[-1] == pytest.approx(x, rel=1e-12)
    for tab in ("momentum", "noise", "annealing", "round"):
        assert shown(book, tab)[-1] < root(-1, 1)


def test_numbers_in_words(lesson: Lesson) -> None:
    words = [answer.words for answer in lesson.answered]
    assert f"x = {root(1, 3):.3f}" in words[0]
    assert f(root(1, 3)) > 2.0 > f(root(-3, -1))
    by_words = {count.what: count.reached for count in lesson.counts[0].rows}
    said = [
        (1, "momentum, from the wrong valley"),
        (2, "noise 12, from the wrong valley"),
        (2, "noise 12, from the right valley"),
        (3, "annealing, from the wrong valley"),
        (3, "annealing, from the right valley"),
    ]
    for number, what in said:
        assert re.search(rf"\b{by_words[what]}\b", words[number]), what
    assert by_words["plain, from the wrong valley"] == 0
    assert by_words["a second weight, from the wrong valley"] == 1000


def recounted(count: Count) -> tuple[int, int | None]:
    """What the command of a count says, its options read as they stand there."""
    _, _, name, *words = shlex.split(count.command)
    asked = dict(zip(words[::2], words[1::2], strict=True))
    hyper = dict([asked["--hyper"].split("=")]) if "--hyper" in asked else {}
    found = sweep(
        name,
        asked["--x"],
        asked.get("--y"),
        tab=asked["--tab"],
        reach=float(asked["--reach"]),
        hyper={key: float(value) for key, value in hyper.items()},
    )
    assert found.runs == count.runs
    return found.reached


@pytest.mark.parametrize("number", [0, 2, 6, 7, 10, 12])
def test_counts_are_what_their_commands_count(lesson: Lesson, number: int) -> None:
    count = lesson.counts[0].rows[number]
    assert recounted(count) == (count.reached, count.median_epoch)


def test_of_forty_seeds_seven_get_out_by_noise() -> None:
    out = []
    for seed in range(1, 41):
        x = 3.0
        for number in draws(seed, 60):
            x -= 0.05 * (slope(x) + 12 * (2 * number - 1))
        out += [seed] if x < root(-1, 1) else []
    assert out == [4, 12, 17, 24, 25, 26, 31]


@pytest.mark.parametrize("options", [{"optimizers": ("adam",)}, {"loss": "huber"}])
def test_other_rules_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(SpecError, match="compares rules of its own"):
        get_plan("wrong-minimum").build(Options(**options))  # type: ignore[arg-type]


def test_a_seed_is_that_of_noise_and_jumps(lesson: Lesson) -> None:
    other = get_plan("wrong-minimum").build(Options(seed=9))
    assert other.experiment("noise").hyper["noise_seed"] == 9
    assert other.experiment("annealing").hyper["jump_seed"] == 9
    assert lesson.experiment("noise").hyper["noise_seed"] == 4
