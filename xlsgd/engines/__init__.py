"""Recalculation engines behind one small interface: cells in, values out.

An engine knows cells and formulas, and nothing of nets or optimizers. Each lives in a file of
its own in this folder and is found by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, cast

from xlsgd.cells import Book, Position, Scalar, Uncomputed
from xlsgd.registry import find, pick

__all__ = ["Calculation", "Engine", "engine_names", "get_engine"]

Progress = Callable[[int, int], None]
"""Called now and then with (formula cells done, formula cells in all)."""


@dataclass
class Calculation:
    """What an engine found.

    values: per sheet, a value for *every* formula cell of the book; ``Uncomputed`` where the
        engine has none.
    notes: sentences about how the result came about that a user should know.
    """

    values: dict[str, dict[Position, Scalar | Uncomputed]]
    notes: list[str] = field(default_factory=list)


class Engine(Protocol):
    """Recalculates a book from its formulas and constants; stored values are never looked at.

    A module of this folder that has one names it ``ENGINE``.  It must not import what it
    calculates with before that is needed: all modules are imported to find the engines.
    """

    name: str

    def version(self) -> str:
        """Return name and version of what calculates, such as ``formulas 1.3.4``."""

    def calculate(self, book: Book, progress: Progress | None = None) -> Calculation:
        """Return a value for every formula cell.  Never raises for a single bad formula."""


def engine_names() -> list[str]:
    """Return the names of all engines."""
    return list(find(__name__, "ENGINE"))


def get_engine(name: str) -> Engine:
    """Return the engine of this name.  Raises SpecError naming the engines there are."""
    return cast(Engine, pick("engine", name, find(__name__, "ENGINE")))
