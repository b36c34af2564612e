"""The sheet side of a passenger's ten inputs; xlsgd.data.passengers has the pandas side.

The two are written independently: verify compares every cell of the sheet with pandas.
"""

from __future__ import annotations

from xlsgd.base.columns import Column, Input
from xlsgd.data.passengers import INPUTS

__all__ = ["MAX_AGE", "feature_columns"]

MAX_AGE = Input("max_age", "=MAX({data.Age})", "the greatest age: age_n divides by it", fixed=True)

_GROUP = "the ten inputs"


def feature_columns(max_age: str = "{max_age}") -> list[Column]:
    """Return the ten inputs, made of a row's raw columns.

    max_age: the template of the cell that holds the greatest age.
    """

    def one(name: str, formula: str, paper: str, note: str, pandas: str) -> Column:
        return Column(name, formula, paper, note, pandas, group=_GROUP)

    def either(name: str, column: str, value: str, words: str, more: str = "") -> Column:
        return one(
            name,
            f"=IF({{{column}}}={value},1,0)",
            f"1 if {column} is {value}".replace('"', ""),
            f"1 for {words}, 0 for all others{more}",
            f"(frame.{column} == {value}).astype(float)".replace('"', "'"),
        )

    columns = [
        one("sibsp", "={SibSp}+0", "SibSp", "siblings and spouses aboard", "frame.SibSp"),
        one("parch", "={Parch}+0", "Parch", "parents and children aboard", "frame.Parch"),
        one(
            "age_n",
            f"={{Age}}/{max_age}",
            "Age / max_age",
            "the age as a share of the greatest: between 0 and 1 like the others",
            "frame.Age / frame.Age.max()",
        ),
        one(
            "log_fare",
            "=LOG10({Fare}+1)",
            "log10(Fare + 1)",
            "how many digits the fare has, so to say: a few very high fares no longer outweigh "
            "all others",
            "numpy.log10(frame.Fare + 1)",
        ),
        either("pclass_1", "Pclass", "1", "first class"),
        either("pclass_2", "Pclass", "2", "second class", "; third class has 0 in both"),
        either("embark_s", "Embarked", '"S"', "those who came aboard in Southampton"),
        either("embark_c", "Embarked", '"C"', "those from Cherbourg", "; Queenstown has 0 in both"),
        either("male", "Sex", '"male"', "men and boys"),
        one("ones", "=1", "1", "always 1: its weight is what others call the bias", "1.0"),
    ]
    assert tuple(column.quantity for column in columns) == INPUTS
    return columns
