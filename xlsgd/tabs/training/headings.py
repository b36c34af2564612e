"""Long headers in several lines: the names of PyTorch's weights are wider than their numbers."""

from __future__ import annotations

import re

from openpyxl.styles import Alignment
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.sheets.maps import TabMap

__all__ = ["WIDE", "fold_headers", "folded"]

WIDE = 12
"""Characters that a line has room for."""
_LONG = 20
"""Characters from which on names that are no tensors' are wide enough to be folded."""
_PIECES = re.compile(r"(?<=[._ ])|(?<=∂L/∂)|(?=\[)")
"""Where a header may be broken: ``encoder.layers.0.weight[3,2]``, ``∂L/∂fc1.bias[0]``."""
_LINE, _ABOVE = 13, 4
"""Points of a line, and of the space around all of them."""


def folded(header: str, tensors: bool) -> list[str]:
    """Return a header as lines, one where it is short.  tensors: whether names are those of
    tensors, which may be broken wherever a part ends."""
    if len(header) <= (WIDE if tensors else _LONG):
        return [header]
    lines: list[str] = []
    for piece in _PIECES.split(header):
        if lines and len(lines[-1].rstrip()) + len(piece.rstrip()) <= WIDE:
            lines[-1] += piece
        else:
            lines.append(piece)
    return [line.rstrip() for line in lines if line]


def fold_headers(sheet: Worksheet, tab: TabMap, tensors: bool) -> float:
    """Write long headers of all tables in several lines; return how high their row has to be, 0
    where none is long.  They stand in the row below the keys."""
    most = 1
    for table in tab.tables.values():
        for number in table.columns.values():
            cell = sheet.cell(table.header_row + 1, number)
            lines = folded(str(cell.value or ""), tensors)
            if len(lines) == 1:
                continue
            cell.value = "\n".join(lines)
            cell.alignment = Alignment("center", "center", wrap_text=True)
            most = max(most, len(lines))
    return _ABOVE + _LINE * most if most > 1 else 0.0
