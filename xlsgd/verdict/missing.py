"""What has no number though one is needed, said by the tab itself before anything else.

An empty cell among the data, or a word typed there, leaves no number in all that follows, and an
empty start weight counts as 0: neither is a run that explodes or stands still. A formula names the
inputs and the columns of data concerned, and of a single row of data its number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from xlsgd.base.columns import Input

__all__ = [
    "MISSING",
    "NOTHING_MISSING",
    "in_columns",
    "in_inputs",
    "in_steps",
    "missing_field",
    "told",
]

MISSING = "no_number"
NOTHING_MISSING = "no number in"
"""What the field says where nothing is missing: names follow it, each with a comma behind."""

_NUMBER = '"<=9.99999999999999E+307"'
"""What every number is that can be typed in, and no error."""
_NAMED = 30
"""Inputs that are named one by one."""
_COUNTED = 200
"""Arguments of a function: programs take 255."""
_MOST = 300
"""Inputs that are looked at: with the columns of data a formula has 8,192 characters for them."""
_LOCATED = 12
"""Columns of data of which the row is found: a formula has room for 8,192 characters."""


def missing_field(pieces: Sequence[str]) -> Input:
    """Return the field that names what has no number.   pieces: see the functions below."""
    formula = "&".join((f'="{NOTHING_MISSING}"', *pieces))
    return Input(MISSING, formula, "inputs and data that are empty, or no number")


def told(otherwise: str) -> str:
    """Return the expression of a verdict, which is otherwise if nothing is missing."""
    length = f"LEN({{{MISSING}}})"
    said = f"LEFT({{{MISSING}}},{length}-1)"
    return f"IF({length}>{len(NOTHING_MISSING)},{said},{otherwise})"


def in_inputs(cells: Mapping[str, str]) -> list[str]:
    """Return expressions that name inputs.   cells: by how an input is called, its template."""
    if len(cells) <= _NAMED:
        return [f'IF(ISNUMBER({cell}),"",{_quoted(name)})' for name, cell in cells.items()]
    every = list(cells.values())[:_MOST]
    parts = [every[i : i + _COUNTED] for i in range(0, len(every), _COUNTED)]
    counted = "+".join(f"COUNT({','.join(part)})" for part in parts)
    return [f'IF({counted}={len(every)},"",{_quoted("an input")})']


def in_columns(names: Sequence[str]) -> list[str]:
    """Return expressions that name columns of data of which every cell is needed."""
    if len(names) > _NAMED:
        return _together(names, _rows(names[0]))
    return [f'IF(COUNT({{data.{name}}})={_rows(name)},"",{_quoted(name)})' for name in names]


def _rows(name: str) -> str:
    """Return the expression of how many cells a column has: formulon has no ROWS."""
    return f"(COUNTA({{data.{name}}})+COUNTBLANK({{data.{name}}}))"


def _together(names: Sequence[str], needed: str) -> list[str]:
    """Return the expression of many columns together, as far as a function takes arguments.

    needed: of how many numbers in each.
    """
    some = names[:_COUNTED]
    ranges = ",".join(f"{{data.{name}}}" for name in some)
    return [f'IF(COUNT({ranges})>={len(some)}*{needed},"",{_quoted("a column of data")})']


def in_steps(inputs: Sequence[str], targets: Sequence[str]) -> list[str]:
    """Return expressions that name columns of data, and where it is one row its number, for a
    table with a row for every row of data: rows emptied below the data are none."""
    if len(inputs) + len(targets) > _LOCATED:
        return _together([*inputs, *targets], f"COUNT({{data.{inputs[0]}}})")
    return [
        *(_in_column(name, "{rows}") for name in inputs),
        *(_in_column(name, f"COUNT({{data.{inputs[0]}}})") for name in targets),
    ]


def _in_column(name: str, needed: str) -> str:
    """Return the expression that names a column of data.   needed: of how many numbers."""
    if_number = f"{{steps.epoch}},1,{{steps.{name}}},{_NUMBER}"
    off = f"SUMIFS({{steps.row}},{{steps.epoch}},1)-SUMIFS({{steps.row}},{if_number})"
    count = f"COUNTIFS({{steps.epoch}},1)-COUNTIFS({if_number})"
    where = f'IF({count}=1," (row "&({off})&" of data)","")'
    whole = f"AND({count}=0,COUNT({{data.{name}}})>={needed})"
    return f'IF({whole},"",{_text(f" {name}")}&{where}&",")'


def _text(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _quoted(name: str) -> str:
    return _text(f" {name},")
