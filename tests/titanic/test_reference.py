"""The numbers that Excel stored in fast.ai's Titanic workbook, for the weights of its Solver.

All must agree to 1e-12 relative and nothing besides. Cancellation leaves that much: the products
in a sum are below 4, so a sum is off by some 4e-16, which is 1e-14 of the smallest sum here, and
5e-13 of the smallest loss, 7e-7, whose error is 0.0009.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pytest

import xlsgd
from tests.builders import Floats
from tests.titanic.books import Calculated, Place, weights_of
from tests.verify.books import Workbook, edited
from xlsgd.data.passengers import INPUTS, read_passengers
from xlsgd.sheets.maps import address
from xlsgd.tabs.model import torch_values as model

RELATIVE = 1e-12
MEAN_LOSS = 0.14315209641714463

# Our names for fast.ai's columns.
NAMES = {
    **dict(
        zip(
            INPUTS,
            (
                *("SibSp", "Parch", "Age_N", "log_Fare", "Pclass_1"),
                *("Pclass_2", "Embark_S", "Embark_C", "Male", "Ones"),
            ),
            strict=True,
        )
    ),
    "lin1": "Lin1",
    "lin2": "Lin2",
    "relu1": "ReLU1",
    "relu2": "ReLU2",
    "pred": "Preds",
    "loss": "Loss",
    "y": "Survived",
}
OUTPUTS = ("lin1", "lin2", "relu1", "relu2", "pred", "loss")
SIDES = ("formulas", "torch", "libreoffice")
Side = Callable[[str], Floats]


@pytest.fixture(scope="module")
def stored(shared: Path) -> dict[str, Floats]:
    """What Excel stored, by our names."""
    path = shared / "reference" / "fastai" / "titanic_nnet.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        ours: np.array([float(row[theirs]) for row in rows])
        for ours, theirs in NAMES.items()
        if theirs in rows[0]
    }


@pytest.fixture(scope="module")
def solved(shared: Path) -> Floats:
    """The weights that Excel's Solver left, shape (2, 10)."""
    path = shared / "reference" / "fastai" / "titanic_nnet_solved.json"
    found = json.loads(path.read_text(encoding="utf-8"))
    names = [NAMES[name].replace("Ones", "Const") for name in INPUTS]
    assert found["columns"] == names
    assert found["mean_loss"] == MEAN_LOSS
    return np.array([found["neuron1"], found["neuron2"]])


@pytest.fixture(scope="module")
def train_csv(shared: Path) -> Path:
    return shared / "data" / "titanic" / "train.csv"


@pytest.fixture(scope="module")
def path(train_csv: Path, solved: Floats, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook that begins with these weights, and shows them on the model tab."""
    folder = tmp_path_factory.mktemp("titanic")
    data = read_passengers(train_csv)
    written = xlsgd.generate(
        "titanic", folder / "all.xlsx", data=data, init=weights_of(solved), epochs=1
    )

    def choose(workbook: Workbook) -> None:
        sheet = workbook["model"]
        (key,) = [c for row in sheet.iter_rows() for c in row if c.value == "weights_of"]
        cell = sheet.cell(key.row, key.column + 1)
        assert cell.value == "trained"
        cell.value = "start"

    return edited(written, folder / "start.xlsx", choose)


@pytest.fixture(scope="module")
def ours(path: Path) -> Calculated:
    return Calculated.of(path)


@pytest.fixture(scope="module")
def formulas_side(ours: Calculated) -> Side:
    return lambda quantity: ours.column("model", "forward", quantity)


@pytest.fixture(scope="module")
def torch_side(train_csv: Path, solved: Floats, ours: Calculated) -> Side:
    weights = {name: np.array([value]) for name, value in weights_of(solved).items()}
    experiment = ours.found.experiments["training"]
    rows = model.forward(experiment, read_passengers(train_csv), weights).rows
    return lambda quantity: rows[quantity][0]


@pytest.fixture(scope="module")
def recalculated(
    path: Path, libreoffice_saved: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Workbook:
    """The values that LibreOffice gives the formulas; the file has none to begin with."""
    saved = libreoffice_saved(path, "xlsx", tmp_path_factory.mktemp("libreoffice"))
    return openpyxl.load_workbook(saved, data_only=True)


@pytest.fixture(scope="module")
def libreoffice_side(recalculated: Workbook, ours: Calculated) -> Side:
    table = ours.tabs["model"].tables["forward"]

    def column(quantity: str) -> Floats:
        number = table.columns[quantity]
        return np.array([recalculated["model"].cell(row, number).value for row in table.rows])

    return column


@pytest.fixture(params=SIDES)
def side(request: pytest.FixtureRequest) -> Side:
    found: Side = request.getfixturevalue(f"{request.param}_side")
    return found


def assert_equal(found: Floats, expected: Floats) -> None:
    np.testing.assert_allclose(found, expected, rtol=RELATIVE, atol=0)


def test_reference_has_712_passengers(stored: dict[str, Floats], solved: Floats) -> None:
    assert {len(numbers) for numbers in stored.values()} == {712}
    x = np.stack([stored[name] for name in INPUTS if name != "ones"], axis=1)
    x = np.concatenate((x, np.ones((712, 1))), axis=1)
    assert_equal(x @ solved[0], stored["lin1"])
    assert_equal(x @ solved[1], stored["lin2"])
    assert np.mean(stored["loss"]) == pytest.approx(MEAN_LOSS, rel=RELATIVE)


def test_inputs_equal_excel(stored: dict[str, Floats], ours: Calculated) -> None:
    for name in INPUTS:
        if name in stored:
            found = ours.column("passengers", "data", name)
            np.testing.assert_allclose(found, stored[name], rtol=1e-15, atol=0, err_msg=name)


@pytest.mark.parametrize("quantity", OUTPUTS)
def test_every_passenger_equals_excel(stored: dict[str, Floats], side: Side, quantity: str) -> None:
    assert_equal(side(quantity), stored[quantity])


def test_mean_loss_and_counts(side: Side) -> None:
    assert np.mean(side("loss")) == pytest.approx(MEAN_LOSS, rel=RELATIVE)
    assert int(np.sum((side("relu1") == 0) & (side("relu2") == 0))) == 59
    assert int(np.sum(side("pred") > 1)) == 36


FIELDS = [
    ("model", "mean_loss", MEAN_LOSS),
    ("model", "rows", 712),
    ("model", "all_zero", 59),
    ("model", "above_1", 36),
    ("matrix", "mean_loss", MEAN_LOSS),
    ("matrix", "mean_loss_in_one", MEAN_LOSS),
    ("matrix", "mean_loss_of_model", MEAN_LOSS),
]


@pytest.mark.parametrize(("tab", "key", "expected"), FIELDS)
def test_fields_equal_excel(
    ours: Calculated, recalculated: Workbook, tab: str, key: str, expected: float
) -> None:
    assert ours.value(Place(tab, key)) == pytest.approx(expected, rel=RELATIVE, abs=0)
    row, column = ours.tabs[tab].fields[key]
    shown = recalculated[tab].cell(row, column).value
    assert shown == pytest.approx(expected, rel=RELATIVE, abs=0)


def test_accuracy_counts_the_passengers_predicted_right(
    stored: dict[str, Floats], ours: Calculated
) -> None:
    right = np.mean((stored["pred"] > 0.5) == (stored["y"] == 1))
    assert ours.value(Place("model", "accuracy")) == pytest.approx(right, rel=RELATIVE, abs=0)


@pytest.mark.parametrize(
    ("quantity", "column"), [("xw_1", "lin1"), ("xw_2", "lin2"), ("pred", "pred"), ("loss", "loss")]
)
def test_matrix_product_equals_excel(
    stored: dict[str, Floats], ours: Calculated, recalculated: Workbook, quantity: str, column: str
) -> None:
    assert_equal(ours.column("matrix", "product", quantity), stored[column])
    table = ours.tabs["matrix"].tables["product"]
    number = table.columns[quantity]
    shown = [recalculated["matrix"].cell(row, number).value for row in table.rows]
    assert_equal(np.array(shown, dtype=float), stored[column])


@pytest.mark.parametrize("tab", ["training", "adam"])
def test_training_begins_with_excels_loss(
    ours: Calculated, recalculated: Workbook, tab: str
) -> None:
    place = Place(tab, "loss", "steps", 0)
    assert ours.value(place) == pytest.approx(MEAN_LOSS, rel=RELATIVE, abs=0)
    shown = recalculated[tab][address(ours.position(place))].value
    assert shown == pytest.approx(MEAN_LOSS, rel=RELATIVE, abs=0)


@pytest.mark.parametrize("quantity", OUTPUTS)
def test_the_block_of_the_first_epoch_equals_excel(
    stored: dict[str, Floats], ours: Calculated, quantity: str
) -> None:
    assert_equal(ours.column("training", "block.1", quantity), stored[quantity])
