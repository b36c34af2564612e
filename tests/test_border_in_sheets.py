"""Just below the largest stable learning rate a run settles, just above it explodes: in the sheet,
recalculated, and in torch, on random points.

The limit comes from xlsgd.torch_side.stability; what settles and explodes are the formulas of the
workbook.
"""

from __future__ import annotations

import functools
import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.builders import Recalculated, bare_book, experiment_of
from xlsgd.data import Dataset, default_data
from xlsgd.tabs.layouts.rows.torch_run import run
from xlsgd.tabs.view import View
from xlsgd.torch_side.stability import spectral_radius, stability_limit
from xlsgd.training.experiment import Experiment

BELOW, ABOVE = 0.99, 1.01
DATASETS = 8
GROWTH = 1e3
"""By how much an error grows above the limit until the run is over: a loss grows by its square,
and counts as exploded at 10 to 100 times the worst at the start."""

LONGEST = 1500
"""Rows of a table. Where the limit is the edge of a narrow window, growth beyond it is slow."""

SETTINGS: dict[str, tuple[str, bool]] = {
    "one row a step": ("sgd", False),
    "full batch": ("sgd", True),
    "momentum, one row a step": ("momentum", False),
    "momentum-classic, full batch": ("momentum-classic", True),
}


def random_points(seed: int) -> Dataset:
    """Return three or four points near a line, x on one side of 0 or on both.

    Near it: below the limit one row a step swings about the line, the wider the closer to the
    limit and the noisier the points, and what is wide enough counts as exploded.
    """
    generator = np.random.default_rng(seed)
    rows = int(generator.integers(3, 5))
    scale = 10 ** generator.uniform(0, 2)
    x = np.round(scale * (generator.uniform(0, 1, rows) - generator.uniform(0, 0.3)), 3)
    y = np.round(generator.normal() * x + scale * 0.02 * generator.normal(size=rows), 3)
    return Dataset("random", {"x": tuple(map(float, x))}, tuple(map(float, y)))


def experiments(data: Dataset, setting: str) -> list[Experiment]:
    """Return a run below the limit and one above it, long enough for the second to explode; none
    where that takes very long."""
    optimizer, whole = SETTINGS[setting]
    options: dict[str, Any] = {"batch_size": data.rows} if whole else {}
    options |= {"data": data, "gradient": "backprop", "start": {"a": 1.0, "b": -1.0}}
    plan = experiment_of(optimizer=optimizer, learning_rate=1.0, **options)
    limit = stability_limit(plan, data).value
    assert limit is not None
    slower, faster = spectral_radius(plan, data, [BELOW * limit, ABOVE * limit])
    assert slower < 1 < faster
    epochs = math.ceil(math.log(GROWTH) / math.log(faster))
    if epochs * data.rows > LONGEST:
        return []
    runs = replace(plan, learning_rate=BELOW * limit, id="below", epochs=epochs)
    return [runs, replace(runs, learning_rate=ABOVE * limit, id="above")]


@functools.cache
def cases(setting: str) -> list[tuple[Dataset, Experiment, Experiment]]:
    """Return the first random points, with their runs, that a setting needs no patience for."""
    found = []
    for seed in itertools.count():
        data = random_points(seed)
        if runs := experiments(data, setting):
            found.append((data, *runs))
        if len(found) == DATASETS:
            return found
    raise AssertionError


@pytest.mark.sampled(3)
@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("number", range(DATASETS))
def test_a_hundredth_on_either_side(number: int, setting: str) -> None:
    data, below, above = cases(setting)[number]
    sheet = Recalculated.of(bare_book(below, above, data=data))
    assert str(sheet.field("above", "verdict")).startswith("exploded at step ")
    assert sheet.field("below", "exploded_step") == 0
    for experiment in (below, above):
        trace = run(View(experiment), data, members=1)
        assert sheet.numbers(experiment.id, "exploded_at")[-1] == trace["exploded_at"][-1]
        for weights in (trace["param.a"], sheet.numbers(experiment.id, "param.a")):
            # From epoch to epoch the weight moves less and less, or more and more.
            moves = np.abs(np.diff(weights[:: data.rows]))
            tenth = max(1, len(moves) // 10)
            early, late = moves[:tenth].max(), moves[-tenth:].max()
            assert late > 50 * early if experiment is above else late < 0.9 * early


def test_the_limits_of_the_default_points() -> None:
    """Six digits, found in other ways than here: in plain numpy, and by trying."""
    data = default_data()
    assert _limit("sgd") == pytest.approx(4.380593e-4, rel=2e-7)
    x = np.array(data.inputs["x"])
    hessian = 2 * np.array([[(x * x).mean(), x.mean()], [x.mean(), 1]])
    assert _limit("sgd", batch_size=29) == pytest.approx(2 / np.linalg.eigvalsh(hessian)[1])


def _limit(optimizer: str, **options: Any) -> float:
    data = default_data()
    experiment = experiment_of(optimizer=optimizer, data=data, **options)
    value = stability_limit(experiment, data).value
    assert value is not None
    return value
