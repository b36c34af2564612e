"""The largest stable learning rate of one neuron, or why there is none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.stability.witnesses import (
    BETA,
    UPDATES,
    neuron_on,
    points,
)
from xlsgd.data import Dataset
from xlsgd.torch_side.stability import NoLimitError, spectral_radius, stability_limit

LINEAR = tuple(UPDATES)

FULL_BATCH = {
    "sgd": 2.0,
    "momentum": 2 * (1 + BETA) / (1 - BETA),
    "momentum-classic": 2 * (1 + BETA),
    "nesterov": (2 + 2 * BETA) / (1 + 2 * BETA),
}
"""The limit times the largest curvature, where every step sees all rows."""


def limit(data: Dataset, optimizer: str = "sgd", **options: Any) -> float:
    """Return the limit of one neuron, where there is one."""
    found = stability_limit(neuron_on(data, optimizer, **options), data)
    assert found.value is not None, found.reason
    assert found.reason == ""
    assert found.resolution is not None
    assert 0 < found.resolution <= 1 / 256
    return found.value


def why_none(data: Dataset, optimizer: str = "sgd", **options: Any) -> str:
    """Return why there is no limit."""
    experiment = neuron_on(data, optimizer, **options)
    found = stability_limit(experiment, data)
    assert found.value is found.resolution is None
    with pytest.raises(NoLimitError) as error:
        spectral_radius(experiment, data, [0.1])
    assert str(error.value) == found.reason
    return found.reason


def random_data(seed: int, inputs: int = 1, scale: float = 1.0) -> Dataset:
    """Return 2 to 12 random rows; some inputs are much the same in all rows, some vary a lot."""
    random = np.random.default_rng(seed)
    rows = int(random.integers(2, 13))
    columns = random.normal(random.normal(size=(inputs, 1)), random.uniform(0.1, 2), (inputs, rows))
    return points(*(scale * columns), y=random.normal(size=rows))


@pytest.fixture
def fewer_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try 512 rates an octave, not 4096: enough for curves without narrow windows."""
    monkeypatch.setattr("xlsgd.torch_side.stability.limit.FINEST", 512)
