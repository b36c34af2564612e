"""The pairs tab: given and predicted side by side, in colours, with the weights around them."""

from __future__ import annotations

from collections.abc import Sequence

from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters
from xlsgd.base.columns import Input
from xlsgd.sheets.bands import colour_by_bands
from xlsgd.sheets.folding import FOLDED, fold_columns, fold_rows
from xlsgd.sheets.found_tab import MARKER
from xlsgd.sheets.maps import BookMap, TableMap, TabMap, address, formula_maker
from xlsgd.sheets.style import COLOURS, fill_of, set_page
from xlsgd.sheets.writing import (
    marker_field,
    set_widths,
    write_body,
    write_fields,
    write_headers,
    write_title,
)
from xlsgd.tabs.lesson.plan import Lesson
from xlsgd.tabs.pairs import columns as pairs
from xlsgd.tabs.pairs.columns import MARKED, Side
from xlsgd.tabs.pairs.places import weight_places
from xlsgd.tabs.pairs.plan import Pairs
from xlsgd.training.experiment import Experiment

__all__ = ["draw_pairs_tab", "map_pairs_tab"]

_WORDS, _KEY, _VALUE = 1, 2, 3
_COLOURS = ("F4B9A7", "FFF7DA", "9CCFA0")
"""Of the lowest rating, of one in the middle, of the highest."""


def map_pairs_tab(plan: Pairs, lesson: Lesson) -> TabMap:
    """Return where everything goes.  Raises SpecError for a net that has no such tab."""
    experiment = lesson.experiment(plan.experiment)
    two = pairs.sides(experiment, lesson.data.schema)
    fields = {key: (FOLDED + i, _VALUE) for i, key in enumerate(_folded(experiment, two))}
    top = FOLDED + len(fields) + 1
    seen = [given.key for given in _fields(experiment, two) if not given.fixed]
    fields |= {key: (top + i, _VALUE) for i, key in enumerate(seen)}
    high = len(two[1].chosen)
    header = top + len(seen) + high + 1
    names = [column.quantity for column in pairs.pair_columns(experiment, two)]
    wide = len(two[1].names)
    columns = dict(zip(("place", *two[0].chosen), range(_KEY, 99), strict=False))
    left = _KEY + 1 + len(two[0].chosen)
    for i, name in enumerate(names[1:]):
        columns[name] = left + i + i // wide  # with a gap before each group
    rows = range(header + 2, header + 2 + len(two[0].names))
    table = TableMap(header, columns, list(rows))
    above = {name: header - 1 - high + i for i, name in enumerate(two[1].chosen)}
    return TabMap(
        plan.sheet,
        {**fields, **weight_places(two, table, above)},
        {"pairs": table},
        can_shrink=False,
    )


def _folded(experiment: Experiment, two: tuple[Side, Side]) -> list[str]:
    return [*(given.key for given in _fields(experiment, two) if given.fixed), MARKER]


def _fields(experiment: Experiment, two: tuple[Side, Side]) -> list[Input]:
    free = pairs.free_weights(experiment, two)
    return [
        *pairs.fields(experiment.id, two),
        *(
            Input(f"weight.{p}", pairs.weight_formula(experiment, p), "for all", label=p)
            for p in free
        ),
    ]


def draw_pairs_tab(sheet: Worksheet, plan: Pairs, lesson: Lesson, book: BookMap) -> None:
    """Write the tab."""
    experiment = lesson.experiment(plan.experiment)
    two = pairs.sides(experiment, lesson.data.schema)
    tab = book.of("pairs")[experiment.id]
    table, wide = tab.tables["pairs"], len(two[1].names)
    write_title(sheet, plan.title, plan.about)
    fields = [*_fields(experiment, two), marker_field(MARKED)]
    write_fields(sheet, fields, book, tab, "value", words=True)
    for key in ("pairs_given", "pairs_missing"):
        sheet.cell(*tab.fields[key]).number_format = "0"
    sheet.cell(*tab.fields[MARKER]).style = "fact"
    columns = pairs.pair_columns(experiment, two)
    write_headers(sheet, columns, table, symbols=True, notes=False)
    write_body(sheet, columns, book, tab, "pairs")
    _draw_weights(sheet, experiment, two, book, tab)
    for row, name in zip(table.rows, two[0].names, strict=True):
        sheet.cell(row, 1, name).style = "key"
        sheet.cell(row, table.columns["place"]).style = "count"
        for column in columns[1:]:
            cell = sheet.cell(row, table.columns[column.quantity])
            cell.number_format = "0" if column.quantity.startswith("count") else "0.0"
    _colour(sheet, lesson.data.y, table, wide)
    widths: dict[int, float] = {_WORDS: 17, _KEY: 19}
    widths |= {table.columns[name]: max(9, len(name) + 1) for name in two[0].chosen}
    for column in columns[1:]:
        widths[table.columns[column.quantity]] = max(7, len(column.symbol) + 1)
    gaps = (table.columns[f"{key}.1"] - 1 for key in ("pred", "count"))
    widths |= dict.fromkeys(gaps, max(map(len, two[1].chosen), default=0) + 4)
    set_widths(sheet, widths)
    fold_columns(sheet, [_KEY])
    fold_rows(sheet, *(tab.fields[key][0] for key in _folded(experiment, two)))
    fold_rows(sheet, table.header_row)
    set_page(sheet)


def _draw_weights(
    sheet: Worksheet,
    experiment: Experiment,
    two: tuple[Side, Side],
    book: BookMap,
    tab: TabMap,
) -> None:
    """Write the weights beside the rows and above the columns, with their names."""
    table = tab.tables["pairs"]
    for side in two:
        for weights in side.chosen.values():
            for p in weights:
                cell = sheet.cell(*tab.fields[f"weight.{p}"])
                cell.value = formula_maker(pairs.weight_formula(experiment, p), book, tab)(cell.row)
                cell.style = "number"
                cell.number_format = "0.00"
                cell.fill = fill_of("FDE9D9")
    for name in two[0].chosen:
        sheet.cell(table.header_row, table.columns[name], name).style = "key"
        sheet.cell(table.header_row + 1, table.columns[name], name).style = "symbol"
    left = table.columns["pred.1"] - 1
    for name in two[1].chosen:
        row = tab.fields[pairs.above(name, 1)][0]
        sheet.cell(row, left, name).style = "symbol"


def _colour(sheet: Worksheet, y: Sequence[float], table: TableMap, wide: int) -> None:
    """Colour what is given and predicted alike; what is missing is grey there and bold here."""
    count = f"{column_letters(table.columns['count.1'])}{table.rows[0]}"
    for key in ("given", "pred"):
        first, last = table.columns[f"{key}.1"], table.columns[f"{key}.{wide}"]
        where = f"{address((table.rows[0], first))}:{address((table.rows[-1], last))}"
        low, high = min(y), max(y)

        def border(share: float, low: float = low, high: float = high) -> str:
            return f"{low + (high - low) * share:g}"

        if key == "pred":
            bold = Font(bold=True, color=COLOURS["input_ink"])
            colour_by_bands(sheet, where, border, _COLOURS, f"{count}=0", bold)
        else:
            grey = COLOURS["dead_pale"]
            missing = FormulaRule(
                formula=[f"{count}=0"], font=Font(color=grey), fill=fill_of(grey), stopIfTrue=True
            )
            sheet.conditional_formatting.add(where, missing)
        colour_by_bands(sheet, where, border, _COLOURS)
