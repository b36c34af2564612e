"""Rules that look at a function itself, and noise: in the sheet, in torch, and by a plain loop."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import xlsgd
from tests.verify.books import header_row, steps_rows
from xlsgd.base.errors import SpecError
from xlsgd.sweeping import sweep

TEXT = "(x^2-4)^2/8+x/2+1.25"


def f(x: float) -> float:
    return (x * x - 4) ** 2 / 8 + x / 2 + 1.25


def slope(x: float) -> float:
    return x * (x * x - 4) / 2 + 0.5


def draws(seed: int, count: int) -> list[float]:
    """Park and Miller's numbers, between 0 and 1."""
    found, number = [], 742938285 * seed % 2147483647
    for _ in range(count):
        found.append(number / 2147483647)
        number = 16807 * number % 2147483647
    return found


def column(path: Path, quantity: str) -> list[float]:
    import openpyxl

    tab = openpyxl.load_workbook(path, data_only=True).worksheets[1]
    header = tab[header_row(tab, "step", "loss")]
    (number, *_) = [cell.column for cell in header if cell.value == quantity]
    return [tab.cell(row, number).value for row in steps_rows(tab)]


def made(tmp_path: Path, optimizer: str, text: str = TEXT, **options: object) -> Path:
    options = {"epochs": 12, "init": {"x": 3.0}, "gradient": "backprop", **options}
    path = xlsgd.generate(text, tmp_path / "book.xlsx", optimizers=(optimizer,), **options)
    report = xlsgd.verify(path)
    assert report.ok, report.first_difference
    assert not any(sheet.unchecked for sheet in report.sheets)
    return path


def test_annealing_is_metropolis_rule(tmp_path: Path) -> None:
    hyper = {"temperature": 0.8, "cooling": 0.9, "jump_seed": 5.0}
    path = made(tmp_path, "annealing", learning_rate=1.5, hyper=hyper)
    x, numbers, way = 3.0, draws(5, 24), []
    for step in range(12):
        trial = x + 1.5 * (2 * numbers[2 * step] - 1)
        rise, heat = f(trial) - f(x), 0.8 * 0.9**step
        if rise <= 0 or numbers[2 * step + 1] < math.exp(-rise / heat):
            x = trial
        way.append(x)
    assert column(path, "new.x") == pytest.approx(way, rel=1e-12)
    accepted = column(path, "accepted")
    assert 0 < sum(accepted) < 12
    chances = column(path, "chance")
    assert any(0 < chance < 1 for chance in chances)


def test_newton_is_at_the_bottom_of_a_parabola_after_one_step(tmp_path: Path) -> None:
    path = made(tmp_path, "newton", "7*(x-2)^2+3", learning_rate=1.0, epochs=2)
    assert column(path, "new.x") == [2.0, 2.0]
    assert column(path, "bend.x") == [14.0, 14.0]


def test_newton_goes_uphill_where_the_curve_bends_down(tmp_path: Path) -> None:
    path = made(tmp_path, "newton", learning_rate=0.5, epochs=3, init={"x": 0.5})
    bend = 1.5 * 0.25 - 2
    assert column(path, "bend.x")[0] == pytest.approx(bend)
    assert column(path, "new.x")[0] == pytest.approx(0.5 - 0.5 * slope(0.5) / bend)
    losses = column(path, "loss")
    assert losses[1] > losses[0]


def test_noise_is_drawn_from_its_seed(tmp_path: Path) -> None:
    hyper = {"slope_noise": 4.0, "noise_seed": 2.0}
    path = made(tmp_path, "sgd", learning_rate=0.05, hyper=hyper)
    x, way = 3.0, []
    for number in draws(2, 12):
        x -= 0.05 * (slope(x) + 4 * (2 * number - 1))
        way.append(x)
    assert column(path, "new.x") == pytest.approx(way, rel=1e-12)


def test_normalised_steps_of_two_weights_are_of_one_length(tmp_path: Path) -> None:
    path = made(
        tmp_path, "sgd", "(x^2+y^2-4)^2/8+x/2", hyper={"slope_length": 1.0}, epochs=4,
        learning_rate=0.25, init={"x": 3.0, "y": 1.0},
    )  # fmt: skip
    moves = [
        [b - a for a, b in zip(column(path, f"param.{p}"), column(path, f"new.{p}"), strict=False)]
        for p in ("x", "y")
    ]
    assert [math.hypot(*both) for both in zip(*moves, strict=False)] == pytest.approx([0.25] * 4)


@pytest.mark.parametrize("optimizer", ["newton", "annealing"])
def test_a_net_with_data_is_refused_in_a_line(tmp_path: Path, optimizer: str) -> None:
    with pytest.raises(SpecError, match="looks at a function itself"):
        xlsgd.generate("graddesc", tmp_path / "no.xlsx", optimizers=(optimizer,))


@pytest.mark.parametrize(
    ("options", "y"),
    [
        ({"optimizer": "annealing", "learning_rate": 1.5}, "jump_seed=1:3:3:lin"),
        ({"optimizer": "newton", "learning_rate": 0.5}, "learning_rate=0.2:1:3:lin"),
        ({"hyper": {"slope_noise": 5.0}, "learning_rate": 0.05}, "noise_seed=1:3:3:lin"),
    ],
)
def test_a_sweep_trains_what_the_tab_trains(options: dict[str, object], y: str) -> None:
    from xlsgd.sweeping import check_sweep

    found = sweep(TEXT, "init.x=-3:3:4", y, epochs=15, gradient="backprop", **options)
    checked = check_sweep(found, 2, 0)
    assert checked
    assert all(one.agree for one in checked)
