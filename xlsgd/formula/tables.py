"""References to tables, written as the cells that they mean.

``Houses[[#This Row],[Size]]/$E$1`` in row 7 is ``$E7/$E$1``.  Source: ECMA-376, part 1, chapter
18.17.6.8 (structure references).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from xlsgd.base.cells import Position, Table, column_letters
from xlsgd.formula.r1c1 import Refused

__all__ = ["place_of", "without_tables"]

_START = re.compile(r'"(?:[^"]|"")*"|\'(?:[^\']|\'\')+\'!|(?P<name>[^\W\d][\w.]*)?\[')
_OTHER_FILE = re.compile(r"[0-9]+\][^\W\d][\w.]*!")
"""What follows the bracket in ``[1]data!A1``, a cell of another workbook."""

_ITEMS = frozenset(("all", "data", "headers", "totals", "this row"))


def without_tables(
    formula: str, sheet: str, position: Position, tables: Mapping[str, Table]
) -> str:
    """Return a formula with plain references in place of those to tables.

    sheet, position: of its cell.   tables: by their names in lower case.
    Raises Refused for one to a table, a column or a part that is not there.
    """
    if "[" not in formula:
        return formula
    pieces: list[str] = []
    at = 0
    while (match := _START.search(formula, at)) is not None:
        if not match[0].endswith("["):
            pieces.append(formula[at : match.end()])
            at = match.end()
            continue
        inside, end = _inside(formula, match.end())
        if match["name"] is None and _OTHER_FILE.match(formula, match.end()):
            pieces.append(formula[at:end])
            at = end
            continue
        table = _table(match["name"], sheet, position, tables)
        pieces += [formula[at : match.start()], _cells(inside, table, sheet, position)]
        at = end
    return "".join([*pieces, formula[at:]])


def place_of(table: Table) -> str:
    """Return where the rows of a table stand, as ``'first tab'!$A$4:$C$9``."""
    top, left, bottom, right = table.area
    sheet = table.sheet.replace("'", "''")
    return f"'{sheet}'!${column_letters(left)}${top}:${column_letters(right)}${bottom}"


def _inside(formula: str, start: int) -> tuple[str, int]:
    """Return what stands between a bracket and the one that closes it, and where that ends."""
    depth, at = 1, start
    while at < len(formula):
        sign = formula[at]
        if sign == "'":  # the sign behind it is part of a name
            at += 1
        depth += (sign == "[") - (sign == "]")
        at += 1
        if not depth:
            return formula[start : at - 1], at
    raise Refused("a bracket of it is not closed")


def _table(name: str | None, sheet: str, position: Position, tables: Mapping[str, Table]) -> Table:
    if name is not None:
        if name.lower() in tables:
            return tables[name.lower()]
        raise Refused(f"there is no table {name}")
    row, column = position
    for table in tables.values():
        top, left, bottom, right = table.area
        here = top <= row <= bottom and left <= column <= right
        if here and table.sheet.lower() == sheet.lower():
            return table
    raise Refused("it names a column of its table, and stands in none")


def _cells(inside: str, table: Table, sheet: str, position: Position) -> str:
    """Return the cells of a table that are meant by what stands in its brackets."""
    items, columns = _parts(inside)
    top, left, bottom, right = table.area
    if columns:
        known = [name.lower() for name in table.columns]
        for name in columns:
            if name.lower() not in known:
                raise Refused(f"its table has no column {name}")
        places = [left + known.index(name.lower()) for name in columns]
        left, right = min(places), max(places)
    if "this row" in items:
        if not top <= position[0] <= bottom:
            raise Refused("it means a row of a table, and stands in none of its rows")
        first = last = str(position[0])
    else:
        above = table.headers if items & {"all", "headers"} else 0
        below = table.totals if items & {"all", "totals"} else 0
        if items & {"headers", "totals"} and not items & {"all", "data"}:
            top, bottom = (
                (top - above, top - 1) if "headers" in items else (bottom + 1, bottom + below)
            )
            if top > bottom:
                raise Refused("its table has no row of that kind")
        else:
            top, bottom = top - above, bottom + below
        first, last = f"${top}", f"${bottom}"
    own = table.sheet.lower() == sheet.lower()
    place = "" if own else "'" + table.sheet.replace("'", "''") + "'!"
    start, end = f"${column_letters(left)}{first}", f"${column_letters(right)}{last}"
    return place + (start if start == end else f"{start}:{end}")


def _parts(inside: str) -> tuple[set[str], list[str]]:
    """Return the items, such as ``this row``, and the columns that are named in brackets."""
    items: set[str] = set()
    text = inside.strip()
    if text.startswith("@"):
        items.add("this row")
        text = text[1:]
    if not text.startswith("["):
        parts = [text] if text else []
    else:
        parts = re.findall(r"\[((?:[^\[\]']|'.)*)\]", text)
    columns = []
    for part in parts:
        if part.startswith("#"):
            if part[1:].lower() not in _ITEMS:
                raise Refused(f"it means {part} of a table, which is no part of one")
            items.add(part[1:].lower())
        elif part:
            columns.append(re.sub(r"'(.)", r"\1", part))
    return items, columns
