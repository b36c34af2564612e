"""Compare two workbooks cell by cell: formulas as text, values as numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from xlsgd.base.cells import Formula, Position, Scalar, Uncomputed, WorkbookFile
from xlsgd.checks.differences import values_in
from xlsgd.engines import get_engine
from xlsgd.engines.file_formats import as_xlsx
from xlsgd.report.compare import kind_name, kind_of
from xlsgd.report.report import Difference, value_text
from xlsgd.report.tolerances import tolerances
from xlsgd.sheets.maps import address
from xlsgd.xlsx.reader import read_workbook

__all__ = ["diff_workbooks"]

Cells = Mapping[Position, Scalar | Uncomputed]


def diff_workbooks(
    path: str | Path,
    other: str | Path,
    engine: str = "formulas",
    rtol: float | None = None,
    atol: float | None = None,
) -> list[Difference]:
    """Return the cells in which two workbooks differ, tab by tab, row by row.

    Both are recalculated; stored values do not count. Of a tab that only one of them has, one
    difference is reported. In the differences, torch_value is the other workbook's value.
    Raises WorkbookError if one of them cannot be read.
    """
    tolerance = tolerances(rtol, atol)["run"]
    calculator = get_engine(engine)
    with as_xlsx(Path(path)) as one, as_xlsx(Path(other)) as two:
        first, second = read_workbook(one), read_workbook(two)
        values = [_values(file, calculator.recalculate(file).values) for file in (first, second)]
    names = {first.path: path, second.path: other}
    found: list[Difference] = []
    for sheet in dict.fromkeys((*first.book.sheets, *second.book.sheets)):
        missing = [f for f in (first, second) if sheet not in f.book.sheets]
        if missing:
            reason = f"no such tab in {names[missing[0].path]}"
            found.append(Difference(sheet, "", "", "diff", reason))
            continue
        here, there = values[0][sheet], values[1][sheet]
        for position in sorted({*here, *there}):
            a, b = here.get(position), there.get(position)
            formulas = [f.book.sheets[sheet].get(position) for f in (first, second)]
            texts = [f if isinstance(f, Formula) else None for f in formulas]
            off = allowed = None
            if isinstance(a, float) and isinstance(b, float):
                off = abs(a - b)
                allowed = tolerance.around(b)
                same = off <= allowed
                reason = "values differ"
            else:
                kinds = kind_name(kind_of(a)), kind_name(kind_of(b))
                same = kinds[0] == kinds[1] and (a == b or kinds[0] == "not finite")
                reason = f"{kinds[0]} here, {kinds[1]} there"
            if same and texts[0] == texts[1]:
                continue
            if same:
                reason = f"formulas differ: there {texts[1] or value_text(b)}"
            found.append(
                Difference(
                    sheet,
                    address(position),
                    "",
                    "diff",
                    reason,
                    formula=texts[0],
                    sheet_value=a,
                    torch_value=b,
                    off=off,
                    allowed=allowed,
                )
            )
    return found


def _values(file: WorkbookFile, calculated: Mapping[str, Cells]) -> dict[str, Cells]:
    return {sheet: values_in(grid, calculated[sheet]) for sheet, grid in file.book.sheets.items()}
