"""The files themselves: what other programs find in them, and that they are the same each time.

Everything is looked at from outside, with pandas, openpyxl and as XML.
"""

from __future__ import annotations

import functools
import hashlib
import math
import re
import warnings
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pandas as pd
import pytest

from tests.builders import LESSONS, experiment_of, short_lesson, small_data, write_experiments
from tests.loaded import looked_at
from tests.openers.books import kind
from tests.verify.books import header_row
from xlsgd.base.cells import CellError, WorkbookFile
from xlsgd.base.columns import Column
from xlsgd.tabs.finder import find_lesson
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.view import View
from xlsgd.xlsx.reader import read_workbook

CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

every_lesson = pytest.mark.parametrize("lesson", LESSONS, scope="module")
"""With two epochs: what all its rows hold is another test's. All that is looked at in a lesson
comes in turn, so that it is read once."""


EXPLODING = "whole learning-rates"
"""A lesson as it comes, for runs that need their time to explode."""


def formulas(lesson: str) -> Any:
    return looked_at(short_lesson(lesson))


@functools.cache
def everything(folder: Path) -> Path:
    """Return a workbook that has a formula of every layer and of batches."""
    data = small_data(5, inputs=2)
    network = "Linear(2, 2), Tanh, Linear(2, 2, no bias), Sigmoid, ReLU, Sum"
    experiment = experiment_of(network, "adam", data=data, batch_size=2, difference="central")
    return write_experiments(folder / "everything.xlsx", experiment, data=data)


@functools.cache
def read(lesson: str) -> WorkbookFile:
    return read_workbook(kind(lesson if lesson == EXPLODING else f"short {lesson}"))


@functools.cache
def found(lesson: str) -> FoundWorkbook:
    file = read(lesson)
    return find_lesson(file.book, file.stored, lesson)


def formula_cells(workbook: Any) -> list[tuple[str, Any]]:
    """Return (tab, cell) for every formula of an openpyxl workbook."""
    return [
        (sheet.title, cell)
        for sheet in workbook.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# Stored values


@every_lesson
def test_pandas_reads_a_value_in_every_formula_cell(lesson: str) -> None:
    frames = pd.read_excel(short_lesson(lesson), sheet_name=None, header=None)
    assert list(frames) == formulas(lesson).sheetnames
    cells = formula_cells(formulas(lesson))
    assert len(cells) > 400
    stored = read(lesson).stored
    values = {sheet: frame.to_numpy() for sheet, frame in frames.items()}
    missing, kinds = [], set()
    for sheet, cell in cells:
        value = values[sheet][cell.row - 1, cell.column - 1]
        kinds.add(type(value).__name__)
        if pd.isna(value) and not isinstance(stored[sheet][cell.row, cell.column], CellError):
            missing.append(f"{sheet}!{cell.coordinate} {cell.value}")
    assert missing == []
    assert kinds <= {"int", "float", "str"}


@every_lesson
def test_stored_values_are_to_the_last_digit(lesson: str) -> None:
    """A number that is written in 15 digits is another number."""
    stored = read(lesson).stored
    numbers = [v for s in stored.values() for v in s.values() if isinstance(v, float)]
    longest = [v for v in numbers if len(repr(v).partition("e")[0].strip("-0.")) >= 17]
    assert len(longest) > 0.1 * len(numbers)


def test_constants_are_to_the_last_digit(tmp_path: Path) -> None:
    value = 1.2754625002528799  # needs all its 17 digits
    path = write_experiments(
        tmp_path / "run.xlsx", experiment_of(start={"a": value, "b": 0.1 + 0.2})
    )
    experiment = find_lesson(read_workbook(path).book, read_workbook(path).stored, "").experiments
    assert experiment["run"].start == {"a": value, "b": 0.1 + 0.2}


# What a learner finds


def columns_of(view: View) -> dict[str, list[Column]]:
    return get_layout(view.layout).tables(view)


@every_lesson
def test_every_header_says_what_it_is(lesson: str) -> None:
    for id, maps in found(lesson).maps.training.items():
        sheet = formulas(lesson)[maps.sheet]
        for name, columns in columns_of(found(lesson).views[id]).items():
            table = maps.tables[name]
            assert set(table.columns) == {column.quantity for column in columns}
            for column in columns:
                cell = sheet.cell(table.header_row, table.columns[column.quantity])
                assert cell.value == column.quantity
                seen = sheet.cell(table.header_row + 1, cell.column)
                # A header that is long is broken between its parts.
                assert "".join(str(seen.value).split()) == "".join(column.header.split())
                if name.startswith("block.") and name != "block.1":
                    assert seen.comment is None  # the first block has the notes for all
                    continue
                assert seen.comment is not None, seen.coordinate
                text = seen.comment.text
                assert column.note in text
                # A function of weights alone is called without an input.
                called = {column.torch, column.torch.replace("(nothing)", "()")}
                assert any(line in text for line in called)
                assert "PyTorch" in text
                assert column.paper in text


LONGEST_LIST = 255
"""Characters that Excel takes as a list to choose from."""


def experiment_has_its_rate_elsewhere(lesson: str, key: str) -> bool:
    return key == "learning_rate" and lesson == "learning-rates"


@every_lesson
def test_inputs_have_names_colours_and_rules(lesson: str) -> None:
    for id, maps in found(lesson).maps.training.items():
        sheet = formulas(lesson)[maps.sheet]
        ruled = {
            str(area): rule
            for rule in sheet.data_validations.dataValidation
            for area in rule.sqref.ranges
        }
        view = found(lesson).views[id]
        colours = set()
        for given in get_layout(view.layout).inputs(view):
            row, column = maps.fields[given.key]
            cell = sheet.cell(row, column)
            if sheet.cell(row - 2, column).value == given.key:  # beside others at the top
                assert sheet.cell(row - 1, column).value == given.words
                assert sheet.row_dimensions[row - 2].hidden
            else:
                assert sheet.cell(row, column - 1).value == given.key
                assert sheet.cell(row, column + 1).value, f"no words beside {given.key}"
            name = sheet.defined_names[re.sub(r"[^A-Za-z0-9_]+", "_", given.key).strip("_")]
            target = f"${cell.column_letter}${row}"
            assert name.attr_text in (f"{maps.sheet}!{target}", f"'{maps.sheet}'!{target}")
            if given.fixed or experiment_has_its_rate_elsewhere(lesson, given.key):
                assert cell.coordinate not in ruled
                continue
            colours.add(cell.fill.start_color.rgb)
            if len(",".join(given.choices)) > LONGEST_LIST:
                assert cell.coordinate not in ruled
                continue
            rule = ruled[cell.coordinate]
            assert rule.showErrorMessage
            assert rule.error
            assert (rule.type == "list") == bool(given.choices)
            if given.choices:
                assert rule.formula1 == f'"{",".join(given.choices)}"'
        assert len(colours) == 1
        output = sheet.cell(*maps.fields["verdict"]).fill.start_color.rgb
        assert output not in colours


@every_lesson
def test_names_mean_nothing_else_to_excel(lesson: str) -> None:
    """A name like R, C or AB12 is a cell to Excel; it then asks to repair the file."""
    for sheet in formulas(lesson).worksheets:
        for name in sheet.defined_names:
            assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", name)
            assert not re.fullmatch(r"[A-Za-z]{1,3}[0-9]+|[rRcC]|[rR][0-9]*[cC][0-9]*", name)


@every_lesson
def test_the_panel_is_live(lesson: str) -> None:
    for id, maps in found(lesson).maps.training.items():
        sheet = formulas(lesson)[maps.sheet]
        view = found(lesson).views[id]
        for given in get_layout(view.layout).panel(view):
            assert sheet.cell(*maps.fields[given.key]).data_type == "f", given.key


@every_lesson
def test_links_lead_to_tabs(lesson: str) -> None:
    workbook = formulas(lesson)
    assert workbook.sheetnames[0] == "lesson"
    assert workbook.active.title == "lesson"
    linked = set()
    for sheet in workbook.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.hyperlink is not None:
                    assert cell.hyperlink.target is None, "no link leads out of the workbook"
                    tab, _, place = cell.hyperlink.location.rpartition("!")
                    tab = tab.strip("'")
                    assert tab in workbook.sheetnames
                    # Or to the block of an epoch, on the same tab; answers, to what they show.
                    if sheet.title == "lesson" and place != "A1":
                        assert workbook[tab][place].value is not None, cell.hyperlink.location
                    else:
                        assert place == "A1" or (tab == sheet.title and place.endswith("14"))
                    if sheet.title == "lesson":
                        linked.add(tab)
    assert linked == set(workbook.sheetnames) - {"lesson"}


@every_lesson
def test_excel_calculates_on_opening(lesson: str) -> None:
    assert formulas(lesson).calculation.fullCalcOnLoad
    assert not formulas(lesson).calculation.iterate
    assert formulas(lesson).calculation.calcMode in (None, "auto")


LINEAR = {("cross-entropy", "loss of every step")}
"""The picture of a loss that hardly falls in two epochs, on a first tab."""

FEWER = {("embeddings", "training"): 2, ("convolution", "filters"): 2}
"""Charts of tabs with too many weights to draw."""


@every_lesson
def test_charts_have_titles(lesson: str) -> None:
    def words(element: ElementTree.Element | None) -> str:
        return "" if element is None else "".join(t.text or "" for t in element.iter(f"{DRAWING}t"))

    with zipfile.ZipFile(short_lesson(lesson)) as package:
        charts = [n for n in package.namelist() if re.fullmatch(r"xl/charts/chart\d+\.xml", n)]
        roots = {name: ElementTree.fromstring(package.read(name)) for name in charts}
    # Four on each training tab, three where there is neither a line over one x nor a model; one to
    # compare, one where a model's predictions are shown, one over a surface, and the picture of the
    # first tab. All that a package has is on some tab.
    maps = found(lesson).maps
    drawn = {sheet.title: len(sheet._charts) for sheet in formulas(lesson).worksheets}
    for id, tab in maps.training.items():
        line = "line" in tab.tables or id in maps.of("model")
        assert drawn[tab.sheet] == FEWER.get((lesson, id), 4 if line else 3), id
    for what in ("compare", "model", "surface"):
        assert all(drawn[tab.sheet] >= 1 for tab in maps.of(what).values())
    assert drawn["lesson"] == 1
    trained = {tab.sheet for tab in (*maps.training.values(), *maps.of("compare").values())}
    assert len(roots) == sum(drawn.values())
    over_cells = 0
    for name, root in roots.items():
        chart = root.find(f"{CHART}chart")
        assert chart is not None
        if chart.find(f"{CHART}autoTitleDeleted[@val='1']") is not None:
            over_cells += 1
            continue
        assert words(chart.find(f"{CHART}title")), name
        bars = root.find(f".//{CHART}barChart") is not None
        axes = list(root.iter(f"{CHART}valAx"))
        assert len(axes) == (1 if bars else 2)
        for axis in axes:
            deleted = axis.find(f"{CHART}delete")
            assert deleted is not None
            assert deleted.get("val") == "0"
        references = [f.text or "" for f in root.iter(f"{CHART}f")]
        assert references
        for reference in references:
            tab = reference.rpartition("!")[0].strip("'")
            assert tab in formulas(lesson).sheetnames
        title = words(chart.find(f"{CHART}title")).lower()
        shown = {reference.rpartition("!")[0].strip("'") for reference in references}
        log = "loss" in title and "accuracy" not in title and shown & trained
        if log and (lesson, title) not in LINEAR:
            assert any(True for _ in root.iter(f"{CHART}logBase")), name
    assert over_cells == len(maps.of("surface")) + len(maps.of("plane"))


@pytest.mark.parametrize("lesson", [*LESSONS, EXPLODING], scope="module")
def test_charts_stay_readable_where_a_run_explodes(lesson: str) -> None:
    """Everything that is drawn stays within bounds, whatever the run does."""
    file = read(lesson)
    for id, maps in found(lesson).maps.training.items():
        limit = found(lesson).views[id].typed.get("chart_limit", math.inf)
        table = maps.tables["steps"]
        for quantity, column in table.columns.items():
            values = [file.stored[maps.sheet].get((row, column)) for row in table.rows]
            numbers = [v for v in values if isinstance(v, float)]
            if quantity == "plot.loss":
                assert 1e-12 <= min(numbers) <= max(numbers) <= 1e12
            elif quantity.startswith("plot."):
                assert -limit <= min(numbers) <= max(numbers) <= limit
            elif quantity.startswith("grad_diff."):
                assert 0 <= min(numbers) <= max(numbers) <= 1


@every_lesson
def test_the_file_is_well_formed_and_opens_without_a_word(lesson: str) -> None:
    with zipfile.ZipFile(short_lesson(lesson)) as package:
        assert package.testzip() is None
        assert len(set(package.namelist())) == len(package.namelist())
        for name in package.namelist():
            if name.endswith((".xml", ".rels", ".vml")):
                ElementTree.fromstring(package.read(name))
        assert not any("calcChain" in name or "externalLink" in name for name in package.namelist())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        openpyxl.load_workbook(short_lesson(lesson), data_only=True)


@every_lesson
def test_every_stored_value_says_its_type(lesson: str) -> None:
    """A formula that gives words has t="str"; without it Excel repairs the file."""
    with zipfile.ZipFile(short_lesson(lesson)) as package:
        parts = [n for n in package.namelist() if n.startswith("xl/worksheets/sheet")]
        assert len(parts) == len(formulas(lesson).sheetnames)
        for part in parts:
            for cell in ElementTree.fromstring(package.read(part)).iter(f"{MAIN}c"):
                if cell.find(f"{MAIN}f") is None:
                    continue
                value = cell.find(f"{MAIN}v")
                assert value is not None
                assert value.text
                kind = cell.get("t", "n")
                assert kind in ("n", "str", "e")
                assert (kind == "e") == (value.text in ("#NUM!", "#DIV/0!", "#N/A"))
                if kind == "n":
                    float(value.text)


def test_what_is_not_finite_is_stored_as_an_error_of_excel(tmp_path: Path) -> None:
    path = write_experiments(
        tmp_path / "run.xlsx",
        experiment_of(
            "Linear(1, 1), Linear(1, 1)", gradient="backprop", learning_rate=9.0, epochs=6
        ),
    )
    sheet = openpyxl.load_workbook(path, data_only=True)["run"]
    wrong = [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "e"]
    header = sheet[header_row(sheet, "step", "loss")]
    # #N/A is what a chart leaves out: its columns have it on purpose.
    charted = {cell.column for cell in header if str(cell.value).startswith("plot.")}
    errors = {cell.value for cell in wrong if cell.column not in charted}
    assert "#NUM!" in errors
    assert errors <= {"#NUM!", "#DIV/0!"}
    assert {cell.value for cell in wrong if cell.column in charted} <= {"#N/A"}
