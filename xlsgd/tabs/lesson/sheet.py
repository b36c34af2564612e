"""The first tab: what the workbook shows, what to change, what to watch, and where it all is."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import wrap

from openpyxl.drawing.spreadsheet_drawing import AnchorMarker
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.sheets.charts import Place
from xlsgd.sheets.maps import BookMap, quoted
from xlsgd.sheets.style import set_page
from xlsgd.sheets.writing import set_widths, write_heading
from xlsgd.tabs.kind import Planned
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["draw_lesson_tab"]

_CHARACTERS_A_LINE = 84
_TEXT, _LINKS = 1, 4
"""Columns where the words begin, and what stands beside them."""
_COLOURS = (
    ("yellow, blue numbers", "input", "yours to change"),
    ("everything else", "fact", "formulas: they follow by themselves"),
    ("above a column", "fact", "what it is, on paper and in PyTorch: hover over it"),
)
_PROGRAMS = (
    ("Excel, LibreOffice", "fact", "open the file; in Excel, click Enable Editing"),
    ("Excel for the web", "fact", "upload it to OneDrive and open it there"),
    ("Google Sheets", "fact", "File, Import, Upload"),
    ("a phone", "fact", "Excel's or Google's app, turned sideways"),
)
_ORIGIN = (
    ("the program xlsgd", "fact", "writes them and checks every cell against PyTorch"),
    ("its commands", "fact", "xlsgd generate, xlsgd verify, xlsgd explain"),
)
_PICTURE_ROWS = 10
_PICTURE_PIXELS = (500, 190)


def draw_lesson_tab(
    sheet: Worksheet, lesson: Lesson, tabs: Sequence[Planned], book: BookMap
) -> None:
    """Write the lesson's words, and beside them a picture and the links to the other tabs."""
    sheet["A1"] = lesson.title
    sheet["A1"].style = "title"
    _write_words(sheet, lesson)
    view = lesson.views[0]
    place = Place(AnchorMarker(col=_LINKS - 1, colOff=0, row=2, rowOff=0), *_PICTURE_PIXELS)
    get_layout(view.layout).drawing.draw_picture(sheet, place, view, book)
    row = _write_links(sheet, tabs, 3 + _PICTURE_ROWS)
    row = _write_beside(sheet, row + 2, "Colours", _COLOURS)
    row = _write_beside(sheet, row + 2, "Where to open it", _PROGRAMS)
    _write_beside(sheet, row + 2, "Where it comes from", _ORIGIN)
    set_widths(sheet, {1: 26, 2: 58, 3: 2, _LINKS: 22, _LINKS + 1: 50})
    set_page(sheet)


def _write_words(sheet: Worksheet, lesson: Lesson) -> None:
    row = 3
    for heading, paragraphs in (
        ("What it shows", lesson.shows),
        ("What to change", lesson.change),
        ("What to watch", lesson.watch),
        ("Questions", lesson.answers),
    ):
        if not paragraphs:
            continue
        write_heading(sheet, row, _TEXT, 2, heading)
        row += 1
        for paragraph in paragraphs:
            # Over several rows of one height: what stands beside them is not torn apart.
            last = row + len(wrap(paragraph, _CHARACTERS_A_LINE)) - 1
            sheet.merge_cells(start_row=row, end_row=last, start_column=_TEXT, end_column=_TEXT + 1)
            sheet.cell(row, _TEXT, paragraph).style = "text"
            row = last + 1
        row += 1


def _write_links(sheet: Worksheet, tabs: Sequence[Planned], row: int) -> int:
    """Write where the other tabs are; return the row of the last one."""
    write_heading(sheet, row, _LINKS, 2, "The tabs")
    for tab in tabs:
        row += 1
        cell = sheet.cell(row, _LINKS, tab.sheet)
        cell.hyperlink = Hyperlink(cell.coordinate, location=f"{quoted(tab.sheet)}!A1")
        cell.style = "link"
        sheet.cell(row, _LINKS + 1, tab.words).style = "fact"
    return row


def _write_beside(
    sheet: Worksheet, row: int, heading: str, lines: Sequence[tuple[str, str, str]]
) -> int:
    """Write lines under a heading beside the words; return the row of the last one.

    lines: words, their style, and what is said of them.
    """
    write_heading(sheet, row, _LINKS, 2, heading)
    for words, style, said in lines:
        row += 1
        sheet.cell(row, _LINKS, words).style = style
        sheet.cell(row, _LINKS + 1, said).style = "fact"
    return row
