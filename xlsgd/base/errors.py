"""The errors that xlsgd raises on purpose.

A message answers four questions: what is wrong, where, what was received, what to do.
The command line prints the message of an ``XlsgdError`` and leaves with status 2;
anything else that is raised is a bug and shows its traceback.
"""

import copyreg
from typing import Any

from xlsgd.base.visible import message as as_message

__all__ = [
    "DataError",
    "EngineError",
    "ForeignWorkbookError",
    "InputError",
    "MissingColumnError",
    "NoStoredValuesError",
    "OutputExistsError",
    "SpecError",
    "WorkbookError",
    "XlsgdError",
]


class XlsgdError(Exception):
    """Base of all errors that a user can mend.

    What it says is one line, whatever the names and cells that it quotes hold.
    """

    def __str__(self) -> str:
        return as_message(super().__str__())

    def __reduce__(self) -> tuple[Any, ...]:
        # Python would raise it anew with its message alone, which is too little for some.
        return copyreg.__newobj__, (type(self), *self.args), self.__getstate__()  # type: ignore[attr-defined]


class SpecError(XlsgdError, ValueError):
    """An option or argument makes no sense.

    field: the field of a tab that it is about, if it is about one.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class DataError(XlsgdError, ValueError):
    """A data file cannot be used."""


class MissingColumnError(DataError):
    """A data file does not have a column that is needed.

    column: its name.
    """

    def __init__(self, message: str, column: str) -> None:
        super().__init__(message)
        self.column = column


class WorkbookError(XlsgdError, ValueError):
    """A file is no workbook, or not one that xlsgd can read."""


class InputError(WorkbookError):
    """A cell that an input stands in holds what cannot be used.

    place: its tab, and its row and column.
    """

    def __init__(self, message: str, place: tuple[str, tuple[int, int]]) -> None:
        super().__init__(message)
        self.place = place


class ForeignWorkbookError(WorkbookError):
    """A sound workbook, of which no tab is one of xlsgd's."""


class OutputExistsError(XlsgdError, FileExistsError):
    """A file to be written is there already."""


class EngineError(XlsgdError, RuntimeError):
    """A recalculation engine cannot be used at all (a single bad cell is no such error)."""


class NoStoredValuesError(EngineError):
    """A file has no values beside its formulas, and they are asked for."""
