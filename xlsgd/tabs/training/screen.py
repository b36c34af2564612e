"""Sizes on a screen: widths of columns, folds, and where charts stand beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from openpyxl.drawing.spreadsheet_drawing import AnchorMarker
from openpyxl.utils.units import pixels_to_EMU
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters
from xlsgd.sheets.charts import ChartPlace

__all__ = ["CHART_PIXELS", "Screen"]

CHART_PIXELS = (405, 158)
"""Width and height of a chart: three of them fill a screen of 1366 pixels, less the edges of a
spreadsheet program."""
_SPACE = 8
_PIXELS_A_CHARACTER, _PIXELS_BESIDE = 7, 5
"""What a column of so many characters of Calibri 11 takes; ECMA-376, part 1, 18.3.1.13."""
_DEFAULT = 64
_FOLD = 14.0
"""Characters of the column beside a fold, which says what is in it."""


class Screen:
    """A sheet, and how wide its columns are that are not folded."""

    def __init__(self, sheet: Worksheet) -> None:
        self.sheet = sheet
        self._pixels: dict[int, int] = {}

    def set_width(self, column: int, characters: float) -> None:
        self.sheet.column_dimensions[column_letters(column)].width = characters
        self._pixels[column] = int(characters * _PIXELS_A_CHARACTER + _PIXELS_BESIDE)

    def width(self, columns: Sequence[int]) -> float:
        """Return the characters that columns have together."""
        pixels = sum(self._pixels.get(column, _DEFAULT) for column in columns)
        return pixels / _PIXELS_A_CHARACTER

    def fold(self, widths: Mapping[int, float], words: str, row: int) -> None:
        """Fold neighbouring columns, and say in the next one what they hold.

        widths: in characters, of each of them.   row: where the words stand.
        """
        for column, characters in widths.items():
            self.set_width(column, characters)
            self._pixels[column] = 0
            dimension = self.sheet.column_dimensions[column_letters(column)]
            dimension.outlineLevel, dimension.hidden = 1, True
        beside = max(widths) + 1
        self.set_width(beside, _FOLD)
        self.sheet.column_dimensions[column_letters(beside)].collapsed = True
        self.sheet.cell(row, beside, f"‹ {words}").style = "note"

    def fold_row(self, row: int) -> None:
        """Fold a row."""
        dimension = self.sheet.row_dimensions[row]
        dimension.outlineLevel, dimension.hidden = 1, True
        self.sheet.row_dimensions[row + 1].collapsed = True

    def places(self, row: int) -> Sequence[ChartPlace]:
        """Return where charts stand beside each other from a row down.

        What does not fit beside the others stands behind the folds, which would open below it.
        """
        width, height = CHART_PIXELS
        places = [ChartPlace(self._at(i * (width + _SPACE), row), width, height) for i in range(3)]
        behind = max((column for column, pixels in self._pixels.items() if not pixels), default=0)
        begin = AnchorMarker(col=behind + 1, colOff=0, row=row - 1, rowOff=0)
        return [*places, ChartPlace(begin, width, height)]

    def _at(self, pixels: int, row: int) -> AnchorMarker:
        column = 1
        while pixels >= (width := self._pixels.get(column, _DEFAULT)):
            pixels -= width
            column += 1
        return AnchorMarker(col=column - 1, colOff=pixels_to_EMU(pixels), row=row - 1, rowOff=0)
