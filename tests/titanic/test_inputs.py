"""What a learner may change: both sides take it as it is, and go on from there."""

from __future__ import annotations

import pytest

from tests.titanic.books import ROWS, Place, small
from tests.verify.books import passes
from xlsgd.base.cells import Content, Formula
from xlsgd.data.passengers import INPUTS

AGE = Place("passengers", "Age", "data", 3)


def training(key: str) -> Place:
    return Place("training", key)


def you(name: str) -> Place:
    return Place("model", name, "filled")


# What is typed in, and a cell that must follow.
CHANGES: dict[str, tuple[dict[Place, Content], Place]] = {
    "learning_rate": ({training("learning_rate"): 0.05}, training("last_loss")),
    "learning_rate 0": ({training("learning_rate"): 0.0}, training("last_loss")),
    "explodes": ({training("learning_rate"): 1e3}, training("verdict")),
    "linear explodes": ({Place("linear", "learning_rate"): 1e300}, Place("linear", "verdict")),
    "h": ({training("h"): 1e-4}, Place("training", "grad_num", "steps", 1)),
    "h too small to see": ({training("h"): 1e-20}, training("verdict")),
    "derivative_of": (
        {training("derivative_of"): "a2_ones"},
        Place("training", "grad_of", "steps"),
    ),
    "init": ({training("init.a1_male"): 1.25}, training("last_loss")),
    "init as a formula": ({training("init.a2_ones"): Formula("=1/3")}, training("last_loss")),
    "all weights of a unit 0": (
        {training(f"init.a1_{name}"): 0.0 for name in INPUTS},
        Place("model", "all_zero"),
    ),
    "exploded_above": ({training("exploded_above"): 0.01}, training("verdict")),
    "beta1": ({Place("adam", "beta1"): 0.5}, Place("adam", "new.a1_ones", "steps", 1)),
    "eps": ({Place("adam", "eps"): 0.1}, Place("adam", "last_loss")),
    "memory": ({Place("adam", "init.avg_grad.a1_male"): 0.5}, Place("adam", "last_loss")),
    "linear": ({Place("linear", "init.a_ones"): 3.0}, Place("linear", "last_accuracy")),
    "weights_of": ({Place("model", "weights_of"): "start"}, Place("model", "mean_loss")),
    "own weight": ({Place("model", "weight.a1_male"): 2.5}, Place("matrix", "mean_loss_in_one")),
    "own weights": (
        {Place("model", "weight.a2_ones"): 0.0, Place("model", "weight.a2_male"): -1.0},
        Place("model", "pred", "filled"),
    ),
    "died": ({Place("passengers", "Survived", "data", 0): 0.0}, training("last_loss")),
    "the oldest": ({AGE: 120.0}, Place("model", "age_n", "filled")),
    "half a year": ({AGE: 0.42}, Place("model", "lin1", "forward", 3)),
    "sex": ({Place("passengers", "Sex", "data", 1): "male"}, training("last_loss")),
    "capitals": ({Place("passengers", "Sex", "data", 1): "MALE"}, training("last_loss")),
    "port": (
        {Place("passengers", "Embarked", "data", 2): "C"},
        Place("passengers", "embark_c", "data", 2),
    ),
    "class": (
        {Place("passengers", "Pclass", "data", 0): 2.0},
        Place("passengers", "pclass_2", "data", 0),
    ),
    "fare": ({Place("passengers", "Fare", "data", 0): 512.3292}, training("last_loss")),
    "family": ({Place("passengers", "SibSp", "data", 5): 8.0}, Place("linear", "last_loss")),
    "a formula as age": ({AGE: Formula("=20+2.5")}, training("last_loss")),
    "you": (
        {you("Pclass"): 1.0, you("Sex"): "female", you("Age"): 35.0, you("Fare"): 90.0},
        Place("model", "pred", "filled"),
    ),
    "you, older than all": ({you("Age"): 99.0}, Place("model", "age_n", "filled")),
    "you, from elsewhere": ({you("Embarked"): "Hamburg"}, Place("model", "embark_s", "filled")),
}


@pytest.mark.parametrize("what", CHANGES)
def test_an_input_changed(what: str) -> None:
    changes, follows = CHANGES[what]
    assert small().calculated(changes).value(follows) != small().value(follows)
    assert passes(small().verified(changes))


PERSON = ("Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked")


@pytest.mark.sampled
@pytest.mark.parametrize("name", PERSON)
@pytest.mark.parametrize("content", [None, "x", -1.0, 0.0], ids=str)
def test_anything_may_stand_in_the_row_to_fill_in(name: str, content: Content) -> None:
    assert passes(small().verified({you(name): content}))


@pytest.mark.parametrize("name", ["Age", "SibSp", "Parch", "Fare"])
def test_words_for_a_number_ask_for_all_seven_cells(name: str) -> None:
    changed = small().calculated({you(name): "many"})
    assert changed.value(you("says")) == "fill in all seven cells"


@pytest.mark.parametrize("name", PERSON)
def test_an_empty_cell_asks_for_all_seven_cells(name: str) -> None:
    changed = small().calculated({you(name): None})
    assert changed.value(you("says")) == "fill in all seven cells"


def test_what_is_not_used_may_say_anything() -> None:
    names = ("Name", "Ticket", "Cabin", "PassengerId")
    table = small().tabs["passengers"].tables["data"]
    assert not set(names) & set(table.columns)
    grid = dict(small().book.sheets["passengers"])
    texts = {grid[4, column] for row, column in grid if row == 4}
    assert set(names) <= texts


def test_the_baseline_passes_with_every_cell_compared() -> None:
    report = small().verified({})
    assert passes(report)
    for sheet in report.sheets:
        assert sheet.unchecked == {}
        assert sheet.cells_compared == sheet.formulas
    counts = {sheet.name: sheet.formulas for sheet in report.sheets}
    assert counts["passengers"] == 10 * ROWS + 1
    assert min(counts[tab] for tab in ("linear", "model", "matrix", "training", "adam")) > 50
