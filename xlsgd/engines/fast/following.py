"""Cells calculated from values that are given for all others, each cell by itself.

A workbook that another program has calculated and saved need not have our last digits, and in a run
that explodes last digits become first ones. What that program had to calculate from its own numbers
it must have calculated right: here a formula is given the very values that stand beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from xlsgd.base.cells import Book, Position, Scalar, Uncomputed
from xlsgd.engines.fast.calculation import Run
from xlsgd.engines.fast.evaluator import Distrusted, Doubts, Experience

__all__ = ["Following", "Place"]

Place = tuple[str, Position]
"""A cell: sheet and position."""

Values = Mapping[str, Mapping[Position, Scalar]]


class Following:
    """Gives what formulas make of given values.

    given: per sheet, the value of every cell, of those with formulas too.
    """

    def __init__(self, book: Book, given: Values, experience: Experience) -> None:
        self._run = Run(book, experience, Doubts())
        self._given = given
        self._run.given(given)
        self._plans = self._run.places()

    def operands(self, places: Iterable[Place]) -> set[Place]:
        """Return the cells that formulas look at, as far as they hold something."""
        found: set[Place] = set()
        areas = set()
        for sheet, position in places:
            plan = self._plans[sheet][position]
            areas |= {
                (there.name, top, left, min(bottom, there.last_row), min(right, there.last_column))
                for there, top, left, bottom, right in plan.areas(position[0], position[0])
            }
        for name, top, left, bottom, right in areas:
            here = self._given[name]
            found |= {
                (name, (row, column))
                for row in range(top, bottom + 1)
                for column in range(left, right + 1)
                if (row, column) in here
            }
        return found

    def values(
        self, places: Iterable[Place], moved: Mapping[Place, float] | None = None
    ) -> dict[Place, Scalar | Uncomputed]:
        """Return what each of these formulas gives.

        moved: cells that hold another number than the one that was given, for this call.
        """
        cells = [(place, self._plans[place[0]][place[1]]) for place in places]
        if moved:
            self._hold(moved.__getitem__, moved)
        try:
            while True:
                try:
                    return {place: self._run.follows(plan, place[1][0]) for place, plan in cells}
                except Distrusted:
                    self._run.given({})  # without the generated code that was wrong
        finally:
            if moved:
                self._hold(lambda place: self._given[place[0]][place[1]], moved)

    def _hold(self, value: Callable[[Place], Scalar], places: Iterable[Place]) -> None:
        held: dict[str, dict[Position, Scalar]] = {}
        for place in places:
            held.setdefault(place[0], {})[place[1]] = value(place)
        self._run.given(held)
