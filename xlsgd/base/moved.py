"""A formula moved down its column: relative rows move along, all else stays."""

from __future__ import annotations

import re
from collections.abc import Callable

from xlsgd.base.cells import LAST_ROW

__all__ = ["moved_down"]

# What stands before a reference must not be part of a name, a function or an absolute row; what
# follows must not make it a function, a longer name or the name of a sheet.
_RELATIVE = re.compile(r"(?<![A-Za-z0-9_.$\\])(\$?[A-Za-z]{1,3})([0-9]+)(?![0-9A-Za-z_.(!\\])")
_NOT_PLAIN = re.compile(r"['\[\]{}#@]|[0-9]\s*:\s*\$?[0-9]|[^\x00-\x7f]")
"""Names of sheets that may look like anything, tables, whole rows, letters of other alphabets."""


def moved_down(formula: str) -> Callable[[int], str | None] | None:
    """Return what gives the text of a formula so many rows further down.

    It gives None where the formula would look beyond the sheet.  None instead of it where the
    text has more in it than plain references, numbers, names and texts.
    """
    texts, rows = [""], list[int]()
    for i, piece in enumerate(formula.split('"')):
        texts[-1] += '"' if i else ""
        if i % 2:  # a text in quotes
            texts[-1] += piece
            continue
        if _NOT_PLAIN.search(piece):
            return None
        end = 0
        for match in _RELATIVE.finditer(piece):
            texts[-1] += piece[end : match.start(2)]
            rows.append(int(match[2]))
            texts.append("")
            end = match.end()
        texts[-1] += piece[end:]
    first, last = min(rows, default=1), max(rows, default=1)
    if not 1 <= first <= last <= LAST_ROW:
        return None
    head, pairs = texts[0], list(zip(rows, texts[1:], strict=True))

    def moved(by: int) -> str | None:
        if first + by < 1 or last + by > LAST_ROW:
            return None
        return head + "".join([f"{row + by}{text}" for row, text in pairs])

    return moved
