"""The engine that has IronCalc recalculate, a spreadsheet engine written in Rust.

It is given the cells one by one. Its own reader of .xlsx files does not know the way in which
openpyxl writes names of parts, and prints a line to stdout for every formula without a value.
"""

from __future__ import annotations

from typing import Any

from xlsgd.base.cells import Book, CellError, Content, Formula, Scalar, Uncomputed, WorkbookFile
from xlsgd.base.errors import EngineError
from xlsgd.engines import EQUAL_BY_EPSILON, Calculation, Progress
from xlsgd.engines.allowed import refusal
from xlsgd.engines.installed import needed, package_version

__all__ = ["ENGINE", "IronCalcEngine"]

_MISSING = "pip install 'xlsgd[ironcalc]'"
_LANGUAGE, _TIME_ZONE = "en", "UTC"

_NOT_COMPUTED = {
    "#ERROR!": "IronCalc cannot read the formula",
    "#N/IMPL!": "IronCalc has no such function",
    "#CIRC!": "the formula looks at itself",
}
"""Errors that are no values: IronCalc's words for not having computed a cell."""


class IronCalcEngine:
    """Recalculates the cells of a workbook with IronCalc."""

    name = "ironcalc"
    order = 1
    habits = frozenset({EQUAL_BY_EPSILON})
    summary = "IronCalc, a spreadsheet engine written in Rust"

    def missing(self) -> str | None:
        """Return what to install, if IronCalc is not there."""
        return None if package_version("ironcalc") else _MISSING

    def version(self) -> str:
        """Return ``IronCalc`` and its version.  Raises EngineError if it is not installed."""
        return f"IronCalc {needed(self.name, package_version('ironcalc'), _MISSING)}"

    def recalculate(self, file: WorkbookFile, progress: Progress | None = None) -> Calculation:
        """Return a value for every formula cell; see ``Engine``."""
        self.version()
        try:
            return _calculate(file.book, progress)
        except (KeyboardInterrupt, SystemExit, EngineError):
            raise
        except BaseException as error:
            # A panic in Rust arrives as an exception that is no Exception.
            raise EngineError(
                f"{file.path}: IronCalc failed ({type(error).__name__}: {error})"
            ) from error


def _calculate(book: Book, progress: Progress | None) -> Calculation:
    import ironcalc

    model = ironcalc.create("workbook", _LANGUAGE, _TIME_ZONE, _LANGUAGE)
    for i, name in enumerate(book.sheets):
        if i:
            model.add_sheet(name)
        else:
            model.rename_sheet(0, name)
    notes = _define_names(model, book)
    formulas = sum(isinstance(c, Formula) for grid in book.sheets.values() for c in grid.values())
    done = 0
    for i, grid in enumerate(book.sheets.values()):
        for (row, column), content in grid.items():
            _write(model, i, row, column, content)
            done += isinstance(content, Formula)
            if progress is not None and done % 4096 == 0:
                progress(done, formulas)
    model.evaluate()
    errors = ironcalc.CellType.ErrorValue
    values: dict[str, dict[tuple[int, int], Scalar | Uncomputed]] = {}
    for i, (name, grid) in enumerate(book.sheets.items()):
        values[name] = {}
        for (row, column), content in grid.items():
            if not isinstance(content, Formula):
                continue
            value: Scalar | Uncomputed = model.get_cell_value(i, row, column)
            refused = refusal(content, "IronCalc")
            if refused is not None:
                value = Uncomputed(refused)
            elif isinstance(value, str) and value.startswith("#"):
                if model.get_cell_type(i, row, column) == errors:
                    reason = _NOT_COMPUTED.get(value)
                    value = Uncomputed(reason) if reason else CellError(value)
            elif value is None:
                value = Uncomputed("IronCalc has no value")
            values[name][row, column] = value
    if progress is not None:
        progress(formulas, formulas)
    return Calculation(values, notes, IronCalcEngine.habits)


def _write(model: Any, sheet: int, row: int, column: int, content: Content) -> None:
    if isinstance(content, Formula):
        # What looks at such a cell must not take it for an empty one.
        formula = "=NA()" if refusal(content, "IronCalc") else str(content)
        model.update_cell_with_formula(sheet, row, column, formula)
    elif isinstance(content, bool):
        model.update_cell_with_bool(sheet, row, column, content)
    elif isinstance(content, float):
        model.update_cell_with_number(sheet, row, column, content)
    elif isinstance(content, str):
        model.update_cell_with_text(sheet, row, column, content)
    elif isinstance(content, CellError):
        model.set_user_input(sheet, row, column, content.code)


def _define_names(model: Any, book: Book) -> list[str]:
    """Define a book's names, and return notes about those that IronCalc refuses."""
    sheets = list(book.sheets)
    notes = []
    for (scope, name), text in book.names.items():
        if scope is not None and scope not in sheets:
            continue  # of a sheet that is one big chart
        try:
            model.new_defined_name(name, None if scope is None else sheets.index(scope), text)
        except Exception as error:
            notes.append(f"IronCalc does not know the name {name}: {error}")
    return notes


ENGINE = IronCalcEngine()
