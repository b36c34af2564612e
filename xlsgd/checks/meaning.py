"""Do two formulas that are written otherwise give the same, whatever stands in their cells?

Both are calculated hundreds of times with numbers of all kinds in the cells that they look at:
ordinary ones, zeros, numbers that repeat, those that are written in the formulas and their
neighbours, numbers so large that they overflow, and errors.  That is evidence only where every
comparison in them came out both ways, so that no branch was left out; else they are not the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from xlsgd.base.cells import (
    Book,
    CellError,
    Content,
    Formula,
    Grid,
    Scalar,
    Uncomputed,
    column_letters,
)
from xlsgd.engines import Calculation, get_engine
from xlsgd.formula.tree import COMPARISONS, Node, nodes_of, text_of
from xlsgd.report.report import value_text

__all__ = ["Meaning", "Outcome", "meaning"]

_ORDINARY, _HUGE, _ERRORS = 240, 24, 60
"""Trials with numbers of each kind."""

_MOST_CONDITIONS = 8
"""With more conditions, one in the other, trials leave too much untried to be evidence."""

_LONGEST = (12, 7)
"""Cells of a range; longer ones are cut, those of both formulas alike, and to two lengths, so that
no number in a formula passes for theirs."""

_CLOSE = 1e-9
"""Share by which rounding may make two numbers differ: sums and products of these are exact."""

_OVERFLOWING = 1e100
"""Where operands are 1e200, an error and a number above this differ in when they overflow alone."""

_ERROR = CellError("#NUM!")

_CHOOSING = frozenset(("MAX", "MIN"))
_ASKING = frozenset(("ISNUMBER", "ISERROR", "ISERR", "ISTEXT", "ISBLANK", "AND", "OR", "NOT"))
_BY_PLACE = frozenset(
    ("ROW", "COLUMN", "ROWS", "COLUMNS", "OFFSET", "CELL", "TRANSPOSE", "MMULT", "VLOOKUP")
)
"""Functions that see where a range lies or which way: it lies otherwise in the trials."""

_FIXED = frozenset(("NA", "PI"))
"""Functions without arguments that give the same with every look, as RAND() and NOW() do not."""


@dataclass(frozen=True)
class Meaning:
    """same: whether two formulas give the same.   example: words for a case in which they do
    not, "" where none was found."""

    same: bool
    example: str = ""


@dataclass(frozen=True)
class Outcome:
    """What came of the trials of two formulas.

    operands: those of a trial in which they differ.   given, wanted: what they give there.
    """

    same: bool
    operands: tuple[Scalar | None, ...] = ()
    given: object = None
    wanted: object = None


def meaning(
    said: Node,
    wanted: Node,
    word: Callable[[Node], str | None],
    known: MutableMapping[object, Outcome],
) -> Meaning:
    """Return whether two trees mean the same.

    Their references say where they point, no two that differ the same.
    word: gives the word in the cell of a reference, None where it holds none.
    known: outcomes of earlier questions, by formulas that differ in nothing but their cells.
    """
    operands = list(dict.fromkeys(n for n in nodes_of(wanted) if n.kind == "reference"))
    theirs = {n for n in nodes_of(said) if n.kind == "reference"}
    both = [*nodes_of(said), *nodes_of(wanted)]
    if not theirs <= set(operands) or any(n.kind == "name" for n in both):
        return Meaning(False)
    if any(
        n.kind == "call" and (n.value in _BY_PLACE or not (n.parts or n.value in _FIXED))
        for n in both
    ):
        return Meaning(False)
    if len(set(_conditions(both))) > _MOST_CONDITIONS:
        return Meaning(False)
    number = {operand: i for i, operand in enumerate(operands)}
    sizes = [_size(operand) for operand in operands]
    if None in sizes:
        return Meaning(False)
    words = tuple(word(operand) for operand in operands)
    renamed = tuple(
        text_of(tree, lambda n: f"<{number[n]}:{sizes[number[n]]}>") for tree in (said, wanted)
    )
    if (renamed, words) not in known:
        outcome = Outcome(True)
        for longest in _LONGEST:
            lengths = [min(size or 1, longest) for size in sizes]
            if outcome.same:
                outcome = _Trials(said, wanted, number, lengths, words).outcome()
        known[renamed, words] = outcome
    outcome = known[renamed, words]
    return Meaning(outcome.same, _example(outcome, operands))


def _size(operand: Node) -> int | None:
    """Return the length of a range, 1 for a cell; None for a range of rows and columns."""
    value: Any = operand.value
    top, left, bottom, right = value.corners
    height, width = bottom - top + 1, right - left + 1
    return max(height, width) if 1 in (height, width) else None


def _example(outcome: Outcome, operands: Sequence[Node]) -> str:
    if outcome.same or not outcome.operands:
        return ""
    shown = []
    for operand, value in zip(operands, outcome.operands, strict=True):
        place: Any = operand.value
        if not place.is_range:
            top, left = place.corners[:2]
            text = f"{value:.6g}" if isinstance(value, float) else value_text(value)
            shown.append(f"{column_letters(left)}{top} = {text}")
    if not shown or len(shown) > 4:
        return ""
    given, wanted = (
        f"{v:.6g}" if isinstance(v, float) else value_text(v)  # type: ignore[arg-type]
        for v in (outcome.given, outcome.wanted)
    )
    return f"with {', '.join(shown)} it gives {given:.40} and xlsgd's {wanted:.40}"


class _Trials:
    """Calculates two formulas and the conditions in them, a row a trial."""

    def __init__(
        self,
        said: Node,
        wanted: Node,
        number: dict[Node, int],
        lengths: Sequence[int],
        words: Sequence[str | None],
    ) -> None:
        self._number, self._lengths, self._words = number, lengths, words
        both = [*nodes_of(said), *nodes_of(wanted)]
        self._constants = sorted({float(str(n.value)) for n in both if n.kind == "number"})
        self._texts = sorted({str(n.value) for n in both if n.kind == "text"})
        # What counts numbers tells words and empty cells from them.
        counts = any(n.kind == "call" and str(n.value).startswith("COUNT") for n in both)
        self._no_numbers: list[Content] = [_ERROR, "a word", None] if counts else [_ERROR]
        self._trees = [said, wanted, *dict.fromkeys(_conditions(both))]
        self._begins = [1 + sum(lengths[:i]) for i in range(len(lengths) + 1)]

    def outcome(self) -> Outcome:
        random = Random(20)
        trials = [self._ordinary(random) for _ in range(_ORDINARY)]
        trials += [self._huge(random) for _ in range(_HUGE)]
        trials += [self._with_error(random) for _ in range(_ERRORS)]
        grid: Grid = {}
        first = self._begins[-1]
        for row, cells in enumerate(trials, 1):
            grid |= {(row, column): c for column, c in enumerate(cells, 1) if c is not None}
            for i, tree in enumerate(self._trees):
                text = text_of(tree, lambda n, row=row: self._place(n, row))  # type: ignore[misc]
                grid[row, first + i] = Formula(f"={text}")
        engine: Any = get_engine("formulas")
        found: Calculation = engine.calculate(Book({"t": grid}))
        values = found.values["t"]
        rows = range(1, len(trials) + 1)
        results = [(values[row, first], values[row, first + 1]) for row in rows]
        for cells, (given, wanted), row in zip(trials, results, rows, strict=True):
            huge = _ORDINARY < row <= _ORDINARY + _HUGE
            if not _alike(given, wanted, huge):
                operands = tuple(_scalar(cells[begin - 1]) for begin in self._begins[:-1])
                return Outcome(False, operands, given, wanted)
        told = sum(not isinstance(v, CellError) for pair in results[:_ORDINARY] for v in pair)
        covered = all(
            {True, False} <= {values[row, first + i] for row in rows}
            for i in range(2, len(self._trees))
        )
        return Outcome(covered and 2 * told >= _ORDINARY)

    def _place(self, operand: Node, row: int) -> str:
        number = self._number[operand]
        begin, length = self._begins[number], self._lengths[number]
        first = f"{column_letters(begin)}{row}"
        value: Any = operand.value
        return f"{first}:{column_letters(begin + length - 1)}{row}" if value.is_range else first

    # What stands in the cells of a trial

    def _ordinary(self, random: Random) -> list[Content]:
        near = [scale * c for c in self._constants for scale in (1.0, 2.0, 0.5, -1.0)]
        near = [c for c in near if abs(c) < 1e300] or [1.0]
        repeated = [random.choice([random.choice(near), _round(random)]) for _ in range(3)]
        cells: list[Content] = []
        for length, word in zip(self._lengths, self._words, strict=True):
            for _ in range(length):
                if word is not None:
                    cells.append(random.choice([word, *self._texts, "another word"]))
                    continue
                kind = random.random()
                cells.append(
                    random.choice(repeated)
                    if kind < 0.35
                    else _round(random)
                    if kind < 0.75
                    else float(random.randrange(5))
                    if kind < 0.9
                    else random.choice([0.0, random.choice(near)])
                )
        return cells

    def _huge(self, random: Random) -> list[Content]:
        return [
            random.choice([1e200, -1e200, 1e200, c]) if isinstance(c, float) else c
            for c in self._ordinary(random)
        ]

    def _with_error(self, random: Random) -> list[Content]:
        cells = self._ordinary(random)
        for i in random.sample(range(len(cells)), min(len(cells), 1 + random.randrange(2))):
            cells[i] = random.choice(self._no_numbers)
        return cells


def _round(random: Random) -> float:
    """Return a number with few binary digits: what is made of such numbers is exact."""
    return random.choice([-1, 1]) * random.randrange(1, 800) / 8


def _scalar(content: Content) -> Scalar:
    return content if not isinstance(content, Formula) else None


def _conditions(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield what decides which part of a formula counts."""
    for node in nodes:
        if (node.kind == "operator" and node.value in COMPARISONS) or (
            node.kind == "call" and node.value in _ASKING
        ):
            yield node
        if node.kind == "call" and node.value in _CHOOSING and len(node.parts) > 1:
            yield from (Node("operator", "=", (part, node)) for part in node.parts)


def _alike(given: object, wanted: object, huge: bool) -> bool:
    if isinstance(given, Uncomputed) or isinstance(wanted, Uncomputed):
        return False
    failed = [isinstance(v, CellError) for v in (given, wanted)]
    if all(failed):
        return True
    if any(failed):
        number = wanted if failed[0] else given
        return huge and isinstance(number, float) and abs(number) > _OVERFLOWING
    if isinstance(given, float) and isinstance(wanted, float):
        return huge or abs(given - wanted) <= _CLOSE * max(abs(given), abs(wanted), 1e-300)
    return type(given) is type(wanted) and given == wanted
