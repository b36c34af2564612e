"""The same parabola from t, from t − 9.5, and scaled: bends, rates and steps."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

import xlsgd
from tests.verify.books import (
    edited,
    epochs_cell,
    field_cell,
    first_wrong,
    letter_of,
    passes,
    steps_rows,
)
from xlsgd.lessons import Options, get_plan
from xlsgd.sweeping import sweep

T = np.arange(20.0)
Y = 0.75 * (T - 9.5) ** 2 + 1
BENDS = {
    "raw": (56499.3626, 15.9787724, 0.258636762),
    "shifted": (3967.84009, 66.5, 0.884914695),
    "scaled": (2.2995452, 0.73684211, 0.18746457),
    "standardised": (3.93065106, 2, 0.06934894),
}
CONDITIONS = {"raw": 218_451, "shifted": 4483.87, "scaled": 12.2666, "standardised": 56.679}


def features(run: str) -> np.ndarray[Any, Any]:
    if run == "standardised":
        columns = [(x - x.mean()) / x.std() for x in (T * T, T)]
        return np.stack([*columns, np.ones(20)], axis=1)
    x = {"raw": T, "shifted": T - 9.5, "scaled": (T - 9.5) / 9.5}[run]
    return np.stack([x * x, x, np.ones(20)], axis=1)


def descent(run: str, rate: float, steps: int) -> tuple[np.ndarray[Any, Any], float]:
    """The weights after some steps from (1, 1, 1), and their mean loss, in plain NumPy."""
    a, w = features(run), np.ones(3)
    for _ in range(steps):
        w = w - rate * 2 * a.T @ (a @ w - Y) / 20
    return w, float(((a @ w - Y) ** 2).mean())


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return xlsgd.generate("speed", tmp_path_factory.mktemp("speed") / "speed.xlsx", epochs=11)


def bowl(book: Path, run: str) -> dict[str, float]:
    sheet = openpyxl.load_workbook(book, data_only=True)["bowl"]
    cells = [cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    return {
        cell.value.removesuffix(f".{run}"): cell.offset(0, 1).value
        for cell in cells
        if cell.value.endswith(f".{run}")
    }


def test_it_agrees_with_torch(book: Path) -> None:
    report = xlsgd.verify(book)
    assert passes(report)
    assert not any(sheet.unchecked for sheet in report.sheets)


@pytest.mark.parametrize("run", BENDS)
def test_how_steep_each_bowl_is(book: Path, run: str) -> None:
    shown = bowl(book, run)
    a = features(run)
    low, middle, high = np.linalg.eigvalsh(2 * a.T @ a / 20)
    assert shown["steepest"] == pytest.approx(high, rel=1e-12)
    assert shown["middle"] == pytest.approx(middle, rel=1e-9)
    assert shown["flattest"] == pytest.approx(low, rel=1e-9)
    found = shown["steepest"], shown["middle"], shown["flattest"]
    assert found == pytest.approx(BENDS[run], rel=1e-8, abs=5e-9)  # the digits they are given in
    assert shown["condition"] == pytest.approx(CONDITIONS[run], rel=5e-6, abs=5e-4)


def test_the_largest_stable_rates(book: Path) -> None:
    assert bowl(book, "raw")["largest_rate"] == pytest.approx(3.5398629440892544e-05, rel=1e-12)
    assert bowl(book, "scaled")["largest_rate"] == pytest.approx(0.8697371985296355, rel=1e-12)
    largest = bowl(book, "standardised")["largest_rate"]
    assert largest == pytest.approx(0.5088215585853167, rel=1e-12)
    for rate, grows in ((3.5e-5, False), (3.6e-5, True)):
        first, later = (descent("raw", rate, steps)[1] for steps in (1000, 2000))
        assert (later > first) is grows


def test_ten_steps_over_t(book: Path) -> None:
    sheet = openpyxl.load_workbook(book, data_only=True)["raw"]
    rows = steps_rows(sheet)
    assert len(rows) == 11
    weights, loss = descent("raw", 1e-5, 10)
    assert weights == pytest.approx((0.07287667, 0.93847023, 0.99733636), abs=5e-9)
    assert loss == pytest.approx(631.2579, abs=5e-5)
    assert sheet[epochs_cell(sheet, "mean_loss", 10)].value == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize("run", BENDS)
def test_inputs_are_features_of_the_data(book: Path, run: str) -> None:
    """Every tab learns from two columns of the data, which formulas make of time."""
    sheet = openpyxl.load_workbook(book, data_only=True)["data"]
    formulas = openpyxl.load_workbook(book)["data"]
    letter = {"raw": "t", "shifted": "u", "scaled": "v", "standardised": "s"}[run]
    for name, wanted in zip((f"{letter}2", letter), features(run).T, strict=False):
        cells = [f"{letter_of(sheet, name, 'y')}{row}" for row in range(6, 26)]
        assert [sheet[cell].value for cell in cells] == pytest.approx(wanted, rel=1e-14, abs=1e-14)
        assert all(str(formulas[cell].value).startswith("=") for cell in cells)


def test_the_run_over_t_is_explained_as_slow(book: Path) -> None:
    """What is left at its end, by NumPy: the flattest direction has hardly been gone along."""
    tabs = {tab.tab: tab for tab in xlsgd.explain(book).tabs}
    a, (w, _) = features("raw"), descent("raw", 1e-5, 11)
    low, *_, high = np.linalg.eigvalsh(2 * a.T @ a / 20)
    found = tabs["raw"].crawl
    assert found is not None
    assert (found.bend, found.steepest) == pytest.approx((low, high), rel=1e-6)
    assert found.steps == pytest.approx(1 / (1e-5 * low), rel=1e-6)
    assert found.slope == pytest.approx(np.linalg.norm(2 * a.T @ (a @ w - Y) / 20), rel=1e-9)
    assert found.least == 0  # the points lie on a parabola
    text = " ".join(tabs["raw"].sentences)
    assert "It is slow, and not done" in text
    assert "386,643 steps" in text
    assert all(tab.crawl is None for name, tab in tabs.items() if name != "raw")


def test_what_many_more_steps_would_do() -> None:
    assert descent("raw", 1e-5, 1000)[1] == pytest.approx(625.6426, abs=5e-5)
    weights, loss = descent("raw", 1e-5, 100_000)
    assert weights == pytest.approx((0.27905345, -3.32224166, 16.25524), abs=5e-6)
    assert loss == pytest.approx(370.98593, abs=5e-6)
    assert descent("scaled", 0.5, 100)[1] == pytest.approx(1.0112e-6, rel=5e-5)
    assert descent("scaled", 0.5, 1000)[0] == pytest.approx((67.6875, 0, 1), abs=1e-12)


def test_after_a_hundred_steps_the_scaled_run_is_there() -> None:
    (view,) = (v for v in get_plan("speed").build(Options()).views if v.id == "scaled")
    assert view.experiment.epochs == 101  # the last row's loss is that after 100 steps


def test_multiplied_out_the_constant_is_68_6875() -> None:
    assert pytest.approx(Y, abs=1e-12) == 0.75 * T**2 - 14.25 * T + 68.6875
    assert 0.75 * 9.5**2 + 1 == 68.6875
    words = " ".join(str(answer) for answer in get_plan("speed").build(Options()).answers)
    assert "68.6875, the 68.5 in the thread is a slip" in words


@pytest.mark.parametrize("key", ["steepest.raw", "bend.a.b.shifted", "condition.scaled"])
def test_another_formula_is_named(book: Path, tmp_path: Path, key: str) -> None:
    sheet = openpyxl.load_workbook(book)["bowl"]
    (cell,) = (c.offset(0, 1) for row in sheet.iter_rows() for c in row if c.value == key)

    def edit(workbook: Any) -> None:
        workbook["bowl"][cell.coordinate] = f"{cell.value}*1.001"

    report = xlsgd.verify(edited(book, tmp_path / "wrong.xlsx", edit))
    assert first_wrong(report) == f"bowl!{cell.coordinate}"


@pytest.mark.parametrize("weights", [("a", "b"), ("c", "a")])
def test_the_map_over_two_weights(book: Path, tmp_path: Path, weights: tuple[str, str]) -> None:
    """A corner of the map, and the corners of the way, for the two weights that are chosen."""

    def chosen(workbook: Any) -> None:
        sheet = workbook["map-scaled"]
        for key, word in zip(("across", "up"), weights, strict=True):
            sheet[field_cell(sheet, key)] = word
        sheet[field_cell(sheet, "after_epoch")] = 2

    path = edited(book, tmp_path / "chosen.xlsx", chosen)
    report = xlsgd.verify(path)
    assert passes(report)
    (tab,) = (sheet for sheet in report.sheets if sheet.name == "map-scaled")
    shown = {key: value for _, key, _, value, *_ in tab.fields}
    places = {"a": 0, "b": 1, "c": 2}
    ways = [[descent("scaled", 0.5, steps)[0][places[p]] for steps in range(12)] for p in weights]
    ends = [(min(way), max(way)) for way in ways]
    low = [begin - 0.25 * (end - begin) for begin, end in ends]
    assert (shown["from_across"], shown["from_up"]) == pytest.approx(low, rel=1e-9, abs=1e-12)
    w = descent("scaled", 0.5, 2)[0]
    for p, value in zip(weights, low, strict=True):
        w[places[p]] = value
    corner = float(((features("scaled") @ w - Y) ** 2).mean())
    (grid,) = (c for name, c in tab.comparisons.items() if name.endswith("grid"))
    assert grid.sheet[-1, grid.quantities.index("loss.1")] == pytest.approx(corner, rel=1e-9)


def test_another_formula_on_the_map_is_named(book: Path, tmp_path: Path) -> None:
    sheet = openpyxl.load_workbook(book)["map-raw"]
    cell = f"{letter_of(sheet, 'loss.7', 'height')}22"

    def edit(workbook: Any) -> None:
        workbook["map-raw"][cell] = sheet[cell].value.replace("^2", "^4", 1)

    assert first_wrong(xlsgd.verify(edited(book, tmp_path / "w.xlsx", edit))) == f"map-raw!{cell}"


@pytest.mark.parametrize("number", [0, 6, 7])
def test_counts_are_what_their_commands_count(number: int) -> None:
    """All starts of some of the commands, their options read as they stand there."""
    count = get_plan("speed").build(Options()).counts[0].rows[number]
    _, _, name, *words = shlex.split(count.command)
    asked = dict(zip(words[::2], words[1::2], strict=True))
    options: dict[str, Any] = {"epochs": int(asked["--epochs"])}
    if "--lr" in asked:
        options["learning_rate"] = float(asked["--lr"])
    if "--optimizer" in asked:
        options["optimizer"] = asked["--optimizer"]
    found = sweep(
        name,
        asked["--x"],
        asked["--y"],
        tab=asked["--tab"],
        reach=float(asked["--reach"]),
        **options,
    )
    assert found.runs == count.runs == 1000
    assert found.reached == (count.reached, count.median_epoch)


def test_plain_descent_from_some_starts_by_numpy() -> None:
    """600 of the 1,000 starts over t − 9.5 got below 1: these, counted by the rule on paper."""
    a, reached = features("shifted"), 0
    for first in np.linspace(-2, 2, 40):
        for last in np.linspace(-2, 2, 25):
            w = np.array([first, 1.0, last])
            for _ in range(100):
                w = w - 4e-4 * 2 * a.T @ (a @ w - Y) / 20
            reached += bool(((a @ w - Y) ** 2).mean() < 1)
    assert reached == 600


def test_rows_inserted_and_tabs_renamed(
    book: Path, tmp_path: Path, libreoffice_edit: Callable[..., Path]
) -> None:
    edits = [
        ("insert_row", "bowl", 7),
        ("insert_column", "bowl", 4),
        ("insert_row", "map-raw", 9),
        ("insert_column", "map-scaled", 2),
        ("rename", "map-raw", "valley"),
        ("rename", "bowl", "how steep"),
        ("rename", "scaled", "from -1 to 1"),
    ]
    report = xlsgd.verify(libreoffice_edit(book, tmp_path / "edited.xlsx", edits))
    assert passes(report)
    assert not any(sheet.unchecked for sheet in report.sheets)
