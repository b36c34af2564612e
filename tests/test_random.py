"""Random small networks, data and settings: written, read again, checked against torch."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, event, given, settings

from tests.builders import experiment_of, write_experiments
from tests.strategies import cases
from xlsgd import verify
from xlsgd.data import Dataset
from xlsgd.report.report import SheetReport
from xlsgd.training.experiment import Experiment
from xlsgd.training.schedules import schedules


@settings(
    max_examples=25,
    deadline=None,  # the first example loads torch and the formulas library
    # Examples are small already; shrinking one further would take minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    # The same examples for everybody in CI; at home others every time, and failures remembered.
    derandomize=os.environ.get("CI", "").lower() in ("1", "true"),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(case=cases(groups=True))
def test_generated_workbooks_agree_with_torch(case: tuple[Experiment, Dataset]) -> None:
    tab = assert_agrees(*case)
    assert tab.verdict is not None
    event(tab.verdict.kind)
    event("predictable" if tab.horizon is None else "has a horizon")


def assert_agrees(experiment: Experiment, data: Dataset) -> SheetReport:
    """Write, read and verify a workbook, and return what was found on the experiment's tab."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_experiments(Path(folder, "random.xlsx"), experiment, data=data)
        report = verify(path)
    tab = next(sheet for sheet in report.sheets if sheet.experiment == "run")
    assert report.ok, (report.first_difference, tab.verdict)
    assert report.notes == []
    assert tab.verdict is not None
    assert tab.verdict.agree
    assert tab.unchecked == {}
    assert tab.cells_compared == tab.formulas
    return tab


def settings_of(text: str) -> dict[str, float]:
    """Return numbers by name.   text: such as "a=0.5 b=-1"."""
    return {name: float(number) for name, number in (part.split("=") for part in text.split())}


POINTS = Dataset("points", {"x": (1.2, 8.969, -1.585, 2.5)}, (1.0, -0.7, 2.0, 0.3))
NEARLY_FLAT = Dataset(
    "points",
    {
        "x1": (26.28, 0.682, 5.122, 1.371, 0.211, -0.294),
        "x2": (0.212, 6.204, 0.722, -0.325, 82.537, 0.243),
    },
    (-0.13, -2.616, -0.039, -67.239, -0.172, -50.504),
)
FAR = Dataset("far points", {"x": (300.0, -300.0, 31.5)}, (1.0, 97.5, 0.2))

# What the random search has found, each in its smallest form.
FOUND = {
    "the first layer has no weights": (experiment_of("ReLU, Linear(1, 1)"), POINTS),
    "momentum that remembers nothing": (
        experiment_of(optimizer="momentum", hyper={"beta": 0.0}),
        POINTS,
    ),
    "classic momentum that remembers nothing": (
        experiment_of(optimizer="momentum-classic", hyper={"beta": 0.0}),
        POINTS,
    ),
    "nesterov that remembers nothing": (
        experiment_of(optimizer="nesterov", hyper={"beta": 0.0}),
        POINTS,
    ),
    # 1 - y² of a y next to 1 keeps few of its digits.
    "tanh nearly at 1": (experiment_of("Linear(1, 1), Tanh", gradient="backprop"), POINTS),
    "sigmoid nearly at 1": (
        experiment_of("Linear(1, 1), Sigmoid", start={"a": 3.0, "b": 0.4}, gradient="backprop"),
        POINTS,
    ),
    # Below -709 the sheet's sigmoid is 0, torch's goes on to 1e-308 and less.
    "sigmoid far below 0": (
        experiment_of("Linear(1, 1), Sigmoid", start={"a": 8.0, "b": 0.0}, epochs=1),
        FAR,
    ),
    "sigmoid far below 0 before a relu": (
        experiment_of(
            "Linear(1, 1), Sigmoid, ReLU",
            start={"a": 8.0, "b": 0.0},
            gradient="backprop",
            epochs=1,
        ),
        FAR,
    ),
    # A weight of -inf gives #DIV/0! in the sheet's ReLU and 0 in torch's.
    "a division by zero before a relu": (
        experiment_of(
            "Linear(1, 1), ReLU",
            "rmsprop-fastai",
            learning_rate=0.5,
            start={"a": -1.985, "b": 0.105},
            hyper={"beta": 0.0},
            gradient="backprop",
            batch_size=2,
        ),
        Dataset("points", {"x": (-0.469, 0.373, -0.042, 0.084)}, (-0.297, 0.373, -0.501, -0.138)),
    ),
    # The squares that it remembers are infinite in torch, which then stands still; in a cell they
    # are no numbers.
    "radam whose first steps explode": (
        experiment_of(
            "Linear(1, 1), Linear(1, 1)",
            "radamw",
            learning_rate=0.56,
            start={"a": -0.33, "b": 0.43},
            gradient="backprop",
            batch_size=3,
            epochs=10,
        ),
        FAR,
    ),
    # What is left of two losses is 0 in the sheet and 2e-13 in torch: both say when it last moved.
    "a numerical derivative that cancels": (
        experiment_of(
            "Linear(2, 2, no bias), Linear(2, 2), Tanh, Linear(2, 1)",
            "nadam",
            data=NEARLY_FLAT,
            loss="poisson-nll",
            learning_rate=0.2,
            start=settings_of(
                "a1_1=0.379 a1_2=0.708 a2_1=-0.77 a2_2=1.2 b1_1=-0.234 b1_2=-0.326 c1=1.19 "
                "b2_1=-0.024 b2_2=0.239 c2=-0.304 d1=0.391 d2=-0.264 e=0.26"
            ),
            hyper=settings_of(
                "beta1=0 base_share=0.6 step_size_up=10 step_size_down=1 base_momentum=0.25 "
                "max_momentum=0.6"
            ),
            gradient="numerical",
            difference="central",
            h=0.0005,
            batch_size=2,
            schedule=schedules()["cyclic"],
        ),
        NEARLY_FLAT,
    ),
    # One minus nearly one keeps eleven digits: at the end a rate is a hundred-thousandth.
    **{
        f"the end of {name}": (
            experiment_of(
                learning_rate=1e-4,
                schedule=schedules()[name],
                batch_size=3,
                epochs=3,
                hyper={"total_steps": 2.0, "pct_start": 0.25, "div_final": 1e5, **more},
            ),
            POINTS,
        )
        for name, more in {"flat-cos": {}, "combined-cos": {"div": 1e5}}.items()
    },
    "adam at learning rate 0 and a derivative of 0": (
        experiment_of(
            "Linear(1, 1), ReLU, Linear(1, 1)",
            "adam",
            learning_rate=0.0,
            start={"a": 0.1, "b": -9.0, "c": 0.5, "d": 0.2},
        ),
        POINTS,
    ),
}


@pytest.mark.every
@pytest.mark.parametrize("what", FOUND)
def test_what_was_found_before_agrees(what: str) -> None:
    assert_agrees(*FOUND[what])
