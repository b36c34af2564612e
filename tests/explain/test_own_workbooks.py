"""A net of one's own in a workbook: what explain says of it, and the cells that it names."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
import torch
from click.testing import CliRunner
from torch import nn

import xlsgd
from tests.explain.own_nets import looped
from xlsgd.cli import main

X = torch.tensor([[50.0], [60.0], [80.0], [100.0]], dtype=torch.float64)
Y = torch.tensor([[1.0], [1.4], [1.6], [2.4]], dtype=torch.float64)


def far_out() -> nn.Module:
    """Return a net whose tanh is far out from the start, and one of whose ReLUs is dead."""
    net = nn.Sequential(
        nn.Linear(1, 1), nn.Tanh(), nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1)
    ).double()
    with torch.no_grad():
        for p in net.parameters():
            p.fill_(0.1)
        net[2].bias[1] = -9.0
    return net


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    net = far_out()
    return xlsgd.export(
        net,
        torch.optim.SGD(net.parameters(), lr=0.01),
        nn.MSELoss(),
        data=(X, Y),
        path=tmp_path_factory.mktemp("own") / "far.xlsx",
        epochs=3,
    )


def test_the_cells_that_are_named(book: Path) -> None:
    (tab,) = xlsgd.explain(book).tabs
    cells = openpyxl.load_workbook(book, data_only=True)
    run = looped(far_out(), X, Y, 0.01, 3)

    def value(cell: str) -> float:
        sheet, _, address = cell.rpartition("!")
        return float(cells[sheet.strip("'")][address].value)

    (unit,) = tab.saturated
    (since,) = {unit.since}
    before = run.weights[since - 1]
    reached = torch.tanh(X[-1] * before["0.weight"][0, 0] + before["0.bias"])
    assert value(unit.cell) == pytest.approx(reached.item(), rel=1e-12)
    assert tab.layer_slopes is not None
    step = 0 if tab.layer_slopes.start_factor else -2
    slope = run.slopes[step]["0.weight"][0, 0].item()
    assert value(tab.layer_slopes.cell) == pytest.approx(slope, rel=1e-6)
    (dead,) = tab.dead
    assert set(dead.still) == run.still()
    assert value(dead.cell) == 0


def test_in_words(book: Path) -> None:
    result = CliRunner().invoke(
        main, ["explain", str(book)], env={"COLUMNS": "400"}, catch_exceptions=False
    )
    assert result.exit_code == 0
    words = " ".join(result.stdout.split())
    assert "layer3_2 is dead since step 1" in words
    assert "layer1, a Tanh, is saturated from the start (training!" in words
    assert "at the start weights for 4 of 4 rows, at the end for 4" in words
    assert "Derivatives vanish on their way back to the first layer (training!" in words
    assert "The saturated units on the way are a reason." in words
