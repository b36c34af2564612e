"""Groups of weights and fixed weights, asked for on the command line, and of a file's module."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from torch import nn

import xlsgd
from tests.own.test_export import last_weights
from xlsgd.cli import main
from xlsgd.explaining.workbook import explain
from xlsgd.training.nets import parse_network
from xlsgd.training.param_groups import tensors_meant

CSV = "x,z,y\n0.5,1,1.3\n1.0,-1,1.5\n1.5,0.4,3.1\n2.0,.2,1.0\n2.5,-.3,2.9\n"
NET = "Linear(2, 2), Tanh, Linear(2, 1)"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "d.csv").write_text(CSV)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def generate(net: str, *options: str) -> tuple[int, str]:
    command = ["generate", net, "--data", "d.csv", "--target", "y", "-o", "n.xlsx", *options]
    found = CliRunner().invoke(main, command)
    return found.exit_code, found.output


def test_groups_and_fixed_weights_train_as_in_a_loop_of_torch(folder: Path) -> None:
    status, output = generate(
        NET, "--optimizer", "adam", "--lr", "0.1", "--epochs", "3", "--batch-size", "2",
        "--weight-decay", "0.1", "--group", "last = c, d: lr=0.02, weight_decay=0",
        "--freeze", "b", "--schedule", "exponential",
    )  # fmt: skip
    assert status == 0, output
    assert xlsgd.verify("n.xlsx").ok
    rows = [list(map(float, line.split(","))) for line in CSV.splitlines()[1:]]
    table = torch.tensor(rows, dtype=torch.float64)
    # The weights that the tab starts from, by the names of its layers.
    first = _starts(folder / "n.xlsx")
    module = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)).double()
    with torch.no_grad():
        for p, values in zip(module.parameters(), first, strict=True):
            p.copy_(torch.tensor(values, dtype=torch.float64).reshape(p.shape))
    optimizer = torch.optim.Adam(
        [
            {"params": [module[0].weight], "weight_decay": 0.1},
            {"params": module[2].parameters(), "lr": 0.02},
        ],
        lr=0.1,
    )
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    gamma = _field(folder / "n.xlsx", "gamma")
    scheduler.gamma = gamma
    for _ in range(3):
        for begin in range(0, 5, 2):
            batch = table[begin : begin + 2]
            optimizer.zero_grad()
            nn.MSELoss()(module(batch[:, :2]), batch[:, 2:]).backward()
            optimizer.step()
            scheduler.step()
    expected = [v.item() for p in module.parameters() for v in p.detach().reshape(-1)]
    assert list(last_weights(folder / "n.xlsx").values()) == pytest.approx(expected, rel=1e-9)


def _cells(path: Path) -> dict[str, float]:
    """Return numbers by the names that they have in the workbook."""
    from openpyxl import load_workbook

    sheet = load_workbook(path, data_only=True)["training"]
    return {
        name: sheet[defined.attr_text.partition("!")[2].replace("$", "")].value
        for name, defined in sheet.defined_names.items()
    }


def _field(path: Path, name: str) -> float:
    return _cells(path)[name]


def _starts(path: Path) -> list[list[float]]:
    known = _cells(path)
    names = (["a1_x", "a1_z", "a2_x", "a2_z"], ["b1", "b2"], ["c1", "c2"], ["d"])
    return [[known[f"init_{name}"] for name in some] for some in names]


@pytest.mark.every
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--group", "q: lr=0.1"], "'q': no tensor of weights has that name; there are: a, b, c"),
        (["--group", "b lr=0.1"], "--group 'b lr=0.1': cannot read that; need 'WEIGHTS: NAME"),
        (["--group", "b: lr"], "got 'lr'; need 'WEIGHTS"),
        (["--group", "b: lr=1, lr=2"], "got lr twice"),
        (["--group", "b: beta=0.1"], "has a beta of its own; of their own groups can have: lear"),
        (["--group", "b: lr=-1"], "learning_rate.b in 'training': got -1, need a number from 0"),
        (["--group", "*: lr=1"], "every weight in 'training' is in a group or kept fixed; leave"),
        (["--freeze", "*"], "there is nothing to train"),
    ],
)
def test_what_cannot_be_is_refused(folder: Path, options: list[str], message: str) -> None:
    status, output = generate(NET, *options)
    assert (status, message in " ".join(output.split())) == (2, True), output


def test_a_module_of_a_file_keeps_its_fixed_weights(folder: Path) -> None:
    (folder / "my_net.py").write_text(
        "import torch\nmodel = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh(),"
        " torch.nn.Linear(2, 1))\nmodel[0].requires_grad_(False)\n"
    )
    status, output = generate("my_net.py:model", "--group", "2.bias: lr=0.5", "--epochs", "2")
    assert status == 0, output
    assert xlsgd.verify("n.xlsx").ok
    said = " ".join(" ".join(tab.sentences) for tab in explain("n.xlsx").tabs)
    assert "0.weight, 0.bias are kept fixed, as asked for" in said
    assert "The group g2_bias, 2.bias, has its own learning_rate 0.5" in said
    assert "stand still" not in said


def test_words_for_tensors() -> None:
    network = parse_network(NET, ("x", "z"))
    assert tensors_meant("a, b", network) == ("a", "b")
    assert tensors_meant("*", network) == ("a", "b", "c", "d")
    lines = "h = Linear(1, 1) of x with fc.0.weight, fc.0.bias; pred = Tanh of h"
    assert tensors_meant("fc", parse_network(lines)) == ("fc.0.weight", "fc.0.bias")
    assert tensors_meant("*.bias", parse_network(lines)) == ("fc.0.bias",)


def test_rates_of_groups_stand_beside_each_other(folder: Path) -> None:
    from openpyxl import load_workbook

    status, output = generate(
        NET, "--optimizer", "adam", "--optimizer", "sgd", "--lr", "0.1", "--epochs", "2",
        "--group", "last = c, d: lr=0.02",
    )  # fmt: skip
    assert status == 0, output
    book, shown = load_workbook("n.xlsx"), load_workbook("n.xlsx", data_only=True)["compare"]
    places = {str(c.value): c for row in book["compare"].iter_rows() for c in row if c.value}
    own = places["learning_rate.last"]
    cells = [(own.row + 2 + i, own.column) for i in range(2)]
    assert [shown.cell(*at).value for at in cells] == [0.02, 0.02]
    assert xlsgd.verify("n.xlsx").ok
    for row in book["compare"].iter_rows():
        for cell in row:
            if (cell.row, cell.column) == cells[0]:
                # That of all, of the same tab.
                cell.value = str(book["compare"].cell(cell.row, cell.column - 1).value)
    book.save("off.xlsx")
    first = xlsgd.verify("off.xlsx").first_difference
    assert first is not None
    assert first.quantity == "learning_rate.last"
