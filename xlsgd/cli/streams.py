"""What is printed gets through, whatever letters a terminal, a pipe or a file can take."""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import TextIO

__all__ = ["fill_in_closed", "let_through"]

_PLAIN = {
    "−": "-",
    "–": "-",
    "·": "*",
    "×": "x",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "→": "->",
    "…": "...",
    "√": "sqrt",
    "²": "^2",
    "∂": "d",
    "\u0302": "_hat",  # the combining hat of m̂ and v̂
}
"""What else says the same where a letter of a formula cannot be printed."""


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    words = (
        _PLAIN.get(letter) or letter.encode("ascii", "backslashreplace").decode()
        for letter in letters
    )
    return "".join(words), error.end


codecs.register_error("xlsgd.plainly", _plainly)


def let_through(*streams: TextIO) -> None:
    """Have streams write plainly what their encoding does not have, instead of failing."""
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="xlsgd.plainly")


def fill_in_closed() -> bool:
    """Put the null device where a standard stream is closed; return whether output was open.

    Else the next file that is opened would get its number, and be written into.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, this one
    closed = sys.stdout is None
    if closed:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - open as long as the program runs
    if sys.stderr is None:
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    return not closed
