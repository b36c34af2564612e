"""The lesson cross-entropy: −ln p, p − target, and the base of the logarithm, by plain NumPy."""

from __future__ import annotations

from pathlib import Path
from shutil import copy
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from openpyxl import Workbook, load_workbook

import xlsgd
from xlsgd.base.errors import SpecError

EPOCHS = 4
WEIGHTS = ("a1", "a2", "a3", "b1", "b2", "b3")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("cross-entropy") / "cross-entropy.xlsx"
    return xlsgd.generate("cross-entropy", where, epochs=EPOCHS)


@pytest.fixture(scope="module")
def book(path: Path) -> Workbook:
    return load_workbook(path, data_only=True)


def steps(book: Workbook, tab: str, row: int) -> dict[str, Any]:
    """Return a row of the table of steps, the first places of its quantities."""
    found: dict[str, Any] = {}
    for header, cell in zip(book[tab][15], book[tab][row], strict=True):
        found.setdefault(str(header.value), cell.value)
    return found


def descent(slope_of_p: Any, rate: float, book: Workbook) -> NDArray[np.float64]:
    """Return the weights after the last step of gradient descent through softmax, by hand."""
    rows = list(book["data"].iter_rows(min_row=6, max_row=17, max_col=2, values_only=True))
    x, y = np.array(rows, dtype=float).T
    first = steps(book, "softmax", 17)
    a, b = np.array([first[f"param.{w}"] for w in WEIGHTS]).reshape(2, 3)
    target = np.eye(3)[y.astype(int)]
    for _ in range(EPOCHS):
        powers = np.exp(np.outer(x, a) + b)
        p = powers / powers.sum(1, keepdims=True)
        right = (p * target).sum(1, keepdims=True)
        # dp_right/dscore = p_right·(target − p)
        scores = slope_of_p(right) * right * (target - p)
        a, b = a - rate * (scores * x[:, None]).mean(0), b - rate * scores.mean(0)
    return np.concatenate([a, b])


def test_every_cell_agrees(path: Path) -> None:
    report = xlsgd.verify(path)
    assert report.ok
    assert not any(sheet.unchecked for sheet in report.sheets)


@pytest.mark.parametrize(
    ("tab", "slope", "rate"),
    [
        ("softmax", lambda p: -1 / p, 0.5),
        ("cross-entropy", lambda p: -1 / p, 0.5),
        ("log10", lambda p: -1 / p, 0.5),
        ("one-minus-p", lambda p: -np.ones_like(p), 0.5),
    ],
)
def test_the_weights_are_those_of_a_plain_loop(
    book: Workbook, tab: str, slope: Any, rate: float
) -> None:
    last = steps(book, tab, 16 + EPOCHS)
    expected = descent(slope, rate, book)
    assert [last[f"new.{w}"] for w in WEIGHTS] == pytest.approx(expected, rel=1e-10)


def test_to_base_10_losses_are_divided_and_the_rate_is_multiplied(book: Workbook) -> None:
    e, ten = steps(book, "softmax", 17), steps(book, "log10", 17)
    assert e["loss"] / ten["loss"] == pytest.approx(2.302585, rel=1e-6)
    assert book["log10"]["F4"].value / book["softmax"]["F4"].value == pytest.approx(2.302585)


def test_the_slope_of_a_score_is_p_minus_target(book: Workbook) -> None:
    headers = [cell.value for cell in book["softmax"][15]]
    for row in range(17, 29):
        cells = {
            h: book["softmax"].cell(row, i).value for i, h in reversed([*enumerate(headers, 1)])
        }
        y = book["data"].cell(row - 11, 2).value
        for c in (1, 2, 3):
            target = 1 if y == c - 1 else 0
            assert cells[f"grad.lin{c}"] == pytest.approx(cells[f"pred_{c}"] - target, abs=1e-12)


def test_the_table_has_both_losses_and_their_slopes(book: Workbook) -> None:
    for i, row in enumerate(book["losses"].iter_rows(11, 30, 7, 13, values_only=True), 1):
        p = 0.05 * i
        expected = (p, 1 - p, -np.log(p), -np.log10(p), -1, -1 / p, -1 / (p * np.log(10)))
        assert row == pytest.approx(expected, rel=1e-12, abs=1e-12)
    for row in book["scores"].iter_rows(11, 31, 7, 13, values_only=True):
        z, p = row[0], 1 / (1 + np.exp(-row[0]))
        expected = (z, p, 1 - p, -np.log(p), p * (1 - p), -p * (1 - p), p - 1)
        assert row == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_slope_that_is_wrong_is_found(path: Path, tmp_path: Path) -> None:
    wrong = Path(copy(path, tmp_path))
    changed = load_workbook(wrong)
    sheet = changed["losses"]
    for row in range(11, 31):
        sheet.cell(row, 12, f"=1/G{row}")
    sheet["C10"] = 0.04
    changed.save(wrong)
    (found,) = [s for s in xlsgd.verify(wrong).sheets if s.name == "losses"]
    assert not found.ok
    assert {d.quantity for d in found.differences} == {"slope.2"}


def test_log10_keeps_its_scale_at_another_rate(tmp_path: Path) -> None:
    path = xlsgd.generate("cross-entropy", tmp_path / "c.xlsx", epochs=1, learning_rate=0.1)
    assert load_workbook(path)["log10"]["F4"].value == pytest.approx(0.2302585, rel=1e-6)


def test_a_loss_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="compares losses"):
        xlsgd.generate("cross-entropy", tmp_path / "c.xlsx", loss="nll")
