"""LibreOffice as a learner would use it: open a workbook, edit it, save it.

A conversion starts a program of its own; edits, and what is only saved, share one that is started
once in a process. Each has a profile of its own in a temporary folder, so that processes may run
side by side and nobody's settings matter. How that is done is the engine's affair.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xlsgd.base.errors import EngineError
from xlsgd.engines.libreoffice import FILTERS, convert, find_soffice, soffice_command

__all__ = [
    "EDITS",
    "find_uno_python",
    "libreoffice_convert",
    "libreoffice_edit",
    "libreoffice_saved",
]

SCRIPT = Path(__file__).with_name("libreoffice_uno.py")

# What may stand in an edit, after its name. Rows and columns count from 1, cells are like "B4".
EDITS: dict[str, tuple[tuple[str, type | tuple[type, ...]], ...]] = {
    "insert_row": (("sheet", str), ("row", int)),
    "insert_column": (("sheet", str), ("column", int)),
    "delete_rows": (("sheet", str), ("first", int), ("count", int)),
    "rename": (("sheet", str), ("new name", str)),
    "set_value": (("sheet", str), ("cell", str), ("number", (int, float))),
    "set_formula": (("sheet", str), ("cell", str), ("formula", str)),
    "set_text": (("sheet", str), ("cell", str), ("text", str)),
    "clear": (("sheet", str), ("range", str)),
}


@functools.cache
def find_uno_python() -> Path | None:
    """Return a Python that can import `uno`: the system's, or the one LibreOffice brings along."""
    soffice = find_soffice()
    beside = soffice.resolve().parent if soffice else Path("/nonexistent")
    candidates = [
        Path("/usr/bin/python3"),
        beside / "python",
        beside.parent / "Resources" / "python",
        Path(sys.executable),
    ]
    for candidate in candidates:
        if candidate.exists():
            probe = subprocess.run([candidate, "-c", "import uno"], capture_output=True, timeout=60)
            if probe.returncode == 0:
                return candidate
    return None


def libreoffice_convert(
    source: Path, target_suffix: str, folder: Path, *, time_limit: float = 180
) -> Path:
    """Open a workbook in LibreOffice, recalculate every formula, and save it in a folder.

    target_suffix: "xlsx" or "pdf".   time_limit: seconds.
    Returns the new file: the source's name with the new suffix. One of that name is replaced,
    unless it is the source itself.
    Raises ValueError for another suffix or when source and target are one file, and EngineError
    if no file came out in time.
    """
    suffix = target_suffix.removeprefix(".")
    if f".{suffix}" not in FILTERS:
        known = ", ".join(name[1:] for name in FILTERS)
        raise ValueError(f"target_suffix: got {target_suffix!r}, need one of {known}")
    target = folder / f"{source.stem}.{suffix}"
    if target.resolve() == source.resolve():
        raise ValueError(f"{target}: source and target are the same file; name another folder")
    return convert(source, target, time_limit)


def libreoffice_edit(
    source: Path, target: Path, edits: Sequence[tuple[Any, ...]], *, time_limit: float = 180
) -> Path:
    """Open a workbook in LibreOffice, edit it as by hand, recalculate, and save it as xlsx.

    edits: carried out one after the other in one start of the program, e.g.
        [("insert_row", "sgd", 3), ("insert_column", "sgd", 2), ("delete_rows", "sgd", 9, 2),
         ("rename", "sgd", "my sheet"), ("set_value", "my sheet", "B4", 0.5),
         ("set_formula", "my sheet", "C4", "=IF(B4>0,B4*2,0)"),
         ("set_text", "my sheet", "K4", "my note"), ("clear", "my sheet", "A30:Z60")]
    Formulas are written as in Excel. A new row or column comes before the one of that number.
    Raises ValueError for an edit that is none, and EngineError if one could not be done.
    """
    for edit in edits:
        _check(edit)
    python = find_uno_python()
    if python is None:
        raise EngineError("no Python with the module uno: install python3-uno")
    with tempfile.TemporaryDirectory(prefix="xlsgd-libreoffice-") as temporary:
        order = {
            "source": str(source.resolve(strict=True)),
            "target": str(Path(temporary, "edited.xlsx")),
            "filter": FILTERS[".xlsx"],
            "edits": [list(edit) for edit in edits],
        }
        office = _office(python)
        try:
            wrong = office.answer(order, time_limit)
        except EngineError:
            _office.cache_clear()  # the next one starts another
            raise
        if wrong:
            raise EngineError(f"LibreOffice failed: {wrong}")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(order["target"], target)
    return target


def libreoffice_saved(source: Path, target_suffix: str, folder: Path) -> Path:
    """Return what libreoffice_convert makes, a workbook, without a start of the program for it."""
    if target_suffix.removeprefix(".") != "xlsx":
        raise ValueError(f"target_suffix: got {target_suffix!r}, need xlsx")
    return libreoffice_edit(source, folder / source.name, ())


class _Office:
    """A LibreOffice that carries out one order after the other."""

    def __init__(self, python: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="xlsgd-libreoffice-"))
        command = json.dumps(soffice_command(self._folder))
        self._process = subprocess.Popen(
            [python, SCRIPT, command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        atexit.register(self.end)

    def answer(self, order: dict[str, Any], time_limit: float) -> str:
        """Return what went wrong with an order, or nothing.

        Raises EngineError if there is no answer in time.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            print(json.dumps(order), file=self._process.stdin, flush=True)
            answered = select.select([self._process.stdout], [], [], time_limit)[0]
        except OSError:
            answered = []
        line = self._process.stdout.readline() if answered else ""
        if not line:
            self.end()
            raise EngineError(f"LibreOffice gave no answer within {time_limit:g} s")
        return str(json.loads(line))

    def end(self) -> None:
        """End the program, whatever it is at."""
        atexit.unregister(self.end)
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)


@functools.cache
def _office(python: Path) -> _Office:
    """Return the LibreOffice of this process, started when it is first needed."""
    return _Office(python)


def _check(edit: tuple[Any, ...]) -> None:
    """Raise ValueError for an edit of an unknown kind or with the wrong arguments."""
    name, arguments = edit[0], edit[1:]
    if name not in EDITS:
        raise ValueError(f"edit {edit}: got {name!r}, need one of {', '.join(EDITS)}")
    fields = EDITS[name]
    fits = len(arguments) == len(fields) and all(
        isinstance(argument, kind) and not (kind is int and argument < 1)
        for argument, (_, kind) in zip(arguments, fields, strict=True)
    )
    if not fits:
        words = ", ".join(field for field, _ in fields)
        raise ValueError(f"edit {edit}: need ({name}, {words}), rows and columns from 1")
