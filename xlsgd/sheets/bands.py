"""Cells coloured by what they hold, in bands: a rule for each, which every program shows.

A scale of colours would be one rule, but Gnumeric shows none, and LibreOffice shows it whatever a
rule before it says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from openpyxl.formatting.rule import FormulaRule, Rule
from openpyxl.styles import Font
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.sheets.style import fill_of

__all__ = ["BANDS", "between", "colour_by_bands"]

BANDS = 11
"""Odd: the one in the middle has the colour of the middle."""

Border = Callable[[float], str]
"""Gives a border of a band as in a formula.   share: how far it is from the lowest, 0 to 1."""


def colour_by_bands(
    sheet: Worksheet,
    where: str,
    border: Border,
    colours: Sequence[str],
    where_too: str = "",
    font: Font | None = None,
) -> None:
    """Colour cells from the lowest value to the highest.

    where: such as ``B5:F9``.   colours: of the lowest and the highest, and of some between them.
    where_too: a condition, as seen from the first cell, without which nothing is coloured; then
    where is one range.   font: of the cells that are coloured.
    """
    for i in range(1, BANDS + 1):
        fill = fill_of(between((i - 1) / (BANDS - 1), colours))
        # What lies above is of the last band.
        highest = border(i / BANDS) if i < BANDS else "1E+300"
        if where_too:
            first = where.partition(":")[0]
            rule = FormulaRule(
                formula=[f"AND({where_too},{first}<={highest})"], fill=fill, font=font
            )
        else:
            look = DifferentialStyle(fill=fill, font=font)
            rule = Rule(type="cellIs", operator="lessThanOrEqual", dxf=look, formula=[highest])
        sheet.conditional_formatting.add(where, rule)


def between(share: float, colours: Sequence[str]) -> str:
    """Return the colour so far, 0 to 1, on the way from the first of some to the last."""
    at = share * (len(colours) - 1)
    begin = min(int(at), len(colours) - 2)
    pair = colours[begin], colours[begin + 1]
    parts = (tuple(int(colour[i : i + 2], 16) for colour in pair) for i in range(0, 6, 2))
    return "".join(f"{round(a + (b - a) * (at - begin)):02X}" for a, b in parts)
