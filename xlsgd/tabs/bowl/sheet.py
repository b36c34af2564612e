"""The bowl tab: beside each other for every run, how steep its bowl is and what that allows."""

from __future__ import annotations

from collections.abc import Sequence

from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.sheets.folding import fold_columns, fold_rows
from xlsgd.sheets.found_tab import MARKER
from xlsgd.sheets.maps import BookMap, TabMap
from xlsgd.sheets.style import set_page
from xlsgd.sheets.writing import (
    marker_field,
    set_widths,
    write_fields,
    write_heading,
    write_title,
)
from xlsgd.tabs.bowl.columns import KEYS, MARKED, ROWS_OF_DATA, fields
from xlsgd.training.experiment import Experiment

__all__ = ["draw_bowl_tab", "map_bowl_tab"]

_TOP, _WIDTH = 5, 4
"""The first row, and the columns of a run: words, keys, values, and a gap."""
_NOTES = 60

_FORMS = {
    "largest_rate": "0.0000E+00",
    "rate": "General",
    "condition": "#,##0.0",
    "steps_flattest": "#,##0",
}


def _sorted(experiment: Experiment) -> list[str]:
    """Return the fields from the top: those that a reader asks for first."""
    keys = [given.key for given in fields(experiment)]
    asked = [f"{key}.{experiment.id}" for key in (*KEYS[:5], "rate", KEYS[5])]
    return [*asked, *(key for key in keys if key not in asked)]


def map_bowl_tab(shown: Sequence[Experiment], sheet: str) -> TabMap:
    """Return where everything goes."""
    places = {}
    for i, experiment in enumerate(shown):
        for row, key in enumerate(_sorted(experiment), _TOP):
            places[key] = (row, 3 + i * _WIDTH)
    below = max(row for row, _ in places.values()) + 1
    places |= {ROWS_OF_DATA.key: (below, 3), MARKER: (below + 1, 3)}
    return TabMap(sheet, places, follows=tuple(e.id for e in shown))


def draw_bowl_tab(sheet: Worksheet, shown: Sequence[Experiment], book: BookMap) -> None:
    """Write the tab."""
    (tab,) = book.of("bowl").values()
    write_title(
        sheet,
        "How steep the bowl of the loss is",
        "The mean loss over three weights is a bowl. A rate has to suit its steepest direction, "
        "and then the flattest takes condition times as long.",
    )
    widths: dict[int, float] = {}
    for i, experiment in enumerate(shown):
        left = 1 + i * _WIDTH
        write_heading(sheet, _TOP - 1, left, 3, experiment.id)
        write_fields(sheet, fields(experiment), book, tab, "value", words=True)
        for given in fields(experiment):
            row, column = tab.fields[given.key]
            form = _FORMS.get(given.key.partition(".")[0])
            sheet.cell(row, column).number_format = form or sheet.cell(row, column).number_format
            if i < len(shown) - 1:
                sheet.cell(row, column + 1).value = None
        widths |= {left: 19, left + 1: 19, left + 2: 13, left + 3: 2}
        fold_columns(sheet, [left + 1])
    write_fields(sheet, [ROWS_OF_DATA, marker_field(MARKED)], book, tab, "value", words=True)
    widths[len(shown) * _WIDTH] = _NOTES
    set_widths(sheet, widths)
    asked = len(KEYS) + 1
    fold_rows(sheet, *range(_TOP + asked, tab.fields[MARKER][0] + 1))
    set_page(sheet)
