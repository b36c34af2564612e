"""Mistakes that people make in a formula, put into its text.

A mistake is found in the text of one cell and made in all cells that hold the same formula: it is
named by the place of a token, which is the same in all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from xlsgd.base.cells import Position, column_letters
from xlsgd.formula.r1c1 import read_area, tokens

__all__ = ["ONE_CELL_ONLY", "RUN_ONLY", "Mistake", "mistakes_in"]

Edit = Callable[[str, Position], str | None]
"""Gives the wrong text of a formula in a cell, None where it cannot be made."""


class Mistake(NamedTuple):
    """A mistake of a kind, and what makes it."""

    kind: str
    edit: Edit


RUN_ONLY = frozenset(("drift", "frozen"))
"""Kinds that change nothing in a single cell."""

ONE_CELL_ONLY = frozenset(("stale", "constant"))
"""Kinds that, in all cells alike, only make another training."""

_BEFORE_BINARY = re.compile(r"[\w)\]%\"]$")
_TO = {"+": "-", "-": "+", "*": "+", "/": "*"}


def mistakes_in(text: str, first: Position) -> Iterator[Mistake]:
    """Yield mistakes that can be made in a formula.   first: the first cell that holds it."""
    found = list(tokens(text))
    yield Mistake("sign", lambda text, place: _wrapped(text, "-"))
    yield Mistake("factor", lambda text, place: _wrapped(text, "2*"))
    for i, token in enumerate(found):
        if token.lastgroup == "reference" or token["reference"] is not None:
            yield from _of_reference(i, token, first)
        elif token["number"] is not None:
            yield from _of_number(i, found)
        elif token["function"] is not None:
            yield from _of_function(i, token[0].upper())
        elif token[0] in _TO and _BEFORE_BINARY.search(text[: token.start()]):
            yield Mistake("operator", _token(i, _TO[token[0]]))
            if token[0] == "-":
                yield Mistake("operator", _token(i, "*"))
    yield from _of_text(text)


def _wrapped(text: str, before: str) -> str:
    if text.startswith("{"):
        return "{=" + before + "(" + text[2:-1] + ")}"
    return f"={before}({text[1:]})"


def _token(number: int, new: str) -> Edit:
    """Return what puts another text in the place of a token."""

    def edit(text: str, place: Position) -> str | None:
        found = list(tokens(text))
        token = found[number]
        return text[: token.start()] + new + text[token.end() :]

    return edit


def _area(number: int, change: Callable[[re.Match[str], Position], str | None]) -> Edit:
    """Return what changes the cells of a reference."""

    def edit(text: str, place: Position) -> str | None:
        token = list(tokens(text))[number]
        new = change(token, place)
        if new is None:
            return None
        start, end = token.span("area")
        return text[:start] + new + text[end:]

    return edit


def _written(corner: tuple[bool, int], letters: tuple[bool, int]) -> str:
    (row_fixed, row), (column_fixed, column) = corner, letters
    return f"{'$' * column_fixed}{column_letters(column)}{'$' * row_fixed}{row}"


def _of_reference(number: int, token: re.Match[str], first: Position) -> Iterator[Mistake]:
    area = read_area(token["area"])
    if area is None or not re.search(r"[A-Za-z]\$?[0-9]", token["area"]):
        return
    top, left = area.corners[:2]
    if area.is_range:

        def shorter(token: re.Match[str], place: Position) -> str | None:
            here = read_area(token["area"])
            assert here is not None
            top, left, (fixed, row), right = here.corners
            if row == top[1]:
                return None
            return _written(top, left) + ":" + _written((fixed, row - 1), right)

        yield Mistake("range", _area(number, shorter))
        return
    for kind, rows, columns, movable in (
        ("other-row", -1, 0, not top[0]),
        ("other-row", 1, 0, not top[0]),
        ("other-column", 0, -1, not left[0]),
        ("other-column", 0, 1, not left[0]),
    ):

        def shifted(
            token: re.Match[str], place: Position, rows: int = rows, columns: int = columns
        ) -> str | None:
            here = read_area(token["area"])
            assert here is not None
            (row_fixed, row), (column_fixed, column) = here.corners[:2]
            if row + rows < 1 or column + columns < 1:
                return None
            return _written((row_fixed, row + rows), (column_fixed, column + columns))

        if movable:
            yield Mistake(kind, _area(number, shifted))
    if top[0] or left[0]:

        def drifting(token: re.Match[str], place: Position) -> str | None:
            here = read_area(token["area"])
            assert here is not None
            (_, row), (_, column) = here.corners[:2]
            return _written(
                (False, row + place[0] - first[0]), (False, column + place[1] - first[1])
            )

        yield Mistake("drift", _area(number, drifting))
    else:
        here = _written((True, top[1]), (True, left[1]))
        yield Mistake("frozen", _area(number, lambda token, place: here))


def _of_number(number: int, found: list[re.Match[str]]) -> Iterator[Mistake]:
    text = found[number][0]
    before = found[number - 1][0] if number else ""
    after = found[number + 1][0] if number + 1 < len(found) else ""
    value = float(text)
    if value in (2.0, 0.5) and after == "*":
        yield Mistake("factor", _dropped(number, number + 1))
    elif value in (2.0, 0.5) and before in ("*", "/"):
        yield Mistake("factor", _dropped(number - 1, number))
    elif value == 2.0 and before == "^":
        yield Mistake("square", _dropped(number - 1, number))
    if 0 < value < 0.2 and before in ("/", "+", "-"):
        yield Mistake("difference", _token(number, f"{value * 10:g}"))
    else:
        yield Mistake("constant", _token(number, f"{value * 1.5 or 1:g}"))


def _dropped(first: int, last: int) -> Edit:
    def edit(text: str, place: Position) -> str | None:
        found = list(tokens(text))
        return text[: found[first].start()] + text[found[last].end() :]

    return edit


_OTHERS = {"LN(": ("logarithm", "LOG("), "SUM(": ("mean", "AVERAGE("), "AVERAGE(": ("mean", "SUM(")}


def _of_function(number: int, name: str) -> Iterator[Mistake]:
    if name in _OTHERS:
        kind, other = _OTHERS[name]
        yield Mistake(kind, _token(number, other))


_REF = r"\$?[A-Z]+\$?[0-9]+"
_TEXTS: tuple[tuple[str, str, str], ...] = (
    # What stands there, and what is written instead.
    ("activation", rf"({_REF})\*\(1-\1\)", r"(1-\1^2)"),
    ("activation", rf"({_REF})\*\(1-\1\)", r"(1-\1)"),
    ("activation", rf"({_REF})\*\(1-\1\)", r"\1"),
    ("activation", rf"\(1-({_REF})(?:\^2|\*\1)\)", r"\1*(1-\1)"),
    ("activation", rf"\(1-({_REF})(?:\^2|\*\1)\)", r"(1-\1)"),
    ("activation", rf"\(1-({_REF})(?:\^2|\*\1)\)", r"(1+\1^2)"),
    ("relu", rf"IF\({_REF}>0,([^(),]+|[^(),]*\([^()]*\)[^(),]*),0\)", r"(\1)"),
    ("relu", rf"\*\({_REF}>0\)", ""),
    ("difference", r"/(\$[A-Z]+\$[0-9]+)$", r"/(10*\1)"),
    ("difference", r"/\(2\*(\$[A-Z]+\$[0-9]+)\)$", r"/\1"),
)


def _of_text(text: str) -> Iterator[Mistake]:
    for kind, old, new in _TEXTS:
        for number, _ in enumerate(re.finditer(old, text)):
            yield Mistake(kind, _replaced(old, new, number))


def _replaced(old: str, new: str, number: int) -> Edit:
    def edit(text: str, place: Position) -> str | None:
        found = list(re.finditer(old, text))
        if number >= len(found):
            return None
        match = found[number]
        return text[: match.start()] + match.expand(new) + text[match.end() :]

    return edit
