"""The tab with the map of a sweep: a cell for every run, in its colour."""

from __future__ import annotations

import numpy as np
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.sheets.style import COLOURS, fill_of, set_page
from xlsgd.sweeping.colours import OTHERS, Scale, explosion_scale, loss_scale
from xlsgd.sweeping.grid import Sweep, evenly
from xlsgd.sweeping.words import axis_label

__all__ = ["MOST_CELLS", "draw_map"]

MOST_CELLS = 150
"""Cells of the map in a row or column: more are no help on a screen."""
_SHADES = 24
"""Different colours of a scale: each is a style of its own in the file."""
_LOW = 20
"""A map with fewer lines than this has them higher, or it would be a stripe."""
_TOP = 4
"""The row of the map's headings."""


def draw_map(sheet: Worksheet, sweep: Sweep) -> str:
    """Draw the coloured cells, and return words about what they are."""
    x = sweep.axes[0]
    columns = evenly(x.steps, MOST_CELLS)
    if len(sweep.axes) == 2:
        y = sweep.axes[1]
        lines = evenly(y.steps, MOST_CELLS)[::-1]
        cells = np.ix_(lines, columns)
        kinds = sweep.grid(sweep.kinds)[cells]
        loss = sweep.grid(sweep.numbers["last_loss"])[cells]
        steps = sweep.grid(sweep.numbers["exploded_step"])[cells]
        heads, words = y.values[lines], axis_label(y)
        of = f"{len(columns)} × {len(lines)} of {x.steps:,} × {y.steps:,} runs"
    else:
        heads = np.arange(1, sweep.experiment.epochs + 1)[:MOST_CELLS].astype(float)
        words = "epoch"
        losses = sweep.mean_loss
        loss = (
            np.tile(sweep.numbers["last_loss"][columns], (len(heads), 1))
            if losses is None
            else losses[columns, : len(heads)].T
        )
        steps = sweep.exploded_by(heads[:, None], columns)
        kinds = np.full(steps.shape, "", dtype=object)
        of = f"{len(columns)} of {x.steps:,} runs, epoch by epoch"
    sheet["A1"], sheet["A1"].style = f"{axis_label(x)} to the right, {words} downwards", "title"
    note = f"{of}: the loss, or ✗ and the step of the explosion"
    sheet["A2"], sheet["A2"].style = note, "note"
    small, white = Font(name="Calibri", size=8), Font(name="Calibri", size=8, color="FFFFFF")
    head = Font(name="Calibri", size=8, bold=True, color=COLOURS["ink"])
    upright = Alignment(text_rotation=90, horizontal="center")
    for i, place in enumerate(columns):
        cell = sheet.cell(_TOP, 2 + i, float(x.values[place]))
        cell.number_format, cell.font, cell.alignment = "0.00E+0", head, upright
        sheet.column_dimensions[get_column_letter(2 + i)].width = 5.2
    painter = _Painter(loss_scale(np.where(steps > 0, np.nan, loss)), explosion_scale(sweep))
    for j, value in enumerate(heads):
        if len(heads) < _LOW:
            sheet.row_dimensions[_TOP + 1 + j].height = 30
        cell = sheet.cell(_TOP + 1 + j, 1, float(value))
        cell.number_format, cell.font = "0.0##", head
        for i in range(len(columns)):
            cell = sheet.cell(_TOP + 1 + j, 2 + i)
            number, form, colour = painter.cell(loss[j, i], steps[j, i], str(kinds[j, i]))
            if number is not None:
                cell.value, cell.number_format = number, form
            cell.fill, cell.font = fill_of(colour), white if _is_dark(colour) else small
            cell.alignment = Alignment(horizontal="center", shrink_to_fit=True)
    sheet.column_dimensions["A"].width = 10
    sheet.row_dimensions[_TOP].height = 48
    sheet.freeze_panes = sheet.cell(_TOP + 1, 2)
    sheet.sheet_view.zoomScale = 70
    set_page(sheet)
    return of


class _Painter:
    """Finds what a cell of the map holds and its colour."""

    def __init__(self, losses: Scale | None, steps: Scale | None) -> None:
        self._losses, self._steps = losses, steps

    def cell(self, loss: float, step: float, kind: str) -> tuple[float | None, str, str]:
        """Return the number, its format and the colour."""
        if step > 0 and self._steps is not None:
            return step, '"✗ "0', _shade(self._steps, step)
        form = "0" if 10 <= loss < 1e5 else "0.00" if 0.01 <= loss < 10 else "0E+0"
        if not np.isfinite(loss):
            return None, "", "FFFFFF"
        if kind in OTHERS:
            return float(loss), form, OTHERS[kind].removeprefix("#").upper()
        if self._losses is None:
            return float(loss), form, "082A54"
        return float(loss), form, _shade(self._losses, loss)


def _shade(scale: Scale, value: float) -> str:
    """Return the colour of a value, one of a few."""
    share = round(float(scale.place(np.array(value))) * (_SHADES - 1)) / (_SHADES - 1)
    stretch = share * (len(scale.colours) - 1)
    first = min(int(stretch), len(scale.colours) - 2)
    one, other = (
        [int(scale.colours[i][n : n + 2], 16) for n in (1, 3, 5)] for i in (first, first + 1)
    )
    part = stretch - first
    return "".join(f"{round(a + (b - a) * part):02X}" for a, b in zip(one, other, strict=True))


def _is_dark(colour: str) -> bool:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (0, 2, 4))
    return 0.3 * red + 0.59 * green + 0.11 * blue < 125
