"""Titanic passengers: the raw columns of Kaggle's file, and the ten inputs made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.data.dataset import Dataset, columns_of
from xlsgd.data.features.constant import Constant
from xlsgd.data.features.either import Either
from xlsgd.data.features.logarithm import Logarithm
from xlsgd.data.features.number import Number
from xlsgd.data.features.share import Share
from xlsgd.data.schema import Raw, Schema, Words

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "INPUTS",
    "NEEDED",
    "NUMBERS",
    "PORTS",
    "RAW_COLUMNS",
    "SCHEMA",
    "SEXES",
    "Passengers",
    "passengers_of",
]

SEXES = ("male", "female")
PORTS = ("S", "C", "Q")  # Southampton, Cherbourg, Queenstown

_FEATURES = (
    Number("sibsp", "SibSp", note="siblings and spouses aboard"),
    Number("parch", "Parch", note="parents and children aboard"),
    Share(
        "age_n",
        "Age",
        note="the age as a share of the greatest: between 0 and 1 like the others",
    ),
    Logarithm(
        "log_fare",
        "Fare",
        note="how many digits the fare has, so to say: a few very high fares no longer outweigh "
        "all others",
    ),
    Either("pclass_1", "Pclass", 1, note="1 for first class, 0 for all others"),
    Either(
        "pclass_2",
        "Pclass",
        2,
        note="1 for second class, 0 for all others; third class has 0 in both",
    ),
    Either(
        "embark_s",
        "Embarked",
        "S",
        note="1 for those who came aboard in Southampton, 0 for all others",
    ),
    Either(
        "embark_c",
        "Embarked",
        "C",
        note="1 for those from Cherbourg, 0 for all others; Queenstown has 0 in both",
    ),
    Either("male", "Sex", "male", note="1 for men and boys, 0 for all others"),
    Constant("ones", note="always 1: its weight is what others call the bias"),
)

INPUTS = tuple(feature.quantity for feature in _FEATURES)

SCHEMA = Schema(
    name="passengers",
    raw=(
        Raw("PassengerId", "number of the passenger in the file", "text", width=12),
        Raw("Survived", "1: survived, 0: died. This is y", among=(0.0, 1.0), width=10),
        Raw("Pclass", "class of the ticket: 1, 2 or 3", among=(1.0, 2.0, 3.0), begins=3.0),
        Raw("Name", "as in the file; not used", "text", width=30),
        Raw("Sex", "male or female", "word", SEXES, "male"),
        Raw("Age", "in years", begins=20.0, least=0.0),
        Raw("SibSp", "siblings and spouses aboard", least=0.0),
        Raw("Parch", "parents and children aboard", least=0.0),
        Raw("Ticket", "number of the ticket; not used", "text", width=12),
        Raw("Fare", "price of the ticket in pounds", begins=8.0, least=0.0),
        Raw("Cabin", "number of the cabin; not used", "text", width=10),
        Raw("Embarked", "port: S is Southampton, C Cherbourg, Q Queenstown", "word", PORTS, "S"),
    ),
    inputs=INPUTS,
    targets=("Survived",),
    features=_FEATURES,
    marker="passengers tab, format 1",
    sheet="passengers",
    words=Words(
        title="The passengers",
        one="passenger",
        many="passengers",
        question="would you survive?",
        you="you",
        above="would survive",
        below="would not survive",
        counts="survived",
        groups=("died (y = 0)", "survived (y = 1)"),
        made_of="the ten inputs",
    ),
)

RAW_COLUMNS = tuple(column.name for column in SCHEMA.raw)
"""All columns of Kaggle's file, in its order."""

NEEDED = tuple(column.name for column in SCHEMA.needed)
"""The raw columns that y and the inputs are made of."""

NUMBERS = tuple(column.name for column in SCHEMA.needed if column.holds == "number")


@dataclass(frozen=True)
class Passengers(Dataset):
    """Titanic passengers: Kaggle's raw columns, the ten inputs made of them, y = Survived.

    PassengerId, Name, Ticket and Cabin may be missing among the raw columns.
    rows_read: number of rows before any was dropped.
    dropped: for Age and Embarked the number of rows dropped since that cell was empty; a row
        that lacks both counts once, under Age.
    made_up: True for passengers that never lived.
    """

    rows_read: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    made_up: bool = False


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
    made = (
        "They are made up: nobody of that name sailed. Their shares by class, sex and age are "
        "those of the real ship."
    )
    without = {name: float(dropped.get(name, 0)) for name in ("Age", "Embarked")}
    return Passengers(
        title=title,
        **columns_of(SCHEMA, frame),
        rows_read=rows_read,
        dropped=dict(dropped),
        made_up=made_up,
        remark=made if made_up else "",
        facts=(
            Input("rows_read", float(rows_read), "passengers in the file", fixed=True),
            Input("dropped_age", without["Age"], "of them without an age", fixed=True),
            Input(
                "dropped_embarked", without["Embarked"], "of the others without a port", fixed=True
            ),
        ),
    )
