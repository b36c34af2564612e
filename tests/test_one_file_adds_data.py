"""One file adds it: a feature, a lesson with three named inputs, a lesson without data.

Each is written here, dropped into a copy of the package, and taken through everything.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.one_file import TRIED, copy_with, in_copy

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
    experiment = replace(experiment, network=network, start=start)
    found = tried(experiment, data, 0.001, 0.1)
    found["there is"] = "root" in feature_types()

    # Another number among the raw ones changes both sides; another formula is told.
    book = openpyxl.load_workbook("one.xlsx")
    tab = book["data"]
    found["said"] = {tab.cell(r, c).value: tab.cell(r, c + 1).value
                     for r in range(1, 20) for c in range(1, 12)
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
    assert rooted["agree"]
    assert rooted["unchecked"] == {}
    assert rooted["sentences"]
    assert all(rooted["swept as verified"])  # type: ignore[call-overload]


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
    from xlsgd.training.experiment import Experiment
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
                title="one neuron, three inputs",
                about="",
                network=network,
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
                experiments=tuple(options.apply([experiment], data)),
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
