"""Inputs so large that their products are no numbers any more: sheet and torch lose them alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import xlsgd
from tests.verify.books import Workbook, edited, field_cell, passes

Make = Callable[..., Path]


@pytest.mark.parametrize("rate", [1e200, 8e307, 1e308])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_rate_near_the_largest_number(
    make: Make, target: Path, rate: float, optimizer: str
) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook[optimizer]
        sheet[field_cell(sheet, "learning_rate")] = rate

    assert passes(xlsgd.verify(edited(make(optimizer), target, edit)))


@pytest.mark.parametrize("x", [1e150, 1e154, 1.3e154, -1e154, 1e155])
def test_an_x_whose_square_is_near_the_largest_number(make: Make, target: Path, x: float) -> None:
    # Twice the square is no number, and a small learning rate times that is one.
    def edit(workbook: Workbook) -> None:
        workbook["data"]["A8"] = x

    assert passes(xlsgd.verify(edited(make("sgd"), target, edit)))
