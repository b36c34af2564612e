"""The engine that has Gnumeric recalculate, by the converter ssconvert that comes with it."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from xlsgd.base.cells import WorkbookFile
from xlsgd.base.errors import EngineError
from xlsgd.engines import MORE_DIGITS, Calculation, Progress
from xlsgd.engines.programs import (
    TIME_LIMIT,
    private,
    program_version,
    recalculated,
    run_program,
    without_network,
)

__all__ = ["ENGINE", "GnumericEngine", "convert", "find_ssconvert"]

_MISSING = "install Gnumeric (Debian, Ubuntu: apt-get install gnumeric)"


def find_ssconvert() -> Path | None:
    """Return Gnumeric's converter, or None."""
    found = shutil.which("ssconvert")
    return Path(found) if found else None


def convert(source: Path, target: Path, time_limit: float = TIME_LIMIT) -> Path:
    """Open a workbook in Gnumeric, recalculate every formula, save it as .xlsx; return the target.

    Raises EngineError if no file came out in time.
    """
    program = _program()
    command: list[str | Path]
    with tempfile.TemporaryDirectory(prefix="xlsgd-gnumeric-") as home:
        kind = "--export-type=Gnumeric_Excel:xlsx2"
        command = [
            *without_network(),
            program,
            "--recalc",
            kind,
            source.resolve(),
            target.resolve(),
        ]
        output = run_program("Gnumeric", command, time_limit, private(Path(home)))
    if not target.exists():
        raise EngineError(f"{source}: Gnumeric wrote no xlsx file. {output[-500:]}")
    return target


def _program() -> Path:
    program = find_ssconvert()
    if program is None:
        raise EngineError(f"the engine 'gnumeric' is not installed; {_MISSING}")
    return program


@dataclass
class GnumericEngine:
    """Recalculates a workbook in Gnumeric.

    time_limit: seconds for a workbook.
    """

    time_limit: float = TIME_LIMIT

    name = "gnumeric"
    order = 3
    summary = "Gnumeric, where it is installed"
    habits = frozenset({MORE_DIGITS})

    def missing(self) -> str | None:
        """Return how to install it, if it is not."""
        return None if find_ssconvert() else _MISSING

    def version(self) -> str:
        """Return ``Gnumeric`` and its version.  Raises EngineError if it is not installed."""
        return program_version(_program(), "Gnumeric")

    def recalculate(self, file: WorkbookFile, progress: Progress | None = None) -> Calculation:
        """Return a value for every formula cell; see ``Engine``."""
        values = recalculated(file, self.version(), self._convert)
        return Calculation(values, habits=self.habits)

    def _convert(self, source: Path, target: Path) -> None:
        convert(source, target, self.time_limit)


ENGINE = GnumericEngine()
