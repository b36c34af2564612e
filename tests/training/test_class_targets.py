"""Cross-entropy with a probability for every class as targets, as torch.nn.CrossEntropyLoss has it.

The witness is a plain loop of PyTorch's own loss beside the weights that stand in cells.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import xlsgd
from tests.own.test_export import last_weights
from xlsgd.base.errors import SpecError
from xlsgd.xlsx.reader import read_workbook

X = torch.tensor([[0.3, -0.2], [1.1, 0.4], [-0.6, 0.9], [0.2, 1.3], [-1.4, -0.7]]).double()
SHARES = torch.tensor(
    [[0.5, 0.25, 0.25], [0, 1, 0], [0.2, 0.2, 0.6], [0.9, 0.0, 0.1], [0.3, 0.3, 0.3]]
).double()
CLASSES = torch.tensor([0, 2, 1, 2, 2])


def exported(loss: Any, y: torch.Tensor, path: Path, size: int, classes: int = 3) -> nn.Module:
    """Export a net; return it as a plain loop in torch leaves it."""
    torch.manual_seed(5)
    net = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, classes)).double()
    if isinstance(loss, nn.NLLLoss):
        net.append(nn.LogSoftmax(dim=1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.3)
    xlsgd.export(net, optimizer, loss, data=(X, y), path=path, epochs=2, batch_size=size)
    for _ in range(2):
        for begin in range(0, len(X), size):
            rows = slice(begin, begin + size)
            optimizer.zero_grad()
            loss(net(X[rows]), y[rows]).backward()
            optimizer.step()
    return net


def need_same(net: nn.Module, path: Path) -> None:
    found = last_weights(path)
    for name, parameter in net.named_parameters():
        for at in torch.cartesian_prod(*map(torch.arange, parameter.shape)).reshape(
            parameter.numel(), -1
        ):
            key = f"{name}[{','.join(map(str, at.tolist()))}]"
            expected = float(parameter.detach()[tuple(at)])
            assert found[key] == pytest.approx(expected, rel=1e-9, abs=1e-12), key
    report = xlsgd.verify(path)
    assert report.ok, report.first_difference
    assert not any(tab.unchecked for tab in report.sheets)


@pytest.mark.parametrize(
    "loss",
    [
        nn.CrossEntropyLoss(),
        nn.CrossEntropyLoss(label_smoothing=0.2),
        nn.CrossEntropyLoss(reduction="sum", label_smoothing=0.1),
        nn.CrossEntropyLoss(weight=torch.tensor([0.5, 2.0, 3.0]).double()),
        nn.CrossEntropyLoss(
            weight=torch.tensor([0.5, 2.0, 3.0]).double(), reduction="sum", label_smoothing=0.2
        ),
    ],
    ids=["mean", "smoothed", "sum", "weighted", "weighted sum, smoothed"],
)
def test_probabilities_go_as_a_plain_loop_goes(loss: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / "m.xlsx"
    need_same(exported(loss, SHARES, path, 2), path)


def test_the_command_line_takes_a_column_for_every_class(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from xlsgd.cli import main

    (tmp_path / "d.csv").write_text("a,b,p,q,r\n0.1,0.2,0.5,0.25,0.25\n0.3,-1,0,1,0\n")
    path = tmp_path / "m.xlsx"
    asked = ["generate", "Linear(2, 3)", "--data", str(tmp_path / "d.csv"), "--target", "p,q,r"]
    done = CliRunner().invoke(main, [*asked, "--loss", "cross-entropy", "-o", str(path), "-q"])
    assert done.exit_code == 0, done.output
    told = list(read_workbook(path).book.sheets["training"].values())
    assert "cross-entropy-of-shares" in told
    report = xlsgd.verify(path)
    assert report.ok, report.first_difference


def test_what_is_no_probability_is_refused_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"row 2, y_3: got 1\.5; .* the probability of a class"):
        exported(nn.CrossEntropyLoss(), SHARES * torch.tensor([1, 1, 1.0]) + torch.tensor(
            [[0, 0, 0], [0, 0, 1.5], [0, 0, 0], [0, 0, 0], [0, 0, 0]]
        ), tmp_path / "m.xlsx", 5)  # fmt: skip


WEIGHTS = torch.tensor([0.5, 2.0, 3.0])
WEIGHTED = {
    "mean": nn.CrossEntropyLoss(weight=WEIGHTS.double()),
    "smoothed": nn.CrossEntropyLoss(weight=WEIGHTS.double(), label_smoothing=0.2),
    "sum": nn.CrossEntropyLoss(weight=WEIGHTS.double(), reduction="sum", label_smoothing=0.1),
    "nll": nn.NLLLoss(weight=WEIGHTS.double()),
    "nll sum": nn.NLLLoss(weight=WEIGHTS.double(), reduction="sum"),
}


@pytest.mark.parametrize("size", [2, 1])
@pytest.mark.parametrize("name", WEIGHTED)
def test_weighted_classes_go_as_a_plain_loop_goes(name: str, size: int, tmp_path: Path) -> None:
    """The mean is over weights: batches of one row follow the plain loss, whatever its weight."""
    path = tmp_path / "m.xlsx"
    need_same(exported(WEIGHTED[name], CLASSES, path, size), path)
