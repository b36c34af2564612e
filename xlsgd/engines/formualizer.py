"""The engine that has formualizer recalculate, a spreadsheet engine written in Rust.

It reads a file itself, in a process of its own: a copy of the workbook with its cells alone. What
it has not is the function MMULT, and so it is lent one, whose sums are Python's.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from xlsgd.base.cells import Position, WorkbookFile
from xlsgd.engines import ERRORS_LEFT_OUT, Calculation, Progress
from xlsgd.engines.apart import Asked, run_python
from xlsgd.engines.installed import needed, package_version
from xlsgd.engines.programs import TIME_LIMIT, cells_of

__all__ = ["ENGINE", "FormualizerEngine"]

_MISSING = "pip install 'xlsgd[formualizer]'"

_ERRORS = {
    "Null": "#NULL!",
    "Ref": "#REF!",
    "Name": "#NAME?",
    "Value": "#VALUE!",
    "Div": "#DIV/0!",
    "Na": "#N/A",
    "Num": "#NUM!",
}
_NOT_COMPUTED = {
    "Circ": "the formula looks at itself",
    "Error": "formualizer cannot read the formula, or one that it looks at",
}
"""Errors that are no values: formualizer's words for not having computed a cell."""


class FormualizerEngine:
    """Recalculates a workbook with formualizer."""

    name = "formualizer"
    order = 2
    summary = "formualizer, a spreadsheet engine written in Rust"
    habits = frozenset({ERRORS_LEFT_OUT})

    def __init__(self, time_limit: float = TIME_LIMIT) -> None:
        self.time_limit = time_limit

    def missing(self) -> str | None:
        """Return what to install, if formualizer is not there."""
        return None if package_version("formualizer") else _MISSING

    def version(self) -> str:
        """Return ``formualizer`` and its version.  Raises EngineError if it is not installed."""
        return f"formualizer {needed(self.name, package_version('formualizer'), _MISSING)}"

    def recalculate(self, file: WorkbookFile, progress: Progress | None = None) -> Calculation:
        """Return a value for every formula cell; see ``Engine``."""
        program = self.version()
        asked = Asked.of(file.book)
        with tempfile.TemporaryDirectory(prefix="xlsgd-") as temporary:
            folder = Path(temporary)
            source, places = cells_of(file, folder), folder / "places.json"
            places.write_text(json.dumps(asked.places), encoding="utf-8")
            answer = folder / "answer.json"
            run_python(
                program, __name__, [source, places, answer], folder / "home", self.time_limit
            )
            return Calculation(*asked.answered(answer, program), self.habits)


ENGINE = FormualizerEngine()


# In a process of its own


def _answer(source: str, places: str, answer: str) -> None:
    """Calculate a workbook and write the values of the places that are asked for."""
    import formualizer

    book = formualizer.load_workbook(source)
    book.set_temporal_egress("serial")
    book.register_function("MMULT", _matrix_product, min_args=2, max_args=2)
    book.evaluate_all()
    asked: dict[str, list[Position]] = json.loads(Path(places).read_bytes())
    values = [_values(book, sheet, found) for sheet, found in asked.items()]
    Path(answer).write_text(json.dumps({"values": values, "notes": []}), encoding="utf-8")


def _values(book: Any, sheet: str, places: list[Position]) -> list[object]:
    """Return the values of cells, a row at a time; one by one takes far longer."""
    from formualizer import RangeAddress

    rows: dict[int, list[int]] = {}
    for row, column in places:
        rows.setdefault(row, []).append(column)
    found: list[object] = []
    for row, columns in rows.items():
        first, last = columns[0], columns[-1]
        (values,) = book.sheet(sheet).get_values(RangeAddress(sheet, row, first, row, last))
        found += [_plain(values[column - first]) for column in columns]
    return found


def _plain(value: object) -> object:
    if isinstance(value, dict):
        kind = value.get("kind")
        error = _ERRORS.get(str(kind))
        if error is not None:
            return {"error": error}
        return {"not": _NOT_COMPUTED.get(str(kind), f"formualizer says {kind}")}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return {"not": f"formualizer has a {type(value).__name__}"}


def _matrix_product(left: object, right: object) -> list[list[float]]:
    """Return the product of two matrices, as MMULT does."""
    a, b = _matrix(left), _matrix(right)
    if {len(row) for row in a} != {len(b)}:
        raise ValueError("MMULT: columns of the first and rows of the second are not as many")
    across = list(zip(*b, strict=True))
    return [
        [sum(x * y for x, y in zip(row, column, strict=True)) for column in across] for row in a
    ]


def _matrix(given: object) -> list[list[float]]:
    rows: list[list[Any]] = given if isinstance(given, list) else [[given]]
    if not all(type(cell) in (int, float) for row in rows for cell in row):
        raise ValueError("MMULT: takes numbers only")
    return rows


if __name__ == "__main__":
    _answer(*sys.argv[1:])
