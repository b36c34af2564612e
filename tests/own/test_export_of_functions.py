"""Export of modules without inputs, of modules with constants, and of places in a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from openpyxl import load_workbook
from torch import nn

import xlsgd
from tests.modules.nets import Of
from tests.modules.test_modules import Valley
from tests.modules.test_ways_to_write import Held
from tests.own.test_export import last_weights
from xlsgd.base.errors import SpecError
from xlsgd.cli import main


def _sgd(module: nn.Module, rate: float = 0.05) -> torch.optim.Optimizer:
    return torch.optim.SGD(module.parameters(), lr=rate)


# Functions of weights


def test_a_module_without_inputs_goes_down_as_torch_does(tmp_path: Path) -> None:
    module = Valley().double()
    optimizer = torch.optim.Adam(module.parameters(), lr=0.1)
    path = xlsgd.export(module, optimizer, path=tmp_path / "valley.xlsx", epochs=6)
    for _ in range(6):
        optimizer.zero_grad()
        module().backward()
        optimizer.step()
    found = last_weights(path)
    expected = module.p.detach().tolist()
    assert [found["p[0]"], found["p[1]"]] == pytest.approx(expected, rel=1e-9)
    report = xlsgd.verify(path)
    assert report.ok
    assert not any(sheet.unchecked for sheet in report.sheets)
    # There is no data: no tab for it, and no column.
    assert "data" not in load_workbook(path, read_only=True).sheetnames


def test_from_a_file_without_data(tmp_path: Path) -> None:
    file, path = tmp_path / "valley.py", tmp_path / "v.xlsx"
    file.write_text(
        "import torch\n"
        "class Valley(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.x = torch.nn.Parameter(torch.tensor(1.0))\n"
        "    def forward(self):\n"
        "        return (self.x ** 2 - 9) ** 2\n"
        "net = torch.nn.Linear(1, 1)\n"
    )
    runner = CliRunner()
    given = ["generate", f"{file}:Valley", "--lr", "0.01", "--epochs", "4", "-o", str(path)]
    assert runner.invoke(main, given).exit_code == 0
    x = 1.0
    for _ in range(4):
        x -= 0.01 * 4 * x * (x * x - 9)
    assert last_weights(path)["x"] == pytest.approx(x, rel=1e-12)
    assert xlsgd.verify(path).ok
    asked = runner.invoke(main, ["generate", f"{file}:net", "-o", str(tmp_path / "n.xlsx")])
    assert asked.exit_code == 2
    assert "needs data to learn from: --data FILE" in asked.output


@pytest.mark.parametrize(
    ("module", "given", "words"),
    [
        (Valley(), {"loss": nn.MSELoss()}, "without data there is nothing to compare with"),
        (nn.Linear(1, 1), {"data": {"x": [1.0], "y": [1.0]}}, "pass both, or neither"),
        (nn.Linear(1, 1), {}, "takes input, and there is no data to give it"),
        (Valley(), {"data": {"x": [1.0], "y": [1.0]}, "loss": nn.MSELoss()}, "leave data out"),
        (Of(lambda m, x=None: m.w * 2, w=[0.5, 1.0]), {}, "takes x, and there is no data"),
    ],
)
def test_data_and_loss_go_together(
    module: nn.Module, given: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(SpecError) as caught:
        xlsgd.export(module, _sgd(module), path=tmp_path / "m.xlsx", **given)
    assert words in str(caught.value)


# Constants


def test_buffers_and_tensors_that_are_no_weights_are_constants(tmp_path: Path) -> None:
    module = Held().double()
    x = torch.linspace(-1, 1, 20, dtype=torch.float64).reshape(5, 4)
    y = torch.linspace(0, 1, 10, dtype=torch.float64).reshape(5, 2)
    optimizer = _sgd(module)
    path = xlsgd.export(
        module, optimizer, nn.MSELoss(), data=(x, y), path=tmp_path / "m.xlsx", epochs=3
    )
    for _ in range(3):
        optimizer.zero_grad()
        nn.functional.mse_loss(module(x), y).backward()
        optimizer.step()
    found = last_weights(path)
    for at in np.ndindex(2, 4):
        name = f"fc.weight[{at[0]},{at[1]}]"
        assert found[name] == pytest.approx(module.fc.weight[at].item(), rel=1e-9)
    assert xlsgd.verify(path).ok


def test_a_forward_that_asks_for_float32_is_computed_as_wide_as_a_sheet(tmp_path: Path) -> None:
    module = Of(
        lambda m, x: m.fc(x.float()) + 0.1 * (x[:, :1] > 0).to(torch.float32) + torch.tensor([0.3]),
        fc=nn.Linear(2, 1),
    )
    data = (torch.tensor([[0.1, 0.7], [-0.3, 0.9]]), torch.tensor([0.3, 0.6]))
    path = xlsgd.export(
        module, _sgd(module), nn.MSELoss(), data=data, path=tmp_path / "m.xlsx", epochs=1
    )
    assert xlsgd.verify(path).ok
    assert torch.get_default_dtype() == torch.float32


# Places in a table


def _words() -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        return nn.Sequential(nn.Embedding(4, 2), nn.Flatten(), nn.Linear(2, 1)).double()


class Named(nn.Module):
    """Takes a column of places, and one of numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.e, self.fc = nn.Embedding(4, 2), nn.Linear(3, 1)

    def forward(self, word: Any, size: Any) -> Any:
        return self.fc(torch.cat([self.e(word), size[:, None]], 1))


def test_a_tensor_of_whole_numbers_goes_into_an_embedding(tmp_path: Path) -> None:
    module, x = _words(), torch.tensor([0, 3, 1, 3])
    y = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    optimizer = _sgd(module, 0.3)
    path = xlsgd.export(
        module, optimizer, nn.MSELoss(), data=(x, y), path=tmp_path / "m.xlsx", epochs=3,
        batch_size=2,
    )  # fmt: skip
    for _ in range(3):
        for rows in (slice(0, 2), slice(2, 4)):
            optimizer.zero_grad()
            nn.functional.mse_loss(module(x[rows])[:, 0], y[rows]).backward()
            optimizer.step()
    found = last_weights(path)
    for at in np.ndindex(4, 2):
        expected = module[0].weight[at].item()
        assert found[f"0.weight[{at[0]},{at[1]}]"] == pytest.approx(expected, rel=1e-9)
    assert xlsgd.verify(path).ok


def test_a_row_of_zeros_for_padding_stays_what_it_is(tmp_path: Path) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(2)
        module = nn.Sequential(nn.Embedding(3, 2, padding_idx=0), nn.Linear(2, 1)).double()
    data = (torch.tensor([0, 2, 1]), torch.tensor([0.1, 0.2, 0.3]))
    path = xlsgd.export(
        module, _sgd(module), nn.MSELoss(), data=data, path=tmp_path / "m.xlsx", epochs=2
    )
    found = last_weights(path)
    assert found["0.weight[0,0]"] == found["0.weight[0,1]"] == 0
    assert found["0.weight[2,0]"] != module[0].weight[2, 0].item()
    assert xlsgd.verify(path).ok


def test_a_column_of_a_table_goes_into_an_embedding(tmp_path: Path) -> None:
    module = Named()
    data = {"word": [0, 3, 1], "size": [0.5, 1.5, 2.0], "y": [0.1, 0.2, 0.3]}
    path = xlsgd.export(
        module, _sgd(module), nn.MSELoss(), data=data, path=tmp_path / "m.xlsx", epochs=2
    )
    assert xlsgd.verify(path).ok


@pytest.mark.parametrize("place", [4, -1, 1.5])
def test_a_place_beyond_the_table_is_told_by_its_row(place: float, tmp_path: Path) -> None:
    module = Named()
    data = {"word": [0, 1, place], "size": [0.5, 1.5, 2.0], "y": [0.1, 0.2, 0.3]}
    with pytest.raises(SpecError, match=rf"row 3, word: got {place:g}, which is no row"):
        xlsgd.export(
            module, _sgd(module), nn.MSELoss(), data=data, path=tmp_path / "m.xlsx", batch_size=1
        )


@pytest.mark.parametrize("place", [4, 2.5])
def test_a_place_beyond_the_table_that_is_typed_in_is_nothing_on_both_sides(
    place: float, tmp_path: Path
) -> None:
    module, x = _words(), torch.tensor([0, 3, 1])
    path = xlsgd.export(
        module, _sgd(module), nn.MSELoss(), data=(x, torch.tensor([0.1, 0.2, 0.3])),
        path=tmp_path / "m.xlsx", epochs=2,
    )  # fmt: skip
    book = load_workbook(path)
    cells = [c for row in book["data"].iter_rows() for c in row]
    header = next(c for c in cells if c.value == "x")
    book["data"].cell(header.row + 2, header.column).value = place
    book.save(path)
    assert xlsgd.verify(path).ok
