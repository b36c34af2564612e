"""The borders between the verdicts: made-up numbers in place of a run's, on both sides."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tests.builders import Recalculated, experiment_of, lesson_of, view_of
from xlsgd import verdict
from xlsgd.base.cells import Book, CellError
from xlsgd.data import Dataset
from xlsgd.sheets.maps import TableMap
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.layouts.torch_limits import limits_of
from xlsgd.tabs.view import View
from xlsgd.tabs.workbook import book_of, build_workbook
from xlsgd.training.experiment import Experiment
from xlsgd.verdict.threshold import RunLimits

pytestmark = pytest.mark.every

TWO, TWO_RELU = "Linear(1, 1), Linear(1, 1)", "Linear(1, 1), ReLU, Linear(1, 1)"


@dataclass(frozen=True)
class Panel:
    """A workbook of one experiment into whose table numbers can be typed."""

    view: View
    data: Dataset
    book: Book
    table: TableMap

    @classmethod
    def of(cls, view: View, rows: int = 1) -> Panel:
        data = Dataset("made up", {"x": (1.0,) * rows}, (1.0,) * rows)
        book = book_of(build_workbook(lesson_of(view, data=data)))
        table = Recalculated.of(book).found.maps.training["run"].tables["steps"]
        return cls(view, data, book, table)

    @property
    def experiment(self) -> Experiment:
        return self.view.experiment

    def both(self, **typed: Any) -> dict[str, Any]:
        """Return the panel with numbers typed over a column; both sides must say the same.

        typed: quantity, with ``__`` for the dot, to what to type in, row by row.
        """
        columns = {name.replace("__", "."): list(values) for name, values in typed.items()}
        book = Book(
            {sheet: dict(grid) for sheet, grid in self.book.sheets.items()}, self.book.names
        )
        table = self.table
        for quantity, cells in columns.items():
            for i, cell in enumerate(cells):
                typed_in = CellError("#NUM!") if not math.isfinite(cell) else float(cell)
                book.sheets["run"][table.cell(quantity, i)] = typed_in
        sheet = Recalculated.of(book)
        values = {q: sheet.numbers("run", q) for q in table.columns}
        values |= {q: np.array(cells, dtype=float) for q, cells in columns.items()}
        evidence = get_layout(self.view.layout).evidence(self.view)
        limits = RunLimits(**self.view.typed)
        values |= verdict.quantities(self.experiment, limits, evidence, values)
        reading = self.experiment.loss.reading
        epochs = verdict.epoch_quantities(values, self.experiment.epochs, reading)
        completed = int((values["row"] == self.data.rows).sum())
        start_loss = values["start_loss"][values["epoch"] == 1].mean()
        expected = verdict.panel_values(
            self.experiment,
            limits,
            {name: numbers[None] for name, numbers in values.items()},
            {name: numbers[None] for name, numbers in epochs.items()},
            np.array([start_loss]),
            self.data.rows,
            completed,
        )[0]
        shown = {key: sheet.field("run", key) for key in expected}
        for key, value in expected.items():
            if isinstance(value, float) and not math.isfinite(value):
                assert shown[key] == "beyond what a cell can hold", key
            elif isinstance(value, float):
                assert shown[key] == pytest.approx(value, rel=1e-12), key
            else:
                assert shown[key] == value, key
        return shown


LIMITS = {"exploded_above": 1e6, "chart_limit": 1e3}


@functools.cache
def plain(epochs: int, rows: int = 1) -> Panel:
    return Panel.of(view_of(epochs=epochs, typed=LIMITS), rows)


@functools.cache
def relu(epochs: int, rows: int, batch_size: int = 1) -> Panel:
    view = view_of(TWO_RELU, epochs=epochs, batch_size=batch_size, typed=LIMITS)
    return Panel.of(view, rows)


def changes(*shares: float) -> list[float]:
    """Return mean losses that begin at 100 and change by these shares."""
    losses = [100.0]
    for share in shares:
        losses.append(losses[-1] * (1 + share))
    return losses


OVER, UNDER = 1.0001, 0.9999  # on either side of a border
CLEAR, LEVEL = verdict.CLEAR, verdict.LEVEL

# Mean losses epoch by epoch, and what the mean loss at the start weights was.
TRENDS = {
    "one epoch": ([100.0], 100, verdict.ONE_EPOCH),
    "just a clear fall": (changes(-CLEAR * OVER), 1000, "converging"),
    "just no clear fall": (changes(-CLEAR * UNDER), 1000, "converging slowly"),
    "just a fall": (changes(-LEVEL * OVER), 1000, "converging slowly"),
    "just level, never fell": (changes(-LEVEL * UNDER), 100, "standing still"),
    "just level, but the start was higher": (changes(-LEVEL * UNDER), 102, "converged"),
    "just level after a clear fall": (changes(-0.5, -LEVEL * UNDER), 100, "converged"),
    "just level after falls that add up": (
        changes(-CLEAR * UNDER, -LEVEL * UNDER, -LEVEL * UNDER),
        100,
        "converged",
    ),
    "just level after falls that add up to too little": (
        changes(-CLEAR / 2, -LEVEL * UNDER),
        100,
        "standing still",
    ),
    "just a clear rise": (changes(CLEAR * OVER), 1000, "diverging"),
    "just no clear rise": (changes(CLEAR * UNDER), 1000, "creeping up"),
    "just a rise": (changes(LEVEL * OVER), 1000, "creeping up"),
    "just no rise": (changes(LEVEL * UNDER), 100, "standing still"),
    "does not move": ([100.0, 100.0, 100.0], 100, "standing still"),
    "two rises, two falls": ([100.0, 90.0, 100.0, 90.0, 100.0], 1000, "oscillating"),
    "two rises, two falls, just of late": (
        [100.0, 90.0, 100.0, 90.0, 100.0, *[99.9, 99.8, 99.7, 99.6]],
        1000,
        "oscillating",
    ),
    "one rise, two falls of late": (
        [100.0, 110.0, 90.0, 100.0, 90.0, *[89.9, 89.8, 89.7, 89.6, 89.5, 89.4]],
        1000,
        "converging slowly",
    ),
    "two rises, one fall": ([100.0, 110.0, 100.0, 110.0], 1000, "diverging"),
    "one rise, two falls": ([100.0, 90.0, 100.0, 90.0], 1000, "converging"),
    "two rises, two falls, all small": (
        [100.0, 99.5, 100.0, 99.5, 100.0],
        1000,
        "creeping up",
    ),
    "a second rise that is small": ([100.0, 90.0, 100.0, 90.0, 90.5], 1000, "creeping up"),
    "falls, but was lower by more than a tenth": ([100.0, 120.0, 110.5], 1000, "oscillating"),
    "falls, and was lower by less than a tenth": ([100.0, 120.0, 109.5], 1000, "converging"),
    "level, but was lower by more than a tenth": ([100.0, 111.0, 111.0], 1000, "oscillating"),
    "just worse than at the start": ([120.0, 101.1], 100, "worse than at the start"),
    "just not worse than at the start": ([120.0, 100.9], 100, "converging"),
    "falls steadily, just over half is left": ([75.0, 50.1], 100, "too slow"),
    "falls steadily, just under half is left": ([75.0, 49.9], 100, "converging"),
    "more than half is left, and the pace is just kept": ([70.0, 66.6], 80, "too slow"),
    "more than half is left, but it just slackens": ([70.0, 66.8], 80, "converging"),
    "hardly falls, but at its own pace": (changes(-0.002, -0.002, -0.002), 100.2, "too slow"),
    "reaches 0 and stays": ([1.0, 0.0, 0.0], 1, "converged"),
    "no number at the end": ([100.0, math.nan], 100, "not finite"),
    "the start is no number": ([100.0, 90.0], math.nan, "converging"),
}


@pytest.mark.parametrize("what", TRENDS)
def test_trend(what: str) -> None:
    losses, start, expected = TRENDS[what]
    panel = plain(len(losses)).both(loss=losses, start_loss=[float(start)] * len(losses))
    assert panel["trend"] == expected
    if all(map(math.isfinite, losses)):
        assert panel["verdict"] == expected
        assert panel["last_loss"] == losses[-1]
        assert panel["last_rmse"] == pytest.approx(math.sqrt(losses[-1]))
        assert panel["lowest_loss"] == min(losses)


def test_the_trend_is_that_of_the_mean_over_an_epoch() -> None:
    # Row by row it goes up and down; the mean falls from 100 to 98.
    panel = plain(2, rows=2).both(loss=[150.0, 50.0, 2.0, 194.0], start_loss=[900.0, 100.0] * 2)
    assert panel["start_loss"] == 500
    assert panel["trend"] == "converging"
    assert panel["last_change"] == pytest.approx(-0.02)


@pytest.mark.parametrize(
    ("losses", "step"),
    [
        ([1.0, 1.0, 1.0, 1e6], 0),
        ([1.0, 1.0, 1.0, math.nextafter(1e6, math.inf)], 4),
        ([1.0, 2e6, 1.0, 1e6], 0),
        ([1.0, 2e6, 1.0, math.nextafter(1e6, math.inf)], 2),
        ([2e6, 1.0, 1.0, 3e6], 1),
        ([1.0, 1.0, math.nan, math.nan], 3),
        ([1.0, math.inf, math.nan, math.nan], 2),
    ],
    ids=[
        "at the border",
        "just above",
        "comes back",
        "does not come back",
        "in the first",
        "no number",
        "inf",
    ],
)
def test_exploded(losses: list[float], step: int) -> None:
    panel = plain(4).both(loss=losses)
    assert panel["exploded_step"] == step
    assert panel["verdict"].startswith("exploded at step ") == (step > 0)


@pytest.mark.parametrize(
    ("output", "step"),
    [
        ([1.0, 1.0, 1.0, 1.0, 0.0, 0.0], 0),
        ([1.0, 1.0, 1.0, 0.0, 0.0, 0.0], 4),
        ([1.0, 0.0, 0.0, 0.0, 0.0, 0.0], 2),
        ([0.0, 0.0, 0.0, 0.0, 0.0, 0.0], 1),
        ([0.0, 0.0, 0.0, 1e-300, 0.0, 0.0], 0),
        ([1.0, 0.0, 0.0, 0.0, 0.0, 1.0], 0),
        ([1.0, 1.0, math.nan, 0.0, 0.0, 0.0], 4),
        ([1.0, 1.0, 1.0, math.nan, 0.0, 0.0], 0),
    ],
    ids=[
        "just less than an epoch",
        "just an epoch",
        "longer",
        "always",
        "a last sign of life",
        "awake again",
        "no number, then an epoch",
        "no number, then less",
    ],
)
def test_dead(output: list[float], step: int) -> None:
    panel = relu(2, 3).both(relu1=output)
    assert panel["dead_since.relu1"] == step
    assert ("relu1 dead since step" in panel["verdict"]) == (step > 0)


@pytest.mark.parametrize(
    ("output", "step"),
    [
        # Three rows in batches of two: two updates an epoch, steps 1 1 2 3 3 4.
        ([1.0, 1.0, 1.0, 0.0, 0.0, 0.0], 3),
        ([1.0, 1.0, 1.0, 1.0, 0.0, 0.0], 0),
        ([1.0, 1.0, 0.0, 0.0, 0.0, 0.0], 2),
    ],
    ids=["just an epoch", "just less", "longer"],
)
def test_dead_in_batches(output: list[float], step: int) -> None:
    panel = relu(2, 3, batch_size=2).both(relu1=output)
    assert panel["steps_per_epoch"] == 2
    assert panel["dead_since.relu1"] == step


H = 0.01
LOST = H / 1e-15  # the weight above which h counts as lost


@pytest.mark.parametrize(
    ("numerical", "backprop", "weight", "step"),
    [
        ([1.0, 1.0, 0.0, 0.0], [1.0] * 4, LOST * 1.01, 3),
        ([1.0, 1.0, 1.0, 0.0], [1.0] * 4, LOST * 1.01, 4),
        ([0.0, 0.0, 0.0, 0.0], [1.0] * 4, LOST * 1.01, 1),
        ([0.0, 0.0, 0.0, 1.0], [1.0] * 4, LOST * 1.01, 0),
        ([1.0, 1.0, 0.0, 0.0], [1.0] * 4, LOST * 0.99, 0),
        ([1.0, 1.0, 0.0, 0.0], [0.0] * 4, LOST * 1.01, 0),
        ([1.0, 1.0, 0.0, 1e-300], [1.0] * 4, LOST * 1.01, 0),
        ([1.0, 1.0, 0.0, math.nan], [1.0] * 4, LOST * 1.01, 0),
        ([1.0, 1.0, 0.0, 0.0], [-1.0] * 4, -LOST * 1.01, 3),
    ],
    ids=[
        "frozen", "in the last step alone", "always", "thawed at the end", "h is not lost",
        "backprop is 0 as well", "tiny is not 0", "no number", "negative numbers",
    ],
)  # fmt: skip
def test_frozen(numerical: list[float], backprop: list[float], weight: float, step: int) -> None:
    zero, big = [0.0] * 4, [weight] * 4
    panel = plain(4).both(
        loss=[1.0] * 4, grad_num__a=numerical, grad_num__b=zero, grad__a=backprop, grad__b=zero,
        param__a=zero, param__b=big,
    )  # fmt: skip
    assert panel["frozen_since"] == step
    assert ("numerical derivative frozen since step" in panel["verdict"]) == (step > 0)


@pytest.mark.parametrize(
    ("losses", "exploded", "not_finite"),
    [
        ([1.0, 1e7, 1e8, 1e9], 2, 0),
        ([1.0, 1e7, math.nan, math.nan], 2, 3),
        ([1.0, 1.0, math.inf, math.nan], 3, 3),
        ([math.nan, math.nan, math.nan, math.nan], 1, 1),
        ([1.0, math.nan, 1e7, 1e7], 2, 2),
        ([1.0, math.nan, 1.0, 1.0], 0, 0),
    ],
    ids=["large, but a number", "then none", "at once", "from the start", "once", "comes back"],
)
def test_no_number_any_more(losses: list[float], exploded: int, not_finite: int) -> None:
    panel = plain(4).both(loss=losses)
    assert (panel["exploded_step"], panel["not_finite_step"]) == (exploded, not_finite)
    words = f"; no number since step {not_finite}"
    assert panel["verdict"].endswith(words if not_finite else str(panel["verdict"])[-5:])
    assert ("no number" in panel["verdict"]) == (not_finite > 0)


# Two epochs of two rows: a derivative that is 0 for an epoch is 0 for good.
MOVES = [1.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("a", "b", "still", "since"),
    [
        (MOVES, MOVES, "none", 0),
        ([1.0, 1.0, 0.0, 0.0], MOVES, "a", 0),
        ([1.0, 1.0, 1.0, 0.0], MOVES, "none", 0),
        ([1.0, 1.0, 1e-300, 0.0], MOVES, "none", 0),
        ([1.0, 1.0, math.nan, 0.0], MOVES, "none", 0),
        (MOVES, [0.0, 0.0, 0.0, 0.0], "b", 0),
        ([1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], "a, b", 3),
        ([0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], "a, b", 1),
        ([0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, -1.0], "a", 0),
    ],
    ids=[
        "both move", "just an epoch", "just less than an epoch", "tiny is not 0", "no number",
        "never", "both", "both, never", "one moves in the last row alone",
    ],
)  # fmt: skip
def test_zero_gradient(a: list[float], b: list[float], still: str, since: int) -> None:
    typed = {"grad_used__a": a, "grad_used__b": b, "start_loss": [9.0] * 4}
    panel = plain(2, rows=2).both(loss=[3.0, 3.0, 2.0, 2.0], **typed)
    assert (panel["still_weights"], panel["zero_gradient_since"]) == (still, since)
    if since:
        words = f"standing still; zero gradient for every weight since step {since}"
        assert panel["verdict"] == words
    else:
        words = "" if still == "none" else f"; zero gradient for {still}"
        assert panel["verdict"] == f"converging{words}"


def test_a_zero_gradient_at_a_loss_of_zero_is_no_alarm() -> None:
    typed = {"grad_used__a": [0.0] * 4, "grad_used__b": [0.0] * 4}
    panel = plain(2, rows=2).both(loss=[0.0] * 4, **typed)
    assert panel["still_weights"] == "a, b"
    assert panel["verdict"] == "converged"  # from a start that was off


def test_a_frozen_derivative_is_not_called_a_zero_gradient() -> None:
    zero, big = [0.0] * 4, [LOST * 2] * 4
    panel = plain(4).both(
        loss=[1.0] * 4, grad_num__a=zero, grad_num__b=zero, grad_used__a=zero, grad_used__b=zero,
        grad__a=[1.0] * 4, grad__b=zero, param__a=big, param__b=big,
    )  # fmt: skip
    assert "zero gradient" not in panel["verdict"]
    assert panel["verdict"].endswith("numerical derivative frozen since step 1")


@pytest.mark.parametrize("factor", [1e-3, 1.0, 100.0])
def test_the_threshold_follows_the_data(factor: float) -> None:
    """Points in other units, or a wilder start, are no explosion."""
    data = Dataset("scaled", {"x": (1.0, 2.0, -1.0)}, tuple(factor * v for v in (3.0, -7.1, 2.0)))
    for start in (0.0, 30.0 * factor):
        experiment = experiment_of(start={"a": start, "b": 0.0}, learning_rate=0.01)
        book = book_of(build_workbook(lesson_of(experiment, data=data)))
        limit = Recalculated.of(book).field("run", "exploded_above")
        errors = [start * x - y for x, y in zip(data.inputs["x"], data.y, strict=True)]
        worst = max(*(e * e for e in errors), *(y * y for y in data.y))
        assert 10 * worst <= limit < 100 * worst
        assert limit == limits_of(View(experiment), data).exploded_above


def test_everything_at_once_is_said_in_one_line() -> None:
    cells = {f"grad_num__{p}": [1.0, 1.0, 1.0, 0.0] for p in "abcd"}
    cells |= {f"grad__{p}": [1.0] * 4 for p in "abcd"}
    cells |= {f"param__{p}": [LOST * 2] * 4 for p in "abcd"}
    panel = relu(4, 1).both(loss=[1.0, 1e7, 1.0, 1e7], relu1=[1.0, 1.0, 0.0, 0.0], **cells)
    assert panel["verdict"] == (
        "exploded at step 2; relu1 dead since step 3; numerical derivative frozen since step 4"
    )
