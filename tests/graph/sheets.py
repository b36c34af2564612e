"""Small workbooks made of texts, and what they come to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from xlsgd.base.cells import Book, CellError, Formula, Position, WorkbookFile, column_number
from xlsgd.graph.cells import Cell, Cells
from xlsgd.graph.evaluate import Evaluation

SAMPLES = 4


def place(address: str) -> Position:
    """Return the row and column of ``B7``."""
    letters = address.rstrip("0123456789")
    return int(address[len(letters) :]), column_number(letters)


def cell(address: str, sheet: str = "s") -> Cell:
    return Cell(sheet, *place(address))


def file_of(
    contents: Mapping[str, Any],
    names: Mapping[str, str] | None = None,
    arrays: Mapping[str, tuple[int, int, int, int]] | None = None,
    stored: Mapping[str, Any] | None = None,
) -> WorkbookFile:
    """Return a workbook of one tab ``S``, or of others where addresses name them: ``T!B7``."""
    book = Book(names={(None, name): text for name, text in (names or {}).items()})
    book.sheets["S"] = {}
    for address, content in contents.items():
        sheet, _, bare = address.rpartition("!")
        grid = book.sheets.setdefault(sheet or "S", {})
        if isinstance(content, str) and content[:1] in "={" and content:
            content = Formula(content)
        elif isinstance(content, int) and not isinstance(content, bool):
            content = float(content)
        grid[place(bare)] = content
    book.arrays["S"] = {place(address): area for address, area in (arrays or {}).items()}
    values = {place(address): value for address, value in (stored or {}).items()}
    return WorkbookFile(Path("small.xlsx"), book, {"S": values})


def evaluated(contents: Mapping[str, Any], **options: Any) -> Evaluation:
    """Return the cells of a workbook, calculated."""
    found = Evaluation(Cells(file_of(contents, **options)), SAMPLES)
    found.run()
    return found


def plain(value: Any) -> Any:
    """Return a value as the workbook was saved with it; an error is nan."""
    if isinstance(value, torch.Tensor):
        assert value.dim() == 1
        saved = value.detach()[0].item()
        return saved if math.isfinite(saved) else math.nan
    return math.nan if isinstance(value, CellError) else value


def value_of(formula: str, contents: Mapping[str, Any] | None = None, **options: Any) -> Any:
    """Return what a formula in Z50 comes to."""
    found = evaluated({**(contents or {}), "Z50": formula}, **options)
    if cell("Z50") in found.unknown:
        return found.unknown[cell("Z50")]
    return plain(found.values[cell("Z50")])


def same(a: Any, b: Any, relative: float = 1e-9) -> bool:
    """Return whether two values of a cell are the same; nan stands for any error."""
    a, b = plain(a), plain(b)
    if isinstance(a, float) and isinstance(b, (float, int)) and not isinstance(b, bool):
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        return abs(a - b) <= relative * max(abs(a), abs(b))
    return type(a) is type(b) and bool(a == b)
