"""A module of one's own that looks at images has a tab with them, where it says their size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from openpyxl import load_workbook
from torch import nn

import xlsgd
from tests.verify.books import passes
from xlsgd.base.errors import SpecError
from xlsgd.cli import main


def lenet() -> tuple[nn.Module, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    module = nn.Sequential(
        nn.Unflatten(1, (1, 6, 6)),
        nn.Conv2d(1, 2, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(2, 2, 2),
        nn.Tanh(),
        nn.Flatten(),
        nn.Linear(8, 3),
    )
    return module, torch.rand(3, 36).round(decimals=1), torch.tensor([0.0, 1.0, 2.0])


def test_of_several_channels_and_predictions(tmp_path: Path) -> None:
    module, x, y = lenet()
    optimizer, path = torch.optim.SGD(module.parameters(), 0.1), tmp_path / "lenet.xlsx"
    loss = nn.CrossEntropyLoss()
    xlsgd.export(module, optimizer, loss, data=(x, y), path=path, epochs=1, image=(6, 6))
    report = xlsgd.verify(path)
    assert passes(report)
    assert not any(sheet.unchecked for sheet in report.sheets)
    sheet = load_workbook(path, data_only=True)["images"]
    (before,) = (c.offset(0, 1).value for c in sheet["B"] if c.value == "before.loss")
    with torch.no_grad():
        expected = loss(module.double()(x[:1].double()), y[:1].long())
    assert before == pytest.approx(expected.item(), rel=1e-6)


def test_another_size_is_refused(tmp_path: Path) -> None:
    module, x, y = lenet()
    optimizer = torch.optim.SGD(module.parameters(), 0.1)
    with pytest.raises(SpecError, match="image 5 × 6: the module takes 36 numbers"):
        xlsgd.export(
            module, optimizer, nn.CrossEntropyLoss(), data=(x, y), path=tmp_path / "l.xlsx",
            image=(5, 6),
        )  # fmt: skip


def test_the_command_line_takes_the_size(tmp_path: Path) -> None:
    rows = ["p1,p2,p3,p4,p5,p6,kind", "0,1,0,0.5,1,0,1", "1,0,1,0.5,0,1,0"]
    (tmp_path / "d.csv").write_text("\n".join(rows) + "\n")

    def generated(*options: str) -> Any:
        asked = [
            "generate",
            "Linear(6, 2), Tanh, Linear(2, 1)",
            "--target",
            "kind",
            "--epochs",
            "1",
        ]
        asked += ["--data", str(tmp_path / "d.csv"), "-o", str(tmp_path / "m.xlsx"), "-q"]
        return CliRunner().invoke(main, [*asked, *options])

    done = generated("--image", "2x3")
    assert done.exit_code == 0, done.output
    book = load_workbook(tmp_path / "m.xlsx", data_only=True)
    assert "images" in book.sheetnames
    shown = [[c.value for c in row] for row in book["images"].iter_rows()]
    # The first image of the file, as rows of pixels.
    assert any(row[i : i + 3] == [0, 1, 0] for row in shown for i in range(len(row)))
    assert any(row[i : i + 3] == [0.5, 1, 0] for row in shown for i in range(len(row)))
    assert passes(xlsgd.verify(tmp_path / "m.xlsx"))
    for text, words in (("2x4", "the module takes 6 numbers"), ("six", "such as 8x6")):
        refused = generated("--image", text, "--force")
        assert refused.exit_code == 2
        assert words in refused.output
