"""Check the ten inputs against numbers stored by Excel, and that odd cells do not stop them."""

from __future__ import annotations

import csv
import math
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from xlsgd.data import features
from xlsgd.data.passengers import (
    INPUTS,
    NEEDED,
    RAW_COLUMNS,
    SCHEMA,
    passengers_of,
    read_passengers,
)

pytestmark = pytest.mark.every

# Our names for the columns of the teaching workbook.
REFERENCE = {
    "sibsp": "SibSp",
    "parch": "Parch",
    "age_n": "Age_N",
    "log_fare": "log_Fare",
    "pclass_1": "Pclass_1",
    "pclass_2": "Pclass_2",
    "embark_s": "Embark_S",
    "embark_c": "Embark_C",
    "male": "Male",
    "ones": "Ones",
}


@pytest.fixture(scope="module")
def titanic(shared: Path) -> Path:
    return shared / "data" / "titanic" / "train.csv"


@pytest.fixture(scope="module")
def reference(shared: Path) -> dict[str, list[str]]:
    with (shared / "reference" / "fastai" / "titanic_nnet.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {name: [row[name] for row in rows] for name in rows[0]}


def test_the_passengers_are_the_reference(titanic: Path, reference: dict[str, list[str]]) -> None:
    passengers = read_passengers(titanic)
    assert passengers.rows == 712
    assert passengers.rows_read == 891
    assert passengers.dropped == {"Age": 177, "Embarked": 2}
    assert not passengers.made_up
    assert passengers.title == (
        "712 of 891 passengers from train.csv (179 dropped: 177 without Age, 2 without Embarked)"
    )
    assert tuple(passengers.inputs) == INPUTS == tuple(REFERENCE)
    assert list(passengers.y) == [float(cell) for cell in reference["Survived"]]
    for name, column in REFERENCE.items():
        expected = [float(cell) for cell in reference[column]]
        # Excel's logarithm may differ from numpy's in the last bit.
        np.testing.assert_allclose(passengers.inputs[name], expected, rtol=1e-15, atol=0)


def test_the_raw_columns_are_the_reference(titanic: Path, reference: dict[str, list[str]]) -> None:
    raw = read_passengers(titanic).raw
    assert tuple(raw) == RAW_COLUMNS
    for name in NEEDED:
        expected = reference[name]
        if name in ("Sex", "Embarked"):
            assert list(raw[name]) == expected
        else:
            assert list(raw[name]) == [float(cell) for cell in expected]
    assert raw["Name"][0] == "Braund, Mr. Owen Harris"
    assert raw["Cabin"][:2] == (None, "C85")
    assert raw["PassengerId"][-1] == 891.0


def raw_frame(**changes: list[Any]) -> pd.DataFrame:
    """Return two passengers' needed columns."""
    columns: dict[str, list[Any]] = {
        "Survived": [0, 1],
        "Pclass": [1, 2],
        "Sex": ["male", "female"],
        "Age": [20, 40],
        "SibSp": [1, 0],
        "Parch": [2, 0],
        "Fare": [9, 99],
        "Embarked": ["S", "C"],
    }
    return pd.DataFrame(columns | changes, dtype=object)


def feature_frame(frame: pd.DataFrame, facts: dict[str, float] | None = None) -> pd.DataFrame:
    """Return the ten inputs of a frame of passengers."""
    return features.feature_frame(SCHEMA.features, frame, facts)


def test_feature_frame() -> None:
    features = feature_frame(raw_frame())
    assert features.to_dict("list") == {
        "sibsp": [1, 0],
        "parch": [2, 0],
        "age_n": [0.5, 1],
        "log_fare": [1, 2],
        "pclass_1": [1, 0],
        "pclass_2": [0, 1],
        "embark_s": [1, 0],
        "embark_c": [0, 1],
        "male": [1, 0],
        "ones": [1, 1],
    }
    assert set(features.dtypes) == {np.dtype(float)}


def test_feature_frame_keeps_the_index() -> None:
    frame = raw_frame().set_index(pd.Index([7, 9]))
    assert list(feature_frame(frame).index) == [7, 9]
    assert feature_frame(frame)["ones"].tolist() == [1, 1]


def test_texts_match_whatever_their_case() -> None:
    features = feature_frame(raw_frame(Sex=["MALE", "Female"], Embarked=["s", "c"]))
    assert features["male"].tolist() == [1, 0]
    assert features["embark_s"].tolist() == [1, 0]
    assert features["embark_c"].tolist() == [0, 1]


ODD = ["", "oops", "1", None, math.nan, True, datetime(1912, 4, 15), pd.NA, pd.NaT, [], {}]


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("name", NEEDED)
def test_odd_cells_raise_nothing(name: str, odd: object) -> None:
    frame = raw_frame()
    whole = feature_frame(frame)
    frame.at[0, name] = odd
    features = feature_frame(frame)
    made_of = {
        "Survived": [],
        "Pclass": ["pclass_1", "pclass_2"],
        "Sex": ["male"],
        "Age": ["age_n"],
        "SibSp": ["sibsp"],
        "Parch": ["parch"],
        "Fare": ["log_fare"],
        "Embarked": ["embark_s", "embark_c"],
    }[name]
    for column in INPUTS:
        cell = features[column][0]
        if column not in made_of:
            assert cell == whole[column][0]
        elif column in ("pclass_1", "pclass_2", "male", "embark_s", "embark_c"):
            assert cell == 0
        else:
            assert math.isnan(cell)
        assert features[column][1] == whole[column][1]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("number", [-1, -5, 10**400, math.inf, -math.inf, 1e308])
@pytest.mark.parametrize("name", ["Age", "Fare", "SibSp", "Pclass"])
def test_odd_numbers_raise_nothing(name: str, number: float) -> None:
    feature_frame(raw_frame(**{name: [number, number]}))


@pytest.mark.filterwarnings("error")
def test_ages_of_0_and_no_rows_raise_nothing() -> None:
    assert feature_frame(raw_frame(Age=[0, 0]))["age_n"].isna().all()
    assert feature_frame(raw_frame(Age=[None, None]))["age_n"].isna().all()
    empty = feature_frame(raw_frame().iloc[:0])
    assert list(empty.columns) == list(INPUTS)
    assert len(empty) == 0


def test_passengers_of() -> None:
    frame = raw_frame(Name=["A", ""], Deck=["x", "y"])
    passengers = passengers_of("two", frame, 3, {"Age": 1, "Embarked": 0}, made_up=True)
    assert passengers.title == "two"
    assert passengers.rows == 2
    assert passengers.y == (0.0, 1.0)
    assert list(passengers.raw) == [name for name in RAW_COLUMNS if name in {*NEEDED, "Name"}]
    assert passengers.raw["Name"] == ("A", None)
    assert passengers.raw["Age"] == (20.0, 40.0)
    assert (passengers.rows_read, passengers.dropped) == (3, {"Age": 1, "Embarked": 0})
    assert passengers.made_up
    assert (passengers.sha256, passengers.checked) == ("", False)
