"""LibreOffice as a learner would use it: open a workbook, edit it, save it.

Each call starts a program of its own, with a profile of its own in a temporary folder, so that
calls may run side by side and nobody's settings matter.

This file has two lives: the tests import it, and it runs as a script under a Python that has
LibreOffice's `uno` module, which is seldom the Python that runs the tests.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = [
    "EDITS",
    "LibreOfficeError",
    "find_soffice",
    "find_uno_python",
    "libreoffice_convert",
    "libreoffice_edit",
]

FILTERS = {"xlsx": "Calc MS Excel 2007 XML", "pdf": "calc_pdf_Export"}

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

# RecalcMode 0 is "always": by default LibreOffice shows the stored values of an xlsx file that it
# did not write, and would never notice that they are stale. Grammar 1 is Excel's A1 notation, so
# that formulas are typed as in Excel: IF(A1>0,Sheet2!B1,0). The locale fixes the decimal point.
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"
           xmlns:xs="http://www.w3.org/2001/XMLSchema"
           xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
  <prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop>
  <prop oor:name="ODFRecalcMode" oor:op="fuse"><value>0</value></prop>
</item>
<item oor:path="/org.openoffice.Office.Calc/Formula/Syntax">
  <prop oor:name="Grammar" oor:op="fuse"><value>1</value></prop>
  <prop oor:name="EnglishFunctionName" oor:op="fuse"><value>true</value></prop>
  <prop oor:name="SeparatorArg" oor:op="fuse"><value>,</value></prop>
  <prop oor:name="SeparatorArrayCol" oor:op="fuse"><value>,</value></prop>
  <prop oor:name="SeparatorArrayRow" oor:op="fuse"><value>;</value></prop>
</item>
<item oor:path="/org.openoffice.Setup/L10N">
  <prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>en-US</value></prop>
</item>
</oor:items>
"""


class LibreOfficeError(RuntimeError):
    """LibreOffice did not do what it was asked for."""


def find_soffice() -> Path | None:
    """Return LibreOffice's program, or None."""
    found = shutil.which("soffice") or shutil.which("libreoffice")
    if found:
        return Path(found)
    mac = Path("/Applications/LibreOffice.app/Contents/MacOS/soffice")
    return mac if mac.exists() else None


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
    Raises ValueError for another suffix or when source and target are one file, and
    LibreOfficeError if no file came out in time.
    """
    suffix = target_suffix.removeprefix(".")
    if suffix not in FILTERS:
        raise ValueError(f"target_suffix: got {target_suffix!r}, need one of {', '.join(FILTERS)}")
    target = folder / f"{source.stem}.{suffix}"
    if target.resolve() == source.resolve():
        raise ValueError(f"{target}: source and target are the same file; name another folder")
    with tempfile.TemporaryDirectory(prefix="xlsgd-libreoffice-") as temporary:
        # A folder of its own for the result: LibreOffice ends with status 0 even if it wrote
        # nothing, and an older file would then pass for the new one.
        out = Path(temporary, "out")
        output = _run(
            [
                *_soffice(Path(temporary)),
                "--convert-to",
                f"{suffix}:{FILTERS[suffix]}",
                "--outdir",
                str(out),
                str(source.resolve(strict=True)),
            ],
            time_limit,
        )
        if not (out / target.name).exists():
            raise LibreOfficeError(f"{source}: LibreOffice wrote no {suffix} file. {output}")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.move(out / target.name, target)
    return target


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
    Raises ValueError for an edit that is none, and LibreOfficeError if one could not be done.
    """
    for edit in edits:
        _check(edit)
    python = find_uno_python()
    if python is None:
        raise LibreOfficeError("no Python with the module uno: install python3-uno")
    with tempfile.TemporaryDirectory(prefix="xlsgd-libreoffice-") as temporary:
        order = {
            "soffice": _soffice(Path(temporary)),
            "source": str(source.resolve(strict=True)),
            "target": str(Path(temporary, "edited.xlsx")),
            "filter": FILTERS["xlsx"],
            "edits": [list(edit) for edit in edits],
            "seconds": time_limit,
        }
        order_file = Path(temporary, "order.json")
        order_file.write_text(json.dumps(order), encoding="utf-8")
        _run([str(python), __file__, str(order_file)], time_limit)
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


def _soffice(temporary: Path) -> list[str]:
    """Return the command that starts LibreOffice unseen, with a fresh profile."""
    soffice = find_soffice()
    if soffice is None:
        raise LibreOfficeError("LibreOffice is not installed: install libreoffice-calc")
    profile = temporary / "profile"
    settings = profile / "user" / "registrymodifications.xcu"
    settings.parent.mkdir(parents=True)
    settings.write_text(_SETTINGS, encoding="utf-8")
    return [
        str(soffice),
        f"-env:UserInstallation={profile.as_uri()}",
        "--headless",
        "--norestore",
        "--nologo",
        "--nodefault",
    ]


def _run(command: list[str], time_limit: float) -> str:
    """Run a command with all it starts, and return what it printed."""
    # soffice is a script whose child does the work: only the whole group can be stopped.
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=time_limit)
    except subprocess.TimeoutExpired as error:
        raise LibreOfficeError(f"LibreOffice took longer than {time_limit} s") from error
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.returncode:
        raise LibreOfficeError(f"LibreOffice: status {process.returncode}. {output.strip()}")
    return output.strip()


# Below: under the Python that has uno


def _carry_out(order: dict[str, Any]) -> None:
    """Do one order of libreoffice_edit."""
    import uno  # type: ignore[import-not-found]
    from com.sun.star.beans import PropertyValue  # type: ignore[import-not-found]
    from com.sun.star.connection import NoConnectException  # type: ignore[import-not-found]

    def options(**values: Any) -> tuple[Any, ...]:
        return tuple(PropertyValue(Name=name, Value=value) for name, value in values.items())

    pipe = f"xlsgd{os.getpid()}"
    # Its output goes nowhere: a pipe that it inherits would stay open after a failure here.
    office = subprocess.Popen(
        [*order["soffice"], f"--accept=pipe,name={pipe};urp;"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext(
        "com.sun.star.bridge.UnoUrlResolver", local
    )
    deadline = time.monotonic() + order["seconds"]
    while True:
        try:
            context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
            break
        except NoConnectException:
            if office.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"LibreOffice did not start (status {office.poll()})")
            time.sleep(0.1)
    desktop = context.ServiceManager.createInstanceWithContext(
        "com.sun.star.frame.Desktop", context
    )
    source = uno.systemPathToFileUrl(order["source"])
    book = desktop.loadComponentFromURL(source, "_blank", 0, options(Hidden=True))
    if book is None:
        sys.exit(f"{order['source']}: LibreOffice cannot open it")
    for edit in order["edits"]:
        try:
            _apply(book, edit[0], edit[1], edit[2:])
        except Exception as error:  # uno's exceptions share no narrower base
            sys.exit(f"edit {tuple(edit)}: {type(error).__name__} {error}")
    book.calculateAll()
    target = uno.systemPathToFileUrl(order["target"])
    book.storeToURL(target, options(FilterName=order["filter"]))
    book.close(True)
    # It may leave before it has answered; the file is complete by now.
    with contextlib.suppress(Exception):
        desktop.terminate()
    office.wait(timeout=60)


def _apply(book: Any, name: str, sheet_name: str, arguments: list[Any]) -> None:
    """Do one edit."""
    if not book.Sheets.hasByName(sheet_name):
        raise LookupError(f"no such sheet; there are {', '.join(book.Sheets.ElementNames)}")
    sheet = book.Sheets.getByName(sheet_name)
    if name == "insert_row":
        sheet.Rows.insertByIndex(arguments[0] - 1, 1)
    elif name == "insert_column":
        sheet.Columns.insertByIndex(arguments[0] - 1, 1)
    elif name == "delete_rows":
        sheet.Rows.removeByIndex(arguments[0] - 1, arguments[1])
    elif name == "rename":
        sheet.Name = arguments[0]
        if sheet.Name != arguments[0]:
            raise ValueError("LibreOffice refuses this name")
    elif name == "set_value":
        sheet.getCellRangeByName(arguments[0]).Value = arguments[1]
    elif name == "set_formula":
        cell = sheet.getCellRangeByName(arguments[0])
        cell.FormulaLocal = arguments[1]
        if cell.getError() in range(501, 520):  # the formula was not understood
            raise ValueError(f"error {cell.getError()} in the formula")
    elif name == "set_text":
        sheet.getCellRangeByName(arguments[0]).String = arguments[1]
    elif name == "clear":
        # VALUE, DATETIME, STRING and FORMULA of com.sun.star.sheet.CellFlags, as the Delete key.
        sheet.getCellRangeByName(arguments[0]).clearContents(1 | 2 | 4 | 16)
    else:
        raise ValueError("no such edit")


if __name__ == "__main__":
    _carry_out(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
