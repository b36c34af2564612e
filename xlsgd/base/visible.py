"""A stranger's text in a message: on one line, in letters that a terminal shows, and not at length.

The text of a cell, of a tab's name or of a file's name may hold anything: a megabyte, line breaks,
or characters that steer a terminal.
"""

from __future__ import annotations

import re

__all__ = ["LONGEST_QUOTED", "cut", "message", "visible"]

LONGEST_QUOTED = 300
"""Characters of a stranger's text that are shown."""

_LONGEST_MESSAGE = 3000
_QUOTED = re.compile(rf"(['\"])((?:(?!\1)[^\\]|\\.){{{LONGEST_QUOTED}}})(?:(?!\1).)+\1", re.DOTALL)


def visible(text: str) -> str:
    """Return text with what would begin a new line, or steer a terminal, made visible."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def cut(text: str, most: int = LONGEST_QUOTED) -> str:
    """Return the beginning of a text, with ``…`` where something was left out."""
    return text if len(text) <= most else f"{text[:most]}…"


def message(text: str) -> str:
    """Return a message as it may be shown: visible, and what it quotes cut."""
    text = visible(_QUOTED.sub(r"\1\2…\1", text[: 10 * _LONGEST_MESSAGE]))
    if len(text) <= _LONGEST_MESSAGE:
        return text
    # What to do about it stands at the end.
    return f"{text[: _LONGEST_MESSAGE // 3]} … {text[-_LONGEST_MESSAGE // 3 :]}"
