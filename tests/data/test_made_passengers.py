"""Check that made-up passengers are always the same, complete, and as the published shares say."""

from __future__ import annotations

import hashlib
import math
import re
import time

import numpy as np
import pandas as pd
import pytest

from xlsgd.base.errors import SpecError
from xlsgd.data import dataset
from xlsgd.data.passengers import RAW_COLUMNS, made_passengers

pytestmark = pytest.mark.every


def frame_of(rows: int, seed: int) -> pd.DataFrame:
    return pd.DataFrame(dict(made_passengers(rows, seed).raw))


def test_the_table_is_the_same_everywhere() -> None:
    # Of the raw cells: the inputs have a logarithm, whose last bit differs between machines.
    cells = repr(list(made_passengers().raw.items()))
    assert hashlib.sha256(cells.encode()).hexdigest() == (
        "62233ea5ff88690d13d7a0769775a4f06a7784aade394e571f6fe159a364c2ed"
    )


def test_the_same_arguments_give_the_same_passengers() -> None:
    assert made_passengers(50, 7) == made_passengers(50, 7)
    assert made_passengers(50, 7).raw != made_passengers(50, 8).raw


def test_titles() -> None:
    passengers = made_passengers()
    assert passengers.title == "712 made-up passengers"
    assert passengers.made_up
    assert passengers.rows == passengers.rows_read == 712
    assert passengers.dropped == {"Age": 0, "Embarked": 0}
    assert made_passengers(20, 3).title == "20 made-up passengers, seed 3"


@pytest.mark.parametrize("rows", [2, 3, 17, 712, 7120])
def test_every_cell_makes_sense(rows: int) -> None:
    frame = frame_of(rows, seed=rows)
    assert tuple(frame.columns) == RAW_COLUMNS
    assert frame.drop(columns="Cabin").notna().all(axis=None)
    assert set(frame["Survived"]) <= {0, 1}
    assert set(frame["Pclass"]) <= {1, 2, 3}
    assert set(frame["Sex"]) <= {"male", "female"}
    assert set(frame["Embarked"]) <= {"S", "C", "Q"}
    assert frame["Age"].between(1, 80).all()
    assert (frame["Age"] * 2 % 1 == 0).all()
    assert frame["Fare"].between(0, 500).all()
    assert (frame["Fare"] == frame["Fare"].round(4)).all()
    assert frame["SibSp"].between(0, 5).all()
    assert frame["Parch"].between(0, 5).all()
    assert frame["PassengerId"].tolist() == list(range(1, rows + 1))
    assert frame["Name"].is_unique
    assert frame["Name"].str.fullmatch(r"[A-Z][a-z]+, (Mr|Mrs|Miss|Master)\. Made-up \d+").all()
    assert frame["Ticket"].str.fullmatch(r"M \d{4,}").all()


# Shares of those who were aboard, and how far a share may be off: half a passenger for what is
# spread evenly, a few percent for what is drawn.
BANDS = {
    "first class": (lambda f: f["Pclass"] == 1, 0.24, 0.01),
    "second class": (lambda f: f["Pclass"] == 2, 0.21, 0.01),
    "third class": (lambda f: f["Pclass"] == 3, 0.55, 0.01),
    "male": (lambda f: f["Sex"] == "male", 0.64, 0.02),
    "Southampton": (lambda f: f["Embarked"] == "S", 0.75, 0.03),
    "Cherbourg": (lambda f: f["Embarked"] == "C", 0.18, 0.02),
    "Queenstown": (lambda f: f["Embarked"] == "Q", 0.06, 0.02),
    "survived": (lambda f: f["Survived"] == 1, 0.38, 0.02),
    "free": (lambda f: f["Fare"] == 0, 0.013, 0.012),
    "children": (lambda f: f["Age"] < 12, 0.095, 0.02),
    "whole ages": (lambda f: f["Age"] % 1 == 0, 0.97, 0.025),
    "alone": (lambda f: f["SibSp"] + f["Parch"] == 0, 0.57, 0.06),
    "with a cabin": (lambda f: f["Cabin"].notna(), 0.17, 0.06),
}


@pytest.mark.parametrize(("rows", "seed"), [(712, 0), (712, 1), (712, 2), (7120, 0)])
@pytest.mark.parametrize(("who", "share", "off"), BANDS.values(), ids=BANDS)
def test_shares(rows: int, seed: int, who: object, share: float, off: float) -> None:
    assert callable(who)
    assert who(frame_of(rows, seed)).mean() == pytest.approx(share, abs=off)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("sex", "pclass", "share"),
    [
        ("female", 1, 0.97),
        ("female", 2, 0.92),
        ("female", 3, 0.50),
        ("male", 1, 0.37),
        ("male", 2, 0.16),
        ("male", 3, 0.14),
    ],
)
def test_who_survives(seed: int, sex: str, pclass: int, share: float) -> None:
    frame = frame_of(712, seed)
    mine = frame[(frame["Sex"] == sex) & (frame["Pclass"] == pclass)]
    assert mine["Survived"].mean() == pytest.approx(share, abs=0.03)  # two of the 60 to 300


def test_children_come_first() -> None:
    frame = frame_of(712, 0)
    male = frame[frame["Sex"] == "male"]
    boys, men = male[male["Age"] < 12], male[male["Age"] >= 12]
    assert boys["Survived"].mean() > men["Survived"].mean() + 0.2


def test_what_goes_with_the_class() -> None:
    frame = frame_of(7120, 0)
    by_class = frame.groupby("Pclass")
    ages, fares = by_class["Age"].median(), by_class["Fare"].median()
    assert list(ages) == pytest.approx([37, 29, 24], abs=1)
    assert 45 < fares[1] < 75
    assert 13 < fares[2] < 20
    assert 7.5 < fares[3] < 11
    assert (by_class["Fare"].mean() > fares).all()  # a long tail towards the dear ones
    queenstown = frame[frame["Embarked"] == "Q"]
    assert (queenstown["Pclass"] == 3).mean() > 0.8
    children = frame[frame["Age"] < 12]
    assert (children["Parch"] > 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_linear_unit_learns_it(seed: int) -> None:
    passengers = made_passengers(seed=seed)
    inputs, y = np.column_stack(list(passengers.inputs.values())), np.array(passengers.y)
    weights = np.linalg.lstsq(inputs, y, rcond=None)[0]
    assert ((inputs @ weights > 0.5) == (y == 1)).mean() > 0.75


def test_ten_times_as_many_are_made_quickly() -> None:
    made_passengers(2)  # loads pandas
    start = time.perf_counter()
    made_passengers(7120)
    assert time.perf_counter() - start < 1  # about 0.1 s; a loop over rows in Python would show


def test_inputs_are_finite() -> None:
    passengers = made_passengers(7120)
    assert all(math.isfinite(cell) for column in passengers.inputs.values() for cell in column)
    assert max(passengers.inputs["age_n"]) == 1


@pytest.mark.parametrize(
    ("rows", "seed", "message"),
    [
        (1, 0, "rows: got 1, need a whole number from 2 to 1,000,000."),
        (1_000_001, 0, "rows: got 1000001, need"),
        (-5, 0, "rows: got -5, need"),
        (5, -1, "seed: got -1, need a whole number, 0 or greater."),
    ],
)
def test_made_passengers_refuses(rows: int, seed: int, message: str) -> None:
    assert dataset.MAX_ROWS == 1_000_000
    with pytest.raises(SpecError, match=re.escape(message)):
        made_passengers(rows, seed)
