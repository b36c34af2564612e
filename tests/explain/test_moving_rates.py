"""With a schedule the rate of a step is not the one that is typed in: all that is said knows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import xlsgd
from tests.builders import Recalculated, write_experiments
from xlsgd.data import default_data
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import LOSS
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer
from xlsgd.training.schedules import get_schedule, schedules

pytestmark = pytest.mark.every


def neuron(schedule: str, rate: float = 0.0006, **options: Any) -> Experiment:
    return Experiment(
        id="run",
        network=parse_network("Linear(1, 1)"),
        loss=LOSS,
        optimizer=get_optimizer("sgd"),
        learning_rate=rate,
        start={"a": 1.0, "b": 1.0},
        schedule=get_schedule(schedule),
        **{"gradient": "backprop", "epochs": 4, **options},
    )


def said_of(folder: Path, experiment: Experiment) -> str:
    path = write_experiments(folder / "run.xlsx", experiment, data=default_data())
    (tab,) = xlsgd.explain(path).tabs
    return "\n".join(tab.sentences)


@pytest.mark.parametrize("schedule", [n for n in schedules() if n != "constant"])
def test_it_is_said_where_the_rate_leads(schedule: str, tmp_path: Path) -> None:
    said = said_of(tmp_path, neuron(schedule, 1e-5, epochs=2))
    assert f"learning_rate 1e-05 (run!F4) with the schedule {schedule} (rates from " in said
    greatest = {"linear": "in step 11", "combined-cos": "in step 26"}
    # Three tenths of 100 steps lead up, however they do.
    greatest |= dict.fromkeys(
        ("one-cycle", "one-cycle-linear", "one-cycle-three-phase"), "in step 30"
    )
    greatest |= {"cyclic": "in step 11", "constant-factor": "in step 6"}
    assert f"to 1e-05, greatest {greatest.get(schedule, 'at first')}, " in said


def test_where_the_rate_has_come_to_rest_it_is_said(tmp_path: Path) -> None:
    said = said_of(tmp_path, neuron("learning_rate*0.9^step", 1e-4, epochs=6))
    assert "It has settled: " in said
    assert "the weights may have come to rest before they were there, because the rate has." in said
    assert "come to rest" not in said_of(tmp_path, neuron("constant", 1e-4))


def test_a_step_is_told_with_its_own_rate(tmp_path: Path) -> None:
    """The rate of step n is n thousandths of the one that is typed in."""
    said = said_of(tmp_path, neuron("learning_rate*step/100", 0.05))
    assert "exploded" in said
    step = int(said.split("It turned in step ")[1].split(",")[0])
    assert f"the rate of that step, {0.05 * step / 100:.4g}, times that is" in said
    assert f"The rate of that step is {0.05 * step / 100:.4g}." in said
    assert "learning_rate times that" not in said
    steady = said_of(tmp_path, neuron("constant", 0.05))
    assert "learning_rate times that is" in steady


def test_the_panel_has_the_greatest_rate_and_the_least(tmp_path: Path) -> None:
    for name, epochs in (("cyclic", 2), ("constant", 1)):
        path = tmp_path / f"{name}.xlsx"
        write_experiments(path, neuron(name, 0.0001, epochs=epochs), data=default_data())
        sheet = Recalculated.of(path)
        fields = sheet.found.maps.training["run"].fields
        assert ("greatest_rate" in fields) == (name == "cyclic")
        if name == "cyclic":
            found = [sheet.field("run", key) for key in ("least_rate", "greatest_rate")]
            assert found == pytest.approx([1e-5, 1e-4])
        assert xlsgd.verify(path).ok


def test_a_loss_that_goes_up_and_down_with_the_rate(tmp_path: Path) -> None:
    said = said_of(tmp_path, neuron("cyclic", epochs=10))
    assert "The rate goes up and down as well" in said


def test_a_sweep_says_which_schedule_there_is() -> None:
    from xlsgd.sweeping.words import summary_lines

    found = xlsgd.sweep("graddesc", "learning_rate=1e-5:1e-3:5", schedule="one-cycle", epochs=2)
    assert any("schedule one-cycle" in line for line in summary_lines(found))
    found = xlsgd.sweep("graddesc", "learning_rate=1e-5:1e-3:5", epochs=2)
    assert not any("schedule" in line for line in summary_lines(found))
