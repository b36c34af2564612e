"""LibreOffice as a learner would use it: open a workbook, edit it, save it.

Each call starts a program of its own, with a profile of its own in a temporary folder, so that
calls may run side by side and nobody's settings matter. How that is done is the engine's affair.
"""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from xlsgd.base.errors import EngineError
from xlsgd.engines.libreoffice import FILTERS, convert, find_soffice, soffice_command
from xlsgd.engines.programs import run_program

__all__ = ["EDITS", "find_uno_python", "libreoffice_convert", "libreoffice_edit"]

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
            "soffice": soffice_command(Path(temporary)),
            "source": str(source.resolve(strict=True)),
            "target": str(Path(temporary, "edited.xlsx")),
            "filter": FILTERS[".xlsx"],
            "edits": [list(edit) for edit in edits],
            "seconds": time_limit,
        }
        order_file = Path(temporary, "order.json")
        order_file.write_text(json.dumps(order), encoding="utf-8")
        run_program("LibreOffice", [python, SCRIPT, order_file], time_limit)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(order["target"], target)
    return target


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
