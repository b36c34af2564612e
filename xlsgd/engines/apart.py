"""Have a library calculate in a process of its own, and read what it answers.

What a library does with a stranger's workbook, it does there: one that crashes, hangs or takes all
memory takes nobody along. The answer is a file of JSON; ``Asked`` says what stands in it.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xlsgd.base.cells import Book, CellError, Formula, Position, Scalar, Uncomputed
from xlsgd.base.errors import EngineError
from xlsgd.engines.programs import Values, private, run_program, without_network

__all__ = ["MEMORY", "Asked", "run_python", "with_little_memory"]

MEMORY = 2 << 30
"""Bytes that a library may have for a workbook; the largest lesson takes less than half of it."""


@dataclass
class Asked:
    """The formula cells of a book in an order, and the values that come back in the same.

    An answer is ``{"values": [[...], ...], "notes": [...]}``: per sheet a list with a value for
    each of its ``places``, which is a number, a text, true or false, null for none,
    ``{"error": "#NUM!"}``, or ``{"not": "why there is none"}``; and what a user should know.
    """

    places: dict[str, list[Position]] = field(default_factory=dict)

    @classmethod
    def of(cls, book: Book) -> Asked:
        """Return the formula cells of a book, row by row."""
        return cls(
            {
                sheet: sorted(p for p, content in grid.items() if isinstance(content, Formula))
                for sheet, grid in book.sheets.items()
            }
        )

    def answered(self, answer: Path, program: str) -> tuple[Values, list[str]]:
        """Return what a program wrote as its answer: values and notes.

        Raises EngineError if there is none, or not one value for every cell.
        """
        try:
            found = json.loads(answer.read_bytes())
            lists, notes = found["values"], found["notes"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EngineError(f"{program} gave no answer that can be read ({error})") from error
        if [len(cells) for cells in lists] != [len(places) for places in self.places.values()]:
            raise EngineError(f"{program} did not answer for every formula")
        values: Values = {
            sheet: {p: _value(cell, program) for p, cell in zip(places, cells, strict=True)}
            for (sheet, places), cells in zip(self.places.items(), lists, strict=True)
        }
        return values, notes


def _value(cell: Any, program: str) -> Scalar | Uncomputed:
    if cell is None:
        return Uncomputed(f"{program} has no value")
    if isinstance(cell, Mapping):
        return CellError(cell["error"]) if "error" in cell else Uncomputed(cell["not"])
    if isinstance(cell, bool | str):
        return cell
    return float(cell)


def run_python(
    program: str, module: str, arguments: Sequence[str | Path], folder: Path, time_limit: float
) -> str:
    """Run a module of this package in a Python of its own, and return what it printed.

    folder: for whatever it leaves.
    Raises EngineError if it fails or takes longer than time_limit, in seconds.
    """
    # -P: a file json.py beside the workbooks is not to be imported by anyone.
    command: list[str | Path] = [*without_network(), *with_little_memory()]
    command += [sys.executable, "-P", "-m", module, *arguments]
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return run_program(program, command, time_limit, {**private(folder), "PYTHONPATH": path})


def with_little_memory() -> tuple[str, ...]:
    """Return what to put before a command so that it has no more than MEMORY; () for nothing."""
    shell = shutil.which("sh") if os.name == "posix" else None
    if shell is None:
        return ()
    return (shell, "-c", 'ulimit -d "$0" 2>/dev/null; exec "$@"', str(MEMORY >> 10))
