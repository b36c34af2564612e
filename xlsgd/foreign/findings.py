"""What is said of somebody else's workbook: what it trains, what is wrong, what was not judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from xlsgd.graph.cells import Cell

__all__ = ["FAULTS", "CheckReport", "Finding", "Recognised", "Remark", "Unjudged"]

FAULTS: dict[str, str] = {
    "factor": "a constant factor is missing, or too much",
    "sign": "it has the other sign",
    "other-weight": "it is another weight's derivative",
    "other-row": "it belongs to another row or step",
    "reference": "a reference points elsewhere than those of its column",
    "drift": "a reference moves along where it should stay: a $ is missing",
    "operator": "an operator or a function is another one than in its column",
    "constant": "a number is another one than in its column",
    "stale": "a number stands where its column has formulas",
    "empty": "it reads an empty cell, or a text",
    "activation": "it is the derivative of another activation",
    "relu": "the derivative of ReLU is missing",
    "difference": "the h that is added is not the h that is divided by",
    "logarithm": "it takes the logarithm to another base",
    "mean": "its name says mean, and it takes none",
    "other-tab": "it reads another tab's numbers",
    "state": "what the optimizer remembers is not carried on as its column does",
    "step": "the step is not the one that its column takes",
    "derivative": "it is not the derivative of the loss",
    "unlike": "it is calculated otherwise than its column",
}
"""Nearest explanations of what is wrong."""


@dataclass(frozen=True)
class Finding:
    """A cell that is wrong, proven by numbers.

    cell: the first of those that are wrong in the same way.   sheet: its tab as it is written.
    formula: as it is written, None for a number.   holds, expected: numbers of the workbook as it
    was saved; None where there is none.   claim: what it claims to be, such as ``∂loss/∂B5``.
    kind: of FAULTS.   words: one sentence that says what to change.   cells: how many are wrong in
    the same way, in the same row or column.   follows: how many others hold something else because
    of them.   mends: whether all that differs is right once they are mended; None if not tried.
    """

    cell: Cell
    sheet: str
    formula: str | None
    holds: float | None
    expected: float | None
    claim: str
    kind: str
    words: str
    cells: int = 1
    follows: int = 0
    mends: bool | None = None

    @property
    def place(self) -> str:
        """The tab and the cell, as people write it."""
        return f"{self.sheet}!{str(self.cell).split('!')[1]}"


@dataclass(frozen=True)
class Remark:
    """Something to know that is no error: a constant factor, a variant of a rule."""

    place: str
    kind: str
    words: str


@dataclass(frozen=True)
class Recognised:
    """Something that a workbook trains, or a pass whose derivatives it writes down.

    sheets: the tabs on which it stands.   weights: the first cell of every weight.   steps: how
    many updates of each there are, 0 for one pass without.   loss: a cell, or what is assumed.
    assumed: whether no cell holds it.   runner_up: the next best loss, "" without one.
    rule: of the steps, such as "gradient descent", "" where none was recognised.   rate: the cell
    of the learning rate, or "".   judged: words, one a row or column of cells that were.
    """

    sheets: Sequence[str]
    weights: Sequence[str]
    steps: int
    loss: str
    assumed: bool
    runner_up: str = ""
    rule: str = ""
    rate: str = ""
    judged: Sequence[str] = ()


@dataclass(frozen=True)
class Unjudged:
    """Cells of which nothing is said, and why."""

    place: str
    cells: int
    why: str


@dataclass(frozen=True, repr=False)
class CheckReport:
    """What `xlsgd check` says of a workbook.

    findings: in order of calculation, the first is the one to mend.   formulas: how many the
    workbook has; recalculated: how many of them equal what was stored.
    """

    path: str
    formulas: int
    recalculated: int
    trainings: Sequence[Recognised] = ()
    findings: Sequence[Finding] = ()
    remarks: Sequence[Remark] = ()
    unjudged: Sequence[Unjudged] = ()
    what_it_is: str = ""
    seconds: float = field(default=0.0, compare=False)

    def __repr__(self) -> str:
        wrong = f"first {self.findings[0].place}" if self.findings else "nothing wrong"
        return (
            f"<CheckReport {self.path!r}: {len(self.trainings)} trainings, "
            f"{len(self.findings)} findings, {wrong}>"
        )

    @property
    def agrees(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings
