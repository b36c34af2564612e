"""One file adds it: each is dropped into a copy of the package, and all that the package does is
tried with it: generate, verify, explain, sweep, list."""

from __future__ import annotations

import math
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.builders import small_data
from tests.one_file import TRIED, copy_with, in_copy
from tests.one_file_parts import (
    CLASSES,
    CROSS_ENTROPY,
    CUT_OFF,
    PULLED,
    SWING,
)

pytestmark = pytest.mark.usefixtures("warm")


def tried(
    tmp_path: Path, file: str, text: str, views: str, data: str, rates: str, also: str = ""
) -> dict[str, Any]:
    """Drop a file into a copy, and take views of experiments with it through everything.

    views, data, rates: expressions of what ``TRIED`` takes.   also: one more, its value comes
    back as ``also``.
    """
    copy_with(tmp_path, {file: text})
    program = f"found = tried([{views}], {data}, {rates})\n"
    program += f"found['also'] = {also or None}\n"
    found: dict[str, Any] = in_copy(tmp_path, textwrap.dedent(TRIED) + program)
    assert found["ok"], found["first difference"]
    for run in found["runs"].values():
        assert run["agree"]
        assert run["swept as verified"]
        assert all(run["swept as verified"])
    return found


BLOCKS = "id='blocks', layout='blocks', gradient='backprop', batch_size=3"


def test_a_layer_that_can_die(tmp_path: Path) -> None:
    """At both of its ends: the colours and words that a ReLU has at 0 are the layer's to choose."""
    run = (
        "view_of('Linear(1, 1), CutOff, Linear(1, 1)', learning_rate=0.9, epochs=3,"
        " start={'a': 9.0, 'b': 30.0, 'c': 1.0, 'd': 0.0}"
    )
    found = tried(
        tmp_path,
        "training/nets/cut_off.py",
        CUT_OFF,
        f"{run}), {run}, {BLOCKS})",
        "small_data()",
        "1e-3, 1e3",
    )
    for run in found["runs"].values():
        assert "hard1 dead since step 1" in run["verdict"]
        assert "it gave -1 or 1 for every row since" in run["sentences"]
        assert "it is neither -1 nor 1 for 0 of 5 rows" in run["sentences"]
        without = "Without the CutOff (Linear(1, 1), Linear(1, 1), all else the same)"
        assert without in run["sentences"]
        assert "dead" in run["kinds"]
    assert "CutOff" in found["listed"]
    for tab in ("run", "blocks"):
        assert "OR({}=-1,{}=1)" in _colours(tmp_path / "one.xlsx", tab)


def test_an_optimizer_whose_step_depends_on_the_weight(tmp_path: Path) -> None:
    """The sweep trains the very rule: its losses are those of a run by hand."""
    found = tried(
        tmp_path,
        "training/optimizers/pulled.py",
        PULLED,
        "view_of('Linear(1, 1)', 'pulled', learning_rate=0.1, epochs=4)",
        "small_data()",
        "0.01, 1",
    )
    run = found["runs"]["run"]
    expected = [_pulled_by_hand(0.01 * 100 ** (i / 6)) for i in range(7)]
    assert run["last losses"] == pytest.approx(expected, rel=1e-6)
    assert "Linear(1, 1), pulled, learning_rate 0.1" in run["sentences"]
    assert "pulled" in found["listed"]


def _pulled_by_hand(rate: float, decay: float = 0.3, epochs: int = 4) -> float:
    """Return the mean loss of the last epoch; forward differences, as is usual."""
    data = small_data()
    weights, m, v, h, step = [0.9, 0.67], [0.0, 0.0], [0.0, 0.0], 0.01, 0
    losses: list[float] = []

    for _ in range(epochs):
        losses = []
        for x, y in zip(data.inputs["x"], data.y, strict=True):
            step += 1
            a, b = weights
            here = (a * x + b - y) ** 2
            losses.append(here)
            moved = ((a + h) * x + b, a * x + b + h)
            slopes = [((pred - y) ** 2 - here) / h for pred in moved]
            for i, g in enumerate(slopes):
                m[i] = 0.9 * m[i] + 0.1 * g
                v[i] = 0.999 * v[i] + 0.001 * g * g
                move = m[i] / (1 - 0.9**step) / (math.sqrt(v[i] / (1 - 0.999**step)) + 1e-8)
                weights[i] = weights[i] * (1 - rate * decay) - rate * move
    return sum(losses) / len(losses)


def test_an_optimizer_that_does_not_say_so_is_refused(tmp_path: Path) -> None:
    silent = PULLED.replace("        uses_weight = True\n", "")
    assert silent != PULLED
    copy_with(tmp_path, {"training/optimizers/pulled.py": silent})
    program = """
        axis = Axis("learning_rate", 0.01, 1, 7, True)
        view = view_of("Linear(1, 1)", "pulled")
        found = refused(lambda: sweep_experiment(view, small_data(), [axis]))
    """
    said = in_copy(tmp_path, textwrap.dedent(TRIED) + textwrap.dedent(program))
    assert said == (
        "the step of pulled depends on the weight, but it does not say so: set uses_weight = True "
        "in its class, Pulled"
    )


def test_a_loss_with_exact_labels(tmp_path: Path) -> None:
    """Torch is given the labels, not numbers beside them; no word of squared errors is left."""
    run = (
        "view_of('Linear(1, 2), Tanh, Linear(2, 1)', loss='binary cross-entropy',"
        " learning_rate=0.1, epochs=4"
    )
    found = tried(
        tmp_path,
        "training/losses/surprise.py",
        CROSS_ENTROPY,
        f"{run}, gradient='backprop'), {run}, {BLOCKS}, classifies=True)",
        "LABELLED",
        "1e-2, 1e3",
    )
    for run in found["runs"].values():
        nats = "always predicting the mean of y gives a mean loss of 0.6931 nats"
        assert nats in run["sentences"]
        assert "RMSE" not in run["sentences"]
    texts = _texts(tmp_path / "one.xlsx")
    assert not {text for text in texts if "rmse" in text.lower() or "squared" in text.lower()}
    assert {text for text in texts if "a prediction above 0 stands for y = 1" in text}
    assert "binary cross-entropy" in found["listed"]


def test_a_learning_rate_schedule(tmp_path: Path) -> None:
    """Momentum and Adam follow it on both sides; the sweep's losses are those of a run by hand."""
    options = "learning_rate=0.1, epochs=4, hyper={'cosine_steps': 14.0}"
    options += ", schedule=schedules()['swing']"
    line = "view_of('Linear(1, 1)'"
    found = tried(
        tmp_path,
        "training/schedules/swing.py",
        SWING,
        f"{line}, 'sgd', {options}), {line}, 'adam', id='batches', batch_size=2, {options}),"
        f" {line}, 'momentum', {BLOCKS}, {options})",
        "small_data()",
        "0.01, 1",
        also="[xlsgd.verify(xlsgd.generate('graddesc', 'two.xlsx', schedule='swing',"
        " optimizers=['sgd', 'adam'], epochs=1)).ok,"
        " xlsgd.sweep('graddesc', 'cosine_steps=2:20:4', schedule='swing', epochs=1).runs]",
    )
    for run in found["runs"].values():
        assert "with the schedule swing" in run["sentences"]
    assert {"cosine_steps", "rate", "schedule"} <= _texts(tmp_path / "one.xlsx")
    expected = [_swing_by_hand(0.01 * 100 ** (i / 6)) for i in range(7)]
    assert found["runs"]["run"]["last losses"] == pytest.approx(expected, rel=1e-6)
    assert "swing" in found["listed"]
    assert found["also"] == [True, 4]
    assert {"cosine_steps", "rate", "schedule"} <= _texts(tmp_path / "two.xlsx")


def _swing_by_hand(rate: float, over: float = 14.0, epochs: int = 4) -> float:
    """Return the mean loss of the last epoch; forward differences, as is usual."""
    data = small_data()
    a, b, h, step = 0.9, 0.67, 0.01, 0
    losses: list[float] = []
    for _ in range(epochs):
        losses = []
        for x, y in zip(data.inputs["x"], data.y, strict=True):
            now = rate * (1 + math.cos(math.pi * step / over)) / 2
            here = (a * x + b - y) ** 2
            losses.append(here)
            up_a, up_b = ((a + h) * x + b - y) ** 2, (a * x + b + h - y) ** 2
            a, b, step = a - now * (up_a - here) / h, b - now * (up_b - here) / h, step + 1
    return sum(losses) / len(losses)


def test_a_loss_of_several_predictions(tmp_path: Path) -> None:
    """Three classes, a prediction each: what the formulas say is torch's, to the last weight."""
    run = (
        "view_of('Linear(1, 2), Tanh, Linear(2, 3)', loss='surprise of classes',"
        " learning_rate=0.1, epochs=3"
    )
    three = "'Linear(1, 3)'"
    found = tried(
        tmp_path,
        "training/losses/classes.py",
        CLASSES,
        f"{run}, gradient='backprop'), {run}, {BLOCKS})",
        "CLASSES",
        "1e-2, 1e2",
        also=f"[refused(lambda: experiment_of({three}).need_targets([(1.0,)])),"
        f" refused(lambda: experiment_of({three}, loss='surprise of classes').need_targets("
        f"[(0.0, 2.0, 3.0)])), refused(lambda: view_of({three},"
        " loss='surprise of classes', classifies=True))]",
    )
    assert {"pred_1", "pred_2", "pred_3", "grad.pred_3"} <= _texts(tmp_path / "one.xlsx")
    assert found["also"] == [
        "'run': the network Linear(1, 3) makes 3 predictions, and the loss squared error needs a "
        "target for each; the data has 1: end in one, or add targets",
        "data, row 3, y: got 3; the loss surprise of classes of 'run' needs a class, a whole "
        "number from 0 to 2",
        "'run': the network Linear(1, 3) makes 3 predictions; only one prediction can be counted "
        "right or wrong",
    ]


def _texts(path: Path) -> set[str]:
    """Return all words of a workbook, those of its notes too."""
    from openpyxl import load_workbook

    cells = [c for sheet in load_workbook(path) for row in sheet.iter_rows() for c in row]
    notes = {cell.comment.text for cell in cells if cell.comment}
    return notes | {str(cell.value) for cell in cells if cell.value is not None}


def _colours(path: Path, tab: str) -> set[str]:
    """Return the rules for colours of a tab, with its cells left open."""
    import re

    from openpyxl import load_workbook

    sheet = load_workbook(path)[tab]
    rules = (rule for rules in sheet.conditional_formatting for rule in rules.rules)
    return {re.sub(r"\$?[A-Z]+\$?\d+", "{}", text) for rule in rules for text in rule.formula}
