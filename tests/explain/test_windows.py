"""A limit says where explosions begin; above it there are windows of rates that hold again."""

from __future__ import annotations

import numpy as np
import pytest

from tests.builders import experiment_of
from tests.explain.runs import ONE, TWO, explained, known, two
from xlsgd.data import default_data
from xlsgd.explaining import explain_run
from xlsgd.tabs.view import View


def radius(rate: float) -> float:
    """Return the spectral radius of the map of an epoch, a step for every row."""
    whole = np.eye(2)
    for x in default_data().inputs["x"]:
        whole = (np.eye(2) - 2 * rate * np.array([[x * x, x], [x, 1.0]])) @ whole
    return float(np.abs(np.linalg.eigvals(whole)).max())


def test_of_a_linear_net() -> None:
    tab = explained(ONE, 1e-4)
    limit, window = tab.limit.value, tab.limit.window
    assert limit is not None
    assert window is not None
    assert window > limit
    assert radius(1.01 * limit) > 1
    assert radius(window) < 1
    assert any(
        "The largest stable learning_rate" in text
        and f"above it there are windows of stable rates as well, such as at {window:.4g}" in text
        for text in tab.sentences
    )


def test_of_full_batches_there_are_none() -> None:
    # There a step is one linear map: above 2 / curvature it grows, whatever the rate.
    experiment = experiment_of(data=default_data(), learning_rate=1e-4, epochs=2, batch_size=29)
    tab = explain_run(View(experiment), default_data())
    assert tab.limit.value is not None
    assert tab.limit.window is None
    assert not any("window" in text for text in tab.sentences)


@pytest.mark.parametrize("rate", [1e-4, 1e-5])
def test_of_two_neurons(rate: float) -> None:
    tab = explained(TWO, rate)
    limit, window = tab.limit.value, tab.limit.window
    assert limit is not None
    assert window is not None
    assert window > limit
    # Exploded is a row's loss above 1e6, as the tab has it for these data.
    assert not known(two, limit, 10).rmse < 1e3
    assert known(two, window, 10).rmse < 1e3
    assert any(
        "The smallest rate found" in text
        and f"windows of rates at which it holds again, such as at {window:.4g}." in text
        for text in tab.sentences
    )
