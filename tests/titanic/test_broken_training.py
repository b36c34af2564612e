"""One cell wrong on the tab of training: verify names this cell, wherever it is."""

from __future__ import annotations

import pytest

from tests.titanic.books import EPOCHS, ROWS, Place, small
from tests.titanic.broken import KINDS, named_and_wrong
from xlsgd.engines import get_engine

# Of weights that have a column each, the first or the last, and those between are like them.
STEPS = (
    *("step", "epoch", "batch_rows", "param.a1_sibsp", "param.a2_ones", "loss", "accuracy"),
    *("up.a1_male", "up.a2_sibsp", "loss_up", "grad_num", "grad.a1_age_n", "grad.a2_male"),
    *("grad_of", "grad_diff", "new.a1_log_fare", "new.a2_ones", "exploded_at", "awake.relu1"),
    *("awake.relu2", "derivative_alive", "plot.loss", "not_finite_at", "nonzero.a1_male"),
)
BLOCK = (
    *("lin1", "lin2", "relu1", "relu2", "pred", "loss", "loss_up"),
    *("grad.pred", "grad.lin1", "grad.lin2"),
)
EPOCH = (
    *("epoch", "ends_at", "mean_loss", "rmse", "change", "lowest", "accuracy"),
    "plot.mean_loss",
)
PANEL = (
    *("rows", "verdict", "exploded_step", "dead_since.relu1", "dead_since.relu2", "frozen_since"),
    *("trend", "rises", "falls", "last_change", "last_loss", "last_rmse", "last_accuracy"),
    *("last_step", "last_epoch", "steps_per_epoch", "not_finite_step", "still_weights"),
    *("zero_gradient_since", "lowest_loss", "start_loss", "loss_left", "pace", "no_number"),
)
MEMORY = ("avg_grad", "sq_avg", "m_hat", "v_hat")
"""What adam has beyond sgd, for each weight."""

CASES = [
    *((Place("training", q, "steps", 1), kind) for q in STEPS for kind in KINDS),
    *(
        (Place("training", q, "steps", 0), "changed")
        for q in ("epoch", "param.a1_male", "loss", "exploded_at")
    ),
    *((Place("training", q, "steps", -1), "changed") for q in ("param.a2_parch", "new.a1_male")),
    *((Place("training", q, "block.1", 0), "constant") for q in BLOCK),
    *((Place("training", q, f"block.{EPOCHS}", ROWS // 2), "changed") for q in BLOCK),
    *((Place("training", q, "epochs", EPOCHS - 1), kind) for q in EPOCH for kind in KINDS),
    *((Place("training", q, "epochs", 0), "changed") for q in ("mean_loss", "accuracy")),
    *((Place("training", q), kind) for q in PANEL for kind in KINDS),
]


@pytest.mark.sampled(20)
@pytest.mark.parametrize(("place", "kind"), CASES, ids=str)
def test_a_broken_cell_is_named(place: Place, kind: str) -> None:
    named, wrong = named_and_wrong(small(), kind, place)
    assert named == wrong


def test_no_quantity_is_left_out() -> None:
    tables = small().tabs["training"].tables
    kinds = {quantity.partition(".")[0] for quantity in tables["steps"].columns}
    assert kinds == {quantity.partition(".")[0] for quantity in STEPS}
    assert set(tables["block.1"].columns) == set(BLOCK)
    assert set(tables["epochs"].columns) == set(EPOCH)
    tab = small().tabs["training"]
    formulas = {
        key for key in tab.fields if str(small().content(Place("training", key))).startswith("=")
    }
    assert formulas - {"exploded_above"} == set(PANEL)  # an input with a formula


# The tabs linear and adam do not look at each other: one broken cell on each.


@pytest.mark.sampled(6)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("of_linear", "of_adam"),
    [
        *(
            (
                Place("linear", f"{of}.a_male", "steps", 1),
                Place("adam", f"{has}.a1_ones", "steps", 1),
            )
            for of, has in zip(("param", "up", "grad", "new"), MEMORY, strict=True)
        ),
        (Place("linear", "pred", "block.2", -1), Place("adam", "new.a2_male", "steps", -1)),
        (Place("linear", "loss", "block.2", 3), Place("adam", "avg_grad.a2_male", "steps", 0)),
        (Place("linear", "grad.pred", "block.1", 3), Place("adam", "grad.lin2", "block.2", 5)),
        (Place("linear", "loss_up", "block.1", -1), Place("adam", "loss_up", "block.1", 5)),
        (Place("linear", "derivative_alive", "steps", -1), Place("adam", "relu1", "block.2", -1)),
        (Place("linear", "last_accuracy"), Place("adam", "verdict")),
        (Place("linear", "trend"), Place("adam", "accuracy", "epochs", 1)),
    ],
    ids=lambda place: f"{place}",
)
def test_a_broken_cell_on_two_tabs(of_linear: Place, of_adam: Place, kind: str) -> None:
    named, wrong = named_and_wrong(small(), kind, of_linear, of_adam)
    assert named == wrong


def test_adam_has_no_other_columns() -> None:
    tables = small().tabs["adam"].tables
    kinds = {quantity.partition(".")[0] for quantity in tables["steps"].columns}
    assert kinds == {quantity.partition(".")[0] for quantity in STEPS} | set(MEMORY)


# How cells are followed here


def test_what_is_calculated_here_is_what_the_whole_book_gives() -> None:
    places = (Place("training", "grad.lin1", "block.1", 4), Place("passengers", "max_age"))
    changed = small().calculated(dict.fromkeys(places, 95.0))
    assert changed.values == get_engine("formulas").calculate(changed.book).values
    assert changed.values != small().values
