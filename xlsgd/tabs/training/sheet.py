"""A training tab: its first screen, and beside it what is folded away.

From the top: title, verdict, inputs and results in one row, a sentence, charts, and the table of
steps below its headers; all but the table stays in view.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, groupby

from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.columns import Column, Input
from xlsgd.data import Dataset
from xlsgd.sheets.maps import BookMap, TableMap, TabMap, address, quoted
from xlsgd.sheets.style import COLOURS, SHARE, set_page, shorten_large
from xlsgd.sheets.writing import write_body, write_fields, write_headers, write_value
from xlsgd.tabs.kind import kinds
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.layouts.drawing import Drawing
from xlsgd.tabs.training.arrangement import VERDICT_COLUMNS, Arrangement, arrange
from xlsgd.tabs.training.colours import colour
from xlsgd.tabs.training.formats import loss_format, number_formats
from xlsgd.tabs.training.headings import fold_headers, folded
from xlsgd.tabs.training.screen import Screen
from xlsgd.tabs.view import View

__all__ = ["FIRST_ROW", "draw_training_tab", "map_training_tab"]

TITLE_ROW, KEY_ROW, WORDS_ROW, VALUE_ROW, ABOUT_ROW, CHARTS_ROW = range(1, 7)
_CHART_ROWS = 8
GROUP_ROW = CHARTS_ROW + _CHART_ROWS
HEADER_ROW, SYMBOL_ROW, FIRST_ROW = GROUP_ROW + 1, GROUP_ROW + 2, GROUP_ROW + 3

_ASIDE = ("lowest", "plot.mean_loss")
"""Columns of the table of epochs that are folded away."""
BESIDE = 22
"""Columns at most that a tab needs besides its tables."""
_GAP = 1
_WIDTH, _NARROW, _LETTER = 8.2, 5.0, 1.2
"""Characters of a column of numbers, of one of counters, and of one bold letter above it."""
_MANY, _CLOSE = 20, 6.5
"""Of more columns than this the data stand closer to each other: one screen is to hold them."""
_WEIGHT = 9.3
"""Characters of a new weight, which may be -18885.112."""
_WIDE = 9.5
"""Characters of a result at the top."""
_LOSSES = ("start_loss", "last_loss")
_RESULTS = (*_LOSSES, "loss_left")
_LONGEST_CHOICE = 13
"""Characters of a choice that its column is made wide for."""
_SMALL_CHOICE = 22
"""Characters of one that is seen in smaller letters; longer ones take two lines."""
_LONG_KEY = 25
"""Characters of a key from which on their column is made wider."""
_LONG_VERDICT = 30
"""Characters of all weights' names from which on a verdict may fill more than its cell."""
_FIELD_COLUMNS = 3
"""Key, value, note."""


def map_training_tab(view: View, sheet: str, data_rows: int) -> TabMap:
    """Return where everything of an experiment's tab goes."""
    layout, arranged = get_layout(view.layout), arrange(view)
    tables, lengths = layout.tables(view), layout.lengths(view.experiment, data_rows)
    tab = TabMap(sheet, scope=layout.scope(view.experiment))

    def table(name: str, columns: dict[str, int]) -> None:
        tab.tables[name] = TableMap(
            HEADER_ROW, columns, list(range(FIRST_ROW, FIRST_ROW + lengths[name]))
        )

    for given, column in _top_columns(arranged):
        tab.fields[given.key] = (VALUE_ROW, column)
    left = arranged.width + _GAP + 1
    names = [column.quantity for column in tables["epochs"]]
    epochs = {name: left + i for i, name in enumerate(n for n in names if n not in _ASIDE)}
    left += len(epochs) + _GAP
    rows = (row for row in count(WORDS_ROW) if row != HEADER_ROW)
    for section in arranged.sections:
        next(rows)
        for given in section.fields:
            tab.fields[given.key] = (next(rows), left + 1)
        next(rows)
    left += _FIELD_COLUMNS + _GAP
    steps = {column.quantity: 1 + i for i, column in enumerate(arranged.shown)}
    for columns in arranged.folded.values():
        steps |= {column.quantity: left + i for i, column in enumerate(columns)}
        left += len(columns) + _GAP
    aside = [name for name in names if name in _ASIDE]
    epochs |= {name: left + i for i, name in enumerate(aside)}
    left += len(aside) + _GAP
    # In order of calculation, as everywhere else.
    table("steps", {column.quantity: steps[column.quantity] for column in tables["steps"]})
    for name, columns in tables.items():
        if name in ("steps", "epochs"):
            continue
        left += _GAP
        table(name, {column.quantity: left + i for i, column in enumerate(columns)})
        left += len(columns)
    table("epochs", {name: epochs[name] for name in names})
    return tab


def _top_columns(arranged: Arrangement) -> Iterator[tuple[Input, int]]:
    """Yield the fields at the top and the column of each."""
    verdict, *others = arranged.top
    yield verdict, 1
    yield from ((given, VERDICT_COLUMNS + i) for i, given in enumerate(others, 1))


def draw_training_tab(sheet: Worksheet, view: View, data: Dataset, book: BookMap) -> None:
    """Write an experiment's tab."""
    tab, arranged = book.training[view.id], arrange(view)
    layout = get_layout(view.layout)
    tables, drawing = layout.tables(view), layout.drawing
    screen = Screen(sheet)
    _draw_top(sheet, view, arranged, data, book)
    for section in arranged.sections:
        top, column = tab.fields[section.fields[0].key]
        # A row may be folded in between.
        top -= 2 if top - 1 == HEADER_ROW else 1
        for number in range(column - 1, column - 1 + _FIELD_COLUMNS):
            sheet.cell(top, number).style = "heading"
        sheet.cell(top, column - 1, section.heading)
        write_fields(sheet, section.fields, book, tab, section.style)
    formats = number_formats(view, data)
    for name, columns in tables.items():
        places = tab.tables[name].columns
        placed = sorted(columns, key=lambda column: places[column.quantity])
        heading, notes = drawing.heading(name), drawing.has_notes(name)
        write_headers(sheet, placed, tab.tables[name], heading, notes=notes, symbols=True)
        write_body(sheet, columns, book, tab, name, formats)
    drawing.draw_numbers(sheet, tab)
    _name_inputs(sheet, view, tab)
    # Colours first: LibreOffice takes the first rule that fits and leaves the others.
    colour(sheet, view, tab)
    shorten_large(sheet, *(table.span for table in tab.tables.values()))
    # Of fields, too: where f has no lowest point, what is left of it is large and negative.
    shorten_large(sheet, *(address(tab.fields[given.key]) for given in layout.panel(view)))
    tensors = view.experiment.network.is_graph
    _set_sizes(screen, arranged, tables, tab, tensors, drawing)
    _merge_headings(sheet, arranged, tab, screen)
    if height := fold_headers(sheet, tab, tensors):
        sheet.row_dimensions[SYMBOL_ROW].height = height
    words = data.schema.words
    lent = [bars for kind in kinds().values() for bars in kind.lends(view.id, words, book)]
    drawing.draw_charts(sheet, screen.places(CHARTS_ROW), view, book, lent)
    set_page(sheet)


def _draw_top(
    sheet: Worksheet, view: View, arranged: Arrangement, data: Dataset, book: BookMap
) -> None:
    """Write what stands above the charts."""
    tab = book.training[view.id]
    sheet.cell(TITLE_ROW, 1, view.title).style = "title"
    links = [sheet.parent.worksheets[0].title, *(t.sheet for t in book.of("compare").values())]
    for i, name in enumerate(links):
        cell = sheet.cell(TITLE_ROW, arranged.seen - len(links) + 1 + i, name)
        cell.hyperlink = Hyperlink(cell.coordinate, location=f"{quoted(name)}!A1")
        cell.style = "link"
    inputs = {given.key for given in get_layout(view.layout).inputs(view)}
    for given, column in _top_columns(arranged):
        sheet.cell(KEY_ROW, column, given.key).style = "key"
        sheet.cell(WORDS_ROW, column, given.words).style = "label"
        write_value(sheet, given, book, tab, "input" if given.key in inputs else "value")
        if len(str(given.value)) > _LONGEST_CHOICE and given.choices:
            cell = sheet.cell(VALUE_ROW, column)
            short = len(str(given.value)) <= _SMALL_CHOICE
            cell.alignment = Alignment("right", "center", wrap_text=not short, shrink_to_fit=short)
        if given.key in _RESULTS:
            cell = sheet.cell(VALUE_ROW, column)
            cell.style = "result"
            cell.number_format = loss_format(data) if given.key in _LOSSES else SHARE
    for column in range(1, VERDICT_COLUMNS + 1):
        sheet.cell(VALUE_ROW, column).style = "verdict"
    sheet.merge_cells(
        start_row=VALUE_ROW, end_row=VALUE_ROW, start_column=1, end_column=VERDICT_COLUMNS
    )
    network = view.experiment.network
    if network.silences and sum(len(name) + 2 for name in network.groups) > _LONG_VERDICT:
        # Which weights stand still because of dead units may fill it: then the beginning is seen.
        verdict = sheet.cell(VALUE_ROW, 1)
        verdict.font = Font(name="Calibri", size=10, bold=True, color=COLOURS["ink"])
        verdict.alignment = Alignment(vertical="top", wrap_text=True)
    sheet.cell(ABOUT_ROW, 1, view.about).style = "about"
    sheet.merge_cells(
        start_row=ABOUT_ROW, end_row=ABOUT_ROW, start_column=1, end_column=arranged.seen
    )


def _merge_headings(sheet: Worksheet, arranged: Arrangement, tab: TabMap, screen: Screen) -> None:
    """Let a heading that is longer than the first of its columns have room above all of them."""
    places = tab.tables["steps"].columns
    for group, those in groupby(arranged.shown, lambda column: column.group):
        numbers = [places[column.quantity] for column in those]
        if screen.width(numbers) < len(group) * _LETTER:
            sheet.merge_cells(
                start_row=GROUP_ROW,
                end_row=GROUP_ROW,
                start_column=numbers[0],
                end_column=numbers[-1],
            )
            sheet.cell(GROUP_ROW, numbers[0]).alignment = Alignment(shrink_to_fit=True)


def _name_inputs(sheet: Worksheet, view: View, tab: TabMap) -> None:
    """Give inputs names of their own tab, for the name box and for a learner's formulas."""
    from openpyxl.workbook.defined_name import DefinedName

    for given in get_layout(view.layout).inputs(view):
        name = _name_of(given.key)
        if name in sheet.defined_names:  # two keys that differ in signs alone
            continue
        place = address(tab.fields[given.key], absolute=True)
        defined = DefinedName(name, attr_text=f"{quoted(tab.sheet)}!{place}")
        sheet.defined_names[name] = defined


def _name_of(key: str) -> str:
    """Return the name of an input's cell: letters, digits and underscores, as programs take them;
    ``init_fc_weight_0_1`` for ``init.fc.weight[0,1]``."""
    return re.sub(r"[^A-Za-z0-9_]+", "_", key).strip("_")[:250]


def _set_sizes(
    screen: Screen,
    arranged: Arrangement,
    tables: Mapping[str, Sequence[Column]],
    tab: TabMap,
    tensors: bool,
    drawing: Drawing,
) -> None:
    def length(text: str) -> int:
        return max(map(len, folded(text, tensors)))

    steps = tab.tables["steps"].columns
    many = len(arranged.shown) > _MANY
    widths = dict.fromkeys(range(1, arranged.width + 1), _WIDTH)
    for column in arranged.shown:
        wide = max(_WIDTH, length(column.header) * 0.95)
        if column.group == "where we are":
            wide = max(_NARROW, length(column.header) * _LETTER)
        elif column.group == "data" and many:
            wide = _CLOSE
        elif column.quantity.startswith("new.") and not many:
            wide = max(_WEIGHT, wide)
        widths[steps[column.quantity]] = wide
    for given, number in _top_columns(arranged):
        if number > VERDICT_COLUMNS:
            longest = min(max(map(len, given.choices), default=0), _LONGEST_CHOICE)
            widths[number] = max(widths[number], len(given.words) * 0.8, longest + 1.0)
            if given.key in _RESULTS:
                widths[number] = max(widths[number], _WIDE)
    for number, wide in widths.items():
        screen.set_width(number, wide)
    screen.set_width(arranged.width + 1, 2)
    epochs = tab.tables["epochs"].columns
    seen = [number for name, number in epochs.items() if name not in _ASIDE]
    for number in seen:
        screen.set_width(number, 9)
    screen.set_width(max(seen) + 1, 2)
    first = tab.fields[arranged.sections[0].fields[0].key][1] - 1
    keys = max(len(given.key) for section in arranged.sections for given in section.fields)
    # A little more than the longest of a lesson, at most as much as half of the note beside it.
    key = 20 if keys <= _LONG_KEY else min(keys * 0.95, 40)
    screen.fold({first: key, first + 1: 25, first + 2: 46}, "details", SYMBOL_ROW)
    for words, hidden in arranged.folded.items():
        widths = {steps[c.quantity]: max(9.0, length(c.header) + 1) for c in hidden}
        screen.fold(widths, words, SYMBOL_ROW)
    screen.fold({epochs[name]: 9.0 for name in _ASIDE if name in epochs}, "epochs", SYMBOL_ROW)
    for name, columns in tables.items():
        if name in ("steps", "epochs"):
            continue
        placed = tab.tables[name].columns
        widths = {placed[c.quantity]: max(9.0, length(c.header) + 1) for c in columns}
        if fold := drawing.folds.get(name):
            screen.fold(widths, fold, SYMBOL_ROW)
            continue
        for number, wide in widths.items():
            screen.set_width(number, wide)
    screen.fold_row(KEY_ROW)
    screen.fold_row(HEADER_ROW)
    for row, height in (
        (TITLE_ROW, 24),
        (WORDS_ROW, 14),
        (VALUE_ROW, 46),
        (ABOUT_ROW, 30),
        (SYMBOL_ROW, 16),
    ):
        screen.sheet.row_dimensions[row].height = height
    screen.sheet.freeze_panes = f"A{FIRST_ROW}"
