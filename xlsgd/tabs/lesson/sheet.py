"""The first tab: what the workbook shows, what to change, what to watch, and where it all is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from string import digits
from textwrap import wrap
from typing import NamedTuple

from openpyxl.drawing.spreadsheet_drawing import AnchorMarker
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters
from xlsgd.sheets.charts import ChartPlace, add_chart
from xlsgd.sheets.found_tab import MARKER
from xlsgd.sheets.maps import BookMap, TabMap, address, quoted
from xlsgd.sheets.style import set_page
from xlsgd.sheets.writing import set_widths, write_heading
from xlsgd.tabs.kind import Planned, kinds
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.lesson.answers import KEY, MARKED, cell_meant, key_of
from xlsgd.tabs.lesson.plan import Answer, Lesson

__all__ = ["draw_lesson_tab", "map_lesson_tab"]


class _Columns(NamedTuple):
    """Where what stands.

    text: where the words begin.   last: where paragraphs end.   links: what stands beside them.
    line, answer: characters of a line of a paragraph, and of an answer.
    """

    text: int
    last: int
    links: int
    line: int
    answer: int
    widths: dict[int, float]


_PLAIN = _Columns(1, 2, 4, 84, 84, {1: 26, 2: 58, 3: 2, 4: 22})
_LOOKING = _Columns(1, 5, 7, 95, 76, {1: 26, 2: 44, 3: 8, 4: 13, 5: 17, 6: 2, 7: 22})
"""With answers that have cells to look at: beside them a hidden key, a value, and a link."""
_KEY, _VALUE, _LINK = 3, 4, 5
_FIRST = 3
_COLOURS = (
    ("yellow, blue numbers", "input", "yours to change"),
    ("everything else", "fact", "formulas: they follow by themselves"),
    ("above a column", "fact", "what it is, on paper and in PyTorch: hover over it"),
)
_PROGRAMS = (
    ("Excel, LibreOffice", "fact", "open the file; in Excel, click Enable Editing"),
    ("Excel for the web", "fact", "upload it to OneDrive and open it there"),
    ("Google Sheets", "fact", "File, Import, Upload"),
    ("a phone", "fact", "Excel's or Google's app; nobody has tried it yet"),
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


def _columns(lesson: Lesson) -> _Columns:
    return _LOOKING if lesson.has_looks else _PLAIN


def map_lesson_tab(lesson: Lesson, sheet: str) -> TabMap:
    """Return where the values beside the answers go."""
    fields = {}
    for number, (row, answer) in enumerate(_answer_rows(lesson), 1):
        if answer.look:
            fields[key_of(number, answer.look)] = (row, _VALUE)
    return TabMap(sheet, fields)


def _answer_rows(lesson: Lesson) -> list[tuple[int, Answer]]:
    """Return the rows in which the answers of a lesson with a question begin."""
    row = _FIRST + 1
    found = []
    for answer in lesson.answered:
        found.append((row, answer))
        row += len(wrap(answer.words, _columns(lesson).answer))
    return found


def draw_lesson_tab(
    sheet: Worksheet, lesson: Lesson, tabs: Sequence[Planned], book: BookMap
) -> None:
    """Write the lesson's words, and beside them a picture and the links to the other tabs."""
    columns = _columns(lesson)
    links = columns.links
    sheet["A1"] = lesson.title
    sheet["A1"].style = "title"
    _write_words(sheet, lesson, book)
    place = ChartPlace(AnchorMarker(col=links - 1, colOff=0, row=2, rowOff=0), *_PICTURE_PIXELS)
    _draw_picture(sheet, place, lesson, book)
    row = _write_links(sheet, tabs, 3 + _PICTURE_ROWS, links)
    row = _write_beside(sheet, row + 2, "Colours", _COLOURS, links)
    row = _write_beside(sheet, row + 2, "Where to open it", _PROGRAMS, links)
    _write_beside(sheet, row + 2, "Where it comes from", _ORIGIN, links)
    set_widths(sheet, columns.widths)
    set_widths(sheet, dict.fromkeys(range(links + 1, links + 1 + _BESIDE), _NARROW))
    if lesson.has_looks:
        sheet.column_dimensions[column_letters(_KEY)].hidden = True
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


def _write_words(sheet: Worksheet, lesson: Lesson, book: BookMap) -> None:
    """Write the paragraphs; where there is a question, it and its answers stand first."""
    columns = _columns(lesson)
    row = _FIRST
    told = [answer.words for answer in lesson.answered]
    if lesson.question:
        sheet.cell(2, columns.text, lesson.question).style = "group"
        write_heading(sheet, row, columns.text, columns.last, "The answer, and where to see it")
        row = _write_answers(sheet, lesson, book) + 1
        told = []
    for heading, paragraphs in (
        ("What it shows", lesson.shows),
        ("What to change", lesson.change),
        ("What to watch", lesson.watch),
        ("Questions", told),
    ):
        if not paragraphs:
            continue
        write_heading(sheet, row, columns.text, columns.last, heading)
        row += 1
        for paragraph in paragraphs:
            row = _write_lines(sheet, row, paragraph, columns.last, columns.line)
        row += 1
    if lesson.has_looks:
        sheet.cell(row, _KEY, MARKER).style = "key"
        sheet.cell(row, _VALUE, MARKED).style = "note"


def _write_lines(sheet: Worksheet, row: int, words: str, last: int, line: int) -> int:
    """Write words over several columns and rows; return the row below them."""
    # Over several rows of one height: what stands beside them is not torn apart.
    below = row + len(wrap(words, line))
    sheet.merge_cells(start_row=row, end_row=below - 1, start_column=1, end_column=last)
    sheet.cell(row, 1, words).style = "text"
    return below


def _write_answers(sheet: Worksheet, lesson: Lesson, book: BookMap) -> int:
    """Write the answers, each with the value of its cell and a link; return the row below."""
    columns = _columns(lesson)
    if lesson.has_looks:
        sheet.cell(_FIRST, _KEY, KEY).style = "key"
    for number, (row, answer) in enumerate(_answer_rows(lesson), 1):
        last = 2 if lesson.has_looks else columns.last
        _write_lines(sheet, row, answer.words, last, columns.answer)
        meant = cell_meant(answer.look, book, sheet.title) if answer.look else None
        if meant is None:
            continue
        formula, there, cell = meant
        sheet.cell(row, _KEY, key_of(number, answer.look)).style = "key"
        value = sheet.cell(row, _VALUE, formula)
        value.style = "value"
        value.number_format = answer.form or value.number_format
        link = sheet.cell(row, _LINK, f"{there}!{address(cell)}")
        link.hyperlink = Hyperlink(link.coordinate, location=f"{quoted(there)}!{address(cell)}")
        link.style = "link"
    last_row, answer = _answer_rows(lesson)[-1]
    return last_row + len(wrap(answer.words, columns.answer))


def _write_links(sheet: Worksheet, tabs: Sequence[Planned], row: int, left: int) -> int:
    """Write where the other tabs are; return the row of the last one."""
    write_heading(sheet, row, left, 1 + _BESIDE, "The tabs")
    for together, places in _rows_of_links(tabs):
        row += 1
        for tab, place in zip(together, places, strict=False):
            cell = sheet.cell(row, left + place, tab.sheet)
            cell.hyperlink = Hyperlink(cell.coordinate, location=f"{quoted(tab.sheet)}!A1")
            cell.style = "link"
        if len(together) == 1:
            sheet.cell(row, left + 1, together[0].words).style = "fact"
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
    sheet: Worksheet, row: int, heading: str, lines: Sequence[tuple[str, str, str]], left: int
) -> int:
    """Write lines under a heading beside the words; return the row of the last one.

    lines: words, their style, and what is said of them.
    """
    write_heading(sheet, row, left, 1 + _BESIDE, heading)
    for words, style, said in lines:
        row += 1
        sheet.cell(row, left, words).style = style
        sheet.cell(row, left + 1, said).style = "fact"
    return row
