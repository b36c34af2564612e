"""Export: live objects of torch become a workbook that does what they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from click.testing import CliRunner
from torch import nn

import xlsgd
from tests.modules.nets import MODULES, Of, made
from xlsgd.base.errors import DataError, SpecError
from xlsgd.cli import main
from xlsgd.xlsx.reader import read_workbook

Floats = Any

ROWS = 5


def _inputs(count: int, rows: int = ROWS) -> torch.Tensor:
    generator = torch.Generator().manual_seed(count)
    return (torch.rand(rows, count, generator=generator, dtype=torch.float64) * 2 - 0.9).round(
        decimals=3
    )


def _trained(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Any,
    x: torch.Tensor,
    y: torch.Tensor,
    epochs: int,
    size: int,
) -> dict[str, np.ndarray[Any, Any]]:
    """Train as anybody does in torch, and return the weights."""
    for _ in range(epochs):
        for begin in range(0, len(x), size):
            rows = slice(begin, begin + size)
            optimizer.zero_grad()
            loss(module(x[rows]), y[rows]).backward()
            optimizer.step()
    return {name: p.detach().numpy().copy() for name, p in module.named_parameters()}


def last_weights(path: Path) -> dict[str, float]:
    """Return the weights after the last step, read from the cells alone: by their headers."""
    frame = pd.read_excel(path, sheet_name="training", header=None, engine="openpyxl")
    keys = next(row for row in frame.index if "loss" in set(frame.loc[row]) and row > 5)
    found = {}
    for column, key in frame.loc[keys].items():
        if isinstance(key, str) and key.startswith("new."):
            numbers = [v for v in frame.loc[keys + 2 :, column] if isinstance(v, int | float)]
            found[key.removeprefix("new.")] = [v for v in numbers if v == v][-1]
    return found


@pytest.mark.parametrize("name", [n for n in MODULES if n not in ("separate", "no bias")])
def test_the_last_weights_are_those_of_a_loop_in_torch(name: str, tmp_path: Path) -> None:
    module, names = made(name)
    x = _inputs(len(names))
    with torch.no_grad():
        shape = module(x).shape
    y = torch.linspace(-0.5, 0.5, int(np.prod(shape)), dtype=torch.float64).reshape(shape)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.05, momentum=0.5)
    path = xlsgd.export(
        module, optimizer, nn.MSELoss(), data=(x, y), path=tmp_path / "m.xlsx", epochs=2,
        batch_size=3,
    )  # fmt: skip
    expected = _trained(module, optimizer, nn.MSELoss(), x, y, 2, 3)
    found = last_weights(path)
    for tensor, values in expected.items():
        for at in np.ndindex(*values.shape):
            key = f"{tensor}[{','.join(map(str, at))}]" if at else tensor
            assert found[key] == pytest.approx(values[at], rel=1e-9, abs=1e-12), key
    report = xlsgd.verify(path)
    assert report.ok
    assert not any(sheet.unchecked for sheet in report.sheets)


def test_numbers_of_few_digits_are_written_as_one_would(tmp_path: Path) -> None:
    module = nn.Linear(2, 1)
    x = torch.tensor([[0.99, -0.16], [1.5, 3.0], [1e-3, 0.1]])
    y = torch.tensor([0, 1, 1])
    path = xlsgd.export(
        module, torch.optim.SGD(module.parameters(), lr=0.1), nn.MSELoss(), data=(x, y),
        path=tmp_path / "m.xlsx", epochs=1,
    )  # fmt: skip
    rows = pd.read_excel(path, sheet_name="data", header=None).tail(3).to_numpy()[:, :3].tolist()
    assert rows == [[0.99, -0.16, 0], [1.5, 3.0, 1], [0.001, 0.1, 1]]


def test_live_objects_stay_as_they_are(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    optimizer = torch.optim.Adam(module.parameters(), lr=0.1)
    data = {"a": [0.1, 0.2, 0.3], "b": [1.0, -1.0, 0.5], "y": [1.0, 0.0, 1.0]}
    xlsgd.export(module, optimizer, nn.MSELoss(), data=data, path=tmp_path / "m.xlsx", epochs=1)
    assert not optimizer.state
    assert all(torch.equal(p, before[name]) for name, p in module.named_parameters())
    assert all(p.dtype == torch.float32 and p.grad is None for p in module.parameters())


def test_the_model_is_rebuilt_from_the_workbook_alone(tmp_path: Path) -> None:
    module, names = made("skip")
    data = {**dict(zip(names, _inputs(3).T.tolist(), strict=True)), "y": [0.1, 0.2, 0.3, 0.4, 0.5]}
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    path = xlsgd.export(
        module, optimizer, nn.MSELoss(), data=data, path=tmp_path / "m.xlsx", epochs=1
    )
    texts = {
        cell
        for cell in read_workbook(path).book.sheets["training"].values()
        if isinstance(cell, str)
    }
    assert "fc_1 … fc_3 = Linear(3, 3) of x1 … x3 with fc.weight, fc.bias" in texts
    assert "add_1 … add_3 = Add of relu_1 … relu_3, x1 … x3" in texts
    assert "pred = Linear(3, 1) of add_1 … add_3 with out.weight, out.bias" in texts


def test_an_embedding_by_a_column_of_places(tmp_path: Path) -> None:
    module = Of(lambda m, x: m.fc(m.e(x[:, 0].long())), e=nn.Embedding(3, 2), fc=nn.Linear(2, 1))
    module = module.double()
    data = {"word": [0, 1, 2, 1, 0], "y": [0.1, 0.2, 0.3, 0.4, 0.5]}
    x, y = (torch.tensor(data[n], dtype=torch.float64)[:, None] for n in ("word", "y"))
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    path = xlsgd.export(
        module, optimizer, nn.MSELoss(), data=data, path=tmp_path / "m.xlsx", epochs=3, batch_size=2
    )
    expected = _trained(module, optimizer, nn.MSELoss(), x, y, 3, 2)
    found = last_weights(path)
    for at in np.ndindex(3, 2):
        name = f"e.weight[{at[0]},{at[1]}]"
        assert found[name] == pytest.approx(expected["e.weight"][at], rel=1e-9)
    assert xlsgd.verify(path).ok


def test_an_embedding_that_is_given_whole_numbers_as_they_are(tmp_path: Path) -> None:
    """As a training script has it: nothing in the module turns them into such."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Embedding(4, 2), nn.Flatten(), nn.Linear(4, 3)).double()
    x, y = torch.tensor([[0, 3], [1, 2], [2, 2], [3, 1]]), torch.tensor([0, 2, 1, 1])
    optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
    loss = nn.CrossEntropyLoss()
    path = xlsgd.export(module, optimizer, loss, data=(x, y), path=tmp_path / "m.xlsx", epochs=2)
    for _ in range(2):
        optimizer.zero_grad()
        loss(module(x), y).backward()
        optimizer.step()
    found = last_weights(path)
    expected = module[0].weight.detach()
    for at in np.ndindex(4, 2):
        assert found[f"0.weight[{at[0]},{at[1]}]"] == pytest.approx(float(expected[at]), rel=1e-9)
    assert xlsgd.verify(path).ok


def test_weights_that_do_nothing_stay_what_they_are(tmp_path: Path) -> None:
    module = Of(
        lambda m, x: (m.s * x)[:, 1:] + torch.softmax(m.fc(x), 1)[:, :1] + m.w[1],
        s=[0.25, 0.4], w=[0.5, 0.6, 0.75], fc=nn.Linear(2, 2),
    ).double()  # fmt: skip
    x, y = _inputs(2), torch.linspace(-1, 2, ROWS, dtype=torch.float64)[:, None]
    optimizer = torch.optim.Adam(module.parameters(), lr=0.1)
    path = xlsgd.export(
        module, optimizer, nn.MSELoss(), data=(x, y), path=tmp_path / "m.xlsx", epochs=2
    )
    found = last_weights(path)
    assert (found["s[0]"], found["w[0]"], found["w[2]"]) == (0.25, 0.5, 0.75)
    trained = _trained(module, optimizer, nn.MSELoss(), x, y, 2, ROWS)
    assert found["s[1]"] == pytest.approx(trained["s"][1], rel=1e-9)
    assert found["w[1]"] == pytest.approx(trained["w"][1], rel=1e-9)
    assert xlsgd.verify(path).ok


def test_a_scheduler_clipped_slopes_and_shuffled_rows(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)).double()
    x, y = _inputs(2, 7), torch.linspace(-1, 2, 7, dtype=torch.float64)[:, None]
    optimizer = torch.optim.SGD(module.parameters(), lr=0.5)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.7)
    path = xlsgd.export(
        module, optimizer, nn.MSELoss(), data=(x, y), path=tmp_path / "m.xlsx", epochs=3,
        batch_size=3, scheduler=scheduler, schedule_by="epoch", clip_norm=0.3, shuffle=5,
    )  # fmt: skip
    order = pd.read_excel(path, sheet_name="data", header=None)
    keys = next(i for i in order.index if "row of table" in set(order.loc[i]))
    column = next(c for c in order.columns if order.loc[keys, c] == "row of table")
    drawn = [int(v) - 1 for v in order.loc[keys + 1 :, column].dropna()]
    assert sorted(drawn) == list(range(7))
    assert drawn != list(range(7))
    for _ in range(3):
        for begin in range(0, 7, 3):
            rows = drawn[begin : begin + 3]
            optimizer.zero_grad()
            nn.functional.mse_loss(module(x[rows]), y[rows]).backward()
            nn.utils.clip_grad_norm_(module.parameters(), 0.3)
            optimizer.step()
        scheduler.step()
    found = last_weights(path)
    for at in np.ndindex(2, 2):
        expected = module[0].weight.detach().numpy()[at]
        assert found[f"0.weight[{at[0]},{at[1]}]"] == pytest.approx(expected, rel=1e-9)
    assert xlsgd.verify(path).ok


def test_what_nadam_remembers_is_kept_in_float64(tmp_path: Path) -> None:
    # The usual type of torch's numbers is float32 here, and so would be its product of momenta.
    assert torch.get_default_dtype() == torch.float32
    module = nn.Linear(1, 1).double()
    with torch.no_grad():
        module.weight.fill_(1e-3)
        module.bias.fill_(-2e-3)
    optimizer = torch.optim.NAdam(module.parameters(), lr=0.5)
    data = {"x": [0.5, -0.3], "y": [1.0, 0.25]}
    path = xlsgd.export(
        module, optimizer, nn.MSELoss(), data=data, path=tmp_path / "m.xlsx", epochs=1
    )
    assert xlsgd.verify(path).ok
    assert torch.get_default_dtype() == torch.float32


class Crosswise(nn.Module):
    """Looks right for a single row of data, and does something else with several."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 1)

    def forward(self, x: Any) -> Any:
        return self.fc(x) - x[:, 0]


def test_what_mixes_the_rows_of_a_batch_is_found_before_writing(tmp_path: Path) -> None:
    module = Crosswise()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    data = {"a": [0.1, 0.2, 0.3], "b": [1.0, -1.0, 0.5], "y": [1.0, 0.0, 1.0]}
    path = tmp_path / "m.xlsx"
    with pytest.raises(SpecError):
        xlsgd.export(module, optimizer, nn.MSELoss(), data=data, path=path, epochs=1)
    assert not path.exists()


def _one() -> nn.Module:
    return nn.Linear(2, 1)


_DATA = {"a": [0.1, 0.2, 0.3], "b": [1.0, -1.0, 0.5], "y": [1.0, 0.0, 1.0]}

BAD: dict[str, tuple[Any, str]] = {
    "classes beyond": (
        lambda p: _export(nn.Linear(2, 2), nn.CrossEntropyLoss(), p, y=[0.0, 1.0, 2.0]),
        "from 0 to 1",
    ),
    "half a class": (
        lambda p: _export(nn.Linear(2, 2), nn.CrossEntropyLoss(), p, y=[0.0, 0.5, 1.0]),
        "got 0.5",
    ),
    "no such column": (lambda p: _export(_one(), nn.MSELoss(), p, target="price"), "'price'"),
    "not a number": (
        lambda p: _export(_one(), nn.MSELoss(), p, a=[0.1, float("nan"), 0.3]),
        "row 2, column a: got nan",
    ),
    "too wide": (lambda p: _export(nn.Linear(3, 1), nn.MSELoss(), p), "of 3 inputs is given 2"),
    "none": (lambda p: _export(_one(), nn.MSELoss(reduction="none"), p), "reduction='none'"),
    "weights of rows": (
        lambda p: _export(_one(), nn.BCEWithLogitsLoss(weight=torch.ones(3)), p),
        "BCEWithLogitsLoss with weight of the shape (3,): need one number, the same in all rows",
    ),
    "several weights": (
        lambda p: _export(
            nn.Linear(2, 1), nn.BCEWithLogitsLoss(pos_weight=torch.tensor([1, 2])), p
        ),
        "pos_weight of the shape (2,): need one number",
    ),
    "too few class weights": (
        lambda p: _export(nn.Linear(2, 3), nn.CrossEntropyLoss(weight=torch.ones(2)), p),
        "weight tensor should be defined either for all 3 classes",
    ),
    "weights of rows and targets": (
        lambda p: _export(
            nn.Linear(2, 2),
            nn.BCEWithLogitsLoss(weight=torch.ones(3, 2)),
            p,
            target=["y", "z"],
            z=[0.0, 1.0, 0.0],
        ),
        "or one for each of 2 targets, the same in all rows",
    ),
    "a class of losses": (lambda p: _export(_one(), nn.MSELoss, p), "got MSELoss, a class"),
    "ignored rows": (
        lambda p: _export(nn.Linear(2, 2), nn.CrossEntropyLoss(ignore_index=1), p),
        "ignore_index=1: no row of a sheet is passed over",
    ),
    "unknown loss": (lambda p: _export(_one(), nn.KLDivLoss(), p), "KLDivLoss is none of those"),
    "solver": (
        lambda p: _export(_one(), nn.MSELoss(), p, rule=torch.optim.LBFGS),
        "LBFGS",
    ),
    "frozen": (
        lambda p: _export(_one().requires_grad_(False), nn.MSELoss(), p),
        "every weight of the module is kept fixed: there is nothing to train",
    ),
    "no epochs": (lambda p: _export(_one(), nn.MSELoss(), p, epochs=0), "epochs"),
    "words among numbers": (
        lambda p: _export(_one(), nn.MSELoss(), p, a=[0.1, "two", 0.3]),
        "column a",
    ),
    "a module of other data": (
        lambda p: _export(Of(lambda m, x: m.fc(x)[:, 3], fc=nn.Linear(2, 2)), nn.MSELoss(), p),
        "getitem",
    ),
}


def _export(
    module: nn.Module, loss: Any, path: Path, *, target: Any = "y", epochs: int = 1,
    rule: Any = torch.optim.SGD, **columns: Any,
) -> None:  # fmt: skip
    xlsgd.export(
        module, rule(module.parameters(), lr=0.1), loss, data={**_DATA, **columns}, target=target,
        path=path, epochs=epochs,
    )  # fmt: skip


@pytest.mark.every
@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_clear_line(name: str, tmp_path: Path) -> None:
    call, words = BAD[name]
    path = tmp_path / "m.xlsx"
    with pytest.raises((SpecError, DataError)) as caught:
        call(path)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not path.exists()


@pytest.mark.parametrize("given", [{"target": "price"}, {"inputs": ["x1"]}], ids=str)
def test_tensors_have_no_names_of_columns(given: dict[str, Any], tmp_path: Path) -> None:
    module = nn.Linear(2, 1)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    data = (torch.ones(3, 2), torch.ones(3))
    with pytest.raises(SpecError, match="leave target and inputs out"):
        xlsgd.export(module, optimizer, nn.MSELoss(), data=data, path=tmp_path / "m.xlsx", **given)
    assert not list(tmp_path.iterdir())


def test_a_loss_that_has_no_value_is_told(tmp_path: Path) -> None:
    net = "import torch\nmodel = torch.nn.Linear(1, 1)\ntorch.nn.init.constant_(model.bias, 30.0)\n"
    (tmp_path / "net.py").write_text(net)
    (tmp_path / "points.csv").write_text("x,y\n1,0\n2,1\n")
    book = tmp_path / "net.xlsx"
    options = ["--data", str(tmp_path / "points.csv"), "--loss", "bce", "-o", str(book)]
    done = CliRunner().invoke(main, ["generate", f"{tmp_path}/net.py:model", *options])
    assert done.exit_code == 2
    assert "is no number, neither in torch nor in the sheet" in done.stderr
    assert "choose the loss bce-with-logits" in done.stderr
    assert not book.exists()
