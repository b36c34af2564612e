"""Do two formulas that are written otherwise give the same, whatever stands in their cells?

Both are calculated hundreds of times with numbers of all kinds in the cells that they look at:
ordinary ones, zeros, numbers that repeat, those that are written in the formulas and their
neighbours, tiny and long ones, numbers so large that they overflow, and errors.  That is evidence
only where every condition in them decided trials, both ways and on the border, so that no branch
was left out.  Else they are not the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from random import Random
from typing import Any

from xlsgd.base.cells import (
    Book,
    CellError,
    Content,
    Formula,
    Grid,
    Scalar,
    column_letters,
)
from xlsgd.checks.alike import EXACT, alike
from xlsgd.checks.clamps import Bounds, bounds, in_order
from xlsgd.checks.conditions import (
    all_numbers,
    asked,
    border_of,
    both_ways,
    branches,
    chosen,
    conditions,
    fails,
    nothing_to_nothing,
    on_the_border,
    truth,
)
from xlsgd.checks.trial_cells import ERROR, TrialCells
from xlsgd.engines import Calculation, get_engine
from xlsgd.formula.tree import Node, nodes_of, text_of
from xlsgd.report.report import value_text

__all__ = ["Meaning", "Trials", "meaning"]

_ORDINARY, _LONG, _HUGE, _ERRORS, _BRIMFUL = 240, 60, 24, 60, 48
"""Trials with numbers of each kind."""

_FIRST = 16
"""Trials that are made before all others."""

_BORDER = 60
"""Of these, so many once more for every comparison with a cell: there on the border."""

_ASKED = 60
"""Trials with an error in a cell about which a formula asks whether it holds a number."""

_PIECE = 32
"""So many trials are calculated together where the next ones may not be needed."""

_REACHED = 2
"""So many trials at least have to reach every branch."""

_MOST_OUTCOMES = 200
"""Different pairs of formulas that are tried in a workbook; each takes a tenth of a second."""

_LONGEST = (12, 7)
"""Cells of a range; longer ones are cut, those of both formulas alike, and to two lengths, so that
no number in a formula passes for theirs."""

_UNTRIED = "no numbers were found that differ in, but not every condition in it was tried"

_BY_PLACE = frozenset(
    ("ROW", "COLUMN", "ROWS", "COLUMNS", "OFFSET", "CELL", "TRANSPOSE", "MMULT", "VLOOKUP")
)
"""Functions that see where a range lies or which way: it lies otherwise in the trials."""

_FIXED = frozenset(("NA", "PI"))
"""Functions without arguments that give the same with every look, as RAND() and NOW() do not."""


@dataclass(frozen=True)
class Meaning:
    """same: whether two formulas give the same.   example: words for a case in which they do
    not, or why it was not found out, "" for neither.   provided: what has to hold for that, in
    words, "" for nothing."""

    same: bool
    example: str = ""
    provided: str = ""


@dataclass(frozen=True)
class Trials:
    """What came of the trials of two formulas.

    operands: those of a trial in which they differ.   given, wanted: what they give there.
    untried: why trials without a difference are no evidence.
    """

    same: bool
    operands: tuple[Scalar | None, ...] = ()
    given: object = None
    wanted: object = None
    untried: str = ""


def meaning(
    said: Node,
    wanted: Node,
    value: Callable[[Node], Scalar | None],
    known: MutableMapping[object, Trials],
) -> Meaning:
    """Return whether two trees mean the same.

    Their references say where they point, no two that differ the same.
    value: gives what stands in the cell of a reference, None where there is nothing.
    known: outcomes of earlier questions, by formulas that differ in nothing but their cells.
    """
    operands = list(dict.fromkeys(n for n in nodes_of(wanted) if n.kind == "reference"))
    both = [*nodes_of(said), *nodes_of(wanted)]
    strange = [n for n in nodes_of(said) if n.kind == "reference" and n not in operands]
    if strange:
        return Meaning(False, f"it looks at {_place(strange[0])}, and xlsgd's does not")
    if any(n.kind == "name" for n in both):
        return Meaning(False)
    for n in both:
        if n.kind == "call" and (n.value in _BY_PLACE or not (n.parts or n.value in _FIXED)):
            return Meaning(False, f"{n.value:.20} in it keeps it from being tried")
    number = {operand: i for i, operand in enumerate(operands)}
    sizes = [_size(operand) for operand in operands]
    if None in sizes:
        return Meaning(False)
    values = [value(operand) for operand in operands]
    words = tuple(v if isinstance(v, str) else None for v in values)
    held = dict(zip(operands, values, strict=True))

    def standing(operand: Node) -> float | None:
        found = held[operand]
        return found if isinstance(found, float) else None

    pairs = tuple(dict.fromkeys(pair for pair in bounds(wanted) if in_order(pair, standing)))
    renamed = tuple(
        text_of(tree, lambda n: f"<{number[n]}:{sizes[number[n]]}>")
        for tree in (said, wanted, *(bound for pair in pairs for bound in pair))
    )
    if (renamed, words) not in known:
        if len(known) == _MOST_OUTCOMES:
            return Meaning(False, f"of so many changed formulas only {_MOST_OUTCOMES} are tried")
        outcome = Trials(True)
        for lengths in dict.fromkeys(
            tuple(min(size or 1, longest) for size in sizes) for longest in _LONGEST
        ):
            if outcome.same:
                outcome = _Trials(said, wanted, number, lengths, words, pairs).outcome()
        known[renamed, words] = outcome
    outcome = known[renamed, words]
    example = outcome.untried or _example(outcome, operands)
    return Meaning(outcome.same, example, _provided(pairs) if outcome.same else "")


def _place(operand: Node) -> str:
    target: Any = operand.value
    top, left, bottom, right = target.corners
    first, last = (f"{column_letters(c)}{r}" for r, c in ((top, left), (bottom, right)))
    return f"{first}:{last}" if target.is_range else first


def _provided(pairs: Sequence[Bounds]) -> str:
    """Return what is said of bounds that a cell decides about."""
    said = [
        "<=".join(text_of(bound, _place).strip("()") for bound in pair)
        for pair in pairs
        if any(n.kind == "reference" for bound in pair for n in nodes_of(bound))
    ]
    return " and ".join(said)


def _size(operand: Node) -> int | None:
    """Return the length of a range, 1 for a cell; None for a range of rows and columns."""
    value: Any = operand.value
    top, left, bottom, right = value.corners
    height, width = bottom - top + 1, right - left + 1
    return max(height, width) if 1 in (height, width) else None


def _example(outcome: Trials, operands: Sequence[Node]) -> str:
    if outcome.same or not outcome.operands:
        return ""
    shown = []
    for operand, value in zip(operands, outcome.operands, strict=True):
        place: Any = operand.value
        if not place.is_range:
            shown.append(f"{_place(operand)} = {_shown_as(value, 6)}")
    if not shown or len(shown) > 4:
        return ""
    given, wanted = (_shown_as(v, 6) for v in (outcome.given, outcome.wanted))
    if given == wanted:
        given, wanted = (_shown_as(v, 17) for v in (outcome.given, outcome.wanted))
    return f"with {', '.join(shown)} it gives {given:.40} and xlsgd's {wanted:.40}"


def _shown_as(value: Any, digits: int) -> str:
    return f"{value:.{digits}g}" if isinstance(value, float) else value_text(value)


class _Trials:
    """Calculates two formulas and the conditions in them, a row a trial.

    pairs: bounds that are in order; a trial in which they are not does not count.
    """

    def __init__(
        self,
        said: Node,
        wanted: Node,
        number: dict[Node, int],
        lengths: Sequence[int],
        words: Sequence[str | None],
        pairs: Sequence[Bounds],
    ) -> None:
        self._number, self._lengths = number, lengths
        both = [*nodes_of(said), *nodes_of(wanted)]
        self._cells = TrialCells(both, lengths, words)
        self._said, self._wanted = said, wanted
        self._in_order = [Node("operator", "<=", tuple(pair)) for pair in pairs]
        self._begins = [1 + sum(lengths[:i]) for i in range(len(lengths) + 1)]

    def outcome(self) -> Trials:
        random, drawn = Random(20), self._cells
        trials = [drawn.ordinary(random) for _ in range(_ORDINARY)]
        trials += [drawn.long(random) for _ in range(_LONG)]
        usual = len(trials)
        # Most mistakes are seen at once.
        first = trials[:_FIRST]
        given, right, *ordered = self._calculated(
            first, [self._said, self._wanted, *self._in_order]
        )
        for i, cells in enumerate(first):
            if all(r[i] is True for r in ordered) and not alike(given[i], right[i], False):
                return self._different(cells, given[i], right[i])
        trials += self._on_borders(trials[: _BORDER // 2] + trials[usual - _BORDER // 2 : usual])
        trials += [drawn.huge(random) for _ in range(_HUGE)]
        huge = range(len(trials) - _HUGE, len(trials))
        trials += [drawn.with_error(random) for _ in range(_ERRORS)]
        trials += self._failing(trials[usual - _ASKED : usual])
        powers = list(nothing_to_nothing(self._said, self._wanted))
        if powers and any(True in r for r in self._calculated(trials, powers)):
            return Trials(False, untried="programs differ in what 0^0 is")
        # Of those with few digits hardly any show that something is rounded.
        told, loose = [0, 0], [0, 0]
        rows: list[int] = []
        wanted: list[object] = []
        for i, one, other, *kept in self._one_by_one(
            trials, [self._said, self._wanted, *self._in_order]
        ):
            wanted.append(other)
            if any(r is False for r in kept):
                continue
            rows.append(i)
            if not alike(one, other, i in huge):
                return self._different(trials[i], one, other)
            if i < usual and not isinstance(other, CellError):
                told[i >= _ORDINARY] += 1
                loose[i >= _ORDINARY] += not alike(one, other, False, EXACT)
        if 4 * sum(told) < usual:
            return Trials(False, untried="hardly any numbers tried in its cells gave a number")
        if any(4 * one > other for one, other in zip(loose, told, strict=True)):
            return Trials(False, untried="it gives other last digits")
        if not self._fail_together([drawn.brimful(random) for _ in range(_BRIMFUL)]):
            return Trials(False, untried="it asks otherwise whether there is a number")
        decided = chain(self._decide(trials, rows), self._reach(trials, rows, wanted))
        if not all(decided):
            return Trials(False, untried=_UNTRIED)
        return Trials(True)

    def _different(self, cells: Sequence[Content], given: object, wanted: object) -> Trials:
        operands = tuple(_scalar(cells[begin - 1]) for begin in self._begins[:-1])
        return Trials(False, operands, given, wanted)

    def _fail_together(self, trials: Sequence[Sequence[Content]]) -> bool:
        """Return whether what both formulas ask about turns into an error in the same trials."""
        both = [all_numbers(self._said), all_numbers(self._wanted)]
        trees = [tree for tree in both if tree is not None]
        if len(trees) < 2:
            return True
        said, wanted = self._calculated(trials, trees)
        return said == wanted

    def _decide(self, trials: Sequence[Sequence[Content]], rows: list[int]) -> Iterator[bool]:
        """Yield whether conditions decided trials: each was true in some and false in some, and
        was on the border between, and it was seen.  Then nothing stands where no trial came."""
        for tree in (self._said, self._wanted):
            found = list(dict.fromkeys(conditions(nodes_of(tree))))
            results = self._calculated(trials, [*found, *map(border_of, found)])
            for j, condition in enumerate(found):
                holds, border = results[j], results[len(found) + j]
                shows = {i: {holds[i], "border" if border[i] is True else None} for i in rows}
                # Of numbers the greatest is seen, and that the others are not.
                missing = {True, "border"} if chosen(condition) else {True, False, "border"}
                ways, ahead = both_ways(tree, condition), rows
                while ahead := [i for i in ahead if shows[i] & missing]:
                    piece, ahead = ahead[:_PIECE], ahead[_PIECE:]
                    came_out = self._calculated([trials[i] for i in piece], ways)
                    for i, straight, turned in zip(piece, *came_out, strict=True):
                        if not alike(straight, turned, False):
                            missing -= shows[i]
                yield not missing

    def _reach(
        self, trials: Sequence[Sequence[Content]], rows: list[int], values: Sequence[object]
    ) -> Iterator[bool]:
        """Yield whether enough trials came to a branch: what stands there was seen.

        values: of the trials; of those that failed nothing was seen but that.
        """
        for tree in (self._said, self._wanted):
            found = list(branches(tree))
            tests = list(dict.fromkeys(test for way, _ in found for test, _ in way))
            came_out = dict(zip(tests, self._calculated(trials, tests), strict=True))
            for way, branch in found:
                here = [i for i in rows if all(truth(came_out[t][i]) is o for t, o in way)]
                if not any(fails(node) for node in nodes_of(branch)):
                    here = [i for i in here if not isinstance(values[i], CellError)]
                yield len(here) >= _REACHED

    def _failing(self, trials: Sequence[list[Content]]) -> list[list[Content]]:
        """Return trials with an error in one of the cells about which a formula asks."""
        cells = {*asked(self._said), *asked(self._wanted)} & self._number.keys()
        found = []
        for cell in sorted(self._number[cell] for cell in cells):
            for i, content in enumerate(trials):
                # By itself and together with every other.
                failed = {cell, i // 2 % len(self._number) if i % 2 else cell}
                changed = list(content)
                for number in failed:
                    changed[self._begins[number] - 1] = ERROR
                found.append(changed)
        return found

    def _on_borders(self, trials: Sequence[list[Content]]) -> list[list[Content]]:
        """Return trials in which the two sides of a comparison are the same number."""
        both = dict.fromkeys(n for tree in (self._said, self._wanted) for n in nodes_of(tree))
        sides = [
            (self._number[cell], value)
            for condition in both
            for cell, value in on_the_border(condition)
            if not cell.value.is_range  # type: ignore[attr-defined]
        ]
        found: list[list[Content]] = []
        results = self._calculated(trials, [other for _, other in sides]) if sides else []
        for (number, _), values in zip(sides, results, strict=True):
            begin = self._begins[number] - 1
            for cells, value in zip(trials, values, strict=True):
                if isinstance(value, float):
                    found.append([*cells[:begin], value, *cells[begin + 1 :]])
        return found

    def _one_by_one(
        self, trials: Sequence[Sequence[Content]], trees: Sequence[Node]
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the number of every trial with the values of every tree in it, and calculate no
        more than are asked for, or a few."""
        for begin in range(0, len(trials), _PIECE):
            values = self._calculated(trials[begin : begin + _PIECE], trees)
            yield from zip(count(begin), *values, strict=False)

    def _calculated(
        self, trials: Sequence[Sequence[Content]], trees: Sequence[Node]
    ) -> list[list[object]]:
        """Return the values of every tree in all trials."""
        grid: Grid = {}
        first = self._begins[-1]
        for row, cells in enumerate(trials, 1):
            grid |= {(row, column): c for column, c in enumerate(cells, 1) if c is not None}
            for i, tree in enumerate(trees):
                text = text_of(tree, lambda n, row=row: self._place(n, row))  # type: ignore[misc]
                grid[row, first + i] = Formula(f"={text}")
        engine: Any = get_engine("formulas")
        done: Calculation = engine.calculate(Book({"t": grid}))
        values = done.values["t"]
        rows = range(1, len(trials) + 1)
        return [[values[row, first + i] for row in rows] for i in range(len(trees))]

    def _place(self, operand: Node, row: int) -> str:
        number = self._number[operand]
        begin, length = self._begins[number], self._lengths[number]
        first = f"{column_letters(begin)}{row}"
        value: Any = operand.value
        return f"{first}:{column_letters(begin + length - 1)}{row}" if value.is_range else first


def _scalar(content: Content) -> Scalar:
    return content if not isinstance(content, Formula) else None
