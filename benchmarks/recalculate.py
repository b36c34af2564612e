"""Recalculate a workbook once and read every value: what the engines are timed by.

    python -m benchmarks.recalculate ENGINE WORKBOOK

ENGINE is one of xlsgd's, or ``ExcelModel`` for formulas' own way, or ``openpyxl`` to load alone.
Prints how many values are finite numbers, and the seconds that calculation alone took.
"""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path


def by_excel_model(path: Path) -> tuple[int, float]:
    """formulas as its documentation has it."""
    import formulas

    model = formulas.ExcelModel().loads(str(path)).finish()
    begin = time.perf_counter()
    solution = model.calculate()
    seconds = time.perf_counter() - begin
    found = 0
    for value in solution.values():
        for number in getattr(value, "value", [[None]]).ravel():
            found += isinstance(number, (int, float)) and math.isfinite(number)
    return found, seconds


def by_openpyxl(path: Path) -> tuple[int, float]:
    """Loading alone."""
    import openpyxl

    workbook = openpyxl.load_workbook(path)
    return sum(sheet.max_row for sheet in workbook), 0.0


def by_engine(name: str, path: Path) -> tuple[int, float]:
    """One of xlsgd's engines."""
    from xlsgd.engines import get_engine
    from xlsgd.xlsx.reader import read_workbook

    engine, file = get_engine(name), read_workbook(path)
    begin = time.perf_counter()
    values = engine.recalculate(file).values
    seconds = time.perf_counter() - begin
    cells = [value for sheet in values.values() for value in sheet.values()]
    return sum(isinstance(v, float) and math.isfinite(v) for v in cells), seconds


if __name__ == "__main__":
    name, path = sys.argv[1], Path(sys.argv[2])
    ways = {"ExcelModel": by_excel_model, "openpyxl": by_openpyxl}
    print(*(ways[name](path) if name in ways else by_engine(name, path)))
