"""Workbooks as openpyxl has them, to be changed: read once, and copied from memory from then on."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import openpyxl

__all__ = ["loaded"]

MOST = 12
"""Workbooks that are remembered."""

_read: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()


def loaded(path: Path) -> Any:
    """Return a workbook with its formulas, without notes and pictures; it is the caller's own.

    Reading one takes openpyxl twice as long as all that is done with it afterwards, and half of
    the time to write it goes into the boxes of notes, which no check looks at.
    """
    status = path.stat()
    key = str(path.resolve()), status.st_mtime_ns, status.st_size
    if key not in _read:
        workbook = openpyxl.load_workbook(path)
        for sheet in workbook.worksheets:
            sheet._charts, sheet._images, sheet.legacy_drawing = [], [], None
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.comment is not None:
                        cell.comment = None
        _read[key] = pickle.dumps(workbook, pickle.HIGHEST_PROTOCOL)
        while len(_read) > MOST:
            _read.popitem(last=False)
    _read.move_to_end(key)
    return pickle.loads(_read[key])
