"""Ways to break a formula that look like nothing, and what verify must say of each."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.titanic.books import Place, Small
from tests.verify.books import first_wrong
from xlsgd.base.cells import Content, Formula

__all__ = ["KINDS", "named_and_wrong"]

_RANGE = re.compile(r"(\$?[A-Z]{1,3}\$?)(\d+)(:\$?[A-Z]{1,3}\$?)(\d+)")
_CELL = re.compile(r"(?<![\w$.:])(\$?[A-Z]{1,3}\$?)(\d+)(?![\w(:])")


def _constant(formula: str, value: object) -> Content:
    """Return a constant that is a millionth off."""
    if isinstance(value, str):
        return f"{value}!"
    assert isinstance(value, float)
    return value * (1 + 1e-6) if value else 1e-6


def _changed(formula: str, value: object) -> Content:
    """Return a formula that is a little different."""
    for change in (_shorter, _moved, _turned, _doubled):
        other = change(formula)
        if other != formula:
            return Formula(other)
    raise AssertionError(f"no way to change {formula}")


def _shorter(formula: str) -> str:
    """Let the first range that is several rows long end a row sooner."""
    for match in _RANGE.finditer(formula):
        if match[2] != match[4]:
            shorter = f"{match[1]}{match[2]}{match[3]}{int(match[4]) - 1}"
            return formula[: match.start()] + shorter + formula[match.end() :]
    return formula


def _moved(formula: str) -> str:
    """Let the first cell that the formula looks at be the one above."""
    return _CELL.sub(lambda match: f"{match[1]}{int(match[2]) - 1}", formula, count=1)


def _turned(formula: str) -> str:
    """Turn the first sign of comparison."""
    return re.sub("[<>]", lambda match: {"<": ">", ">": "<"}[match[0]], formula, count=1)


def _doubled(formula: str) -> str:
    """Give twice the number."""
    return f"=2*({formula[1:]})"


KINDS: dict[str, Callable[[str, object], Content]] = {"constant": _constant, "changed": _changed}


def named_and_wrong(book: Small, kind: str, *places: Place) -> tuple[list[str], list[str]]:
    """Break a cell on each of several tabs, and return what verify names and what is wrong.

    places: on tabs that do not look at one another; the first stands on the first of them.
    What verify should name is the first cell first of all, and each cell first of its tab.
    """
    changes = {}
    for place in places:
        formula = book.content(place)
        assert isinstance(formula, Formula), f"{place} holds no formula"
        changes[place] = KINDS[kind](formula, book.value(place))
    report = book.verified(changes)
    named = [first_wrong(report)]
    for place in places:
        first = next(sheet for sheet in report.sheets if sheet.name == place.tab).first_difference
        named.append("nothing" if first is None else f"{place.tab}!{first.cell} {first.quantity}")
    wrong = [f"{book.name(place)} {place.quantity}" for place in places]
    return named, [book.name(places[0]), *wrong]
