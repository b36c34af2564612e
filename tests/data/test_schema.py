"""A dataset of raw columns and features of every kind: drawn, found again, checked."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

import xlsgd
from tests.builders import experiment_of, small_data, write_experiments
from xlsgd.base.errors import DataError, SpecError, WorkbookError
from xlsgd.data.dataset import Dataset, columns_of
from xlsgd.data.features import feature_frame, feature_types, parse_feature
from xlsgd.data.schema import DESCRIBED, Raw, Schema, Words
from xlsgd.data.schemas import known_schemas, read_schema
from xlsgd.engines import get_engine
from xlsgd.lessons import Lesson
from xlsgd.tabs.view import View
from xlsgd.tabs.workbook import book_of, build_workbook
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import LOSS as SQUARED_ERROR
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer
from xlsgd.verifying.opening import open_workbook
from xlsgd.xlsx.package import package

FEATURES = {
    "rooms_": "number(rooms)",
    "area_": "standardised(area)",
    "middle": "centred(area)",
    "gas": 'either(heated by, "gas")',
    "big": "product(rooms_, area_)",
    "digits": "logarithm(area)",
    "area_2": "power(area_, 2)",
    "of_all": "share(area)",
    "one": "constant(1)",
    "foggy": "noisy(rooms, area_, of_all)",
    "heater": 'index(heated by, "wood", "gas")',
}
RAW = (
    Raw("rooms", begins=3.0),
    Raw("area", begins=50.0, least=0.0),
    Raw("heated by", holds="word", among=("gas", "wood"), begins="gas"),
    Raw("note", holds="text"),
    Raw("sold", among=(0.0, 1.0)),
)
SCHEMA = Schema(
    "flats",
    RAW,
    inputs=tuple(FEATURES),
    targets=("sold",),
    features=tuple(parse_feature(name, text) for name, text in FEATURES.items()),
    words=Words(above="is sold", below="is not"),
)
FRAME = pd.DataFrame(
    {
        "rooms": [1.0, 2, 3, 4, 5, 2],
        "area": [20.0, 35, 70, 80, 110, 30],
        "heated by": ["gas", "wood", "gas", "Gas", "wood", "wood"],
        "note": ["=1+1", None, "x", "", "y", "z"],
        "sold": [0.0, 1, 0, 1, 1, 0],
    }
)


@pytest.fixture(scope="module")
def flats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = Dataset("six flats", **columns_of(SCHEMA, FRAME))
    network = parse_network("Linear(11, 2, no bias), ReLU, Sum", data.inputs)
    experiment = Experiment(
        id="two",
        network=network,
        loss=SQUARED_ERROR,
        optimizer=get_optimizer("sgd"),
        learning_rate=0.01,
        start={p: round(0.3 - 0.04 * i, 3) for i, p in enumerate(network.parameters)},
        gradient="backprop",
        batch_size=data.rows,
        epochs=2,
    )
    view = View(experiment, "two units", layout="blocks", classifies=True)
    lesson = Lesson("flats", "Flats", (), (), (), data, (view,), 0.1, model="two")
    workbook = build_workbook(lesson)
    values = get_engine("formulas").calculate(book_of(workbook)).values
    path = tmp_path_factory.mktemp("flats") / "flats.xlsx"
    path.write_bytes(package(workbook, values))
    return path


def test_features_are_what_they_say() -> None:
    found = feature_frame(SCHEMA.features, FRAME)
    mean, deviation = 57.5, (6087.5 / 6) ** 0.5  # of 20, 35, 70, 80, 110 and 30
    assert list(found) == list(FEATURES)
    assert found["gas"].tolist() == [1, 0, 1, 1, 0, 0]
    assert found["of_all"].tolist() == [area / 110 for area in FRAME["area"]]
    assert found["area_"].tolist() == pytest.approx([(a - mean) / deviation for a in FRAME["area"]])
    assert found["middle"].tolist() == pytest.approx([a - mean for a in FRAME["area"]])
    assert found["area_2"].tolist() == pytest.approx([x * x for x in found["area_"]])
    assert found["big"].tolist() == pytest.approx(list(found["area_"] * FRAME["rooms"]))
    assert found["digits"][0] == pytest.approx(1.3222192947339193)  # log10(21)
    assert set(found["one"]) == {1.0}
    foggy = FRAME["rooms"] + found["of_all"] * found["area_"]
    assert found["foggy"].tolist() == pytest.approx(foggy.tolist())
    assert found["heater"].tolist() == [1, 0, 1, 1, 0, 0]
    assert {feature.name for feature in SCHEMA.features} == feature_types().keys()


def test_a_workbook_of_a_strangers_features_agrees(flats: Path) -> None:
    report = xlsgd.verify(flats)
    assert report.ok, report.first_difference
    assert {sheet.name for sheet in report.sheets} >= {"data", "two", "model", "matrix"}
    assert {cell for sheet in report.sheets for cell in sheet.unchecked} == set()


@pytest.mark.parametrize("name", [*FEATURES, "mean_area", "sd_area", "max_area"])
def test_a_wrong_feature_is_found(flats: Path, tmp_path: Path, name: str) -> None:
    book = openpyxl.load_workbook(flats)
    tab = book["data"]
    if name in FEATURES:
        cell = tab.cell(8, next(c for c in tab[4] if c.value == name).column)
    else:
        row = next(c.row for column in tab.iter_cols() for c in column if c.value == name)
        cell = next(c for c in tab[row] if str(c.value).startswith("=") and c.column > 14)
    cell.value = f"=1.000001*({cell.value[1:]})"
    book.save(tmp_path / "wrong.xlsx")
    report = xlsgd.verify(tmp_path / "wrong.xlsx")
    found = report.first_difference
    assert found is not None
    assert (found.sheet, found.cell) == ("data", cell.coordinate)


def test_other_raw_cells_change_both_sides(flats: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(flats)
    tab = book["data"]
    tab["A6"], tab["B7"], tab["C8"], tab["E9"] = 7, 200, "wood", 0
    model = book["model"]
    asked = next(c for row in model.iter_rows() for c in row if c.value == "heated by")
    model.cell(asked.row + 2, asked.column).value = "wood"
    book.save(tmp_path / "typed.xlsx")
    report = xlsgd.verify(tmp_path / "typed.xlsx")
    assert report.ok, report.first_difference


def test_the_row_to_fill_in_says_what_the_lesson_says(flats: Path) -> None:
    book = openpyxl.load_workbook(flats)
    said = [str(c.value) for row in book["model"].iter_rows() for c in row]
    says = next(text for text in said if "is not" in text)
    assert says.startswith("=IF(AND(COUNT(")
    assert all(f'"{words}"' in says for words in ("is sold", "is not", "fill in all three cells"))


@pytest.mark.parametrize(
    ("cell", "text", "message"),
    [
        ("feature.gas", "eithre(heated by)", r"unknown feature 'eithre'; did you mean 'either'"),
        ("feature.of_all", "share(length)", r"column 'length': of_all is made of it"),
        ("raw.area", "letters", r"raw.area: cannot read 'letters'"),
        ("inputs", "", r"need a word|need at least one input"),
    ],
)
def test_fields_that_say_nonsense(
    flats: Path, tmp_path: Path, cell: str, text: str, message: str
) -> None:
    book = openpyxl.load_workbook(flats)
    key = next(c for row in book["data"].iter_rows() for c in row if c.value == cell)
    key.offset(column=1).value = text
    book.save(tmp_path / "nonsense.xlsx")
    with pytest.raises(WorkbookError, match=message):
        xlsgd.verify(tmp_path / "nonsense.xlsx")


def test_a_schema_is_read_back_from_its_fields() -> None:
    fields = {given.key: str(given.value) for given in SCHEMA.description()}
    found = read_schema(fields)
    assert [(raw.name, raw.holds, raw.among) for raw in found.raw] == [
        (raw.name, raw.holds, raw.among) for raw in RAW
    ]
    assert found.features == SCHEMA.features
    assert (found.inputs, found.targets) == (SCHEMA.inputs, SCHEMA.targets)


def test_numbers_to_predict_say_nothing_of_yes_or_no() -> None:
    plain = replace(SCHEMA, words=Words())
    fields = {given.key: str(given.value) for given in plain.description()}
    assert not {"above", "below"} & fields.keys()
    assert not [text for text in fields.values() if "0.5" in text]
    assert read_schema(fields).words.above == Words().above
    assert {"above", "below"} <= {given.key for given in SCHEMA.description()}


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": ("rooms", "gas")},
        {"inputs": ("gas", "rooms_")},
        {"inputs": ()},
        {"targets": ("price",)},
        {"raw": (*RAW, Raw("area"))},
        {"raw": (*RAW, Raw("max_area"))},
        {"raw": (*RAW, Raw("says"))},
        {"raw": (*RAW, Raw("a,b"))},
        {"features": SCHEMA.features[3:]},
    ],
)
def test_a_schema_that_does_not_fit(change: dict[str, object]) -> None:
    given = {"inputs": SCHEMA.inputs, "targets": ("sold",), "features": SCHEMA.features}
    with pytest.raises(SpecError):
        Schema("flats", **{"raw": RAW, **given, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["share", "share()", "share(1)", "power(area, 1.5)", 'constant("a")', "share(a, b)"]
)
def test_a_feature_that_makes_no_sense(text: str) -> None:
    with pytest.raises(SpecError, match="feature"):
        parse_feature("f", text)


def test_plain_numbers_need_no_schema() -> None:
    data = small_data(inputs=2)
    assert data.schema.is_plain
    assert (data.schema.inputs, data.schema.features) == (("x1", "x2"), ())
    with pytest.raises(DataError):
        xlsgd.read_csv("nowhere.csv")


def test_several_targets_are_found_again(tmp_path: Path) -> None:
    given = {"area": (1.0, 2.0, 4.0), "rooms": (2.0, 3.0, 5.0)}
    data = Dataset("three", given, (1.0, 2.0, 3.0), more_targets={"z": (4.0, 5.0, 7.0)})
    network = parse_network("Linear(2, 1)", data.inputs)
    start = dict.fromkeys(network.parameters, 0.1)
    one = replace(experiment_of("Linear(2, 1)", data=data), network=network, start=start)
    path = write_experiments(tmp_path / "two.xlsx", one, data=data)
    assert xlsgd.verify(path).ok
    found = open_workbook(path, "formulas").found.data
    assert (found.schema.targets, found.y) == (("y", "z"), data.y)
    assert (found.inputs, found.more_targets) == (given, data.more_targets)


def test_nobody_but_its_lesson_and_its_reader_knows_the_ship() -> None:
    """Passengers are one list of features among others."""
    package = Path(xlsgd.__file__).parent
    words = re.compile(r"(?i:titanic|passenger|survived|pclass|max_age)|\bAge\b")
    naming = {
        path.relative_to(package)
        for path in package.rglob("*.py")
        if words.search(path.read_text("utf-8"))
    }
    lesson, reader = Path("lessons/titanic.py"), Path("data/passengers")
    assert {path for path in naming if reader not in path.parents} == {lesson}
    assert len(naming) > 3


def test_a_schema_without_a_marker_of_its_own_is_told_by_its_fields() -> None:
    assert DESCRIBED not in known_schemas()
