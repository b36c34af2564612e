"""What is printed gets through, whatever letters a terminal, a pipe or a file can take."""

from __future__ import annotations

import codecs
import io
from typing import TextIO

__all__ = ["let_through"]

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
