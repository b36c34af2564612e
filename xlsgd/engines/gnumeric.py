"""The engine that has Gnumeric recalculate, by the converter ssconvert that comes with it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from xlsgd.base.errors import EngineError
from xlsgd.engines import MORE_DIGITS
from xlsgd.engines.installed import needed
from xlsgd.engines.programs import (
    TIME_LIMIT,
    ProgramEngine,
    private,
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
    program = needed("gnumeric", find_ssconvert(), _MISSING)
    with tempfile.TemporaryDirectory(prefix="xlsgd-gnumeric-") as home:
        kind = "--export-type=Gnumeric_Excel:xlsx2"
        command: list[str | Path] = [*without_network(), program, "--recalc", kind]
        command += [source.resolve(), target.resolve()]
        output = run_program("Gnumeric", command, time_limit, private(Path(home)))
    if not target.exists():
        raise EngineError(f"{source}: Gnumeric wrote no xlsx file. {output[-500:]}")
    return target


class GnumericEngine(ProgramEngine):
    """Recalculates a workbook in Gnumeric."""

    name = "gnumeric"
    order = 6
    summary = "Gnumeric, where it is installed"
    habits = frozenset({MORE_DIGITS})
    program = "Gnumeric"
    install = _MISSING

    def find(self) -> Path | None:
        return find_ssconvert()

    def convert(self, source: Path, target: Path) -> None:
        convert(source, target, self.time_limit)


ENGINE = GnumericEngine()
