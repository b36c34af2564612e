"""The engine that has formulon recalculate, a spreadsheet engine in WebAssembly.

It reads and saves files itself, in a process of its own. To make WebAssembly into what this machine
runs takes seconds, and so the result is kept in the user's folder for caches.
"""

from __future__ import annotations

import json
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from xlsgd.base.errors import EngineError
from xlsgd.engines.apart import run_python
from xlsgd.engines.installed import needed, package_version
from xlsgd.engines.programs import TIME_LIMIT, ProgramEngine

__all__ = ["ENGINE", "FormulonEngine", "convert"]

_MISSING = "pip install 'xlsgd[formulon]'"


def convert(source: Path, target: Path, time_limit: float = TIME_LIMIT) -> Path:
    """Open a workbook in formulon, recalculate every formula, save it as .xlsx; return the target.

    Raises EngineError if no file came out in time.
    """
    with tempfile.TemporaryDirectory(prefix="xlsgd-formulon-") as home:
        arguments = [source, _cache(), target]
        output = run_python("formulon", __name__, arguments, Path(home), time_limit)
    if not target.exists():
        raise EngineError(f"{source}: formulon wrote no xlsx file. {output[-500:]}")
    return target


def _cache() -> Path:
    import pooch

    return Path(pooch.os_cache("xlsgd")) / "formulon"


class FormulonEngine(ProgramEngine):
    """Recalculates a workbook in formulon."""

    name = "formulon"
    order = 3
    summary = "formulon, a spreadsheet engine in WebAssembly"
    program = "formulon"
    install = _MISSING

    def find(self) -> Path | None:
        return Path(sys.executable) if package_version(self.name) else None

    def version(self) -> str:
        """Return ``formulon`` and its version.  Raises EngineError if it is not installed."""
        return f"formulon {needed(self.name, package_version(self.name), _MISSING)}"

    def convert(self, source: Path, target: Path) -> None:
        convert(source, target, self.time_limit)


ENGINE = FormulonEngine()


# In a process of its own


def _recalculate(source: str, cache: str, target: str) -> None:
    """Calculate a workbook and save it.  cache: where machine code is kept."""
    import wasmtime

    made = wasmtime.Engine
    with suppress(OSError, wasmtime.WasmtimeError):  # without a cache it only takes longer
        Path(cache).mkdir(parents=True, exist_ok=True)
        settings = Path(target).with_suffix(".toml")
        settings.write_text(f"[cache]\ndirectory = {json.dumps(cache)}\n", encoding="utf-8")
        config = wasmtime.Config()
        config.cache = str(settings)
        kept = made(config)
        # formulon asks wasmtime for an engine of no configuration.
        setattr(wasmtime, "Engine", lambda: kept)  # noqa: B010 - a type takes the place of a type
    from formulon import Workbook

    with Workbook.load(Path(source).read_bytes()) as book:
        book.recalc()
        Path(target).write_bytes(book.save())


if __name__ == "__main__":
    _recalculate(*sys.argv[1:])
