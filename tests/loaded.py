"""Workbooks as openpyxl has them: read once, to be looked at, or to be changed as a copy."""

from __future__ import annotations

import functools
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import openpyxl

__all__ = ["loaded", "looked_at"]

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
    workbook = pickle.loads(_read[key])
    for sheet in workbook.worksheets:  # what makes a row's or a column's size does not come along
        sheet.row_dimensions.default_factory = sheet._add_row
        sheet.column_dimensions.default_factory = sheet._add_column
    return workbook


def looked_at(path: Path, data_only: bool = False) -> Any:
    """Return a workbook with its formulas, or with its values, for all who change nothing."""
    status = path.stat()
    return _looked_at(path.resolve(), data_only, status.st_mtime_ns, status.st_size)


@functools.lru_cache(8)
def _looked_at(path: Path, data_only: bool, *_: int) -> Any:
    return openpyxl.load_workbook(path, data_only=data_only)
