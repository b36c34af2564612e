"""Recalculate a workbook with and without each way in which xlsgd's engine executes formulas.

    python -m benchmarks.ways WORKBOOK [ROUNDS]

Prints as JSON, by way and round, the CPU seconds of a first recalculation, with all that formulas
parses, is compiled and is checked, and of AGAIN more, all of it known. Every recalculation has a
process of its own, forked from one that has imported the library and read the file.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import process_time

from numpy import errstate

from xlsgd.base.cells import Formula
from xlsgd.engines.fast import calculation, keys
from xlsgd.engines.fast.calculation import Run
from xlsgd.engines.fast.evaluator import Distrusted, Doubts, Experience
from xlsgd.engines.fast.library import Library, quiet
from xlsgd.engines.fast.stretches import by_rows
from xlsgd.xlsx.reader import read_workbook

__all__ = ["FORMULAS_ALONE", "WAYS"]

AGAIN = 2
FORMULAS_ALONE = "generated code"
MOST_ALONE = 100_000
"""Formulas of a book for which formulas alone does not take minutes; it is measured once."""


class _All(set[str]):
    """The texts of all formulas."""

    def __contains__(self, text: object) -> bool:
        return True


def _nothing(doubts: Doubts) -> None:
    """Leave the engine as it is."""


def _generated_code(doubts: Doubts) -> None:
    """Have formulas itself calculate every cell."""
    doubts.distrusted = _All()


def _loops(doubts: Doubts) -> None:
    """Calculate columns that need each other cell by cell, by the functions of their formulas."""
    Run._loop_over = lambda run, band, first, last: run._sweep(by_rows(band, first, last))


def _order(doubts: Doubts) -> None:
    """Calculate row by row, and what a cell needs when it is needed."""
    calculation.in_order = lambda stretches: None


def _taking_apart(doubts: Doubts) -> None:
    """Have no order for tables in which a group of columns goes on from row to row."""
    calculation.taken_apart = lambda group: []


def _formulas_above(doubts: Doubts) -> None:
    """Read every formula in full, also one that was filled down from the cell above."""
    keys.REMEMBERED = 0


def _formulas_before(doubts: Doubts) -> None:
    """The same for what stood in the same cell of an earlier workbook."""
    read = keys.KeyReader.__init__
    keys.KeyReader.__init__ = lambda reader, book, earlier=None: read(reader, book)


WAYS: dict[str, Callable[[Doubts], None]] = {
    "nothing": _nothing,
    FORMULAS_ALONE: _generated_code,
    "loops over a recurrence": _loops,
    "an order for whole columns": _order,
    "recurrences taken apart": _taking_apart,
    "keys by the cells above": _formulas_above,
    "keys of earlier workbooks": _formulas_before,
}
"""What the engine can be without."""


def seconds(way: str) -> list[float]:
    """Return the CPU seconds of recalculating the book, the first time and again."""
    found = []
    with quiet(), errstate(all="ignore"):
        experience, doubts = Experience(_library), Doubts()
        WAYS[way](doubts)
        for _ in range(1 if way == FORMULAS_ALONE else 1 + AGAIN):
            begin = process_time()
            while True:
                run = Run(_book, experience, doubts)
                try:
                    run.calculate(None)
                    break
                except Distrusted:
                    continue
            run.values()
            found.append(process_time() - begin)
    return [found[0], *([median(found[1:])] if found[1:] else [])]


def in_turn(rounds: int) -> dict[str, list[list[float]]]:
    """Return the seconds of every way and round: forth and back, for no way to be always first."""
    found: dict[str, list[list[float]]] = {way: [] for way in WAYS}
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        for number in range(rounds):
            for way in list(WAYS)[:: -1 if number % 2 else 1]:
                if way != FORMULAS_ALONE:
                    found[way].append(pool.apply(seconds, (way,)))
        cells = [cell for sheet in _book.sheets.values() for cell in sheet.values()]
        if sum(isinstance(cell, Formula) for cell in cells) < MOST_ALONE:
            found[FORMULAS_ALONE].append(pool.apply(seconds, (FORMULAS_ALONE,)))
    return found


if __name__ == "__main__":
    path, *more = sys.argv[1:]
    _book = read_workbook(Path(path)).book
    _library = Library()
    print(json.dumps(in_turn(int(*more) if more else 5)))
