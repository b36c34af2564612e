"""Very many tensors, or long names, whose derivative is 0: no formula outgrows what Excel takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

import xlsgd
from xlsgd.base.cells import Formula
from xlsgd.explaining.workbook import explain
from xlsgd.xlsx.reader import read_workbook

COUNT, NAME = 80, "a_weight_with_quite_a_long_name_{}"


class Many(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        for i in range(COUNT):
            self.register_parameter(NAME.format(i), nn.Parameter(torch.tensor(0.01 * i)))

    def forward(self, x: Any) -> Any:
        moving, still = getattr(self, NAME.format(0)) * x, 0.0
        for i in range(1, COUNT):
            still = still + getattr(self, NAME.format(i))
        return moving + torch.relu(still - 1000)


def test_so_many_are_told_of_by_their_number(tmp_path: Path) -> None:
    module = Many().double()
    x = torch.tensor([[0.5], [1.0]], dtype=torch.float64)
    path = xlsgd.export(
        module, torch.optim.SGD(module.parameters(), lr=0.1), nn.MSELoss(), data=(x, 2 * x),
        path=tmp_path / "many.xlsx", epochs=2,
    )  # fmt: skip
    report = xlsgd.verify(path)
    assert report.ok, report.first_difference
    tab = next(sheet for sheet in report.sheets if sheet.verdict is not None)
    assert tab.verdict is not None
    assert f"zero gradient for {COUNT - 1} of {COUNT} tensors" in tab.verdict.sheet
    book = read_workbook(path).book
    longest = max(
        len(str(content))
        for grid in book.sheets.values()
        for content in grid.values()
        if isinstance(content, Formula)
    )
    assert longest <= 8192
    (told,) = explain(path).tabs
    assert told.dead or told.still
