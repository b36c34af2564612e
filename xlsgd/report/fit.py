"""Lines made for a terminal: as wide as it is, and with colours for what matters."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

__all__ = ["fitted", "painted"]

NARROWEST = 40
"""Columns; a terminal that says it has fewer is not believed."""

_RED, _GREEN, _PLAIN = "\x1b[31m", "\x1b[32m", "\x1b[0m"
_BAD = re.compile(r"^( *)(FAIL)(?= )|(?<=: )(DIFFERS|FAILED|WRONG)\b")
_GOOD = re.compile(r"^( *)(ok)(?= )|(?<=: )(agrees with torch|all agree with torch|nothing wrong)")


def fitted(lines: Iterable[str], width: int) -> Iterator[str]:
    """Yield lines with none wider than width, unless a single word is, such as a path.

    What a line goes on with stands further to the right than it.
    """
    for line in lines:
        if len(line) <= width:
            yield line
            continue
        indent = " " * (len(line) - len(line.lstrip()))
        yield from textwrap.wrap(
            line,
            max(width, NARROWEST),
            subsequent_indent=f"{indent}    ",
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        )


def painted(line: str) -> str:
    """Return a line with colours for whether something is right."""
    for words, colour in ((_BAD, _RED), (_GOOD, _GREEN)):
        match = words.search(line)
        if match is not None:
            start, end = match.span(2 if match[2] else 3)
            return f"{line[:start]}{colour}{line[start:end]}{_PLAIN}{line[end:]}"
    return line
