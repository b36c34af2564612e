"""The lesson three-or-seven: sums of pixels, both losses and a dead unit, by plain NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from openpyxl import Workbook, load_workbook

import xlsgd
from tests.verify.books import edited, passes
from xlsgd.base.errors import SpecError
from xlsgd.cli import main
from xlsgd.data import digits

HEIGHT, WIDTH, ROWS, EPOCHS = 7, 6, 16, 8
PIXELS = [f"p{r}{c}" for r in range(1, HEIGHT + 1) for c in range(1, WIDTH + 1)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("glyphs") / "three-or-seven.xlsx"
    return xlsgd.generate("three-or-seven", where)


@pytest.fixture(scope="module")
def book(path: Path) -> Workbook:
    return load_workbook(path, data_only=True)


def images(book: Workbook) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what goes into the nets, by hand, and the labels."""
    sheet = book["data"]
    at = {str(cell.value): cell.column for cell in sheet[4] if cell.value}
    (noise,) = (cell.offset(0, 1).value for cell in sheet[1] if cell.value == "noise")
    assert noise == 0.3
    x = [
        [
            sheet.cell(row, at[f"ink{p[1:]}"]).value
            + noise * (sheet.cell(row, at[r]).value if (r := f"random{p[1:]}") in at else 0)
            for p in PIXELS
        ]
        for row in range(6, 6 + ROWS)
    ]
    return np.array(x), np.array([sheet.cell(row, at["y"]).value for row in range(6, 6 + ROWS)])


def weights(book: Workbook, tab: str, row: int, kind: str = "param") -> dict[str, float]:
    sheet = book[tab]
    return {
        str(cell.value).removeprefix(f"{kind}."): sheet.cell(row, cell.column).value
        for cell in sheet[15]
        if str(cell.value).startswith(f"{kind}.")
    }


def field(book: Workbook, tab: str, key: str) -> Any:
    return next(c.offset(0, 1).value for c in book[tab]["B"] if c.value == key)


def sigmoid(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-z))


def told(book: Workbook, number: int) -> Any:
    """Return the value that stands beside an answer of the first tab."""
    rows = book["lesson"].iter_rows(max_col=4, values_only=True)
    return next(row[3] for row in rows if str(row[2]).startswith(f"answer.{number}:"))


@pytest.mark.parametrize("tab", ["linear", "entropy"])
def test_a_weighted_sum_of_pixels_learned_by_hand(book: Workbook, tab: str) -> None:
    x, y = images(book)
    start = weights(book, tab, 17)
    w, b = np.array([start[f"a_{p}"] for p in PIXELS]), start["b"]
    assert b == 0
    for _ in range(EPOCHS):
        p = sigmoid(x @ w + b)
        # Of 1 − p and p the slope by the sum is ∓p·(1 − p), of cross-entropy p − y.
        slope = np.where(y == 1, -1, 1) * p * (1 - p) if tab == "linear" else p - y
        w, b = w - (slope[:, None] * x).mean(0), b - slope.mean()
    last = weights(book, tab, 16 + EPOCHS, "new")
    assert [last[f"a_{p}"] for p in PIXELS] == pytest.approx(w, rel=1e-9, abs=1e-12)
    assert last["b"] == pytest.approx(b, rel=1e-9)
    z = x[0] @ w + b
    p = sigmoid(z)
    loss = p if tab == "linear" else -np.log(1 - p)
    assert field(book, f"images {tab}", "after.loss") == pytest.approx(loss, rel=1e-9)
    assert y[0] == 0
    assert z < 0  # as the first tab says of the first 7
    number, value = {"linear": (1, b), "entropy": (2, z)}[tab]
    assert told(book, number) == pytest.approx(value, rel=1e-9)


def test_the_bias_is_added_once(path: Path) -> None:
    sheet = load_workbook(path)["images linear"]
    sums = [c.value for row in sheet.iter_rows() for c in row if "SUMPRODUCT" in str(c.value)]
    assert len(sums) == 2  # before and after
    for formula in sums:
        image, rest = formula.removeprefix("=SUMPRODUCT(").split(",")
        assert image == "$E$10:$J$16"
        assert rest.count("+") == 1


def test_weights_of_blank_pixels_stay_as_they_began(book: Workbook) -> None:
    x, _ = images(book)
    blank = [p for p, ink in zip(PIXELS, (x != 0).any(0), strict=True) if not ink]
    assert len(blank) == 23  # all around, and one inside
    for tab, names in (("linear", ("a",)), ("hidden", ("a1", "a2"))):
        start, last = weights(book, tab, 17), weights(book, tab, 16 + EPOCHS, "new")
        for unit in names:
            assert all(start[f"{unit}_{p}"] == last[f"{unit}_{p}"] for p in blank)
            assert any(start[f"{unit}_{p}"] for p in blank)


def test_a_unit_whose_inputs_are_all_0_lives_by_its_bias(book: Workbook) -> None:
    x, _ = images(book)
    for tab, bias in (("dead", 0.0), ("hidden", 0.1)):
        start, last = weights(book, tab, 17), weights(book, tab, 16 + EPOCHS, "new")
        own = np.array([start[f"a2_{p}"] for p in PIXELS])
        assert not (own * x).any()
        assert start["b2"] == bias
        moved = [
            name for name in start if name.startswith(("a2", "b2")) and start[name] != last[name]
        ]
        assert bool(moved) is (tab == "hidden")
    assert "relu2 dead since step 1" in str(book["dead"]["A4"].value)
    assert "dead" not in str(book["hidden"]["A4"].value)
    assert told(book, 5) == 0


def test_every_cell_agrees(path: Path) -> None:
    report = xlsgd.verify(path)
    assert passes(report)
    assert not any(sheet.unchecked for sheet in report.sheets)


def test_noise_and_the_image_are_inputs(path: Path, tmp_path: Path) -> None:
    def change(book: Workbook) -> None:
        (cell,) = (cell for cell in book["data"][1] if cell.value == "noise")
        cell.offset(0, 1).value = 0.1
        book["images hidden"]["C8"] = 2

    assert passes(xlsgd.verify(edited(path, tmp_path / "less.xlsx", change)))


def test_noise_that_is_added_wrongly_is_found(path: Path, tmp_path: Path) -> None:
    def break_it(book: Workbook) -> None:
        sheet = book["data"]
        at = next(cell.column for cell in sheet[4] if cell.value == "p22")
        sheet.cell(9, at).value = str(sheet.cell(9, at).value).replace("+", "-")

    report = xlsgd.verify(edited(path, tmp_path / "wrong.xlsx", break_it))
    (first,) = (d for sheet in report.sheets if sheet.name == "data" for d in sheet.differences)
    assert first.quantity == "p22"


def test_handwritten_digits(tmp_path: Path) -> None:
    sklearn = pytest.importorskip("sklearn.datasets", reason="the extra digits is not installed")
    path = xlsgd.generate("three-or-seven", tmp_path / "d.xlsx", digits=True, epochs=1)
    assert passes(xlsgd.verify(path))
    sheet = load_workbook(path, data_only=True)["data"]
    rows = [[c for c in row if c is not None] for row in sheet.iter_rows(6, 21, 1, 65, True)]
    found = sklearn.load_digits()
    threes = [
        image / 16 for image, label in zip(found.data, found.target, strict=True) if label == 3
    ]
    assert [row[:64] for row in rows[1::2]] == [image.tolist() for image in threes[:8]]
    assert [row[64] for row in rows] == [0, 1] * 8


def test_digits_are_refused_where_they_cannot_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    with pytest.raises(SpecError, match=r"pip install 'xlsgd\[digits\]'"):
        digits.digit_data(7, 3, 8, digits.Words())
    with pytest.raises(SystemExit) as left:
        main(["generate", "graddesc", "--digits", "-o", str(tmp_path / "g.xlsx")])
    assert left.value.code == 2
    assert "'graddesc' has no images; it is for three-or-seven" in capsys.readouterr().err
