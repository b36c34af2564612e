"""Values of a calculation kept in little room, and memory given back.

As Python has them, a float in a dictionary by position, the values of a large workbook take 30 MiB
and more, and several engines give one set each.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from array import array
from collections.abc import Iterator, Mapping
from contextlib import suppress
from math import isnan, nan

from xlsgd.base.cells import Position, Scalar, Uncomputed

__all__ = ["KeptValues", "give_back"]


class KeptValues(Mapping[Position, Scalar | Uncomputed]):
    """The values of a tab.

    places: the positions of its formula cells, in an order that several engines share.
    """

    def __init__(
        self, values: Mapping[Position, Scalar | Uncomputed], places: Mapping[Position, int]
    ) -> None:
        self._places = places
        self._numbers = array("d", [nan]) * len(places)
        self._others: dict[Position, Scalar | Uncomputed] = {}
        for position, value in values.items():
            if type(value) is float and not isnan(value) and position in places:
                self._numbers[places[position]] = value
            else:
                self._others[position] = value

    def __getitem__(self, position: Position) -> Scalar | Uncomputed:
        place = self._places.get(position)
        if place is not None and not isnan(number := self._numbers[place]):
            return number
        return self._others[position]

    def __iter__(self) -> Iterator[Position]:
        yield from (p for p, place in self._places.items() if not isnan(self._numbers[place]))
        yield from self._others

    def __len__(self) -> int:
        return sum(1 for _ in self)


def give_back() -> None:
    """Give memory that is no longer needed back to the system, as far as it takes it."""
    gc.collect()
    if sys.platform == "linux":
        # What was freed stays with the process otherwise, in small pieces.
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
