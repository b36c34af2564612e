"""Slopes of several rows that cancel: 0, or a unit in the last place, as they are added up.

Under the loss l1 every row has the slope of its sign, so that rows on both sides of the median
leave nothing of a bias. What is left depends on the order of adding, and so do the words about
weights that stand still; both sides are right.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pytest
import torch
from torch import nn

import xlsgd
from tests.builders import Recalculated
from xlsgd.tabs.training.still_check import with_still_weights
from xlsgd.training.trace import Trace


class Convolution(nn.Module):
    """A convolution whose units all let everything through, and a layer above it."""

    def __init__(self) -> None:
        super().__init__()
        self.c, self.fc = nn.Conv1d(1, 2, 2), nn.Linear(4, 1)
        self.c.bias.data += 3

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        wide: torch.Tensor = self.c(x.reshape(-1, 1, 3))
        told: torch.Tensor = self.fc(wide.relu().flatten(1))
        return told


class Lines(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(nn.Linear(3, 2), nn.Linear(2, 1))


def exported(kind: type[nn.Module], seed: int, rows: int, path: Path) -> Path:
    """Export a net whose first half of the rows is far below y, the others as far above."""
    torch.manual_seed(seed)
    module = kind().double()
    x = torch.randint(-1, 2, (rows, 3)).double() * 0.7
    side = torch.ones(rows, dtype=torch.float64)
    side[rows // 2 :] = -1
    with torch.no_grad():
        y = (module(x)[:, 0] + 5 * side).round(decimals=2)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.05)
    return xlsgd.export(module, optimizer, nn.L1Loss(), data=(x, y), path=path, epochs=2)


@pytest.mark.parametrize(
    ("kind", "seed", "rows"),
    [(Convolution, 1, 6), (Lines, 3, 14)],
)
def test_either_remainder_is_right(
    kind: type[nn.Module], seed: int, rows: int, tmp_path: Path
) -> None:
    path = exported(kind, seed, rows, tmp_path / "m.xlsx")
    sheet = Recalculated.of(path)
    bias = [p for p in sheet.found.experiments["training"].network.parameters if "bias" in p]
    left = np.concatenate([sheet.numbers("training", f"grad.{p}") for p in bias])
    assert np.abs(left).max() < 1e-15
    report = xlsgd.verify(path)
    assert report.ok, report.first_difference


def test_words_that_do_not_follow_from_the_columns_are_found(tmp_path: Path) -> None:
    path = exported(Convolution, 1, 6, tmp_path / "m.xlsx")
    book = openpyxl.load_workbook(path)
    field = Recalculated.of(path).found.maps.training["training"].fields["still_weights"]
    book["training"].cell(*field).value = '="c.weight[0,0,0]"'
    book.save(tmp_path / "wrong.xlsx")
    report = xlsgd.verify(tmp_path / "wrong.xlsx")
    assert not report.ok
    assert "still_weights" in {d.quantity for tab in report.sheets for d in tab.differences}


def test_a_sheet_has_no_say_where_all_members_agree() -> None:
    members = {
        "nonzero.a": np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]]),
        "nonzero.b": np.array([[1.0, 2.0], [1.0, 1.0], [0.0, 1.0]]),
        "loss": np.array([[3.0, 4.0], [3.5, 4.5], [3.0, 4.0]]),
    }
    sheet = {name: np.array([1.0, 1.0]) for name in members}
    sheet["nonzero.a"] = np.array([0.0, 0.0])
    found = with_still_weights({"steps": Trace(members)}, sheet)["steps"].values
    np.testing.assert_array_equal(found["nonzero.a"], [[1.0, 2.0]])
    np.testing.assert_array_equal(found["nonzero.b"], [[1.0, 1.0]])
    np.testing.assert_array_equal(found["loss"], [[3.0, 4.0]])
    sheet["nonzero.b"] = np.array([9.0, np.nan])  # beyond what rounding leaves open
    found = with_still_weights({"steps": Trace(members)}, sheet)["steps"].values
    np.testing.assert_array_equal(found["nonzero.b"], [[1.0, 2.0]])
