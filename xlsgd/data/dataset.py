"""What a net learns from, whatever its origin: columns of inputs and the y to answer with."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass, field

from xlsgd.base.errors import SpecError

__all__ = ["GREATEST", "MAX_BYTES", "MAX_ROWS", "Dataset"]

MAX_ROWS = 1_000_000  # a sheet has 1,048,576 rows, and needs some for itself
MAX_BYTES = 200_000_000
GREATEST = 1e150
"""Squares of greater numbers leave no room in a 64-bit number."""


@dataclass(frozen=True)
class Dataset:
    """Rows of inputs and the y that the net shall answer with.

    title: words for the sheet, e.g. "29 points on y = 2x + 30".
    inputs: one column of numbers per input name, each as long as y.
    sha256: checksum of the file they were read from, "" if it is not known.
    checked: True if that checksum was asked for, and the file had it.
    Raises SpecError if there is no input, no row, or the columns differ in length.
    """

    title: str
    inputs: dict[str, tuple[float, ...]]
    y: tuple[float, ...]
    _: KW_ONLY
    sha256: str = field(default="", compare=False)
    checked: bool = field(default=False, compare=False)

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in self.inputs.items()} | {"y": len(self.y)}
        if not self.inputs or not self.y or len(set(lengths.values())) > 1:
            raise SpecError(
                f"data {self.title!r}: got columns of the lengths {lengths}, "
                "need at least one input beside y, all of the same length and not empty."
            )

    @property
    def rows(self) -> int:
        """Number of data rows."""
        return len(self.y)
