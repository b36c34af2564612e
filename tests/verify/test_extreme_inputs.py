"""Inputs so large that their products are no numbers any more: sheet and torch lose them alike."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xlsgd
from tests.builders import experiment_of, small_data, view_of, write_experiments
from tests.verify.books import Workbook, edited, field_cell, passes
from xlsgd.tabs.matrix.torch_values import values as matrix_values
from xlsgd.training.transforms import get_transforms

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


HUGE = "Linear(1, 2), ReLU, Linear(2, 1)"


@pytest.mark.parametrize(
    ("layout", "optimizer", "weights", "options"),
    [
        # A derivative whose square is no number: torch divides by infinity and stands still.
        ("rows", "adam", {"c1": 1e100, "c2": 1e100}, {}),
        ("blocks", "rmsprop", {"c1": 1e100, "c2": 1e100}, {}),
        # Of a product only the sign counts, and of infinity torch has one.
        ("rows", "rprop", {"a1": 1e100, "b1": 1e100}, {}),
        # A unit without a number: its derivative is 0 in torch, and no number in a sheet.
        ("blocks", "adam", {"a1": 1e300, "a2": -1e300, "b1": 1e300}, {}),
        ("blocks", "adam", {}, {"learning_rate": 1e300}),
        # What is no number cannot be cut off.
        ("rows", "sgd", {"a1": 1e200, "c1": 1e200}, {"transforms": "clip-value"}),
    ],
)
def test_infinity_is_a_number_in_torch_alone(
    target: Path, layout: str, optimizer: str, weights: dict[str, float], options: dict[str, Any]
) -> None:
    given: dict[str, Any] = {**options}
    if "transforms" in given:
        given["transforms"] = get_transforms(given["transforms"])
    usual = view_of(HUGE, optimizer, layout=layout, epochs=2, batch_size=2, **given)
    start = {**usual.experiment.start, **weights}
    view = view_of(HUGE, optimizer, layout=layout, epochs=2, batch_size=2, start=start, **given)
    report = xlsgd.verify(write_experiments(target, view))
    assert passes(report), list(report.differences())[:3]
    (verdict,) = (sheet.verdict for sheet in report.sheets if sheet.verdict)
    assert verdict.kind == "exploded"


@pytest.mark.parametrize("lost", ["a1_1", "a2_2"])
def test_a_product_of_matrices_without_a_number(lost: str) -> None:
    # MMULT of cells of which one is an error is an error in every place.
    experiment = experiment_of("Linear(2, 2, bias=False), ReLU, Sum", data=small_data(3, 2))
    weights = {p: np.array([0.5, 0.5]) for p in experiment.network.parameters}
    found, means = matrix_values(experiment, small_data(3, 2), weights)
    assert np.isfinite(found["xw_1"]).all()
    assert np.isfinite(means).all()
    weights[lost] = np.array([np.inf, 0.5])
    found, means = matrix_values(experiment, small_data(3, 2), weights)
    for name in ("xw_1", "xw_2", "pred", "loss"):
        assert not np.isfinite(found[name][0]).any()
        assert np.isfinite(found[name][1]).all()
    assert list(np.isfinite(means)) == [False, True]
