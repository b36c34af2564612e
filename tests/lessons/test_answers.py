"""The question and the answers on the first tab: live values of cells, with links to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import xlsgd
from tests.verify.books import SIX_POINTS, edited, first_wrong, passes, patched, stored
from xlsgd.lessons import Options, get_plan
from xlsgd.lessons.generation import write_lesson
from xlsgd.lessons.lesson import Answer
from xlsgd.tabs.workbook import drawn

LOOKS = {
    "{@sgd.last_loss}": "sgd",
    "{@sgd.last.new.a}": "sgd",
    "{at.training/sgd.steps.new.b#2}": "sgd",
    "{at.data.data.x#-1}": "data",
    "{at.surface.lowest_loss}": "surface",
    "{at.compare.target_loss}": "compare",
    "{@sgd.verdict}": "sgd",
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = Options(data=SIX_POINTS, epochs=2, optimizers=("sgd",))
    answers = tuple(Answer(f"The {i}th answer. " * 9, look) for i, look in enumerate(LOOKS))
    asked = replace(
        get_plan("graddesc").build(options), question="Is it right?", answers=(*answers, END)
    )
    path = tmp_path_factory.mktemp("asked") / "asked.xlsx"
    write_lesson(asked, path)
    return path


END = Answer("An answer that speaks of no cell.")


def references(path: Path, **how: Any) -> list[Any]:
    sheet = openpyxl.load_workbook(path, **how).worksheets[0]
    return [cell for cell in sheet["D"] if str(cell.value).startswith("=")]


def test_the_question_stands_first_and_each_answer_has_a_value_and_a_link(book: Path) -> None:
    sheet = openpyxl.load_workbook(book).worksheets[0]
    values = openpyxl.load_workbook(book, data_only=True)
    assert sheet["A2"].value == "Is it right?"
    cells = references(book)
    assert len(cells) == len(LOOKS)
    for cell, there in zip(cells, LOOKS.values(), strict=True):
        tab, _, place = cell.value[1:].partition("!")
        link = cell.offset(0, 1)
        assert tab == there
        assert link.value == link.hyperlink.location == f"{tab}!{place.replace('$', '')}"
        assert values["lesson"][cell.coordinate].value == values[tab][place].value
    words = [cell.value for cell in sheet["A"]]
    assert words.index(END.words) < words.index("What it shows")
    assert words.index(END.words) == cells[-1].row + 1  # the answer before takes two lines


def test_they_are_checked(book: Path) -> None:
    report = xlsgd.verify(book)
    assert passes(report)
    (first,) = (sheet for sheet in report.sheets if sheet.kind == "lesson")
    assert first.cells_compared == first.formulas == len(LOOKS)
    assert not any(sheet.unchecked for sheet in report.sheets)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, "=sgd!$A$1"),
        (1, "=sgd!$D$7"),
        (2, 1.5),
        (3, "=data!$B$6"),
        (4, "={}+0.001"),
        (5, "=123"),
    ],
)
def test_one_that_points_elsewhere_is_named(
    book: Path, tmp_path: Path, place: int, value: Any
) -> None:
    cell = references(book)[place]

    def edit(workbook: Any) -> None:
        typed = value.format(cell.value) if isinstance(value, str) else value
        workbook["lesson"][cell.coordinate] = typed.replace("==", "=") if typed != value else value

    report = xlsgd.verify(edited(book, tmp_path / "edited.xlsx", edit))
    assert first_wrong(report) == f"lesson!{cell.coordinate}"


def test_a_stale_value_is_named(book: Path, tmp_path: Path) -> None:
    cell = references(book)[0].coordinate
    report = xlsgd.verify(patched(book, tmp_path / "stale.xlsx", "lesson", cell, stored("0.25")))
    assert first_wrong(report) == f"lesson!{cell}"


def test_without_its_marker_the_tab_is_not_passed_over(book: Path, tmp_path: Path) -> None:
    def edit(workbook: Any) -> None:
        for cell in workbook["lesson"]["C"]:
            if cell.value == "xlsgd":
                cell.value = "mine"

    with pytest.raises(xlsgd.XlsgdError, match="lesson tab, format 1"):
        xlsgd.verify(edited(book, tmp_path / "lost.xlsx", edit))


def test_rows_inserted_and_tabs_renamed(
    book: Path, tmp_path: Path, libreoffice_edit: Callable[..., Path]
) -> None:
    edits = [
        ("insert_row", "lesson", 6),
        ("insert_column", "lesson", 2),
        ("insert_row", "sgd", 3),
        ("insert_row", "surface", 4),
        ("insert_column", "compare", 1),
        ("rename", "lesson", "what I asked"),
        ("rename", "sgd", "plain descent"),
        ("rename", "surface", "bowl"),
        ("rename", "compare", "all"),
    ]
    report = xlsgd.verify(libreoffice_edit(book, tmp_path / "edited.xlsx", edits))
    assert passes(report)
    (first,) = (sheet for sheet in report.sheets if sheet.kind == "lesson")
    assert first.cells_compared == len(LOOKS)
    assert not any(sheet.unchecked for sheet in report.sheets)


def test_of_a_tab_that_is_gone_its_value_says_so(book: Path, tmp_path: Path) -> None:
    cell = references(book)[4]

    def edit(workbook: Any) -> None:
        del workbook["surface"]
        workbook["lesson"][cell.coordinate] = "=#REF!"

    report = xlsgd.verify(edited(book, tmp_path / "gone.xlsx", edit))
    assert passes(report)
    (first,) = (sheet for sheet in report.sheets if sheet.kind == "lesson")
    assert list(first.unchecked) == [cell.coordinate]


def test_a_cell_that_no_tab_has_is_no_cell_to_look_at(tmp_path: Path) -> None:
    options = Options(data=SIX_POINTS, epochs=1, optimizers=("sgd",))
    plain = get_plan("graddesc").build(options)
    for look in ("{@sgd.no_such}", "{@sgd.steps.loss}", "{at.compare.no_such}"):
        with pytest.raises(LookupError, match=look.strip("{}")):
            drawn(replace(plain, question="Where?", answers=(Answer("There.", look),)))
    # Of a tab that options have taken away nothing is shown.
    drawn(replace(plain, question="Where?", answers=(Answer("There.", "{@adam.last_loss}"),)))
