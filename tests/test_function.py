"""A function without data: as it is written, in the sheet, and in torch."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

from tests.builders import Recalculated, small_data, write_experiments
from tests.verify.books import header_row, steps_rows
from xlsgd import verify
from xlsgd.base.errors import SpecError
from xlsgd.cli import main
from xlsgd.data import Dataset
from xlsgd.explaining import explain_run
from xlsgd.sheets.found_tab import MARKER
from xlsgd.sweeping import Axis, sweep_experiment
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.output import Output
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer

AT = {"a": 0.7, "b": 1.3, "x": 2.0, "y2": -0.4}

FUNCTIONS: dict[str, Callable[[float, float, float, float], float]] = {
    "(x^2-9)^2": lambda a, b, x, y: (x * x - 9) ** 2,
    "-x^2 + 3*x": lambda a, b, x, y: 3 * x - x * x,
    "a - (b - (a - b*2)) - a/(b/(a/b))": lambda a, b, x, y: 2 * a - 3 * b - a * a / b / b,
    "(1-a)^2 + 100*(b-a^2)^2": lambda a, b, x, y: (1 - a) ** 2 + 100 * (b - a * a) ** 2,
    "exp(-a)*sin(b*x) + tanh(cos(y2))": lambda a, b, x, y: (
        math.exp(-a) * math.sin(b * x) + math.tanh(math.cos(y))
    ),
    "ln(x^3) + sqrt(1 + a^2) - 2/b": lambda a, b, x, y: (
        3 * math.log(x) + math.sqrt(1 + a * a) - 2 / b
    ),
    "-(a - -b)^3": lambda a, b, x, y: -((a + b) ** 3),
}


def down(text: str, id: str = "down", **options: object) -> View:
    network = parse_network(f"Function({text})", Dataset.nothing().inputs)
    experiment = Experiment(
        id=id,
        network=network,
        loss=Output(),
        optimizer=get_optimizer("adam"),
        learning_rate=0.01,
        start={p: AT[p] for p in network.parameters},
        **{"gradient": "backprop", "epochs": 3, **options},  # type: ignore[arg-type]
    )
    return View(experiment, "down", layout="function")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    experiments = [down(text, f"f{i}") for i, text in enumerate(FUNCTIONS)]
    path = tmp_path_factory.mktemp("functions") / "functions.xlsx"
    return write_experiments(path, *experiments, data=Dataset.nothing())


def test_formulas_agree_with_autograd(book: Path) -> None:
    report = verify(book)
    assert report.ok, report.first_difference


@pytest.mark.parametrize("number", range(len(FUNCTIONS)))
def test_formulas_give_what_the_text_says(book: Path, number: int) -> None:
    import openpyxl

    sheet = openpyxl.load_workbook(book, data_only=True)[f"f{number}"]
    function = list(FUNCTIONS.values())[number]
    header, first = header_row(sheet, "step", "loss"), steps_rows(sheet)[0]
    # Of two columns with one header, that of the steps is the left one.
    shown = {c.value: sheet.cell(first, c.column).value for c in reversed(sheet[header]) if c.value}
    values = list(AT.values())
    assert shown["loss"] == pytest.approx(function(*values), rel=1e-12)
    for i, name in enumerate(AT):
        if f"grad.{name}" in shown:
            up, low = list(values), list(values)
            up[i], low[i] = up[i] + 1e-6, low[i] - 1e-6
            slope = (function(*up) - function(*low)) / 2e-6
            assert shown[f"grad.{name}"] == pytest.approx(slope, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "cannot read the function"),
        ("9", "needs a weight"),
        ("x^x", "no whole number"),
        ("x^0.5", "no whole number"),
        ("x^0", "no whole number"),
        ("X + 1", "cannot read 'X'"),
        ("f(x)", "cannot read 'f"),
        ("x.real", "cannot read 'x.real'"),
        ("__import__", "cannot read '__import__'"),
        ("x if x else 1", "cannot read"),
        ("exp(x, x)", "cannot read"),
        ("x + 1e999", "too great a number"),
        ("x" + "+x" * 120, "200 characters"),
        ("-" * 90 + "x", "nested too deeply"),
    ],
)
def test_text_that_is_no_function(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        parse_network(f"Function({text})")


def test_a_function_stands_alone() -> None:
    with pytest.raises(SpecError, match="stands alone"):
        parse_network("Linear(1, 1), Function(x^2)")


def test_a_function_and_data_do_not_go_together(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="needs no data"):
        write_experiments(tmp_path / "no.xlsx", down("x^2"), data=small_data())


def plain_descent(rate: float, epochs: int) -> View:
    sgd = get_optimizer("sgd")
    return down("(x^2-9)^2").but(optimizer=sgd, learning_rate=rate, epochs=epochs)


OF_DATA = re.compile(r"\bepochs?\b|mean loss|\brows?\b|predict|\by\b")


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (plain_descent(0.01, 4), "sgd, learning_rate 0.01, 4 steps. The loss was 25 at the start"),
        (plain_descent(0.0005, 9), "the last step took away"),
        (plain_descent(0.1, 9), "It turned in step 1: the loss was 25 at the start and is"),
        (plain_descent(0.01, 1), "One step shows no trend"),
        (plain_descent(0.01, 4).but(start={"x": 0.0}), "the derivative is exactly 0."),
        (down("(x^2-9)^2", gradient="numerical", h=1e-17), "With gradient set to backprop"),
    ],
)
def test_no_sentence_speaks_of_rows_that_are_not_there(view: View, said: str) -> None:
    text = "\n".join(explain_run(view, Dataset.nothing()).sentences)
    assert said in text
    assert not OF_DATA.findall(text)


def test_no_note_on_its_tab_speaks_of_epochs_or_rows(book: Path) -> None:
    import openpyxl

    sheet = openpyxl.load_workbook(book)["f0"]
    cells = [cell for row in sheet.iter_rows() for cell in row]
    notes = [c.comment.text.partition("\n\n")[0] for c in cells if c.comment is not None]
    (marker,) = (cell for cell in cells if cell.value == MARKER)
    beside = [row[marker.column + 1].value for row in sheet.iter_rows()]
    beside = [text for text in beside if text]
    assert len(beside) > 20
    said = [*notes, *(str(text) for text in beside if not str(text).startswith("="))]
    assert not [text for text in said if OF_DATA.search(text)]


# Where there is no number

NO_NUMBER = {
    "1/(x-0.5)": 0.5,
    "-1/(x-0.5)": 0.5,
    "ln(x)": 0.0,
    "sqrt(x) + 1": -1.0,
    "-exp(x)": 800.0,
    "exp(x)": 800.0,
    "tanh(1/x)": 0.0,
    "exp(-1/x^2)": 0.0,
    "1/(1 + exp(-x))": -800.0,
    "x*ln(x)": 0.0,
}
"""Functions that have no value where they begin, or only one that goes by way of infinity."""


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook of them, by each of the two derivatives."""
    views = [
        down(text, f"{gradient}{i}", gradient=gradient).but(
            start={"x": x}, optimizer=get_optimizer(optimizer)
        )
        for i, (text, x) in enumerate(NO_NUMBER.items())
        for gradient, optimizer in (("backprop", "sgd"), ("numerical", "adam"))
    ]
    path = tmp_path_factory.mktemp("nowhere") / "nowhere.xlsx"
    return write_experiments(path, *views, data=Dataset.nothing())


def test_a_value_that_is_infinite_in_torch_and_an_error_in_a_cell(nowhere: Path) -> None:
    """A cell has no infinity: both sides say that there is no number, from the first step on."""
    report = verify(nowhere)
    assert report.ok, report.first_difference
    said = {tab.experiment: tab.verdict for tab in report.sheets if tab.verdict is not None}
    assert len(said) == 2 * len(NO_NUMBER)
    for one in said.values():
        assert one.sheet == one.torch == "exploded at step 1; no number since step 1"


def test_a_run_that_begins_nowhere_is_explained_and_swept() -> None:
    view = down("1/(x-0.5)").but(start={"x": 0.5})
    text = " ".join(explain_run(view, Dataset.nothing()).sentences)
    assert "In step 1 a loss was no number any more" in text
    found = sweep_experiment(view, Dataset.nothing(), [Axis("init.x", -0.5, 0.5, 3, log=False)])
    assert [kind == "exploded" for kind in found.kinds] == [False, False, True]


def test_a_derivative_does_not_overflow_where_the_function_does_not(tmp_path: Path) -> None:
    """-1/x² is 0 at 1e200, although x² is too large for a number."""
    view = down("1/x").but(start={"x": 1e200})
    path = write_experiments(tmp_path / "far.xlsx", view, data=Dataset.nothing())
    assert verify(path).ok
    assert Recalculated.of(path).numbers("down", "grad.x").tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("text", "log"),
    [("(x^2-9)^2", True), ("x*x+exp(y)", True), ("x^2-4*x", False), ("2-exp(-x^2)", False)],
)
def test_a_function_that_may_be_below_0_has_no_log_axis(
    text: str, log: bool, tmp_path: Path
) -> None:
    made = tmp_path / "f.xlsx"
    told = ["generate", text, "--epochs", "3", "--lr", "0.01", "-o", str(made)]
    assert CliRunner().invoke(main, told).exit_code == 0
    (sheet,) = (s for s in openpyxl.load_workbook(made) if s.title == "training")
    chart = sheet._charts[0]
    assert chart.title.tx.rich.p[0].r[0].t == "The function at every step"
    assert (chart.y_axis.scaling.logBase is not None) == log
