"""The first tab: what the workbook shows, what to change, what to watch, and where it all is."""

from __future__ import annotations

from collections.abc import Sequence

from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.sheets.maps import quoted
from xlsgd.sheets.style import set_page
from xlsgd.sheets.writing import set_widths, write_heading
from xlsgd.tabs.kind import Planned
from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["draw_lesson_tab"]

_CHARACTERS_A_LINE = 105


def draw_lesson_tab(sheet: Worksheet, lesson: Lesson, tabs: Sequence[Planned]) -> None:
    """Write the lesson's words and the links to the other tabs."""
    sheet["A1"] = lesson.title
    sheet["A1"].style = "title"
    row = 3
    for heading, paragraphs in (
        ("What it shows", lesson.shows),
        ("What to change", lesson.change),
        ("What to watch", lesson.watch),
        ("Questions", lesson.answers),
    ):
        if not paragraphs:
            continue
        write_heading(sheet, row, 1, 2, heading)
        row += 1
        for paragraph in paragraphs:
            sheet.merge_cells(start_row=row, end_row=row, start_column=1, end_column=2)
            sheet.cell(row, 1, paragraph).style = "text"
            sheet.row_dimensions[row].height = 15.5 * (1 + len(paragraph) // _CHARACTERS_A_LINE) + 4
            row += 1
        row += 1
    write_heading(sheet, row, 1, 2, "The tabs")
    for tab in tabs:
        row += 1
        cell = sheet.cell(row, 1, tab.sheet)
        cell.hyperlink = Hyperlink(cell.coordinate, location=f"{quoted(tab.sheet)}!A1")
        cell.style = "link"
        sheet.cell(row, 2, tab.words).style = "fact"
    row += 2
    write_heading(sheet, row, 1, 2, "Colours")
    formulas = (
        "formulas: they follow by themselves; hover over a header for what it is, the formula on "
        "paper and the line of PyTorch"
    )
    for words, style, meaning in (
        ("yellow, blue numbers", "input", "yours to change"),
        ("everything else", "fact", formulas),
    ):
        row += 1
        sheet.cell(row, 1, words).style = style
        sheet.cell(row, 2, meaning).style = "fact"
    set_widths(sheet, {1: 26, 2: 92})
    set_page(sheet)
