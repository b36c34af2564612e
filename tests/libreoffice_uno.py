"""Edit workbooks in LibreOffice: a script for a Python that has LibreOffice's `uno` module.

That is seldom the Python that runs the tests, so this file imports nothing of theirs. Its one
argument is the command that starts LibreOffice, as JSON; it is started once. Then orders come in,
one a line, as tests/libreoffice.py writes them, and for each a line goes out: what went wrong, or
nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from typing import Any

SECONDS = 120
"""Until LibreOffice has started."""


def _serve(command: list[str]) -> None:
    """Start LibreOffice and carry out orders until no more come in."""
    pipe = f"xlsgd{os.getpid()}"
    # Its output goes nowhere: a pipe that it inherits would stay open after a failure here.
    office = subprocess.Popen(
        [*command, f"--accept=pipe,name={pipe};urp;"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    desktop = _desktop(pipe, office)
    for line in sys.stdin:
        try:
            _carry_out(json.loads(line), desktop)
            wrong = ""
        except Exception as error:  # uno's exceptions share no narrower base
            wrong = f"{type(error).__name__} {error}"
        print(json.dumps(wrong), flush=True)
    # It may leave before it has answered.
    with contextlib.suppress(Exception):
        desktop.terminate()
    office.wait(timeout=60)


def _desktop(pipe: str, office: subprocess.Popen[bytes]) -> Any:
    """Return what opens documents, as soon as LibreOffice answers."""
    import uno  # type: ignore[import-not-found]
    from com.sun.star.connection import NoConnectException  # type: ignore[import-not-found]

    local = uno.getComponentContext()
    resolver = local.ServiceManager.createInstanceWithContext(
        "com.sun.star.bridge.UnoUrlResolver", local
    )
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            context = resolver.resolve(f"uno:pipe,name={pipe};urp;StarOffice.ComponentContext")
            break
        except NoConnectException:
            if office.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"LibreOffice did not start (status {office.poll()})")
            time.sleep(0.1)
    return context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)


def _carry_out(order: dict[str, Any], desktop: Any) -> None:
    """Do one order of libreoffice_edit."""
    import uno
    from com.sun.star.beans import PropertyValue  # type: ignore[import-not-found]

    def options(**values: Any) -> tuple[Any, ...]:
        return tuple(PropertyValue(Name=name, Value=value) for name, value in values.items())

    source = uno.systemPathToFileUrl(order["source"])
    book = desktop.loadComponentFromURL(source, "_blank", 0, options(Hidden=True))
    if book is None:
        raise ValueError(f"{order['source']}: LibreOffice cannot open it")
    try:
        for edit in order["edits"]:
            try:
                _apply(book, edit[0], edit[1], edit[2:])
            except Exception as error:
                raise ValueError(f"edit {tuple(edit)}: {type(error).__name__} {error}") from error
        book.calculateAll()
        target = uno.systemPathToFileUrl(order["target"])
        book.storeToURL(target, options(FilterName=order["filter"]))
    finally:
        book.close(True)


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
    _serve(json.loads(sys.argv[1]))
