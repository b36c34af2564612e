"""The lesson relu: bends by hand, what was learned by plain NumPy, and which rates explode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from openpyxl import Workbook, load_workbook

import xlsgd
from tests.verify.books import edited, header_row, passes
from xlsgd.base.errors import SpecError, WorkbookError

EPOCHS = 12
X = np.arange(-80.0, 121.0, 10.0)
Y = np.round(30 * np.sin(X / 32) + 0.2 * X)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("relu") / "relu.xlsx"
    return xlsgd.generate("relu", where, epochs=EPOCHS)


@pytest.fixture(scope="module")
def book(path: Path) -> Workbook:
    return load_workbook(path, data_only=True)


def column(book: Workbook, tab: str, name: str) -> NDArray[np.float64]:
    """Return a column of the curves of a tab."""
    sheet = book[tab]
    header = header_row(sheet, "place", name)
    (at,) = (cell.column for cell in sheet[header] if cell.value == name)
    cells = (sheet.cell(row, at).value for row in range(header + 2, sheet.max_row + 1))
    return np.array([value for value in cells if value is not None], dtype=float)


def field(book: Workbook, tab: str, key: str) -> Any:
    """Return what stands below a key of a training tab."""
    sheet = book[tab]
    at = next(cell.column for row in sheet["A1:Z3"] for cell in row if cell.value == key)
    return sheet.cell(4, at).value


def losses(bends: bool, rate: float) -> list[float]:
    """Return the mean loss before every step of two neurons from weights of 1, by hand."""
    a = b = c = d = 1.0
    found = []
    with np.errstate(all="ignore"):
        for _ in range(EPOCHS):
            z = a * X + b
            open_ = (z > 0) if bends else np.ones_like(z)
            e = c * z * open_ + d - Y
            found.append(float((e**2).mean()))
            slopes = [
                2 * (e * c * open_ * X).mean(),
                2 * (e * c * open_).mean(),
                2 * (e * z * open_).mean(),
                2 * e.mean(),
            ]
            a, b, c, d = (w - rate * s for w, s in zip((a, b, c, d), slopes, strict=True))
    return found


def test_every_cell_agrees(path: Path) -> None:
    report = xlsgd.verify(path)
    assert passes(report)
    assert not any(sheet.unchecked for sheet in report.sheets)


def test_x_goes_from_minus_80_to_120_in_steps_of_10(book: Workbook) -> None:
    for tab in ("one-bend", "two-bends", "sum-of-n"):
        assert column(book, tab, "x").tolist() == X.tolist()
    rows = book["data"].iter_rows(min_row=6, max_col=2, values_only=True)
    assert np.array(list(rows), float).T.tolist() == [X.tolist(), Y.tolist()]


def test_one_bend_and_two(book: Workbook) -> None:
    assert column(book, "one-bend", "sum").tolist() == np.maximum(0, X + 20).tolist()
    assert column(book, "two-bends", "sum").tolist() == np.clip(X + 40, 0, 60).tolist()
    assert [book["lesson"][cell].value for cell in ("D4", "D6")] == [-20, 60]


@pytest.mark.parametrize("count", [0, 5])
def test_the_first_n_are_added_up(path: Path, tmp_path: Path, count: int) -> None:
    from xlsgd.engines import get_engine
    from xlsgd.xlsx.reader import read_workbook

    def choose(book: Workbook) -> None:
        assert book["sum-of-n"]["B9"].value == "units"
        book["sum-of-n"]["C9"] = count
        for sheet in book.worksheets:
            if sheet.title != "sum-of-n":
                book.remove(sheet)

    changed = edited(path, tmp_path / "n.xlsx", choose)
    values = get_engine("formulas").recalculate(read_workbook(changed)).values["sum-of-n"]
    bends, heights = range(-60, 81, 20), (1, 2, -2, 2, -2, 2, -2, 2)
    pairs = list(zip(bends, heights, strict=True))[:count]
    expected = sum((h * np.maximum(0, X - at) for at, h in pairs), np.zeros_like(X))
    sheet = load_workbook(path)["sum-of-n"]
    (at,) = (cell.column for cell in sheet[7] if cell.value == "sum")
    assert [values[row, at] for row in range(9, 30)] == expected.tolist()


@pytest.mark.parametrize(
    ("tab", "bends", "rate"),
    [("line", 0, 5e-4), ("relu", 1, 5e-4), ("line-slow", 0, 5e-5), ("relu-faster", 1, 1e-3)],
)
def test_which_of_them_train(book: Workbook, tab: str, bends: bool, rate: float) -> None:
    expected = losses(bends, rate)
    if tab in ("line", "relu-faster"):
        assert max(expected[:4]) > 1e12
        assert str(field(book, tab, "verdict")).startswith("exploded")
    else:
        assert field(book, tab, "last_loss") == pytest.approx(expected[-1], rel=1e-9)


def test_a_smaller_rate_does_better_than_a_relu_and_no_line_is_better_than_293(
    book: Workbook,
) -> None:
    line = np.stack([X, np.ones_like(X)], 1)
    best = float(((line @ np.linalg.lstsq(line, Y, rcond=None)[0] - Y) ** 2).mean())
    assert f"{best:.1f}" == "293.0"
    assert any("293.0" in str(cell.value) for cell in book["lesson"]["A"])
    assert best < losses(False, 5e-5)[-1] < losses(True, 5e-4)[-1]


def test_the_units_of_the_trained_net_add_up_to_it(book: Workbook) -> None:
    sheet = book["units"]
    weights = np.array([[sheet.cell(r, c).value for c in (6, 7, 8)] for r in range(10, 14)])
    x = column(book, "units", "x")
    units = weights[:, 2] * np.maximum(0, np.outer(x, weights[:, 0]) + weights[:, 1])
    base = next(
        sheet.cell(r, 3).value for r in range(10, 18) if sheet.cell(r, 2).value == "weight.d"
    )
    assert column(book, "units", "sum") == pytest.approx(units.sum(1) + base, rel=1e-12)
    assert x.tolist() == np.linspace(-80, 120, 41).tolist()


def test_a_weight_of_ones_own_is_an_input(path: Path, tmp_path: Path) -> None:
    def type_over(book: Workbook) -> None:
        book["units"]["F10"] = 0
        book["units"]["C10"] = "start"
        book["two-bends"]["C9"] = 1

    assert passes(xlsgd.verify(edited(path, tmp_path / "own.xlsx", type_over)))


def test_a_unit_that_is_added_wrongly_is_found(path: Path, tmp_path: Path) -> None:
    def break_it(book: Workbook) -> None:
        book["one-bend"]["V12"] = "=ABS(F9*U12+G9)"
        book["units"]["I11"] = "=G11/F11"

    report = xlsgd.verify(edited(path, tmp_path / "wrong.xlsx", break_it))
    wrong = {sheet.name for sheet in report.sheets if not sheet.ok}
    assert wrong == {"one-bend", "units"}


def test_what_makes_no_sense_is_refused(path: Path, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="updates by backprop"):
        xlsgd.generate("relu", tmp_path / "r.xlsx", gradient="numerical")
    with pytest.raises(SpecError, match="takes one"):
        xlsgd.generate("relu", tmp_path / "r.xlsx", optimizers=("sgd", "adam"))

    def rename(book: Workbook) -> None:
        sheet = book["one-bend"]
        (cell,) = (c for c in sheet["C"] if str(c.value).startswith("Linear"))
        cell.value = "Linear(1, 1)"

    with pytest.raises(WorkbookError, match="one hidden layer"):
        xlsgd.verify(edited(path, tmp_path / "net.xlsx", rename))
