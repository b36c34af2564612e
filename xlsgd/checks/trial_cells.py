"""What stands in the cells of a trial: numbers of all kinds, words and errors.

Ordinary numbers, zeros, numbers that repeat, those that are written in the formulas and their
neighbours, tiny and long ones, and numbers so large that they overflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from xlsgd.base.cells import CellError, Content
from xlsgd.formula.tree import COMPARISONS, Node

__all__ = ["ERROR", "TrialCells"]

ERROR = CellError("#NUM!")


class TrialCells:
    """Draws the cells of trials.

    nodes: all of both formulas; the numbers and words in them are drawn more often.
    lengths: cells of every operand, one after the other.
    words: what stands there where that is a word, None elsewhere.
    """

    def __init__(
        self, nodes: Sequence[Node], lengths: Sequence[int], words: Sequence[str | None]
    ) -> None:
        self._lengths, self._words = lengths, words
        self._constants = sorted({float(str(n.value)) for n in nodes if n.kind == "number"})
        # Words that something is asked about, not those that are only shown.
        asking = [
            n for n in nodes if n.value in COMPARISONS or (n.kind == "call" and n.value != "IF")
        ]
        self._texts = sorted({str(p.value) for n in asking for p in n.parts if p.kind == "text"})
        # What counts numbers tells words and empty cells from them.
        counts = any(n.kind == "call" and str(n.value).startswith("COUNT") for n in nodes)
        self._no_numbers: list[Content] = [ERROR, "a word", None] if counts else [ERROR]

    def ordinary(self, random: Random) -> list[Content]:
        near = [scale * c for c in self._constants for scale in (1.0, 2.0, 0.5, -1.0)]
        near = [c for c in near if abs(c) < 1e300] or [1.0]
        repeated = [random.choice([random.choice(near), _round(random)]) for _ in range(3)]
        zeros = random.choice([0.0, 0.5, 0.9])  # in some trials as good as all
        cells: list[Content] = []
        for length, word in zip(self._lengths, self._words, strict=True):
            for _ in range(length):
                if word is not None:
                    cells.append(random.choice([word, *self._texts, "another word"]))
                    continue
                kind = random.random()
                cells.append(
                    0.0
                    if random.random() < zeros
                    else random.choice(repeated)
                    if kind < 0.35
                    else _round(random)
                    if kind < 0.75
                    else float(random.randrange(5))
                    if kind < 0.9
                    else random.choice([0.0, random.choice(near)])
                )
        return cells

    def long(self, random: Random) -> list[Content]:
        # Of one size, tiny or not, with many digits after the point: rounding shows.
        size = random.randrange(-60, 20)
        return [
            random.choice([-1, 1]) * random.randrange(1, 1 << 17) * 2.0 ** (size - 17)
            if isinstance(c, float) and c
            else c
            for c in self.ordinary(random)
        ]

    def huge(self, random: Random) -> list[Content]:
        return [
            random.choice([1e200, -1e200, 1e200, c]) if isinstance(c, float) else c
            for c in self.ordinary(random)
        ]

    def brimful(self, random: Random) -> list[Content]:
        """Draw numbers of which two have no sum that a cell can hold."""
        return [
            random.choice([1.2e308, -1.2e308, c, c]) if isinstance(c, float) else c
            for c in self.ordinary(random)
        ]

    def with_error(self, random: Random) -> list[Content]:
        cells = random.choice([self.ordinary, self.long])(random)
        for i in random.sample(range(len(cells)), min(len(cells), 1 + random.randrange(2))):
            cells[i] = random.choice(self._no_numbers)
        return cells


def _round(random: Random) -> float:
    """Return a number with few binary digits: what is made of such numbers is exact."""
    return random.choice([-1, 1]) * random.randrange(1, 800) / 8
