"""The lesson convolution: filters over images by plain NumPy, before and after training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

import xlsgd
from tests.verify.books import edited, passes
from xlsgd.base.errors import WorkbookError

SIZE = 5
Pictures = dict[str, list[NDArray[np.float64]]]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("convolution") / "convolution.xlsx"
    return xlsgd.generate("convolution", where)


@pytest.fixture(scope="module")
def book(path: Path) -> Workbook:
    return load_workbook(path, data_only=True)


def pictures(sheet: Worksheet, top: int) -> Pictures:
    """Return the pictures of a block by the words above them.  top: the row of these."""
    found: Pictures = {}
    ends = [c.row for c in sheet["K"] if c.row > top and str(c.value).startswith("after")]
    for cell in sheet[top]:
        if cell.column < 10 or not isinstance(cell.value, str):
            continue
        row, seen = top + 1, list[NDArray[np.float64]]()
        while row < (ends[0] if ends else sheet.max_row + 1):
            lines = []
            while isinstance(sheet.cell(row, cell.column).value, float | int):
                width = 1
                while isinstance(sheet.cell(row, cell.column + width).value, float | int):
                    width += 1
                lines.append([sheet.cell(row, cell.column + i).value for i in range(width)])
                row += 1
            if lines:
                seen.append(np.array(lines, float))
            row += 1
        found[cell.value] = seen
    return found


def image(book: Workbook, row: int) -> NDArray[np.float64]:
    """Return the image of a row of the data, from 1: ink plus noise times the random numbers."""
    sheet = book["data"]
    at = {str(cell.value): cell.column for cell in sheet[4] if cell.value}
    (noise,) = (cell.offset(0, 1).value for cell in sheet[1] if cell.value == "noise")

    def of(name: str) -> float:
        return sheet.cell(5 + row, at[name]).value if name in at else 0.0

    places = [f"{r}{c}" for r in range(1, SIZE + 1) for c in range(1, SIZE + 1)]
    flat = [of(f"ink{place}") + noise * of(f"random{place}") for place in places]
    return np.array(flat, float).reshape(SIZE, SIZE)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_filter_lies_over_every_place_of_the_image(book: Workbook, moment: str) -> None:
    sheet = book["images"]
    heads = [c.row for c in sheet["K"] if str(c.value).startswith(moment)]
    found = pictures(sheet, heads[0] + 1)
    shown = image(book, 1)
    assert len(found["conv.weight"]) == len(found["conv"]) == len(found["relu"]) == 2
    pooled = []
    for i, weights in enumerate(found["conv.weight"]):
        bias = found["conv.bias"][i].item()
        own = [
            [(shown[r : r + 3, c : c + 3] * weights).sum() + bias for c in range(3)]
            for r in range(3)
        ]
        assert found["conv"][i] == pytest.approx(np.array(own), rel=1e-12, abs=1e-12)
        assert found["relu"][i] == pytest.approx(np.maximum(0, own), rel=1e-12, abs=1e-12)
        pooled.append(max(0.0, np.max(own)))
        assert found["pool"][i].item() == pytest.approx(pooled[-1], rel=1e-12)
    (last,), (base,) = found["out.weight"], found["out.bias"]
    pred = (last.ravel() * pooled).sum() + base.item()
    assert found["pred"][0].item() == pytest.approx(pred, rel=1e-12)
    loss = next(c.offset(0, 1).value for c in sheet["B"] if c.value == f"{moment}.loss")
    assert loss == pytest.approx(np.log1p(np.exp(-pred)), rel=1e-9)  # the first bar stands


def test_bars_stand_and_lie_by_turns_each_at_a_place_of_its_own(book: Workbook) -> None:
    sheet = book["data"]
    (target,) = (cell.column for cell in sheet[4] if cell.value == "y")
    seen = set()
    for row in range(1, 17):
        ink = np.round(image(book, row)) == 1
        rows, columns = ink.any(1).sum(), ink.any(0).sum()
        stands = sheet.cell(5 + row, target).value
        assert (rows, columns) == ((3, 1) if stands else (1, 3))
        assert stands == row % 2
        seen.add(ink.tobytes())
    assert len(seen) == 16


def test_one_filter_answers_to_bars_that_stand_the_other_to_bars_that_lie(book: Workbook) -> None:
    sheet = book["images"]
    (top,) = (c.row + 1 for c in sheet["K"] if str(c.value).startswith("after"))
    found = pictures(sheet, top)
    answers = np.array(
        [
            [
                max(
                    (image(book, row)[r : r + 3, c : c + 3] * weights).sum()
                    for r in range(3)
                    for c in range(3)
                )
                for weights in found["conv.weight"]
            ]
            for row in range(1, 17)
        ]
    )
    stand, lie = answers[0::2].mean(0), answers[1::2].mean(0)
    assert stand[0] > lie[0]
    assert lie[1] > stand[1]


def test_it_learns_all_of_them(book: Workbook) -> None:
    sheet = book["filters"]
    accuracy = next(cell.column for cell in sheet[15] if cell.value == "accuracy")
    assert [sheet.cell(row, accuracy).value for row in (27, 28)] == [1, 1]
    said = {c.value: book["lesson"].cell(c.row, 4).value for c in book["lesson"]["A"] if c.value}
    (loss,) = (value for words, value in said.items() if "It took 6 epochs" in str(words))
    assert loss < 0.1 < np.log(2)
    assert any(f"{np.log(2):.4f}" in str(words) for words in said)


def test_every_cell_agrees_for_another_image_too(path: Path, tmp_path: Path) -> None:
    report = xlsgd.verify(path)
    assert passes(report)
    assert not any(sheet.unchecked for sheet in report.sheets)

    other = edited(path, tmp_path / "other.xlsx", lambda b: b["images"].__setitem__("C8", 16))
    assert passes(xlsgd.verify(other))


def test_a_wrong_filter_and_a_row_that_is_not_there_are_told(path: Path, tmp_path: Path) -> None:
    def break_it(book: Workbook) -> None:
        sheet = book["images"]
        (cell,) = (c for c in sheet[10] if str(c.value).startswith("=SUMPRODUCT($E$10:$G$12,"))
        cell.value = cell.value.replace("$G$12", "$G$11")

    report = xlsgd.verify(edited(path, tmp_path / "wrong.xlsx", break_it))
    assert [sheet.name for sheet in report.sheets if not sheet.ok] == ["images"]
    with pytest.raises(WorkbookError, match=r"shown_row.*from 1 to 16"):
        xlsgd.verify(
            edited(path, tmp_path / "17.xlsx", lambda b: b["images"].__setitem__("C8", 17))
        )
