"""The engine that has the formulas library for its authority: it is right by definition here.

formulas alone computes some 2,000 cells a second.  This engine has it parse each distinct formula
once, writes the parsed formula as Python, and lets that run where operands are plain numbers and
texts.  All that is in doubt goes to formulas, and formulas checks the rest by samples.  How, and
which file does it: docs/fast-engine.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from xlsgd.base.cells import Book, Position, Scalar, WorkbookFile
from xlsgd.engines import Calculation, Progress
from xlsgd.engines.installed import needed, package_version

if TYPE_CHECKING:
    from xlsgd.engines.fast.evaluator import Experience
    from xlsgd.engines.fast.following import Following

__all__ = ["ENGINE", "FormulasEngine"]

_MISSING = "pip install formulas"

MOST_KEPT = 100_000
"""Formulas kept compiled from workbook to workbook; above it all are forgotten."""


class FormulasEngine:
    """Recalculates a book as the formulas library would, some hundred times faster."""

    name = "formulas"
    order = 0
    summary = "the Python library formulas, made fast; it comes with xlsgd"

    def __init__(self) -> None:
        # Workbooks that are checked one after the other have most of their formulas in common.
        self._experience: Experience | None = None

    def missing(self) -> str | None:
        """Return what to install, if formulas is not there."""
        return None if package_version("formulas") else _MISSING

    def version(self) -> str:
        """Return ``formulas`` and its version.  Raises EngineError if it is not installed."""
        return f"formulas {needed(self.name, package_version('formulas'), _MISSING)}"

    def recalculate(self, file: WorkbookFile, progress: Progress | None = None) -> Calculation:
        """Return a value for every formula cell; see ``Engine``."""
        return self.calculate(file.book, progress)

    def calculate(self, book: Book, progress: Progress | None = None) -> Calculation:
        """Return a value for every formula cell of a book that need not lie in a file."""
        # Imported here: formulas, and NumPy for that matter, load when something is calculated.
        from numpy import errstate

        from xlsgd.engines.fast.calculation import Run
        from xlsgd.engines.fast.evaluator import Distrusted, Doubts
        from xlsgd.engines.fast.library import quiet

        with quiet(), errstate(all="ignore"):
            experience = self._kept()
            doubts = Doubts()
            while True:
                run = Run(book, experience, doubts)
                try:
                    run.calculate(progress)
                except Distrusted:
                    continue  # without the generated code that was wrong
                return Calculation(run.values(), run.notes())

    @contextmanager
    def following(
        self, book: Book, given: Mapping[str, Mapping[Position, Scalar]]
    ) -> Iterator[Following]:
        """Give what calculates single cells from the values that are given for all.

        given: per sheet, the value of every cell, of those with formulas too.
        """
        from numpy import errstate

        from xlsgd.engines.fast.following import Following
        from xlsgd.engines.fast.library import quiet

        with quiet(), errstate(all="ignore"):
            yield Following(book, given, self._kept())

    def _kept(self) -> Experience:
        """Return what was learned so far."""
        from xlsgd.engines.fast.evaluator import Experience

        if self._experience is None or len(self._experience) > MOST_KEPT:
            self._experience = Experience()
        return self._experience

    def forget(self) -> None:
        """Forget all formulas that were compiled."""
        self._experience = None


ENGINE = FormulasEngine()
