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
from tests.builders import short_lesson
from tests.loaded import looked_at
from tests.verify.books import header_row, letter_of, runs_cell
from xlsgd.data import Dataset, made_data
from xlsgd.data.passengers import made_passengers

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
    sheet = looked_at(short_lesson("graddesc"))[tab]
    letter = letter_of(sheet, "new.b", "step")
    assert pixels(sheet, openpyxl.utils.column_index_from_string(letter)) <= PIXELS


def test_rates_to_type_in_stand_on_it() -> None:
    sheet = looked_at(short_lesson("learning-rates"))["rates-one"]
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


@pytest.mark.parametrize("known", [True, False])
def test_the_true_line_is_drawn_where_it_is_known(tmp_path: Path, known: bool) -> None:
    made = made_data(6, noise=3.0, seed=1)
    data = made if known else Dataset("read from a file", made.inputs, made.y)
    path = xlsgd.generate(
        "graddesc", tmp_path / "line.xlsx", data=data, epochs=1, optimizers=("sgd",)
    )
    sheet = openpyxl.load_workbook(path)["data"]
    with zipfile.ZipFile(path) as package:
        charts = [n for n in package.namelist() if re.fullmatch(r"xl/charts/chart\d+\.xml", n)]
        texts = [package.read(name).decode() for name in charts]
    drawn = [text for text in texts if "The points and the line" in text]
    assert len(drawn) == 2  # on the lesson's first tab, and on the optimizer's
    for text in drawn:
        assert ("<c:v>true</c:v>" in text) == known
        found = re.findall(r"'data'!\$([A-Z]+)\$(\d+):\$[A-Z]+\$(\d+)</c:f>", text)
        ends = [cells for cells in found if cells[0] not in "AB"]
        points = [
            [sheet[f"{letter}{row}"].value for row in (first, last)] for letter, first, last in ends
        ]
        if known:
            (low, high), ys = points
            assert (low, high) == (min(made.inputs["x"]), max(made.inputs["x"]))
            assert ys == [2 * low + 30, 2 * high + 30]
        else:
            assert points == []
    assert xlsgd.verify(path).ok


def test_titanics_predictions_stand_on_it(tmp_path: Path) -> None:
    path = xlsgd.generate(
        "titanic", tmp_path / "t.xlsx", data=made_passengers(12, 1), epochs=2, optimizers=("sgd",)
    )
    sheet = openpyxl.load_workbook(path)["training"]
    titles = {
        chart.title.tx.rich.p[0].r[0].t: chart.anchor._from
        for chart in sheet._charts
        if chart.title is not None
    }
    place = titles["Predictions of the two groups"]
    assert place.row < ROWS
    assert pixels(sheet, place.col) < PIXELS
    assert "Weights after the last step" in titles


@pytest.mark.parametrize("name", ["graddesc", "two-neuron", "titanic", "learning-rates"])
def test_links_to_all_tabs_stand_on_the_first_tab(name: str) -> None:
    workbook = looked_at(short_lesson(name))
    first = workbook.worksheets[0]
    links = {
        cell.value: cell
        for row in first.iter_rows(max_row=ROWS)
        for cell in row
        if cell.hyperlink is not None and pixels(first, cell.column) <= PIXELS
    }
    assert set(links) == {sheet.title for sheet in workbook.worksheets[1:]}
    for tab, cell in links.items():
        assert cell.hyperlink.location.replace("'", "") == f"{tab}!A1"


def test_links_of_very_many_tabs(tmp_path: Path) -> None:
    optimizers = ("sgd", "momentum", "momentum-classic", "nesterov", "adagrad", "rmsprop", "adam")
    more = ("adadelta", "amsgrad", "adamw", "adamax", "nadam", "radam", "rprop")
    path = xlsgd.generate(
        "graddesc",
        tmp_path / "many.xlsx",
        data=made_data(2, noise=0.0, seed=1),
        epochs=1,
        optimizers=optimizers + more,
    )
    workbook = openpyxl.load_workbook(path)
    cells = [cell for row in workbook["lesson"].iter_rows() for cell in row if cell.hyperlink]
    assert [cell.value for cell in cells] == workbook.sheetnames[1:]
    assert max(cell.row for cell in cells) <= ROWS


def test_learning_rates_begin_with_all_their_runs() -> None:
    sheet = looked_at(short_lesson("learning-rates"))["lesson"]
    (chart,) = sheet._charts
    assert [series.tx.strRef.f for series in chart.series] == [
        "'rates-one'!" + re.sub("([A-Z]+)", r"$\1$", rate_of(f"one-{i}")) for i in range(1, 8)
    ]


def rate_of(run: str) -> str:
    rates = looked_at(short_lesson("learning-rates"))["rates-one"]
    return runs_cell(rates, "learning_rate", run)


_KINDS = [
    ("quadratic", "slice"),
    ("speed", "bowl"),
    ("speed", "map-raw"),
    ("speed", "counts"),
    ("momentum", "wave"),
    ("relu", "units"),
    ("wrong-minimum", "curve"),
    ("cross-entropy", "losses"),
    ("embeddings", "ratings"),
    ("three-or-seven", "images linear"),
]


@pytest.mark.parametrize(("name", "tab"), _KINDS)
def test_machine_keys_are_folded_away(name: str, tab: str) -> None:
    """The marker is on a folded row or column, and no key with a point or a low line is seen."""
    sheet = looked_at(short_lesson(name))[tab]
    texts = [c for row in sheet.iter_rows() for c in row if isinstance(c.value, str)]
    seen = [c for c in texts if not is_folded(sheet, c)]
    assert "xlsgd" not in {cell.value for cell in seen}
    keys = {c.value for c in texts if is_folded(sheet, c) and re.search(r"[a-z][._]", c.value)}
    # Keys of pictures stand above them, and are not seen.
    shown = {cell.value for cell in seen if cell.number_format != ";;;"}
    assert len(keys - shown) > 1 or tab == "counts"
    assert not keys & shown - {c.value for c in seen if c.style == "symbol"}


@pytest.mark.parametrize(("name", "tab"), [k for k in _KINDS if k[1] not in ("bowl", "ratings")])
def test_what_is_typed_in_and_pictures_stand_on_it(name: str, tab: str) -> None:
    sheet = looked_at(short_lesson(name))[tab]
    inputs = [c for row in sheet.iter_rows() for c in row if c.style == "input"]
    assert inputs or tab == "counts"
    for cell in inputs:
        assert visible_rows(sheet, cell.row) <= ROWS
        assert pixels(sheet, cell.column) <= PIXELS
    for chart in sheet._charts:
        begin = chart.anchor._from
        assert visible_rows(sheet, begin.row + 1) < ROWS - 6
        assert pixels(sheet, begin.col) < PIXELS - 400


def is_folded(sheet: openpyxl.worksheet.worksheet.Worksheet, cell: openpyxl.cell.Cell) -> bool:
    return bool(
        sheet.row_dimensions[cell.row].hidden or sheet.column_dimensions[cell.column_letter].hidden
    )


def visible_rows(sheet: openpyxl.worksheet.worksheet.Worksheet, last: int) -> int:
    return sum(not sheet.row_dimensions[row].hidden for row in range(1, last + 1))
