"""The report: a table of every comparison, greatest differences, verdicts and horizons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import xlsgd
from tests.verify.books import EPOCHS, ROWS, edited, passes, step_cell
from xlsgd.report import Report

Make = Callable[..., Path]


def test_frame(untouched: Report, values: openpyxl.Workbook) -> None:
    frame = untouched.frame()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == [
        "sheet", "cell", "quantity", "check", "sheet_value", "torch_value", "off", "allowed", "ok",
    ]  # fmt: skip
    assert frame["ok"].all()
    assert not frame.duplicated(["sheet", "cell", "check"]).any()
    assert set(frame["check"]) == {"step", "run"}
    assert set(frame["sheet"]) == {"sgd", "adam", "surface", "compare"}
    numbers = frame.dropna(subset=["off"])  # words such as the verdict are not off by anything
    assert (numbers["off"] <= numbers["allowed"]).all()
    losses = frame[(frame["sheet"] == "sgd") & (frame["quantity"] == "loss")]
    assert len(losses) == 2 * ROWS
    for row in losses.itertuples():
        assert values["sgd"][row.cell].value == row.sheet_value
    assert len(frame[frame["quantity"] == "rmse"]) == 2 * 2 * EPOCHS


def test_frame_has_every_compared_cell(untouched: Report) -> None:
    # "One row per compared cell and check": single cells such as the verdict have theirs too.
    frame = untouched.frame()
    for sheet in untouched.sheets:
        cells = set(frame.loc[frame["sheet"] == sheet.name, "cell"])
        assert len(cells) >= sheet.cells_compared, sheet.name


def test_frame_shows_what_differs(make: Make, values: openpyxl.Workbook, target: Path) -> None:
    cell = step_cell(values["sgd"], "grad.a", 12)

    def edit(workbook: openpyxl.Workbook) -> None:
        workbook["sgd"][cell] = 1

    frame = xlsgd.verify(edited(make("sgd"), target, edit)).frame()
    row = frame[(frame["cell"] == cell) & (frame["check"] == "step")].iloc[0]
    assert not row["ok"]
    assert row["sheet_value"] == 1
    assert row["off"] == abs(1 - row["torch_value"]) > row["allowed"]


def test_frame_of_a_run_that_explodes(make: Make) -> None:
    report = xlsgd.verify(make("sgd", learning_rate=1e100, gradient="backprop"))
    assert passes(report)
    frame = report.frame()
    assert frame["ok"].all()
    assert frame["sheet_value"].isna().any()


def test_every_formula_is_accounted_for(untouched: Report) -> None:
    for sheet in untouched.sheets:
        assert sheet.formulas == sheet.cells_compared
        assert not sheet.unchecked
        assert sheet.cells_stored == sheet.formulas
    assert untouched.cells_compared > 1000


def test_greatest_differences_are_small_and_have_a_cell(untouched: Report) -> None:
    for sheet in untouched.sheets:
        if sheet.kind == "training":
            assert sheet.greatest_off is not None
            assert sheet.greatest_relative is not None
            assert sheet.greatest_off.value < 1e-6
            assert sheet.greatest_off.cell


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({}, "converging"),
        ({"learning_rate": 0.0}, "standing still"),
        ({"learning_rate": 0.001}, "exploded"),
        ({"learning_rate": 1e-7}, "too slow"),
        ({"h": 1e-20}, "frozen"),
    ],
)
def test_verdicts(make: Make, options: dict[str, float], kind: str) -> None:
    report = xlsgd.verify(make("sgd", **options))
    assert passes(report)
    verdict = next(sheet.verdict for sheet in report.sheets if sheet.name == "sgd")
    assert verdict is not None
    assert (verdict.kind, verdict.agree) == (kind, True)
    assert (verdict.step is not None) == (kind in ("exploded", "frozen"))
    assert (verdict.cell is not None) == (kind in ("exploded", "frozen"))


def test_exploded_cell_is_the_first_loss_above_the_limit(make: Make) -> None:
    path = make("sgd", learning_rate=0.001)
    sheet = openpyxl.load_workbook(path, data_only=True)["sgd"]
    losses = [sheet[step_cell(sheet, "loss", place)].value for place in range(ROWS)]
    place = next(i for i, loss in enumerate(losses) if loss > 1e6)
    report = xlsgd.verify(path)
    verdict = next(sheet.verdict for sheet in report.sheets if sheet.name == "sgd")
    assert verdict is not None
    assert (verdict.step, verdict.cell) == (place + 1, step_cell(sheet, "loss", place))


def test_a_run_beyond_prediction_says_where(make: Make) -> None:
    report = xlsgd.verify(make("sgd", learning_rate=0.01, epochs=20))
    assert passes(report)
    sgd = next(sheet for sheet in report.sheets if sheet.name == "sgd")
    assert sgd.horizon is not None
    assert sgd.predictable_steps is not None
    assert f"from step {sgd.predictable_steps + 1} on" in sgd.horizon


def test_progress_goes_from_nothing_to_all(small: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    xlsgd.verify(small, progress=lambda *state: seen.append(state))
    for what in ("recalculating", "training in torch"):
        mine = [(done, total) for name, done, total in seen if name == what]
        assert mine[0][0] == 0
        assert mine[-1][0] == mine[-1][1] > 0
        assert mine == sorted(mine)


def test_a_path_may_be_text(small: Path) -> None:
    assert xlsgd.verify(str(small)).file == str(small)
