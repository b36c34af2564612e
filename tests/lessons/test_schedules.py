"""The lesson schedules: every rate by a formula written here, and what becomes of the loss."""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, pi
from pathlib import Path
from typing import Any

import pytest
import torch
from openpyxl import load_workbook

import xlsgd
from xlsgd.base.errors import SpecError

EPOCHS, ROWS, RATE = 3, 12, 0.1
STEPS = EPOCHS * ROWS


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("schedules") / "schedules.xlsx"
    return xlsgd.generate("schedules", where, epochs=EPOCHS)


@pytest.fixture(scope="module")
def tabs(path: Path) -> Mapping[str, Mapping[str, list[Any]]]:
    """Columns as the file stores them, by tab and quantity."""
    book = load_workbook(path, data_only=True)
    found = {}
    for name in book.sheetnames[2:-1]:
        sheet = book[name]
        headers = [cell.value for cell in sheet[15]]
        rows = list(sheet.iter_rows(min_row=17, max_row=16 + STEPS, values_only=True))
        found[name] = {h: [row[i] for row in rows] for i, h in enumerate(headers) if h}
    return found


def half_wave(begin: float, end: float, share: float) -> float:
    return begin + (end - begin) * (1 - cos(pi * share)) / 2


def test_every_cell_agrees(path: Path) -> None:
    report = xlsgd.verify(path)
    assert report.ok
    assert not any(sheet.unchecked for sheet in report.sheets)


def test_the_rates_are_those_of_closed_forms(tabs: Mapping[str, Any]) -> None:
    gamma = round(0.02 ** (1 / STEPS), 4)
    up, down = 0.25 * (STEPS - 1), 0.75 * STEPS
    expected = {
        "constant": lambda n: RATE,
        "step": lambda n: RATE * 0.5 ** (n // (STEPS // 5)),
        "exponential": lambda n: RATE * gamma**n,
        "cosine": lambda n: RATE * (1 + cos(pi * n / STEPS)) / 2,
    }
    assert up < down
    for name, rate in expected.items():
        assert tabs[name]["rate"] == pytest.approx([rate(n) for n in range(STEPS)], rel=1e-12)


def test_one_cycle_is_that_of_torch(tabs: Mapping[str, Any]) -> None:
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.1)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, RATE, total_steps=STEPS, cycle_momentum=False
    )
    rates = []
    for _ in range(STEPS):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if len(rates) < STEPS:
            scheduler.step()
    assert tabs["one-cycle"]["rate"] == pytest.approx(rates, rel=1e-12)


def test_fastais_annealers_go_along_their_cosines(tabs: Mapping[str, Any]) -> None:
    flat, combined = tabs["flat-cos"]["rate"], tabs["combined-cos"]["rate"]
    assert flat[: STEPS // 2] == [RATE] * (STEPS // 2)
    for n, rate in enumerate(flat):
        share = n / STEPS
        if share >= 0.75:
            assert rate == pytest.approx(half_wave(RATE, RATE / 1e5, (share - 0.75) / 0.25))
    assert combined[0] == pytest.approx(RATE / 25)
    top = combined.index(max(combined))
    assert combined[:top] == sorted(combined[:top])
    assert combined[top:] == sorted(combined[top:], reverse=True)


def test_plateau_halves_after_an_epoch_that_was_no_better(tabs: Mapping[str, Any]) -> None:
    rates, losses = tabs["plateau"]["rate"], tabs["plateau"]["loss"]
    rate, best = RATE, float("inf")
    for epoch in range(EPOCHS):
        rows = slice(epoch * ROWS, (epoch + 1) * ROWS)
        assert rates[rows] == pytest.approx([rate] * ROWS)
        mean = sum(losses[rows]) / ROWS
        rate *= 1 if mean < best * (1 - 1e-4) else 0.5
        best = min(best, mean)


def test_the_weights_are_those_of_a_plain_loop(tabs: Mapping[str, Any]) -> None:
    for name in ("constant", "cosine"):
        tab, a, b = tabs[name], -1.0, -1.0
        for i in range(STEPS):
            error = a * tab["x"][i] + b - tab["y"][i]
            rate = RATE if name == "constant" else RATE * (1 + cos(pi * i / STEPS)) / 2
            a, b = a - rate * 2 * error * tab["x"][i], b - rate * 2 * error
        assert (tab["new.a"][-1], tab["new.b"][-1]) == pytest.approx((a, b), rel=1e-9)


def test_compare_draws_the_rates(path: Path) -> None:
    losses, rates = load_workbook(path)["compare"]._charts
    assert len(rates.series) == 8
    first = rates.series[0]
    assert first.yVal.numRef.f.startswith("'constant'!$")
    assert first.xVal.numRef.f == f"'constant'!$A$17:$A${16 + STEPS}"
    assert len(losses.series) == 8


def test_where_no_rate_moves_there_is_one_chart(tmp_path: Path) -> None:
    path = xlsgd.generate("graddesc", tmp_path / "g.xlsx", optimizers=("sgd",), epochs=1)
    assert len(load_workbook(path)["compare"]._charts) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [({"schedule": "step"}, "compares schedules"), ({"optimizers": ("sgd", "adam")}, "takes one")],
)
def test_what_it_cannot_do_is_said(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        xlsgd.generate("schedules", tmp_path / "s.xlsx", **options)


def test_a_constant_rate_ends_with_the_highest_loss(tmp_path: Path) -> None:
    path = xlsgd.generate("schedules", tmp_path / "s.xlsx")
    cells = list(load_workbook(path, data_only=True)["compare"].values)
    keys = next(row for row in cells if "last_loss" in row)
    name, loss = keys.index("experiment"), keys.index("last_loss")
    below = cells[cells.index(keys) + 2 :]
    rows = {row[name]: row[loss] for row in below[:8]}
    assert max(rows, key=rows.__getitem__) == "constant"
    assert rows["cosine"] < 0.8 * rows["constant"]
