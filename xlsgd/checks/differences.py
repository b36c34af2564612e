"""What is wrong with the cells of a tab, gathered cell by cell and turned into a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from xlsgd.base.cells import Formula, Grid, Position, Scalar, Uncomputed
from xlsgd.report.compare import Comparison, kind_name, kind_of
from xlsgd.report.report import Difference, Extreme, SheetReport
from xlsgd.sheets.maps import address

__all__ = ["Differences", "Order", "finite", "values_in"]

Order = Callable[[int, int], tuple[int, ...]]
"""From row and column of a table, counted from 0, to when the cell is calculated: tuples that can
be compared with one another."""

Value = TypeVar("Value", Scalar, Scalar | Uncomputed)

_INPUT = "an input: taken as it is for both sides"


class Differences:
    """The cells of a tab, those that were compared, and those that are wrong.

    order, in several methods: what is calculated first, so that the first difference is the
    culprit and not one of its victims.
    """

    def __init__(
        self,
        name: str,
        kind: str,
        contents: Grid,
        values: Mapping[Position, Scalar | Uncomputed],
        unchecked: str,
    ) -> None:
        """unchecked: why a cell that is not compared is not, unless it is an input."""
        self.report = SheetReport(name, kind)
        self.report.formulas = sum(isinstance(c, Formula) for c in contents.values())
        self.contents = contents
        self.cells = values_in(contents, values)
        self.inputs: set[Position] = set()
        self._unchecked = unchecked
        self._compared: dict[Position, tuple[str, Order, int, int]] = {}
        self._wrong: dict[Position, Difference] = {}
        self._order: dict[Position, tuple[int, ...]] = {}
        self._edited: set[Position] = set()
        self.numbers_follow = False
        """Whether a mistake elsewhere is named that leaves other numbers than torch's in all cells:
        then only what they say, and what is saved, is told of, and the others are counted."""
        self._following: set[Position] = set()

    @property
    def wrong(self) -> Mapping[Position, Difference]:
        """The differences so far."""
        return self._wrong

    def ordered(self) -> list[Position]:
        """Return the wrong cells in the order in which they are told."""
        return sorted(self._wrong, key=self._order.__getitem__)

    def names_uncomputed(self) -> bool:
        """Return whether a difference is a cell that has no value by its own fault."""
        found = (d.sheet_value for d in self._wrong.values())
        return any(isinstance(value, Uncomputed) and not value.follows for value in found)

    def differ(
        self,
        position: Position,
        order: tuple[int, ...],
        quantity: str,
        check: str,
        reason: str | None = None,
        **details: Any,
    ) -> None:
        """Note a difference; of several in one cell, the one that knows torch's value counts.

        order: when it is calculated.
        """
        if self.numbers_follow and check in ("step", "run") and position not in self._edited:
            self._following.add(position)
            return
        value = self.cells.get(position)
        content = self.contents.get(position)
        expected = details.get("torch_value")
        found = Difference(
            self.report.name,
            address(position),
            quantity,
            check,
            reason or _reason(value, expected),
            formula=str(content) if isinstance(content, Formula) else None,
            **{"sheet_value": value, **details},
        )
        earlier = self._wrong.get(position)
        if check == "pattern":
            self._edited.add(position)
        self._order.setdefault(position, order)
        if earlier is None:
            self._wrong[position] = found
        elif earlier.torch_value is None and expected is not None:
            reason = f"{earlier.reason}; {found.reason}"
            # That the run goes another way from here on does not make it a mere victim.
            check = earlier.check if check == "run" else check
            self._wrong[position] = replace(found, reason=reason, check=check)

    @property
    def edited(self) -> set[str]:
        """The cells that do not say what xlsgd writes there, whatever they give."""
        return {address(position) for position in self._edited}

    def finish(
        self,
        follows_a_wrong_one: bool = False,
        names_uncomputed: bool = False,
        rule_of: Callable[[Difference], str | None] = lambda found: None,
    ) -> SheetReport:
        """Account for every formula cell and return the report.

        follows_a_wrong_one: whether a tab that this one looks at has differences of its own.
        names_uncomputed: whether a cell of the workbook is named that has no value by its own
            fault, so that those that have none because of it need not be.
        rule_of: gives the name of the rule by which a difference is harmless, None if it is not.
        """
        report = self.report
        report.cells_compared = len(self._compared)
        for position, content in self.contents.items():
            if isinstance(content, Formula) and position not in self._compared:
                is_input = position in self.inputs
                reason = _INPUT if is_input else self._unchecked
                value = self.cells[position]
                if isinstance(value, Uncomputed):
                    reason += f"; {value}"
                report.unchecked[address(position)] = reason
        edited = {address(position) for position in self._edited}
        ordered = self.ordered()
        wrong = []
        for position in ordered:
            found = replace(self._wrong[position], order=self._order[position])
            # What somebody has typed over or changed is no habit of a program.
            rule = None if position in self._edited else rule_of(found)
            if rule is None:
                wrong.append(found)
            else:
                report.harmless.setdefault(rule, []).append(found)
        # One wrong step, and a run goes another way from there on: hundreds of cells that are
        # right by themselves. They are counted, not listed.
        count = len(wrong)
        if names_uncomputed:
            wrong = [d for d in wrong if not (_waits(d) and d.cell not in edited)]
        first = next((i for i, d in enumerate(wrong) if d.check != "run"), len(wrong))
        first = 0 if follows_a_wrong_one else first
        report.differences = wrong[:first] + [d for d in wrong[first:] if d.check != "run"]
        report.cells_differing = len(report.differences)
        report.cells_following = count - len(report.differences)
        report.cells_following += len(self._following - self._wrong.keys())
        report.greatest_off = _extreme(report.comparisons, "off")
        report.greatest_relative = _extreme(report.comparisons, "relative")
        return report


def values_in(contents: Grid, values: Mapping[Position, Value]) -> dict[Position, Value]:
    """Return what every cell of a tab gives.  values: of its formula cells."""
    return {
        position: values[position] if isinstance(content, Formula) else content
        for position, content in contents.items()
    }


def _waits(found: Difference) -> bool:
    return isinstance(found.sheet_value, Uncomputed) and found.sheet_value.follows


def _reason(value: Scalar | Uncomputed, expected: object) -> str:
    if isinstance(value, Uncomputed):
        return str(value)
    kind = kind_name(kind_of(value))
    if not isinstance(expected, float):
        return "says something else than torch" if isinstance(value, str) else f"holds {kind}"
    if isinstance(value, float) and np.isfinite(expected):
        return "differs from torch"
    return f"{kind} where torch has {'a number' if np.isfinite(expected) else 'no finite number'}"


def finite(number: float | None) -> float | None:
    return None if number is None or not np.isfinite(number) else float(number)


def _extreme(comparisons: Mapping[str, Comparison], kind: str) -> Extreme | None:
    """Return the greatest difference among the step checks, with its cell."""
    best: Extreme | None = None
    for name, result in comparisons.items():
        if not name.startswith("step"):
            continue
        numbers = getattr(result, kind)
        numbers = np.where(np.isfinite(numbers), numbers, -1.0)
        i, j = (int(n) for n in np.unravel_index(np.argmax(numbers), numbers.shape))
        if numbers[i, j] >= 0 and (best is None or numbers[i, j] > best.value):
            best = Extreme(float(numbers[i, j]), address(result.position(i, j)))
    return best
