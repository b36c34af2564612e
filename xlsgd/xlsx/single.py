"""Array formulas that are none: entered as one, in one cell, over nothing but single cells.

Excel and others write formulas so now and then; such a formula gives what it gives without.
"""

from __future__ import annotations

import re

__all__ = ["is_single"]

_HARMLESS = re.compile(
    r'"(?:[^"]|"")*"'  # text
    r"|(?:'(?:[^']|'')+'|\w[\w.]*)!(?=\$?[A-Za-z])"  # the name of a sheet
    r"|(?<![\w$])\$?[A-Za-z]{1,3}\$?[1-9][0-9]{0,6}(?![\w.(!:$])"  # a cell
    r"|(?<![\w$])(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[Ee][+-]?[0-9]+)?(?![\w.:$])"  # a number
    r"|(?<![\w.])(?!(?:INDIRECT|OFFSET)\()[A-Za-z][A-Za-z0-9.]*\("  # a function
    r"|[-+*/^&=<>%(),\s]",
    re.IGNORECASE,
)
"""What gives a single value where only single cells are looked at."""


def is_single(text: str) -> bool:
    """Return whether a formula has no range, no name and no array in it.

    >>> is_single("(R12-O12)^2"), is_single("SUM(A1:A9*2)"), is_single("losses*2")
    (True, False, False)
    """
    place = 0
    while place < len(text):
        match = _HARMLESS.match(text, place)
        if match is None:
            return False
        place = match.end()
    return bool(text)
