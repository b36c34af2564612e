"""Titanic passengers: the raw columns of Kaggle's file, and the ten inputs made of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING, Any

from xlsgd.data.dataset import Dataset

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "INPUTS",
    "NEEDED",
    "NUMBERS",
    "PORTS",
    "RAW_COLUMNS",
    "SEXES",
    "Cell",
    "Passengers",
    "feature_frame",
    "passengers_of",
]

Cell = float | str | None

RAW_COLUMNS = (
    *("PassengerId", "Survived", "Pclass", "Name", "Sex", "Age"),
    *("SibSp", "Parch", "Ticket", "Fare", "Cabin", "Embarked"),
)
"""All columns of Kaggle's file, in its order."""

NUMBERS = ("Survived", "Pclass", "Age", "SibSp", "Parch", "Fare")
NEEDED = tuple(name for name in RAW_COLUMNS if name in {*NUMBERS, "Sex", "Embarked"})
"""The raw columns that y and the inputs are made of."""

SEXES = ("male", "female")
PORTS = ("S", "C", "Q")  # Southampton, Cherbourg, Queenstown

INPUTS = (
    *("sibsp", "parch", "age_n", "log_fare", "pclass_1"),
    *("pclass_2", "embark_s", "embark_c", "male", "ones"),
)


@dataclass(frozen=True)
class Passengers(Dataset):
    """Titanic passengers: Kaggle's raw columns, the ten inputs made of them, y = Survived.

    raw: column names and cells, in the order of Kaggle's file; numbers are floats, empty cells
        None. PassengerId, Name, Ticket and Cabin may be missing.
    rows_read: number of rows before any was dropped.
    dropped: for Age and Embarked the number of rows dropped since that cell was empty; a row
        that lacks both counts once, under Age.
    made_up: True for passengers that never lived.
    """

    raw: Mapping[str, tuple[Cell, ...]] = field(default_factory=dict)
    rows_read: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    made_up: bool = False


def feature_frame(frame: pd.DataFrame, greatest_age: float | None = None) -> pd.DataFrame:
    """Compute the ten inputs from the raw columns, as float columns named like INPUTS.

    frame: at least the columns of NEEDED; its index is kept.
    No cell is refused: a number column that holds anything but a number gives NaN there (and 0
    in pclass_1 and pclass_2), an unknown text 0. Texts match whatever their case, as in a sheet.
    greatest_age: what age_n divides by; the greatest Age of the frame itself if not given.
    """
    import numpy as np
    import pandas as pd

    def numbers(name: str) -> pd.Series:
        return pd.Series([_number(cell) for cell in frame[name]], frame.index, dtype=float)

    def is_text(name: str, text: str) -> pd.Series:
        cells = [isinstance(cell, str) and cell.casefold() == text for cell in frame[name]]
        return pd.Series(cells, frame.index, dtype=float)

    pclass, age = numbers("Pclass"), numbers("Age")
    with np.errstate(all="ignore"):
        columns = {
            "sibsp": numbers("SibSp"),
            "parch": numbers("Parch"),
            "age_n": age / (age.max() if greatest_age is None else greatest_age),
            "log_fare": np.log10(numbers("Fare") + 1),
            "pclass_1": (pclass == 1).astype(float),
            "pclass_2": (pclass == 2).astype(float),
            "embark_s": is_text("Embarked", "s"),
            "embark_c": is_text("Embarked", "c"),
            "male": is_text("Sex", "male"),
            "ones": pd.Series(1.0, frame.index, dtype=float),
        }
    return pd.DataFrame(columns)[list(INPUTS)]


def passengers_of(
    title: str,
    frame: pd.DataFrame,
    rows_read: int,
    dropped: Mapping[str, int],
    made_up: bool = False,
) -> Passengers:
    """Make passengers of a frame with the columns of NEEDED, and any other of RAW_COLUMNS.

    The frame's cells are taken as they are; see Passengers for the other arguments.
    """
    features = feature_frame(frame)
    return Passengers(
        title=title,
        inputs={name: tuple(features[name].tolist()) for name in INPUTS},
        y=tuple(_number(cell) for cell in frame["Survived"]),
        raw={
            name: tuple(_raw(cell) for cell in frame[name])
            for name in RAW_COLUMNS
            if name in frame.columns
        },
        rows_read=rows_read,
        dropped=dict(dropped),
        made_up=made_up,
    )


def _number(cell: Any) -> float:
    """Return a cell's number, NaN if it is none. A truth value is none, as in a sheet."""
    try:
        if isinstance(cell, Real) and not isinstance(cell, bool):
            return float(cell)
    except OverflowError:  # a whole number of 309 digits or more
        pass
    return math.nan


def _raw(cell: Any) -> Cell:
    """Return a cell as float, as text, or as None where it is empty."""
    if isinstance(cell, str):
        return cell or None
    number = _number(cell)
    return None if math.isnan(number) else number
