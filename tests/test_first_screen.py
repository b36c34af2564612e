"""What a laptop of 1366 × 768 pixels shows of a tab before anybody scrolls."""

from __future__ import annotations

import math
import re
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils import get_column_letter

import xlsgd
from tests.builders import default_lesson
from tests.loaded import looked_at
from tests.verify.books import header_row, letter_of, runs_cell

PIXELS, ROWS = 1300, 26
"""What a window leaves of 1366 pixels for columns, beside numbers of rows, folds and a scroll bar,
and of 768 for rows of 20.  LibreOffice leaves 1223, and draws columns in 0.936 of these pixels."""


def pixels(sheet: openpyxl.worksheet.worksheet.Worksheet, last: int) -> int:
    """Return how wide the columns are up to the last one: 7 pixels a character and 5 beside."""
    widths = [sheet.column_dimensions[get_column_letter(c)] for c in range(1, last + 1)]
    return sum(0 if each.hidden else int(each.width * 7 + 5) for each in widths)


@pytest.mark.every
@pytest.mark.parametrize("tab", ["sgd", "momentum", "adagrad", "rmsprop", "adam"])
def test_a_step_of_one_neuron_fits(tab: str) -> None:
    sheet = looked_at(default_lesson("graddesc"))[tab]
    letter = letter_of(sheet, "new.b", "step")
    assert pixels(sheet, openpyxl.utils.column_index_from_string(letter)) <= PIXELS


def test_rates_to_type_in_stand_on_it() -> None:
    sheet = looked_at(default_lesson("learning-rates"))["rates-one"]
    last = runs_cell(sheet, "learning_rate", "one-7")
    assert int(re.sub("[A-Z]", "", last)) <= ROWS
    (chart,) = sheet._charts
    assert chart.anchor._from.row + 1 < ROWS
    assert chart.anchor._from.row > header_row(sheet, "experiment")


def test_charts_end_with_the_last_step(tmp_path: Path) -> None:
    """With 29 rows and batches of 10 an epoch has three steps."""
    path = xlsgd.generate(
        "graddesc", tmp_path / "b.xlsx", optimizers=("sgd",), batch_size=10, epochs=4
    )
    with zipfile.ZipFile(path) as package:
        charts = [n for n in package.namelist() if re.fullmatch(r"xl/charts/chart\d+\.xml", n)]
        texts = [package.read(name).decode() for name in charts]
    by_step = [t for t in texts if re.search(r"Loss: rows|Weights on their|Numerical against", t)]
    ends = [re.findall(r'<c:max val="([0-9.]+)"', text)[0] for text in by_step]
    assert list(map(float, ends)) == [4 * math.ceil(29 / 10)] * 3
