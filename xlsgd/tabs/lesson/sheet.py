"""The first tab: what the workbook shows, what to change, what to watch, and where it all is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from string import digits
from textwrap import wrap

from openpyxl.drawing.spreadsheet_drawing import AnchorMarker
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.sheets.charts import ChartPlace, add_chart
from xlsgd.sheets.maps import BookMap, quoted
from xlsgd.sheets.style import set_page
from xlsgd.sheets.writing import set_widths, write_heading
from xlsgd.tabs.kind import Planned, kinds
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
_MOST_ROWS = 13
"""Rows for links that a first screen has."""
_BESIDE, _NARROW = 6, 8.4
"""Columns beside that of the links, and the characters of one: words run over all of them."""
_EACH, _PAIRS = range(1 + _BESIDE), (0, 1, 3, 5)
"""Where links stand in a row that has several: short names, and any."""


def draw_lesson_tab(
    sheet: Worksheet, lesson: Lesson, tabs: Sequence[Planned], book: BookMap
) -> None:
    """Write the lesson's words, and beside them a picture and the links to the other tabs."""
    sheet["A1"] = lesson.title
    sheet["A1"].style = "title"
    _write_words(sheet, lesson)
    place = ChartPlace(AnchorMarker(col=_LINKS - 1, colOff=0, row=2, rowOff=0), *_PICTURE_PIXELS)
    _draw_picture(sheet, place, lesson, book)
    row = _write_links(sheet, tabs, 3 + _PICTURE_ROWS)
    row = _write_beside(sheet, row + 2, "Colours", _COLOURS)
    row = _write_beside(sheet, row + 2, "Where to open it", _PROGRAMS)
    _write_beside(sheet, row + 2, "Where it comes from", _ORIGIN)
    set_widths(sheet, {1: 26, 2: 58, 3: 2, _LINKS: 22})
    set_widths(sheet, dict.fromkeys(range(_LINKS + 1, _LINKS + 1 + _BESIDE), _NARROW))
    set_page(sheet)


def _draw_picture(sheet: Worksheet, place: ChartPlace, lesson: Lesson, book: BookMap) -> None:
    """Draw what the lesson is about: runs side by side if it begins with these, else what the
    first run learns."""
    for kind in kinds().values():
        for spec in kind.pictures(lesson, book):
            add_chart(sheet, place, spec)
            return
    view = lesson.views[0]
    get_layout(view.layout).drawing.draw_picture(sheet, place, view, book)


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
    write_heading(sheet, row, _LINKS, 1 + _BESIDE, "The tabs")
    for together, places in _rows_of_links(tabs):
        row += 1
        for tab, place in zip(together, places, strict=False):
            cell = sheet.cell(row, _LINKS + place, tab.sheet)
            cell.hyperlink = Hyperlink(cell.coordinate, location=f"{quoted(tab.sheet)}!A1")
            cell.style = "link"
        if len(together) == 1:
            sheet.cell(row, _LINKS + 1, together[0].words).style = "fact"
    return row


def _rows_of_links(
    tabs: Sequence[Planned],
) -> Iterator[tuple[Sequence[Planned], Sequence[int]]]:
    """Yield the tabs that are linked to in each row, and in which columns: one in a row as long as
    all are on the first screen, else those side by side that are numbered, or as many as it takes.
    """
    rows: list[list[Planned]] = [[tab] for tab in tabs]
    if len(rows) > _MOST_ROWS:
        rows = [list(those) for _, those in groupby(tabs, lambda tab: tab.sheet.rstrip(digits))]
    if len(rows) <= _MOST_ROWS:
        for together in rows:
            for begin in range(0, len(together), len(_EACH)):
                yield together[begin : begin + len(_EACH)], _EACH
        return
    each = min(-(-len(tabs) // _MOST_ROWS), len(_PAIRS))
    for begin in range(0, len(tabs), each):
        yield tabs[begin : begin + each], _PAIRS


def _write_beside(
    sheet: Worksheet, row: int, heading: str, lines: Sequence[tuple[str, str, str]]
) -> int:
    """Write lines under a heading beside the words; return the row of the last one.

    lines: words, their style, and what is said of them.
    """
    write_heading(sheet, row, _LINKS, 1 + _BESIDE, heading)
    for words, style, said in lines:
        row += 1
        sheet.cell(row, _LINKS, words).style = style
        sheet.cell(row, _LINKS + 1, said).style = "fact"
    return row
