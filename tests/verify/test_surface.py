"""The tab with the loss over both weights: what it shows, and that verify knows all of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

import xlsgd
from tests.verify.books import (
    EPOCHS,
    SIX_POINTS,
    edited,
    field_cell,
    first_wrong,
    header_row,
    letter_of,
    passes,
)
from xlsgd.base.errors import WorkbookError
from xlsgd.data import Dataset
from xlsgd.xlsx.reader import read_workbook

Make = Callable[..., Path]
Edit = Callable[..., Path]
PLACES = 25
NOISY = Dataset("noisy", {"x": (1.0, 2.0, 4.0, 7.0)}, (3.0, 2.5, 8.0, 11.0))


def map_of(path: Path) -> tuple[Any, Any, Any]:
    """Return the slopes, the intercepts and the losses that a workbook's map shows."""
    sheet = openpyxl.load_workbook(path, data_only=True)["surface"]
    header = header_row(sheet, "loss.1", "height")
    left, height = sheet[f"{letter_of(sheet, 'loss.1')}1"].column, letter_of(sheet, "height")
    above = header_row(sheet, "at.1") + 1
    rows = range(header + 1, header + 1 + PLACES)
    columns = range(left, left + PLACES)
    return (
        np.array([sheet.cell(above, c).value for c in columns]),
        np.array([sheet[f"{height}{r}"].value for r in rows]),
        np.array([[sheet.cell(r, c).value for c in columns] for r in rows]),
    )


def surface_cell(path: Path, quantity: str, place: int = 0) -> str:
    """Return the address of a field, or of a place in a column, of the tab."""
    sheet = openpyxl.load_workbook(path)["surface"]
    row = header_row(sheet, "loss.1", "epochs_done")
    if quantity not in (cell.value for cell in sheet[row]):
        return field_cell(sheet, quantity)
    # Between header and numbers the ways have a row of words.
    below = 1 if quantity == "height" or quantity.startswith("loss.") else 2
    return f"{letter_of(sheet, quantity)}{row + below + place}"


@pytest.mark.parametrize("data", [SIX_POINTS, NOISY], ids=["on a line", "noisy"])
def test_map_shows_the_mean_loss(make: Make, data: Dataset) -> None:
    slopes, intercepts, losses = map_of(make("sgd", data=data))
    x, y = np.array(data.inputs["x"]), np.array(data.y)
    for i, b in enumerate(intercepts):
        for j, a in enumerate(slopes):
            loss = ((a * x + b - y) ** 2).mean()
            assert losses[i, j] == pytest.approx(loss, rel=1e-12, abs=1e-20)
    # Start and least loss are on it, with room around them.
    a, b = np.polyfit(x, y, 1)
    assert slopes[0] < min(1, a) < max(1, a) < slopes[-1]
    assert intercepts[-1] < min(1, b) < max(1, b) < intercepts[0]


def test_lowest_point_is_that_of_least_squares(make: Make) -> None:
    path = make("sgd", data=NOISY)
    sheet = openpyxl.load_workbook(path, data_only=True)["surface"]
    a, b = np.polyfit(NOISY.inputs["x"], NOISY.y, 1)
    assert sheet[field_cell(sheet, "lowest.a")].value == pytest.approx(a)
    assert sheet[field_cell(sheet, "lowest.b")].value == pytest.approx(b)
    left = np.polyval((a, b), NOISY.inputs["x"]) - np.array(NOISY.y)
    assert sheet[field_cell(sheet, "lowest_loss")].value == pytest.approx((left**2).mean())


@pytest.mark.parametrize("batch_size", [1, 4])
def test_ways_go_through_the_ends_of_epochs(make: Make, batch_size: int) -> None:
    path = make("sgd", gradient="backprop", batch_size=batch_size, learning_rate=1e-5)
    sheet = openpyxl.load_workbook(path, data_only=True)["surface"]
    shown = [
        [sheet[surface_cell(path, f"way.{p}.sgd", epoch)].value for p in "ab"]
        for epoch in range(EPOCHS + 1)
    ]
    a = b = 1.0
    points = list(zip(SIX_POINTS.inputs["x"], SIX_POINTS.y, strict=True))
    for epoch in range(EPOCHS + 1):
        assert shown[epoch] == pytest.approx([a, b], rel=1e-12)
        for begin in range(0, len(points), batch_size):
            batch = points[begin : begin + batch_size]
            slopes = [2 * (a * x + b - y) for x, y in batch]
            by_a = sum(s * x for s, (x, _) in zip(slopes, batch, strict=True)) / len(batch)
            a, b = a - 1e-5 * by_a, b - 1e-5 * sum(slopes) / len(batch)


def test_every_cell_of_it_is_compared(small: Path) -> None:
    report = xlsgd.verify(small)
    assert passes(report)
    (tab,) = (sheet for sheet in report.sheets if sheet.name == "surface")
    formulas = [
        c for c in read_workbook(small).book.sheets["surface"].values() if str(c)[:1] == "="
    ]
    assert tab.cells_compared == len(formulas) > PLACES**2


@pytest.mark.parametrize(
    ("quantity", "place"),
    [
        ("mean_x", 0),
        ("spread_x", 0),
        ("lowest.a", 0),
        ("lowest.b", 0),
        ("lowest_loss", 0),
        ("level.3", 0),
        ("plot.lowest.b", 0),
        ("height", 7),
        ("loss.13", 20),
        ("way.b.adam", 0),
        ("way.a.sgd", 3),
        ("plot.a.adam", 2),
        ("epochs_done", 2),
    ],
)
@pytest.mark.parametrize("kind", ["formula", "number"])
def test_a_mistake_is_named(
    small: Path, target: Path, quantity: str, place: int, kind: str
) -> None:
    cell = surface_cell(small, quantity, place)

    def edit(workbook: Any) -> None:
        content = workbook["surface"][cell]
        content.value = f"={content.value[1:]}+0.001" if kind == "formula" else 3.25

    report = xlsgd.verify(edited(small, target, edit))
    assert not report.ok
    assert first_wrong(report) == f"surface!{cell}"


def test_limits_of_the_map_may_be_typed_in(small: Path, target: Path) -> None:
    cell = surface_cell(small, "to.a")

    def zoom(workbook: Any) -> None:
        workbook["surface"][cell] = 40

    assert passes(xlsgd.verify(edited(small, target, zoom)))

    def word(workbook: Any) -> None:
        workbook["surface"][cell] = "far"

    with pytest.raises(WorkbookError, match=rf"surface!{cell} \(to.a\): got 'far'"):
        xlsgd.verify(edited(small, target, word))


@pytest.mark.parametrize(
    ("learning_rate", "x"),
    [(0.01, SIX_POINTS.inputs["x"]), (1e-5, (5.0,) * 6), (0.0, SIX_POINTS.inputs["x"])],
    ids=["explodes", "one x", "stays"],
)
def test_other_runs(tmp_path: Path, learning_rate: float, x: tuple[float, ...]) -> None:
    data = Dataset("points", {"x": x}, SIX_POINTS.y)
    path = xlsgd.generate(
        "graddesc", tmp_path / "other.xlsx", data=data, epochs=9,
        learning_rate=learning_rate, optimizers=["sgd", "momentum-classic"],
    )  # fmt: skip
    assert passes(xlsgd.verify(path))
    _, _, losses = map_of(path)
    assert np.isfinite(losses.astype(float)).all()


def test_rows_and_columns_inserted(small: Path, target: Path, libreoffice_edit: Edit) -> None:
    edits = [
        ("insert_row", "surface", 12),
        ("insert_row", "surface", 8),
        ("insert_row", "surface", 2),
        ("insert_row", "sgd", 30),
        ("insert_column", "surface", 33),
        ("insert_column", "surface", 9),
        ("insert_column", "surface", 1),
    ]
    report = xlsgd.verify(libreoffice_edit(small, target, edits))
    assert passes(report)
    assert report.cells_compared == xlsgd.verify(small).cells_compared


def test_saved_by_gnumeric(
    small: Path, target: Path, gnumeric_convert: Callable[[Path, Path], object]
) -> None:
    gnumeric_convert(small, target)
    assert passes(xlsgd.verify(target))


def test_run_that_is_gone(small: Path, target: Path) -> None:
    """Its way has no cells to look at any more; that of the other run is compared."""

    def edit(workbook: Any) -> None:
        del workbook["adam"]

    report = xlsgd.verify(edited(small, target, edit))
    (tab,) = (sheet for sheet in report.sheets if sheet.name == "surface")
    assert tab.cells_compared > PLACES**2


def test_only_lines_have_it(tmp_path: Path) -> None:
    path = xlsgd.generate("two-neuron", tmp_path / "two.xlsx", data=SIX_POINTS, epochs=1)
    assert "surface" not in read_workbook(path).book.sheets
