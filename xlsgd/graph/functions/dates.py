"""Dates, which are numbers of days: the first of January 1900 is 1."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from xlsgd.graph.named import of_cells
from xlsgd.graph.values import Erroneous, Value, same_in_all

__all__: list[str] = []

_FIRST = date(1899, 12, 30)
"""Day 0 as it counts from March 1900 on: Excel has a 29th of February 1900."""


@of_cells("DATE")
def _date(samples: int, year: Value, month: Value, day: Value) -> Value:
    y, m, d = (int(same_in_all(x, samples)) for x in (year, month, day))
    y, m = (y + 1900 if y < 1900 else y) + (m - 1) // 12, (m - 1) % 12 + 1
    try:
        return float((date(y, m, 1) - _FIRST).days + d - 1)
    except ValueError:
        raise Erroneous("#NUM!", "there is no such date") from None


def _part(name: str, of: Callable[[date], int]) -> None:
    @of_cells(name)
    def called(samples: int, value: Value) -> Value:
        days = int(same_in_all(value, samples))
        try:
            return float(of(_FIRST + timedelta(days)))
        except OverflowError:
            raise Erroneous("#NUM!", "there is no such date") from None


_part("YEAR", lambda day: day.year)
_part("MONTH", lambda day: day.month)
_part("DAY", lambda day: day.day)


@of_cells("WEEKDAY")
def _weekday(samples: int, value: Value, kind: Value = 1.0) -> Value:
    day = (_FIRST + timedelta(int(same_in_all(value, samples)))).weekday()  # Monday is 0
    first = {1: 6, 2: 0}.get(int(same_in_all(kind, samples)))
    if first is None:
        raise Erroneous("#NUM!", "there is no such way to count weekdays")
    return float((day - first) % 7 + 1)
