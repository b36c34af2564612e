"""Recalculate a workbook once and read every value: what the engines are timed by.

    python -m benchmarks.recalculate ENGINE WORKBOOK

ENGINE is one of xlsgd's, or a library as its documentation has it: ``ExcelModel`` of formulas,
``ironcalc-alone`` and ``formualizer``, each with its own reader; or ``openpyxl`` to load alone.
Prints how many values are finite numbers, and the seconds that calculation alone took.
"""

from __future__ import annotations

import math
import sys
import time
from pathlib import Path

EXTENT = {"sgd": (2902, 18), "forward": (717, 33)}
"""Rows and columns of the two tabs that engines are timed with, see benchmarks.books."""


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
            found += _finite(number)
    return found, seconds


def by_ironcalc(path: Path) -> tuple[int, float]:
    """IronCalc as its documentation has it."""
    import ironcalc

    model = ironcalc.load_from_xlsx(str(path), "en", "UTC", "en")
    begin = time.perf_counter()
    model.evaluate()
    seconds = time.perf_counter() - begin
    found = 0
    for sheet in range(len(model.get_worksheets_properties())):
        top, bottom, left, right = model.get_sheet_dimensions(sheet)
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                found += _finite(model.get_cell_value(sheet, row, column))
    return found, seconds


def by_formualizer(path: Path) -> tuple[int, float]:
    """formualizer as its documentation has it."""
    import formualizer

    workbook = formualizer.load_workbook(str(path))
    begin = time.perf_counter()
    workbook.evaluate_all()
    seconds = time.perf_counter() - begin
    found = 0
    for name in workbook.sheet_names:
        # It does not tell how far a sheet goes.
        area = formualizer.RangeAddress(name, 1, 1, *EXTENT[name])
        rows = workbook.sheet(name).get_values(area)
        found += sum(_finite(value) for row in rows for value in row)
    return found, seconds


def _finite(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


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
    return sum(map(_finite, cells)), seconds


if __name__ == "__main__":
    name, path = sys.argv[1], Path(sys.argv[2])
    ways = {
        "ExcelModel": by_excel_model,
        "ironcalc-alone": by_ironcalc,
        "formualizer": by_formualizer,
        "openpyxl": by_openpyxl,
    }
    print(*(ways[name](path) if name in ways else by_engine(name, path)))
