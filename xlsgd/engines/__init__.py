"""Recalculation engines behind one small interface: a workbook in, values out.

An engine knows cells and formulas, and nothing of nets or optimizers. Each lives in a file of
its own in this folder and is found by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

from xlsgd.base.cells import Position, Scalar, Uncomputed, WorkbookFile
from xlsgd.base.errors import EngineError, SpecError
from xlsgd.base.registry import find, pick

__all__ = [
    "ALL",
    "EQUAL_BY_EPSILON",
    "ERRORS_LEFT_OUT",
    "FIFTEEN_DIGITS",
    "MORE_DIGITS",
    "NEAR_ZERO",
    "Calculation",
    "Engine",
    "chosen_engines",
    "engine_names",
    "engines",
    "get_engine",
]

ALL = "all"
"""Stands for every engine that can be used here."""

Progress = Callable[[int, int], None]
"""Called now and then with (formula cells done, formula cells in all)."""


FIFTEEN_DIGITS = "fifteen digits"
"""Numbers are saved with 15 significant digits (LibreOffice)."""
NEAR_ZERO = "near zero"
"""A difference of nearly equal numbers is made 0 (Excel, LibreOffice)."""
MORE_DIGITS = "more digits"
"""Numbers have 64 bits of mantissa, not 53, and reach beyond 1e308 (Gnumeric on Debian)."""
ERRORS_LEFT_OUT = "errors left out"
"""AVERAGEIF leaves out cells with errors (formualizer, HyperFormula)."""
EQUAL_BY_EPSILON = "equal by epsilon"
"""Numbers less than 2⁻⁵² apart are equal, however small they are (IronCalc)."""


@dataclass
class Calculation:
    """What an engine found.

    values: per sheet, a value for *every* formula cell of the book; ``Uncomputed`` where the
        engine has none.
    notes: sentences about how the result came about that a user should know.
    habits: how this program is known to treat numbers; see ``xlsgd.checks.harmless``.
    program: what calculated, where that is not the engine itself.
    """

    values: dict[str, dict[Position, Scalar | Uncomputed]]
    notes: list[str] = field(default_factory=list)
    habits: frozenset[str] = frozenset()
    program: str | None = None


class Engine(Protocol):
    """Recalculates a workbook from its formulas and constants.

    A module of this folder that has one names it ``ENGINE``.  It must not import what it
    calculates with before that is needed: all modules are imported to find the engines.
    """

    name: str
    summary: str

    def missing(self) -> str | None:
        """Return what to do so that the engine can be used here; None if it can."""

    def version(self) -> str:
        """Return name and version of what calculates, such as ``formulas 1.3.4``.

        Raises EngineError if it is not installed.
        """

    def recalculate(self, file: WorkbookFile, progress: Progress | None = None) -> Calculation:
        """Return a value for every formula cell.  Never raises for a single bad formula.

        Raises EngineError if the program is not there, fails, or takes too long.
        """


def engines() -> dict[str, Engine]:
    """Return all engines by name, installed or not."""
    return cast(dict[str, Engine], find(__name__, "ENGINE"))


def engine_names() -> list[str]:
    """Return the names of all engines."""
    return list(engines())


def get_engine(name: str) -> Engine:
    """Return the engine of this name.  Raises SpecError naming the engines there are."""
    return cast(Engine, pick("engine", name, find(__name__, "ENGINE")))


def chosen_engines(names: Sequence[str]) -> list[str]:
    """Return the engines that are asked for, each once; ``all`` is every one that is installed.

    Raises SpecError for an unknown name, EngineError for an engine that is named and not installed.
    """
    found: list[str] = []
    for name in names:
        if name == ALL:
            found += [each for each, engine in engines().items() if engine.missing() is None]
            continue
        try:
            missing = get_engine(name).missing()
        except SpecError as error:
            raise SpecError(f"{error}, and {ALL} for all that are installed") from None
        if missing is not None:
            raise EngineError(f"the engine '{name}' is not installed; {missing}")
        found.append(name)
    return list(dict.fromkeys(found))
