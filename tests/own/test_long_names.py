"""Nets whose weights have long names, and many units: what is seen of them on a tab."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import openpyxl
import pytest
import torch

import xlsgd
from tests.builders import default_lesson
from tests.loaded import looked_at
from xlsgd.tabs.training.headings import folded
from xlsgd.verdict import agrees

LAYER = "encoder.layers.0.weight"


class Layers(torch.nn.Module):
    """A hidden layer of eight units, and one output."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList([torch.nn.Linear(2, 8), torch.nn.Linear(8, 1)])


class Encoder(torch.nn.Module):
    """A net whose weights have long names."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Layers()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pred: torch.Tensor = self.encoder.layers[1](torch.relu(self.encoder.layers[0](x)))
        return pred


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workbook with five units that give 0 for all data."""
    torch.manual_seed(0)
    model = Encoder()
    with torch.no_grad():
        bias = dict(model.named_parameters())["encoder.layers.0.bias"]
        bias.add_(torch.tensor([9.0] * 3 + [-9.0] * 5))
    x = torch.rand(6, 2).round(decimals=2)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    return xlsgd.export(
        model, optimizer, torch.nn.MSELoss(), data=(x, x.sum(1)), epochs=3,
        path=tmp_path_factory.mktemp("long") / "long.xlsx",
    )  # fmt: skip


def test_of_many_units_the_verdict_says_how_many_are_dead(book: Path) -> None:
    report = xlsgd.verify(book)
    assert report.ok
    assert not any(sheet.unchecked for sheet in report.sheets)
    (verdict,) = (sheet.verdict for sheet in report.sheets if sheet.verdict is not None)
    assert "; 5 of 8 units dead" in verdict.sheet
    assert "dead since" not in verdict.sheet
    assert verdict.sheet == verdict.torch


def test_a_wrong_number_of_dead_units_is_found(book: Path, tmp_path: Path) -> None:
    workbook = openpyxl.load_workbook(book)
    sheet = workbook["training"]
    (key,) = (c for row in sheet.iter_rows() for c in row if c.value == "dead_units")
    count = sheet.cell(key.row, key.column + 1)
    count.value = f"{count.value}+1"
    workbook.save(tmp_path / "wrong.xlsx")
    first = xlsgd.verify(tmp_path / "wrong.xlsx").first_difference
    assert first is not None
    assert (first.cell, first.quantity) == (count.coordinate, "dead_units")


def test_rounding_may_kill_a_unit_more_or_less() -> None:
    members = ["converging; 5 of 8 units dead", "converging; 6 of 8 units dead"]
    assert all(agrees(text, members) for text in members)
    assert not agrees("converging", members)
    assert not agrees("converging; 4 of 8 units dead", members[:1])


def test_headers_of_long_names_are_narrow(book: Path) -> None:
    sheet = openpyxl.load_workbook(book)["training"]
    (header,) = (c for c in lines_below_keys(sheet) if str(c.value).startswith("encoder.\nla"))
    assert header.value == "encoder.\nlayers.0.\nweight[0,0]"
    assert header.alignment.wrap_text
    assert sheet.row_dimensions[header.row].height >= 3 * 13
    assert sheet.column_dimensions[header.column_letter].width <= 12


def lines_below_keys(sheet: openpyxl.worksheet.worksheet.Worksheet) -> Iterator[openpyxl.cell.Cell]:
    """Yield what stands below the keys of one weight and of its slope."""
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value == f"param.{LAYER}[0,0]":
                yield sheet.cell(cell.row + 1, cell.column)


@pytest.mark.parametrize(
    ("header", "tensors", "lines"),
    [
        ("fc.weight[0]", True, ["fc.weight[0]"]),
        ("0.weight[0,0]", True, ["0.weight", "[0,0]"]),
        ("∂L/∂0.weight[0,1]", True, ["∂L/∂0.weight", "[0,1]"]),
        (f"new {LAYER}[3,2]", True, ["new encoder.", "layers.0.", "weight[3,2]"]),
        ("averyveryverylongname", True, ["averyveryverylongname"]),
        ("nonzero.a2 embark s", False, ["nonzero.a2 embark s"]),
        ("∂L/∂a1_standardised_size", False, ["∂L/∂a1_", "standardised_", "size"]),
    ],
)
def test_headers_are_broken_where_parts_end(header: str, tensors: bool, lines: list[str]) -> None:
    assert folded(header, tensors) == lines


def test_a_long_verdict_has_three_lines_beside_its_name(book: Path) -> None:
    sheet = openpyxl.load_workbook(book)["compare"]
    _, header = (c for row in sheet.iter_rows() for c in row if c.value == "verdict")  # key, words
    verdict = sheet.cell(header.row + 1, header.column)
    assert verdict.alignment.wrap_text
    assert sheet.row_dimensions[verdict.row].height == 45
    assert_headers_fit(sheet, header.row)


def test_a_verdict_of_a_lesson_is_made_small_enough() -> None:
    sheet = looked_at(default_lesson("two-neuron"))["compare"]
    _, header = (c for row in sheet.iter_rows() for c in row if c.value == "verdict")  # key, words
    assert sheet.cell(header.row + 1, header.column).alignment.shrink_to_fit
    assert_headers_fit(sheet, header.row)


def assert_headers_fit(sheet: openpyxl.worksheet.worksheet.Worksheet, row: int) -> None:
    for cell in sheet[row]:
        if cell.value is not None:
            # Words may stand below each other where there is room for it.
            words = cell.value.split() if cell.alignment.wrap_text else [cell.value]
            width = sheet.column_dimensions[cell.column_letter].width
            assert width >= max(map(len, words)) + 2
            assert len(cell.value) + 2 <= width * (sheet.row_dimensions[row].height or 15) // 13


@pytest.mark.parametrize(("units", "shown"), [(8, 3), (9, 3), (10, 2)])
def test_no_gap_is_left_between_charts(units: int, shown: int, tmp_path: Path) -> None:
    """Bars for the weights of more units than there are colours would be noise."""
    model = torch.nn.Sequential(
        torch.nn.Linear(1, units), torch.nn.Tanh(), torch.nn.Linear(units, 1)
    )
    x = torch.tensor([[0.1], [0.4]])
    path = xlsgd.export(
        model, torch.optim.SGD(model.parameters(), lr=0.1), torch.nn.MSELoss(), data=(x, x[:, 0]),
        epochs=2, path=tmp_path / "units.xlsx",
    )  # fmt: skip
    charts = openpyxl.load_workbook(path)["training"]._charts
    begins = sorted(chart.anchor._from.col for chart in charts)
    assert len(begins) == shown
    # A chart is some five columns wide.
    assert all(after - before < 9 for before, after in pairwise(begins))
