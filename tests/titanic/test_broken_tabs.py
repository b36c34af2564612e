"""One cell wrong on a tab that trains nothing: verify names this cell, wherever it is."""

from __future__ import annotations

import pytest

from tests.titanic.books import ROWS, Place, small
from tests.titanic.broken import KINDS, named_and_wrong
from xlsgd.base.cells import Formula
from xlsgd.data.passengers import INPUTS

OUTPUTS = ("lin1", "lin2", "relu1", "relu2", "pred")
MODEL = ("rows", "mean_loss", "accuracy", "above_1", "all_zero")
MATRIX = ("mean_loss", "mean_loss_in_one", "mean_loss_of_model")
WEIGHTS = ("weight.a1_sibsp", "weight.a1_male", "weight.a2_ones")

PLACES = [
    *(Place("passengers", name, "data", ROWS // 2) for name in INPUTS),
    *(Place("passengers", name, "data", row) for name in ("age_n", "male") for row in (0, -1)),
    Place("passengers", "max_age"),
    *(Place("model", name) for name in (*WEIGHTS, *MODEL)),
    *(Place("model", name, "forward", ROWS // 2) for name in ("y", *OUTPUTS, "loss")),
    *(Place("model", name, "forward", row) for name in ("lin2", "loss") for row in (0, -1)),
    *(Place("model", name, "filled") for name in (*INPUTS, *OUTPUTS, "says")),
    *(Place("model", f"y_{label}", "histogram", row) for label in (0, 1) for row in (0, 4, -1)),
    *(Place("matrix", name) for name in (*WEIGHTS, *MATRIX)),
    *(
        Place("matrix", name, "product", row)
        for name in ("xw_1", "xw_2", "pred", "loss")
        for row in (0, ROWS // 2)
    ),
    *(Place("compare", f"{name}.adam", "losses", 1) for name in ("mean_loss", "plot")),
    Place("compare", "epoch", "losses", 1),
    *(Place("compare", name, "runs", 1) for name in ("last_loss", "verdict")),
]


# A number typed over a weight on the model tab is an input: see test_inputs.py.
CASES = [
    (place, kind)
    for place in PLACES
    for kind in KINDS
    if not (place.tab == "model" and place.quantity in WEIGHTS and kind == "constant")
]


@pytest.mark.sampled(20)
@pytest.mark.parametrize(("place", "kind"), CASES, ids=str)
def test_a_broken_cell_is_named(place: Place, kind: str) -> None:
    named, wrong = named_and_wrong(small(), kind, place)
    assert named == wrong


@pytest.mark.parametrize("tab", ["passengers", "model", "matrix"])
def test_no_quantity_is_left_out(tab: str) -> None:
    maps = small().tabs[tab]
    in_tables = {
        table.cell(quantity, row)
        for table in maps.tables.values()
        for quantity in table.columns
        for row in range(len(table.rows))
    }
    # Left of the row to fill in stands a word, as left of a field.
    fields = {
        key
        for key, place in maps.fields.items()
        if isinstance(small().content(Place(tab, key)), Formula) and place not in in_tables
    } | {
        (name, quantity)
        for name, table in maps.tables.items()
        for quantity in table.columns
        if isinstance(small().content(Place(tab, quantity, name)), Formula)
    }
    tried = {(p.table, p.quantity) if p.table else p.quantity for p in PLACES if p.tab == tab}
    assert {f for f in fields if not str(f).startswith("weight.")} == {
        f for f in tried if not str(f).startswith("weight.")
    }
