"""The engine that has Gnumeric recalculate, by the converter ssconvert that comes with it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from xlsgd.cells import WorkbookFile
from xlsgd.engines import Calculation, Progress
from xlsgd.engines.programs import (
    TIME_LIMIT,
    private,
    program_version,
    recalculated,
    run_program,
)
from xlsgd.errors import EngineError

__all__ = ["ENGINE", "GnumericEngine"]

_MISSING = "install Gnumeric (Debian, Ubuntu: apt-get install gnumeric)"


@dataclass
class GnumericEngine:
    """Recalculates a workbook in Gnumeric.

    time_limit: seconds for a workbook.
    """

    time_limit: float = TIME_LIMIT

    name = "gnumeric"
    order = 3
    summary = "Gnumeric, where it is installed"
    habits = frozenset({"more digits"})

    def missing(self) -> str | None:
        """Return how to install it, if it is not."""
        return None if shutil.which("ssconvert") else _MISSING

    def version(self) -> str:
        """Return ``Gnumeric`` and its version.  Raises EngineError if it is not installed."""
        return program_version(self._program(), "Gnumeric")

    def recalculate(self, file: WorkbookFile, progress: Progress | None = None) -> Calculation:
        """Return a value for every formula cell; see ``Engine``."""
        values = recalculated(file, self.version(), self._convert)
        return Calculation(values, habits=self.habits)

    def _program(self) -> Path:
        program = shutil.which("ssconvert")
        if program is None:
            raise EngineError(f"the engine 'gnumeric' is not installed; {_MISSING}")
        return Path(program)

    def _convert(self, source: Path, target: Path) -> None:
        kind = "Gnumeric_Excel:xlsx2"
        command: list[str | Path] = [
            self._program(),
            "--recalc",
            f"--export-type={kind}",
            source,
            target,
        ]
        run_program("Gnumeric", command, self.time_limit, private(source.parent / "home"))


ENGINE = GnumericEngine()
