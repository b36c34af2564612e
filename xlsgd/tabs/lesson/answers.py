"""The cells that the answers on the first tab speak of: where each stands, as a template says it.

Beside an answer stands a formula that is a reference to one cell and nothing else. Which one, a
template says, which stands hidden beside it, so that verify finds the cell by its name:

    {@sgd.last_loss}          a field of the tab of an experiment
    {@sgd.first.loss}         the first row of its steps, {@sgd.last.new.a} the last one
    {at.surface.lowest_loss}  a field of a tab of another kind
    {at.training/sgd.steps.new.x#5}   the fifth row of a column of a table, #-1 the last one
    {at.data.data.x#1}        a row of the data
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar

from xlsgd.base.cells import Position, column_number
from xlsgd.sheets.maps import BookMap, Reference, Scope, TabMap, address, formula_maker, quoted

__all__ = ["HEADERS", "KEY", "MARKED", "cell_meant", "cells_meant", "key_of", "looks_of"]

MARKED = "lesson tab, format 1"
KEY = "cell of the answer"
"""What stands above the hidden templates."""
HEADERS = frozenset((KEY,))

_KEY = re.compile(r"answer\.(\d+): (\{[^{}]+\})")
_AT = re.compile(r"(?P<kind>\w+)(?:/(?P<key>[^.]+))?\.(?P<name>[^#]+)(?:#(?P<row>-?\d+))?")
_REFERENCE = re.compile(r"=(?:(?P<sheet>.+)!)?\$?(?P<column>[A-Z]+)\$?(?P<row>\d+)")


def key_of(number: int, look: str) -> str:
    """Return what stands hidden beside an answer.  number: from 1."""
    return f"answer.{number}: {look}"


def looks_of(fields: Mapping[str, Position]) -> dict[str, str]:
    """Return the templates among the keys of a tab's fields, by key."""
    found = {key: _KEY.fullmatch(key) for key in fields}
    return {key: match[2] for key, match in found.items() if match is not None}


class _At(Scope):
    """Gives ``{at.KIND.NAME}``.  tab: which of several tabs of the kind, as counted from 0."""

    heads: ClassVar[tuple[str, ...]] = ("at",)

    def __init__(self, which: int) -> None:
        self._which = which

    def reference(self, head: str, name: str, book: BookMap, tab: TabMap, table: str) -> Reference:
        match = _AT.fullmatch(name)
        if match is None:
            raise KeyError(f"{head}.{name}")
        there = _tabs(book, match["kind"], match["key"])[self._which]
        return f"{quoted(there.sheet)}!{address(_place(there, match), absolute=True)}"


def _tabs(book: BookMap, kind: str, key: str | None) -> list[TabMap]:
    """Return the tabs that are meant: of that key, else all of the kind, whose keys are names of
    sheets that may have been given others."""
    if kind == "data":
        return [book.data]
    tabs = book.training if kind == "training" else book.tabs.get(kind, {})
    return [tabs[key]] if key in tabs else list(tabs.values()) if kind != "training" else []


def _place(tab: TabMap, match: re.Match[str]) -> Position:
    name = match["name"]
    if match["row"] is None:
        return tab.fields[name]
    table, _, quantity = name.partition(".")
    row = int(match["row"])
    rows = tab.tables[table].rows
    if not row or not -len(rows) <= row <= len(rows):
        raise KeyError(f"{name}#{row}")
    return tab.tables[table].cell(quantity, row - 1 if row > 0 else row)


def cell_meant(look: str, book: BookMap, sheet: str) -> tuple[str, str, Position] | None:
    """Return the formula for a template of a lesson, and the sheet and the cell that it looks at;
    None where options have taken the tab away.

    Raises LookupError for a cell that its tab does not have.
    """
    found = next(cells_meant(look, book, sheet), None)
    if found is None and _has_tab(look, book):
        raise LookupError(f"{look}: is no cell of its tab")
    return found


def _has_tab(look: str, book: BookMap) -> bool:
    name = look.strip("{}")
    if name.startswith("@"):
        return name[1:].partition(".")[0] in book.training
    match = _AT.fullmatch(name.removeprefix("at."))
    return match is None or bool(_tabs(book, match["kind"], match["key"]))


def cells_meant(look: str, book: BookMap, sheet: str) -> Iterator[tuple[str, str, Position]]:
    """Yield the formula for a template, and the sheet and the cell that it looks at.

    Nothing for a cell that is not there; several where tabs of one kind cannot be told by their
    names any more.
    """
    which = 0
    while True:
        tab = TabMap(sheet, scope=_At(which))
        try:
            formula = f"={formula_maker(look, book, tab)(0)}"
        except (KeyError, IndexError, ValueError):
            return
        match = _REFERENCE.fullmatch(formula)
        if match is None:
            return
        there = (match["sheet"] or sheet).removeprefix("'").removesuffix("'").replace("''", "'")
        yield formula, there, (int(match["row"]), column_number(match["column"]))
        which += 1
        if not look.startswith("{at."):
            return
