"""``--start solved``: as good as Excel's Solver, and on one unit as good as can be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xlsgd
from tests.builders import Floats
from tests.titanic.books import features, labels
from xlsgd.data.passengers import INPUTS, Passengers, read_passengers
from xlsgd.xlsx.reader import read_workbook

ROOT = Path(__file__).resolve().parents[2]
SOLVER = 0.14315209641714463
"""The mean loss that Excel's Solver reached on these passengers."""


# Solving takes a quarter of a minute.
pytestmark = pytest.mark.wide


@pytest.fixture(scope="module")
def passengers(shared: Path) -> Passengers:
    return read_passengers(shared / "data" / "titanic" / "train.csv")


@pytest.fixture(scope="module")
def solver(shared: Path) -> dict[str, Any]:
    """What Excel's Solver found."""
    path = shared / "reference" / "fastai" / "titanic_nnet_solved.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def starts(
    passengers: Passengers, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, float]]:
    """The start weights that stand in the workbook, tab by tab."""
    path = tmp_path_factory.mktemp("solved") / "solved.xlsx"
    xlsgd.generate("titanic", path, data=passengers, start="solved", epochs=1)
    found = {}
    for tab, grid in read_workbook(path).book.sheets.items():
        found[tab] = {
            content.removeprefix("init."): grid[row, column + 1]
            for (row, column), content in grid.items()
            if isinstance(content, str) and content.startswith("init.a")
        }
    return found


def mean_loss(passengers: Passengers, w: Floats) -> float:
    """Return the mean loss of two units.  w: shape (2, 10)."""
    pred = np.maximum(0, features(passengers) @ w.T).sum(axis=1)
    return float(np.mean((pred - labels(passengers)) ** 2))


def test_two_units_are_as_good_as_excels_solver(
    passengers: Passengers, starts: dict[str, dict[str, float]]
) -> None:
    for tab in ("training", "adam"):
        w = np.array([[starts[tab][f"a{unit}_{name}"] for name in INPUTS] for unit in (1, 2)])
        assert mean_loss(passengers, w) <= 0.1432
        assert mean_loss(passengers, w) <= SOLVER * 1.0001


def test_one_unit_is_the_least_squares_fit(
    passengers: Passengers, starts: dict[str, dict[str, float]]
) -> None:
    x, y = features(passengers), labels(passengers)
    best = np.linalg.lstsq(x, y, rcond=None)[0]
    found = np.array([starts["linear"][f"a_{name}"] for name in INPUTS])
    # Six digits are written; the loss changes in the square of how far the weights are off.
    np.testing.assert_allclose(found, best, rtol=0, atol=6e-7)
    assert np.mean((x @ found - y) ** 2) == pytest.approx(np.mean((x @ best - y) ** 2), rel=1e-10)


def test_the_page_says_what_comes_out(
    passengers: Passengers, starts: dict[str, dict[str, float]], solver: dict[str, Any]
) -> None:
    """The table on docs/titanic.md: mean losses and accuracies of three sets of weights."""
    page = (ROOT / "docs" / "titanic.md").read_text(encoding="utf-8")
    x, y = features(passengers), labels(passengers)
    line = x @ np.linalg.lstsq(x, y, rcond=None)[0]
    theirs = np.array([solver["neuron1"], solver["neuron2"]])
    ours = np.array([[starts["training"][f"a{i}_{name}"] for name in INPUTS] for i in (1, 2)])
    for pred in (line, *(np.maximum(0, x @ w.T).sum(1) for w in (theirs, ours))):
        loss, right = np.mean((pred - y) ** 2), np.mean((pred > 0.5) == (y == 1))
        assert f"| {loss:.5f} | {100 * right:.1f} % |" in page
