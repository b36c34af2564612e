"""From the cells of a CSV file to numbers, refusing a cell that could mean two."""

from __future__ import annotations

import re
from collections.abc import Callable

from xlsgd.base.errors import DataError
from xlsgd.data.csvtext import shown
from xlsgd.data.dataset import GREATEST

__all__ = ["DECIMAL_POINT", "NumberReader", "is_number"]

DECIMAL_POINT = (
    "need a decimal point and no thousands separator. Write 1.5 or 1000, not 1,5 or 1,000."
)
"""What to do where a comma cannot be a decimal mark."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")
# One mark with three digits behind it and one to three before: 1.500 is 1.5 or 1500.
_LIKE_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
# Two groups of three digits, or one and a fraction; or a separator that is no decimal mark.
_GROUPED = re.compile(
    r"[+-]?[0-9]{1,3}"
    r"(?:(?:[.,][0-9]{3}){2,}|[.,][0-9]{3}(?=[.,])|(?:[ '’\xa0\u202f][0-9]{3})+)(?:[.,][0-9]*)?"
)
_NOT_FINITE = re.compile(r"[+-]?(?:inf|infinity|nan)", re.IGNORECASE)


def is_number(text: str) -> bool:
    """Return whether text is a number in some notation, with commas in it or without."""
    text = text.strip()
    return _NUMBER.fullmatch(text) is not None or _GROUPED.fullmatch(text) is not None


class NumberReader:
    """Turns cells into floats, and watches over the file's decimal mark.

    In a file with commas between cells the mark is the dot. In others a mark is taken for decimal
    once any cell can be read in no other way, such as 0.125 or 2.5; without such a cell 1.500
    might as well be fifteen hundred, and finish() refuses it.
    """

    def __init__(self, file: str, delimiter: str) -> None:
        self._file = file
        self._between_commas = delimiter == ","
        self._mark = "." if self._between_commas else ""
        self._sure = self._between_commas
        self._first_mark = ""  # where the mark was first seen, and in which cell
        self._unsure: tuple[str, str] | None = None

    def number(self, cell: str, where: Callable[[], str]) -> float:
        """Return the number in a cell.

        where: gives the words for its line and column; called only where they are needed.
        Raises DataError if the cell holds no number, or one that is not finite or above GREATEST.
        """
        cell = cell.strip()
        plain = "," not in cell and ("." not in cell or (self._sure and self._mark == "."))
        if plain and _NUMBER.fullmatch(cell) and abs(number := float(cell)) <= GREATEST:
            return number  # it leaves no doubt

        def problem() -> str:
            return f"{self._file}, {where()}: got {shown(cell)}"

        if not cell:
            raise DataError(
                f"{self._file}, {where()}: the cell is empty, need a number. "
                "Fill it or remove the row."
            )
        if _NOT_FINITE.fullmatch(cell):
            raise DataError(f"{problem()}, need a finite number. Correct it or remove the row.")
        if self._between_commas and "," in cell and _NUMBER.fullmatch(cell):
            raise DataError(f"{problem()}, {DECIMAL_POINT}")
        if _GROUPED.fullmatch(cell):
            raise DataError(
                f"{problem()}, need a number without thousands separators. "
                "Write 1000000, not 1,000,000."
            )
        if not _NUMBER.fullmatch(cell):
            raise DataError(f"{problem()}, need a number. Correct it or remove the row.")
        self._watch(cell, where, problem)
        number = float(cell.replace(",", "."))
        if not abs(number) <= GREATEST:
            raise DataError(
                f"{problem()}, too great: its square overflows. Correct it or remove the row."
            )
        return number

    def _watch(self, cell: str, where: Callable[[], str], problem: Callable[[], str]) -> None:
        """Note the cell's decimal mark, and refuse one that differs from earlier ones."""
        mark = "," if "," in cell else "." if "." in cell else ""
        if not mark or self._between_commas:
            return
        if not self._mark:
            self._mark = mark
            self._first_mark = f"{where()} has {shown(cell)}"
        elif mark != self._mark:
            raise DataError(
                f"{problem()}, but {self._first_mark}. Use one decimal mark in the whole file, "
                "and no thousands separators."
            )
        if not _LIKE_THOUSANDS.fullmatch(cell):
            self._sure = True
        elif self._unsure is None:
            self._unsure = (problem(), cell)

    def finish(self) -> None:
        """Refuse a mark that no cell has shown to be decimal."""
        if self._sure or self._unsure is None:
            return
        problem, cell = self._unsure
        whole = cell.replace(self._mark, "")
        raise DataError(
            f"{problem}, which may mean {float(cell.replace(',', '.'))} or {whole}; "
            f"nothing else in the file tells. Write {cell}0 or {whole}."
        )
