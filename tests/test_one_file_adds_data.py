"""One file adds it: a feature, a lesson with three named inputs, a lesson without data.

Each is written here, dropped into a copy of the package, and taken through everything.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import xlsgd
from tests.one_file import TRIED, copy_with, in_copy

pytestmark = pytest.mark.usefixtures("warm")

ROOT = """
    '''A square root: large numbers are drawn together.'''

    from dataclasses import dataclass

    from xlsgd.base.columns import Input
    from xlsgd.data.features.feature import Feature, in_frame, numbers


    @dataclass(frozen=True)
    class Root(Feature):
        '''The square root of how far a number is above the least of its column.'''

        name = "root"
        summary = "√(x − least x)"

        of: str

        @property
        def made_of(self):
            return (self.of,)

        @property
        def pandas_line(self):
            x = in_frame(self.of)
            return f"({x} - {x}.min()) ** 0.5"

        def formula(self):
            return f"SQRT({{{self.of}}}-{{least_{self.of}}})"

        def facts(self):
            least = f"=MIN({{data.{self.of}}})"
            return [Input(f"least_{self.of}", least, f"the least {self.of}", fixed=True)]

        def facts_of(self, frame):
            return {f"least_{self.of}": float(numbers(frame, self.of).min())}

        def values(self, frame, facts):
            return (numbers(frame, self.of) - facts[f"least_{self.of}"]) ** 0.5


    FEATURE = Root
"""

WITH_ROOT = (
    TRIED
    + """
    from dataclasses import replace

    import openpyxl
    import pandas as pd

    from xlsgd.data.dataset import Dataset, columns_of
    from xlsgd.data.features import feature_types, parse_feature
    from xlsgd.data.schema import Raw, Schema
    from xlsgd.tabs.view import View
    from xlsgd.training.nets import parse_network

    schema = Schema(
        "plots",
        (Raw("area"), Raw("garden", holds="word", among=("yes", "no")), Raw("price")),
        inputs=("root_area", "with_garden"),
        targets=("price",),
        features=(
            parse_feature("root_area", "root(area)"),
            parse_feature("with_garden", 'either(garden, "yes")'),
        ),
    )
    frame = pd.DataFrame(
        {
            "area": [40.0, 10.0, 25.0, 90.0, 61.0],
            "garden": ["yes", "no", "no", "yes", "no"],
            "price": [3.1, 1.2, 2.0, 5.5, 3.9],
        }
    )
    data = Dataset("five plots", **columns_of(schema, frame))
    network = parse_network("Linear(2, 1)", data.inputs)
    experiment = experiment_of("Linear(2, 1)", data=data, learning_rate=0.02)
    start = dict.fromkeys(network.parameters, 0.5)
    view = View(replace(experiment, network=network, start=start))
    found = tried([view], data, 0.001, 0.1)
    found["there is"] = "root" in feature_types()

    # Another number among the raw ones changes both sides; another formula is told.
    book = openpyxl.load_workbook("one.xlsx")
    tab = book["data"]
    found["said"] = {tab.cell(r, c).value: tab.cell(r, c + 1).value
                     for r in range(1, 20) for c in range(1, 24)
                     if str(tab.cell(r, c).value).startswith(("feature.", "raw.", "inputs"))}
    places = {cell.value: cell for cell in tab[4]}
    tab.cell(7, places["area"].column).value = 4.0
    book.save("typed.xlsx")
    found["typed"] = xlsgd.verify("typed.xlsx").ok
    cell = tab.cell(8, places["root_area"].column)
    found["formula"] = cell.value
    cell.value = cell.value.replace("SQRT(", "2*SQRT(")
    book.save("broken.xlsx")
    report = xlsgd.verify("broken.xlsx")
    found["broken"] = [report.ok, report.first_difference.sheet, report.first_difference.quantity]
"""
)


@pytest.fixture(scope="module")
def rooted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("feature")
    copy_with(folder, {"data/features/root.py": ROOT})
    found: dict[str, object] = in_copy(folder, WITH_ROOT)
    return found


def test_a_feature_is_generated_verified_explained_and_swept(rooted: dict[str, object]) -> None:
    assert rooted["there is"]
    assert rooted["ok"], rooted["first difference"]
    (run,) = rooted["runs"].values()  # type: ignore[attr-defined]
    assert run["agree"]
    assert run["sentences"]
    assert all(run["swept as verified"])


def test_a_workbook_says_itself_what_its_features_are(rooted: dict[str, object]) -> None:
    assert rooted["said"] == {
        "inputs": "root_area, with_garden",
        "raw.area": "number",
        "raw.garden": "word: yes, no",
        "raw.price": "number",
        "feature.root_area": "root(area)",
        "feature.with_garden": 'either(garden, "yes")',
    }
    assert rooted["typed"] is True
    assert str(rooted["formula"]).startswith("=SQRT(A8-$")
    assert rooted["broken"] == [False, "data", "root_area"]


FLATS = """
    '''What flats cost, by three numbers about each.'''

    from xlsgd.data import Dataset
    from xlsgd.lessons.lesson import Lesson, LessonPlan
    from xlsgd.tabs.view import View
    from xlsgd.training.experiment import Experiment
    from xlsgd.training.losses.squared_error import LOSS as SQUARED_ERROR
    from xlsgd.training.nets import parse_network
    from xlsgd.training.optimizers import get_optimizer

    INPUTS = {
        "rooms": (1.0, 2.0, 3.0, 2.0, 4.0),
        "floor": (0.0, 3.0, 1.0, 2.0, 1.0),
        "built": (0.3, 0.9, 0.1, 0.7, 0.5),
    }


    class Flats(LessonPlan):
        name = "flats"
        summary = "what flats cost, by rooms, floor and year"

        def build(self, options):
            rent = tuple(
                1 + 2 * rooms + floor - built
                for rooms, floor, built in zip(*INPUTS.values(), strict=True)
            )
            data = Dataset("five flats", INPUTS, rent) if options.data is None else options.data
            network = parse_network("Linear(3, 1)", data.inputs)
            experiment = Experiment(
                id="sgd",
                network=network,
                loss=SQUARED_ERROR,
                optimizer=get_optimizer("sgd"),
                learning_rate=0.02,
                start=dict.fromkeys(network.parameters, 0.1),
            )
            return Lesson(
                name=self.name,
                title="Flats",
                shows=("Three inputs, each with a name.",),
                change=("learning_rate.",),
                watch=("a_rooms.",),
                data=data,
                views=options.apply([View(experiment, "one neuron, three inputs")], data),
                target_loss=0.1,
            )


    LESSON = Flats()
"""

THROUGH_COMMANDS = """
    from click.testing import CliRunner

    from xlsgd.cli import main

    found = {}
    for words in WORDS:
        done = CliRunner().invoke(main, words)
        found[words[0]] = [done.exit_code, done.output]
"""


def commanded(folder: Path, *words: list[str]) -> dict[str, tuple[int, str]]:
    """Run commands with a copy of the package; return exit statuses and outputs by their names."""
    done: dict[str, tuple[int, str]] = in_copy(
        folder, f"    WORDS = {[*words]!r}\n{THROUGH_COMMANDS}"
    )
    return done


def test_a_lesson_with_three_named_inputs(tmp_path: Path) -> None:
    copy_with(tmp_path, {"lessons/flats.py": FLATS})
    done = commanded(
        tmp_path,
        ["list"],
        ["generate", "flats", "--epochs", "3"],
        ["verify", "flats.xlsx"],
        ["explain", "flats.xlsx"],
        ["sweep", "flats", "--x", "learning_rate=0.001:0.05:7:log", "--epochs", "3", "-o", "swept"],
    )
    assert {name: status for name, (status, _) in done.items()} == dict.fromkeys(done, 0), done
    assert "what flats cost, by rooms, floor and year" in done["list"][1]
    assert "agrees with torch" in done["verify"][1]
    assert "Linear(3, 1)" in done["explain"][1]


VALLEY = """
    '''Down f(x) = (x² − 9)² from some x, without any data.'''

    from xlsgd.data import Dataset
    from xlsgd.lessons.lesson import Lesson, LessonPlan
    from xlsgd.tabs.view import View
    from xlsgd.training.experiment import Experiment
    from xlsgd.training.losses.output import Output
    from xlsgd.training.nets import parse_network
    from xlsgd.training.optimizers import get_optimizer


    class Valley(LessonPlan):
        name = "valley"
        summary = "down (x² − 9)²: no data, one weight"
        takes_data = False

        def build(self, options):
            data = Dataset.nothing()
            views = [
                View(
                    Experiment(
                        id=id,
                        network=parse_network("Function((x^2-9)^2)", data.inputs),
                        loss=Output(),
                        optimizer=get_optimizer("sgd"),
                        learning_rate=rate,
                        start={"x": start},
                        gradient="backprop",
                        epochs=30,
                    ),
                    title=f"from x = {start:g} at a rate of {rate:g}",
                    layout="function",
                )
                for id, rate, start in (("settles", 0.01, 1.0), ("explodes", 0.1, 2.0))
            ]
            return Lesson(
                name=self.name,
                title="Down (x² − 9)²",
                shows=("One weight, and nothing to learn from.",),
                change=("learning_rate: 0.01 settles at 3, 0.1 explodes.",),
                watch=("new.x.",),
                data=data,
                views=options.apply(views, data),
                target_loss=1e-6,
            )


    LESSON = Valley()
"""


@pytest.fixture(scope="module")
def valley(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, tuple[int, str]]]:
    folder = tmp_path_factory.mktemp("valley")
    copy_with(folder, {"lessons/valley.py": VALLEY})
    return folder, commanded(
        folder,
        ["list"],
        ["generate", "valley"],
        ["verify", "valley.xlsx"],
        ["explain", "valley.xlsx"],
        ["sweep", "valley", "--x", "learning_rate=0.001:0.2:9:log", "-o", "swept"],
    )


def test_the_chart_has_room_for_the_way_to_the_bottom(
    valley: tuple[Path, dict[str, tuple[int, str]]],
) -> None:
    """From 1 the weight goes to 3, and is drawn there."""
    tab = openpyxl.load_workbook(valley[0] / "valley.xlsx", data_only=True)["settles"]
    drawn = next(cell.column for row in tab for cell in row if cell.value == "plot.x")
    assert tab.cell(46, drawn).value == pytest.approx(3.0)


def test_a_function_at_its_top_stands_still(
    valley: tuple[Path, dict[str, tuple[int, str]]],
) -> None:
    done = commanded(
        valley[0],
        ["generate", "valley", "--init", "x=0", "--epochs", "3", "-o", "still.xlsx"],
        ["explain", "still.xlsx"],
        ["generate", "valley", "--points", "9", "-o", "points.xlsx"],
    )
    assert "Every weight stands still since step 1" in done["explain"][1]
    assert done["generate"][0] == 2
    assert not (valley[0] / "points.xlsx").exists()


def test_a_lesson_without_data(valley: tuple[Path, dict[str, tuple[int, str]]]) -> None:
    done = valley[1]
    assert {name: status for name, (status, _) in done.items()} == dict.fromkeys(done, 0), done
    assert "down (x² − 9)²: no data, one weight" in done["list"][1]
    assert "agrees with torch" in done["verify"][1]
    assert "explodes: exploded" in done["explain"][1]
    assert "0 not checked" in done["verify"][1]


def test_steps_down_the_function_are_those_worked_out_by_hand(
    valley: tuple[Path, dict[str, tuple[int, str]]],
) -> None:
    book = openpyxl.load_workbook(valley[0] / "valley.xlsx", data_only=True)
    exploding = column(book["explodes"], "new.x")
    # x − 0.1 · 4x(x² − 9), from x = 2.
    assert exploding[:4] == pytest.approx([6, -58.8, 81048.5088, -2.1295855e14], rel=1e-7)
    assert abs(column(book["settles"], "new.x")[29] - 3) < 5e-15


def test_no_word_is_said_of_a_y_that_is_not_there(
    valley: tuple[Path, dict[str, tuple[int, str]]],
) -> None:
    folder, done = valley
    book = openpyxl.load_workbook(folder / "valley.xlsx")
    assert book.sheetnames == ["lesson", "settles", "explodes", "compare"]
    said = [
        text
        for sheet in book.worksheets
        for row in sheet.iter_rows()
        for cell in row
        for text in (cell.value, cell.comment.text if cell.comment else None)
        if isinstance(text, str)
    ]
    said += [done["verify"][1], done["explain"][1]]
    assert len(said) > 500
    assert [text for text in said if re.search(r"\by\b|RMSE|row of the data|data tab", text)] == []


def test_a_wrong_derivative_of_a_function_is_found(
    valley: tuple[Path, dict[str, tuple[int, str]]],
) -> None:
    book = openpyxl.load_workbook(valley[0] / "valley.xlsx")
    tab = book["settles"]
    header = next(cell for row in tab for cell in row if cell.value == "grad.x")
    assert "2*(" in tab.cell(20, header.column).value
    for row in range(17, 47):
        cell = tab.cell(row, header.column)
        cell.value = cell.value.replace("2*(", "1.999*(", 1)
    book.save(valley[0] / "wrong.xlsx")
    report = xlsgd.verify(valley[0] / "wrong.xlsx")
    assert not report.ok
    found = report.first_difference
    assert found is not None
    assert (found.sheet, found.quantity, found.step) == ("settles", "grad.x", 1)


def column(sheet: Any, quantity: str) -> list[Any]:
    """Return the numbers of a column of the table of steps."""
    header = next(cell for row in sheet for cell in row if cell.value == quantity)
    return [sheet.cell(row, header.column).value for row in range(17, 47)]
