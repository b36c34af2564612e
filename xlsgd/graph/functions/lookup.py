"""Functions that find a value in a range: which one is that of the workbook as it was saved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from xlsgd.base.cells import CellError
from xlsgd.graph.named import Function, of_cells, takes_arrays, takes_ranges
from xlsgd.graph.values import (
    Array,
    Erroneous,
    NotKnown,
    Value,
    as_block,
    one_number,
    same_in_all,
    saved_numbers,
)

__all__: list[str] = []


@takes_arrays("INDEX")
def _index(samples: int, value: Value, row: Value = None, column: Value = None) -> Value:
    block = as_block(value)
    rows, columns = block.shape
    r = 0 if row is None else int(same_in_all(row, samples))
    c = 0 if column is None else int(same_in_all(column, samples))
    if rows == 1 and column is None:
        r, c = (1 if columns > 1 else r), (r if columns > 1 else 1)
    if not (0 <= r <= rows and 0 <= c <= columns):
        raise Erroneous("#REF!", "INDEX means a cell outside of its range")
    if r and c:
        return block.at(r - 1, c - 1)
    if r:
        return Array([block.rows[r - 1]]) if columns > 1 else block.at(r - 1, 0)
    if c:
        return Array([[line[c - 1]] for line in block.rows])
    return block


def _plain(value: Value, samples: int) -> Any:
    """Return what is looked for: a number as it was saved, or a text without its case."""
    if isinstance(value, str):
        return value.lower()
    if isinstance(value, (bool, CellError)) or value is None:
        return value
    return one_number(value, samples)


def _saved(block: Array, samples: int) -> list[Any]:
    """Return all values of a row or a column as they were saved."""
    numbers = saved_numbers(block)
    return numbers if numbers is not None else [_plain(value, samples) for value in block.each()]


def _place(samples: int, sought: Value, block: Array, kind: int) -> int:
    """Return where something is in a row or a column, from 0.

    kind: 0 for the very thing, 1 for the last that is not larger, −1 for the last not smaller.
    """
    what = _plain(sought, samples)
    if isinstance(what, CellError) or what != what:
        raise Erroneous(getattr(what, "code", "#NUM!"), "what is looked for is an error")
    what = 0.0 if what is None else what
    of_kind = type(what)
    each = _saved(block, samples)
    if kind == 0:
        for i, x in enumerate(each):
            if type(x) is of_kind and x == what:
                return i
        raise Erroneous("#N/A", "what is looked for is not there")
    alike = [(i, x) for i, x in enumerate(each) if type(x) is of_kind and x == x]
    if kind > 0:
        place = _by_halves([x for _, x in alike], what)
    else:
        place = -1
        for i, (_, x) in enumerate(alike):
            if x < what:
                break
            place = i
    if place < 0:
        raise Erroneous("#N/A", "what is looked for is not there")
    return alike[place][0]


def _by_halves(values: Sequence[Any], what: Any) -> int:
    """Return the last place of what is not larger, −1 for none: by halves, as Excel does, whether
    values are sorted or not."""
    low, high = 0, len(values) - 1
    while low <= high:
        middle = (low + high) // 2
        if values[middle] == what:
            while middle + 1 < len(values) and values[middle + 1] == what:
                middle += 1
            return middle
        if values[middle] < what:
            low = middle + 1
        else:
            high = middle - 1
    return high


@takes_arrays("MATCH")
def _match(samples: int, sought: Value, value: Value, kind: Value = 1.0) -> Value:
    how = 0 if kind is None else int(same_in_all(kind, samples))
    return float(_place(samples, sought, as_block(value), how) + 1)


def _lookup_in(down: bool) -> Function:
    def called(
        samples: int, sought: Value, table: Value, place: Value, near: Value = True
    ) -> Value:
        block = as_block(table) if down else as_block(table).transposed()
        columns = block.shape[1]
        kind = int(bool(near is not None and same_in_all(near, samples)))
        keys = (
            Array(tensor=block.tensor[:, :1])
            if block.tensor is not None
            else Array([row[:1] for row in block.rows])
        )
        column = int(same_in_all(place, samples))
        if not 1 <= column <= columns:
            raise Erroneous("#REF!", "a lookup means a column outside of its table")
        return block.at(_place(samples, sought, keys, kind), column - 1)

    return called


takes_ranges("VLOOKUP")(_lookup_in(down=True))
takes_ranges("HLOOKUP")(_lookup_in(down=False))


def _nth(value: Value, place: int) -> Value:
    block = as_block(value)
    columns = block.shape[1]
    return block.at(place // columns, place % columns)


@takes_arrays("LOOKUP")
def _lookup(samples: int, sought: Value, keys: Value, values: Value = None) -> Value:
    found = _place(samples, sought, as_block(keys), 1)
    return _nth(keys if values is None else values, found)


@takes_arrays("XMATCH")
def _xmatch(samples: int, sought: Value, value: Value, kind: Value = 0.0) -> Value:
    if same_in_all(kind, samples):
        raise NotKnown("XMATCH is known here for the very thing only")
    return float(_place(samples, sought, as_block(value), 0) + 1)


@takes_arrays("XLOOKUP")
def _xlookup(samples: int, sought: Value, keys: Value, values: Value, *rest: Value) -> Value:
    try:
        place = _place(samples, sought, as_block(keys), 0)
    except Erroneous:
        if not rest or rest[0] is None:
            raise
        return rest[0]
    block = as_block(values)
    rows, columns = block.shape
    if rows > 1 and columns > 1:
        return Array([block.rows[place]])
    return _nth(block, place)


@of_cells("CHOOSE")
def _choose(samples: int, place: Value, *values: Value) -> Value:
    n = int(same_in_all(place, samples))
    if not 1 <= n <= len(values):
        raise Erroneous("#VALUE!", "CHOOSE has no such value")
    return values[n - 1]


@of_cells("SWITCH")
def _switch(samples: int, asked: Value, *pairs: Value) -> Value:
    what = _plain(asked, samples)
    for key, value in zip(pairs[::2], pairs[1::2], strict=False):
        if _plain(key, samples) == what:
            return value
    if len(pairs) % 2:
        return pairs[-1]
    raise Erroneous("#N/A", "SWITCH has no such case")
