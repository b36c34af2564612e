"""The images tab as coloured cells: the image, then the net before and after training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil
from typing import NamedTuple

from openpyxl.formatting.rule import FormulaRule
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import Position
from xlsgd.base.columns import Input
from xlsgd.data import Dataset
from xlsgd.sheets.bands import colour_by_bands
from xlsgd.sheets.folding import fold_columns, fold_rows
from xlsgd.sheets.maps import BookMap, TabMap, address, formula_maker, quoted
from xlsgd.sheets.style import fill_of, set_page
from xlsgd.sheets.writing import (
    marker_field,
    set_widths,
    write_fields,
    write_heading,
    write_title,
)
from xlsgd.tabs.images import columns as images
from xlsgd.tabs.images.grids import Picture, Shape, Stage
from xlsgd.tabs.images.places import block_of, heads_of, image_fields
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment

__all__ = ["draw_images_tab", "map_images_tab"]

_FACTS, _HEADING, _LABELS, _FIRST = 4, 7, 8, 9
"""Rows: the first of what is folded away, above a block, above its stages, the first with cells."""
_WORDS, _KEY, _VALUE, _LEFT = 1, 2, 3, 5
_WIDTH, _HEIGHT = 3.7, 16.5
"""Of a cell of a picture, which is about as wide as high."""
_ACROSS = 36
"""Cells beside each other that a screen of 1366 pixels shows, besides the fields."""
_PER_CELL = 3.4
"""Characters of a small word that fit above a cell."""
_SHORT = "[>=99.5]0E+0;[<=-0.05]-0.0;0.0"
_INK = "[>=0.05]0.0;[<=-0.05]-0.0;"
"""Of an image: blank pixels stay blank, and so do those that are next to blank."""
_HIDDEN = ";;;"
"""Keys by which verify finds a picture again are there, and not seen."""
_RANGES = 12
"""Pictures of a stage whose colours can share a scale."""
_OF_INK = ("FFFFFF", "6E85A3")
_OF_SIGN = ("6FA3DC", "FFFFFF", "EE9B5F")
"""Far below 0, at 0, far above."""


class _Placed(NamedTuple):
    """A picture and the cell of its first name; the keys are in the row above."""

    picture: Picture
    row: int
    column: int


class _Block(NamedTuple):
    """The stages of a moment: where their words stand, and where their pictures do."""

    heading: Position
    width: int
    stages: list[tuple[Stage, int, list[_Placed]]]
    below: int


def _laid_out(experiment: Experiment, shape: Shape) -> tuple[_Placed, list[_Block]]:
    """Return where the image and both blocks stand: side by side where there is room."""
    image = _Placed(image_fields(experiment, shape), _FIRST + 1, _LEFT)
    left = _LEFT + shape[1] + 1
    first = _block(experiment, shape, images.BEFORE, _HEADING, left)
    beside = left + 2 * first.width + 1 - _LEFT <= _ACROSS
    row, column = (_HEADING, left + first.width + 1) if beside else (first.below, left)
    return image, [first, _block(experiment, shape, images.AFTER, row, column)]


def _block(experiment: Experiment, shape: Shape, moment: str, top: int, left: int) -> _Block:
    stages = block_of(experiment, shape, moment).stages
    lines = max(len(stage.lines) for stage in stages)
    heights = [
        max(len(p) for s in stages if i < len(s.lines) for p in s.lines[i]) for i in range(lines)
    ]
    tops = [top + 3 + sum(heights[:i]) + i for i in range(lines)]
    column, placed = left, []
    for stage in stages:
        found, widest = [], 0
        for i, line in enumerate(stage.lines):
            at = column
            for picture in line:
                found.append(_Placed(picture, tops[i], at))
                at += len(picture[0]) + 1
            widest = max(widest, at - 1 - column)
        placed.append((stage, column, found))
        column += max(widest, ceil(len(stage.words) / _PER_CELL)) + 1
    return _Block((top, left), column - 1 - left, placed, tops[-1] + heights[-1] + 1)


def _fields(view: View, shape: Shape) -> list[Input]:
    experiment = view.experiment
    return [
        *images.targets(experiment),
        *images.results(experiment),
        Input("experiment", experiment.id, "its tab trains these weights", fixed=True),
        images.shape_field(shape),
        marker_field(images.MARKED),
    ]


def map_images_tab(experiment: Experiment, shape: Shape, sheet: str) -> TabMap:
    """Return where everything goes."""
    tab = TabMap(sheet)
    image, blocks = _laid_out(experiment, shape)
    for placed in (image, *(p for block in blocks for _, _, all_ in block.stages for p in all_)):
        for r, names in enumerate(placed.picture):
            for c, name in enumerate(names):
                tab.fields[name] = (placed.row + r, placed.column + c)
    fields = _fields(View(experiment), shape)
    seen = [images.SHOWN, *(given.key for given in fields if not given.fixed)]
    for top, keys in ((_LABELS, seen), (_FACTS, [g.key for g in fields if g.fixed])):
        for i, key in enumerate(keys):
            tab.fields[key] = (top + i, _VALUE)
    return tab


def draw_images_tab(
    sheet: Worksheet, view: View, shape: Shape, data: Dataset, book: BookMap
) -> None:
    """Write the tab."""
    experiment = view.experiment
    tab = book.of("images")[experiment.id]
    training = book.training[experiment.id].sheet
    write_title(
        sheet,
        f"As images: {view.title or experiment.id}",
        f"Choose an image by its row on '{book.data.sheet}', in yellow: everything follows. "
        "Weights and outputs are blue below 0, white at 0, orange above.",
    )
    _draw_fields(sheet, view, shape, data, book, tab)
    image, blocks = _laid_out(experiment, shape)
    said = images.said_of(experiment, shape)

    def draw(placed: _Placed, number_format: str) -> None:
        for head, column in zip(heads_of(placed.picture), range(placed.column, 999), strict=False):
            cell = sheet.cell(placed.row - 1, column, head)
            cell.style = "map"
            cell.number_format = _HIDDEN
        for name in (n for row in placed.picture for n in row):
            row, column = tab.fields[name]
            cell = sheet.cell(row, column, formula_maker(said[name], book, tab)(row))
            cell.style = "map"
            cell.number_format = number_format

    sheet.cell(_HEADING, _LEFT, "the image").style = "heading"
    write_heading(sheet, _HEADING, _LEFT, shape[1], "the image")
    draw(image, _INK)
    colour_by_bands(sheet, _cells(image), lambda share: f"{share:.3g}", _OF_INK)
    for moment, block in zip(images.MOMENTS.values(), blocks, strict=True):
        row, column = block.heading
        write_heading(sheet, row, column, block.width, f"{moment}: '{training}'")
        for stage, column, all_ in block.stages:
            sheet.cell(row + 1, column, stage.words).style = "label"
            for placed in all_:
                draw(placed, _SHORT)
            for ranges in _shared(all_):
                _colour(sheet, ranges)
    widths: dict[int, float] = {_WORDS: 17, _KEY: 13, _VALUE: 14, _VALUE + 1: 2}
    last = max(column for _, column in tab.fields.values()) + 1
    widths |= dict.fromkeys(range(_LEFT, last + 1), _WIDTH)
    set_widths(sheet, widths)
    bottom = max(row for row, _ in tab.fields.values())
    for row in range(_LABELS, bottom + 1):
        sheet.row_dimensions[row].height = _HEIGHT
    fold_columns(sheet, [_KEY])
    fold_rows(sheet, *range(_FACTS, _HEADING))
    sheet.freeze_panes = f"A{_HEADING}"
    set_page(sheet)


def _draw_fields(
    sheet: Worksheet, view: View, shape: Shape, data: Dataset, book: BookMap, tab: TabMap
) -> None:
    shown = Input(images.SHOWN, 1.0, "")
    sheet.cell(_HEADING, _WORDS, "choose").style = "group"
    row, column = tab.fields[shown.key]
    write_fields(sheet, [shown], book, tab, "input", words=True)
    sheet.data_validations.dataValidation.clear()
    rule = DataValidation("whole", operator="between", formula1="1", formula2=str(data.rows))
    rule.error = f"A row of data: a whole number from 1 to {data.rows}."
    rule.errorTitle, rule.showErrorMessage, rule.allow_blank = shown.key, True, False
    rule.add(sheet.cell(row, column))
    sheet.add_data_validation(rule)
    fields = [replace(given, note="") for given in _fields(view, shape)]
    write_fields(sheet, fields, book, tab, "value", words=True)
    for given in fields:
        if given.key.startswith("target."):
            sheet.cell(*tab.fields[given.key]).number_format = "General"
    for i, name in enumerate((sheet.parent.worksheets[0].title, book.training[view.id].sheet)):
        cell = sheet.cell(3, (_WORDS, _VALUE)[i], name)
        cell.hyperlink = Hyperlink(cell.coordinate, location=f"{quoted(name)}!A1")
        cell.style = "link"


def _cells(placed: _Placed, absolute: bool = False) -> str:
    first = placed.row, placed.column
    height, width = len(placed.picture), len(placed.picture[0])
    last = placed.row + height - 1, placed.column + width - 1
    return f"{address(first, absolute)}:{address(last, absolute)}"


def _shared(all_: Sequence[_Placed]) -> Iterator[list[_Placed]]:
    """Yield the pictures of a stage that share a scale of colours: all, unless they are many."""
    yield from ([*all_[i : i + _RANGES]] for i in range(0, len(all_), _RANGES))


def _colour(sheet: Worksheet, shared: list[_Placed]) -> None:
    """Colour pictures by one scale, as far below 0 as above."""
    cells = ",".join(_cells(placed, absolute=True) for placed in shared)
    most = f"MAX(MAX({cells}),-MIN({cells}))"
    where = " ".join(map(_cells, shared))
    nothing = FormulaRule(formula=[f"{most}=0"], fill=fill_of(_OF_SIGN[1]), stopIfTrue=True)
    sheet.conditional_formatting.add(where, nothing)
    colour_by_bands(sheet, where, lambda share: f"{2 * share - 1:.3g}*{most}", _OF_SIGN)
