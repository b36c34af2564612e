"""Runs drawn by lot are held against a workbook of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.builders import experiment_of, small_data, view_of
from xlsgd.sweeping import Axis, Sweep, can_be_checked, check_sweep, sweep_experiment
from xlsgd.sweeping.border import lost
from xlsgd.sweeping.check import drawn
from xlsgd.tabs.view import View
from xlsgd.verdict import agrees


@pytest.fixture(scope="module")
def swept() -> Sweep:
    axes = (
        Axis("learning_rate", 0.01, 10.0, 12, log=True),
        Axis("init.a", -1.0, 1.0, 3, log=False),
    )
    return sweep_experiment(view_of(epochs=3), small_data(), axes)


def test_both_sides_are_drawn_from(swept: Sweep) -> None:
    for seed in range(5):
        runs = drawn(swept, 3, seed)
        assert lost(swept)[runs].tolist().count(True) == 3
        assert len(set(runs)) == 6
    assert drawn(swept, 3, 0) == drawn(swept, 3, 0) != drawn(swept, 3, 1)
    assert len(drawn(swept, 1000, 0)) == swept.runs


def test_a_good_sweep_agrees(swept: Sweep) -> None:
    checked = check_sweep(swept, per_side=2)
    assert len(checked) == 4
    assert all(one.agree for one in checked)
    for one in checked:
        assert one.sweep == one.sheet == swept.verdicts[one.run]
        assert one.cells_differing == 0
        assert one.point == swept.point(one.run)


@pytest.mark.parametrize("word", ["converging", "exploded at step 3"])
def test_other_verdicts_are_noticed(swept: Sweep, word: str) -> None:
    wrong = replace(swept, verdicts=np.full(swept.runs, word, dtype=object))
    for one in check_sweep(wrong, per_side=2):
        assert one.agree == agrees(word, one.torch)
        assert one.agree or one.sheet != word


def test_runs_at_other_rates_are_noticed(swept: Sweep) -> None:
    """Numbers that belong to other points of the map must not pass."""
    turned = swept.grid(swept.verdicts)[:, ::-1].ravel()
    checked = check_sweep(replace(swept, verdicts=turned), per_side=2)
    assert not any(one.agree for one in checked)


def test_a_rate_for_each_layer_has_no_workbook() -> None:
    experiment = experiment_of("Linear(1, 1), Linear(1, 1)", epochs=1)
    axes = [Axis(f"learning_rate.{i}", 0.01, 0.1, 2, log=True) for i in (1, 2)]
    assert not can_be_checked(sweep_experiment(View(experiment), small_data(), axes))
    assert can_be_checked(sweep_experiment(View(experiment), small_data(), [axes[0]])) is False


def test_nothing_to_draw() -> None:
    one_sided = sweep_experiment(
        view_of(epochs=1), small_data(), [Axis("learning_rate", 1e-6, 1e-5, 3, log=True)]
    )
    assert len(check_sweep(one_sided, per_side=2)) == 2
    assert check_sweep(one_sided, per_side=0) == []
