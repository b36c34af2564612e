"""A parabola through noisy points, and the tab with the loss over one of its weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

import xlsgd
from tests.verify.books import Sheet, edited, field_cell, first_wrong, letter_of, passes, step_cell
from xlsgd.lessons.quadratic import points_on

POINTS, RATE = 5, 0.1
START = {"a": 1.0, "b": -2.0, "c": 1.0}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("quadratic") / "quadratic.xlsx"
    return xlsgd.generate("quadratic", path, points=POINTS, epochs=3)


def columns() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    data = points_on(POINTS, 1.0, 0)
    return np.array(data.inputs["x"]), np.array(data.y)


def descent(epochs: int) -> list[dict[str, float]]:
    """The weights after every epoch, by the rule on paper."""
    x, y = columns()
    weights, found = dict(START), [dict(START)]
    for _ in range(epochs):
        e = weights["a"] * x * x + weights["b"] * x + weights["c"] - y
        slopes = {"a": 2 * e * x * x, "b": 2 * e * x, "c": 2 * e}
        weights = {p: weights[p] - RATE * float(slopes[p].mean()) for p in weights}
        found.append(weights)
    return found


def loss(weights: dict[str, float]) -> float:
    x, y = columns()
    e = weights["a"] * x * x + weights["b"] * x + weights["c"] - y
    return float((e * e).mean())


def values(path: Path, tab: str) -> Sheet:
    return openpyxl.load_workbook(path, data_only=True)[tab]


def test_it_agrees_with_torch(book: Path) -> None:
    report = xlsgd.verify(book)
    assert passes(report)
    assert not any(sheet.unchecked for sheet in report.sheets)


def test_the_points_are_noise_times_a_cell_around_the_curve(book: Path) -> None:
    x, y = columns()
    sheet = values(book, "data")
    found = [cell.value for cell in sheet[letter_of(sheet, "y", "x", "curve")]]
    assert [v for v in found if isinstance(v, float)] == pytest.approx(y.tolist())
    random = np.random.default_rng(0).standard_normal(POINTS).round(2)
    assert y == pytest.approx(3 * x * x + 2 * x + 1 + random)


def test_all_points_make_one_step(book: Path) -> None:
    sheet = values(book, "fit")
    for epoch, weights in enumerate(descent(3)[1:], 1):
        for p, expected in weights.items():
            cell = step_cell(sheet, f"new.{p}", epoch * POINTS - 1)
            assert sheet[cell].value == pytest.approx(expected, rel=1e-12)


def test_the_gradient_is_the_slope_of_the_tangent(book: Path) -> None:
    """The mean of 2·e·x, the slope of the curve over b, and the step that follows from it."""
    x, y = columns()
    e = x * x - 2 * x + 1 - y
    slope = float((2 * e * x).mean())
    sheet = values(book, "slice")
    shown = {k: sheet[field_cell(sheet, k)].value for k in ("slope", "step_to", "loss_here")}
    assert shown["slope"] == pytest.approx(slope, rel=1e-9)
    assert shown["step_to"] == pytest.approx(-2 - RATE * slope, rel=1e-9)
    assert shown["loss_here"] == pytest.approx(loss(START), rel=1e-12)
    fit = values(book, "fit")
    assert fit[step_cell(fit, "grad_mean.b", POINTS - 1)].value == pytest.approx(slope, rel=1e-12)


@pytest.mark.parametrize(("weight", "epoch"), [("a", 2), ("c", 3)])
def test_another_weight_and_another_epoch(
    book: Path, tmp_path: Path, weight: str, epoch: int
) -> None:
    def chosen(workbook: Any) -> None:
        sheet = workbook["slice"]
        sheet[field_cell(sheet, "weight")] = weight
        sheet[field_cell(sheet, "after_epoch")] = epoch

    report = xlsgd.verify(edited(book, tmp_path / "chosen.xlsx", chosen))
    assert passes(report)
    (tab,) = (sheet for sheet in report.sheets if sheet.name == "slice")
    shown = {key: value for _, key, _, value, *_ in tab.fields}
    weights = descent(epoch)[epoch]
    assert shown["here"] == pytest.approx(weights[weight], rel=1e-9)
    assert shown["loss_here"] == pytest.approx(loss(weights), rel=1e-9)
    there = {**weights, weight: shown["step_to"]}
    assert shown["loss_there"] == pytest.approx(loss(there), rel=1e-9)


@pytest.mark.parametrize("key", ["slope", "step_to", "now.a", "loss_here"])
def test_another_formula_is_named(book: Path, tmp_path: Path, key: str) -> None:
    def edit(workbook: Any) -> None:
        sheet = workbook["slice"]
        cell = sheet[field_cell(sheet, key)]
        cell.value = f"{cell.value}+0.001"

    report = xlsgd.verify(edited(book, tmp_path / "wrong.xlsx", edit))
    sheet = openpyxl.load_workbook(book)["slice"]
    assert first_wrong(report) == f"slice!{field_cell(sheet, key)}"


def test_rows_inserted_and_tabs_renamed(
    book: Path, tmp_path: Path, libreoffice_edit: Callable[..., Path]
) -> None:
    edits = [
        ("insert_row", "slice", 6),
        ("insert_column", "slice", 1),
        ("insert_row", "fit", 3),
        ("rename", "slice", "over one"),
    ]
    assert passes(xlsgd.verify(libreoffice_edit(book, tmp_path / "edited.xlsx", edits)))


@pytest.mark.parametrize("net", ["Linear(2, 2), ReLU, Linear(2, 1)", "Linear(2, 1)"])
def test_a_net_of_layers_has_such_a_tab_too(tmp_path: Path, net: str) -> None:
    from dataclasses import replace

    from tests.builders import small_data
    from xlsgd.lessons import Options, get_plan
    from xlsgd.lessons.generation import write_lesson
    from xlsgd.tabs.slice.plan import Slice

    lesson = get_plan(net).build(Options(data=small_data(5, 2), epochs=2))
    (view,) = lesson.views
    first = view.experiment.network.parameters[0]
    write_lesson(replace(lesson, slices=(Slice(view.id, first, 1),)), tmp_path / "net.xlsx")
    report = xlsgd.verify(tmp_path / "net.xlsx")
    assert passes(report)
    assert next(s for s in report.sheets if s.name == "slice").cells_compared > 150


@pytest.mark.parametrize("given", [{"batch_size": 1}, {"optimizers": ("adam",)}, {"points": 2}])
def test_with_options_of_its_own(tmp_path: Path, given: dict[str, Any]) -> None:
    path = xlsgd.generate("quadratic", tmp_path / "o.xlsx", **{"points": 5, "epochs": 2, **given})
    assert passes(xlsgd.verify(path))
