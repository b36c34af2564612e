"""What a net learns from, whatever its origin: columns of inputs and the targets to answer with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Input
from xlsgd.base.errors import SpecError
from xlsgd.data.features import facts_of, feature_frame
from xlsgd.data.features.feature import number_of
from xlsgd.data.schema import Cell, Schema, plain_schema

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GREATEST", "MAX_BYTES", "MAX_ROWS", "Dataset", "columns_of"]

MAX_ROWS = 1_000_000  # a sheet has 1,048,576 rows, and needs some for itself
MAX_BYTES = 200_000_000
GREATEST = 1e150
"""Squares of greater numbers leave no room in a 64-bit number."""


@dataclass(frozen=True)
class Dataset:
    """Rows of inputs and the targets that the net shall answer with.

    title: words for the sheet, e.g. "29 points on y = 2x + 30".
    inputs: one column of numbers per input name, each as long as y.
    y: the first target.   more_targets: the others, by name.
    sha256: checksum of the file they were read from, "" if it is not known.
    checked: True if that checksum was asked for, and the file had it.
    given: the schema of its columns; plain numbers where it is not given.
    raw: the raw columns where inputs are made of them; numbers are floats, empty cells None.
    remark: a sentence more for the sheet.
    facts: what else the sheet says of it.
    is_nothing: whether there is no data, see ``Dataset.nothing``.
    truth: slope and intercept of the line behind made-up points, None where nobody knows it.
    validation: rows with the same columns that do not train, None where there are none.
    Raises SpecError if there is no input, no row, or the columns differ in length.
    """

    title: str
    inputs: dict[str, tuple[float, ...]]
    y: tuple[float, ...]
    _: KW_ONLY
    more_targets: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    sha256: str = field(default="", compare=False)
    checked: bool = field(default=False, compare=False)
    given: Schema | None = None
    raw: Mapping[str, tuple[Cell, ...]] = field(default_factory=dict)
    remark: str = ""
    facts: tuple[Input, ...] = field(default=(), compare=False)
    is_nothing: bool = False
    truth: tuple[float, float] | None = field(default=None, compare=False)
    validation: Dataset | None = None

    def __post_init__(self) -> None:
        columns = self.inputs | {"y": self.y, **self.more_targets}
        lengths = {name: len(column) for name, column in columns.items()}
        if not self.inputs or not self.y or len(set(lengths.values())) > 1:
            raise SpecError(
                f"data {self.title!r}: got columns of the lengths {lengths}, "
                "need at least one input beside y, all of the same length and not empty."
            )

    @classmethod
    def nothing(cls) -> Dataset:
        """Return what there is to learn from where a function of weights alone is gone down.

        A step evaluates the function once. To torch that is a batch of one row, whose numbers
        nothing looks at; no sheet shows them.
        """
        return cls("no data", {"nothing": (0.0,)}, (0.0,), is_nothing=True)

    @property
    def targets(self) -> tuple[tuple[float, ...], ...]:
        """All targets, the first one first."""
        return (self.y, *self.more_targets.values())

    @property
    def rows(self) -> int:
        """Number of data rows."""
        return len(self.y)

    @cached_property
    def schema(self) -> Schema:
        """What its columns are."""
        if self.given is not None:
            return self.given
        return plain_schema(tuple(self.inputs), ("y", *self.more_targets))

    @property
    def cells(self) -> Mapping[str, tuple[Cell, ...]]:
        """The raw columns as they stand in the sheet."""
        return self.raw or {**self.inputs, self.schema.targets[0]: self.y, **self.more_targets}


def columns_of(
    schema: Schema,
    frame: pd.DataFrame | Mapping[str, Sequence[Any]],
    trained_on: pd.DataFrame | Mapping[str, Sequence[Any]] | None = None,
) -> dict[str, Any]:
    """Return what a dataset has of a frame with raw columns: inputs, targets and the raw ones.

    The frame's cells are taken as they are.
    trained_on: a frame of other rows, where what features know of whole columns is known of those.
    """
    features: Mapping[Any, Any] = {}
    if schema.features:  # without them there is nothing for pandas to do, which takes long to load
        import pandas as pd

        facts = None if trained_on is None else facts_of(schema.features, pd.DataFrame(trained_on))
        made = feature_frame(schema.features, pd.DataFrame(frame), facts)
        features = {name: made[name].tolist() for name in made.columns}

    def numbers(name: str) -> tuple[float, ...]:
        if name in features:
            return tuple(features[name])
        return tuple(number_of(cell) for cell in frame[name])

    first, *others = schema.targets
    return {
        "inputs": {name: numbers(name) for name in schema.inputs},
        "y": numbers(first),
        "more_targets": {name: numbers(name) for name in others},
        "given": schema,
        "raw": {
            column.name: tuple(_raw(cell) for cell in frame[column.name])
            for column in schema.raw
            if column.name in frame
        },
    }


def _raw(cell: Any) -> Cell:
    """Return a cell as float, as text, or as None where it is empty."""
    if isinstance(cell, str):
        return cell or None
    number = number_of(cell)
    return number if number == number else None
