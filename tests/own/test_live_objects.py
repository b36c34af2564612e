"""What is said of live objects: that they were compared, and what of them no sheet can have."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from openpyxl import load_workbook
from torch import nn

import xlsgd
from tests.own.test_export import last_weights
from tests.training.test_class_targets import need_same
from xlsgd.base.errors import SpecError
from xlsgd.cli import main

NET = """
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.tensor([0.5, -0.25]))

    def forward(self, rooms, size):
        return self.w[0] * rooms + self.w[1] * size

model = Net()
hooked = Net()
hooked.w.register_hook(lambda slope: 2 * slope)
"""
ROWS = "size,rooms,price\n0.5,1,1.0\n0.6,2,1.4\n0.8,2,1.6\n"


def generated(folder: Path, name: str, *options: str) -> Any:
    (folder / "net.py").write_text(NET)
    (folder / "houses.csv").write_text(ROWS)
    asked = ["generate", f"{folder}/net.py{name}", "--data", str(folder / "houses.csv")]
    asked += ["--target", "price", "--epochs", "2", "-o", str(folder / "m.xlsx")]
    return CliRunner().invoke(main, [*asked, *options])


def test_it_is_said_that_the_module_was_compared(tmp_path: Path) -> None:
    done = generated(tmp_path, ":model")
    assert done.exit_code == 0, done.stderr
    assert "compared with the module itself: its loss and 2 slopes are the same" in done.stderr
    told = [str(c.value) for row in load_workbook(tmp_path / "m.xlsx")["lesson"] for c in row]
    assert any("loss and slopes of the first step were compared with what the" in t for t in told)
    assert generated(tmp_path, ":model", "-q", "--force").stderr == ""


def test_weights_of_a_tensor_can_be_typed_in(tmp_path: Path) -> None:
    done = generated(tmp_path, ":model", "--init", "w[0]=2,w[1]=-1.5", "--lr", "0")
    assert done.exit_code == 0, done.stderr
    assert "compared" not in done.stderr  # it is another start than the module's
    assert last_weights(tmp_path / "m.xlsx") == {"w[0]": 2.0, "w[1]": -1.5}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "net.py: which module in it? Write its name behind it, as in"),
        (":hooked", "the module's parameter w has hooks, which no sheet can run; remove them"),
        (":other", "it has nothing called other; modules in it: model, hooked"),
    ],
)
def test_files_and_what_is_in_them_are_refused_in_a_line(
    name: str, words: str, tmp_path: Path
) -> None:
    done = generated(tmp_path, name)
    assert done.exit_code == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "m.xlsx").exists()


def test_arguments_are_columns_whatever_features_stand_beside(tmp_path: Path) -> None:
    net = NET.replace("rooms, size", "rooms, standardize_size").replace(
        "* size", "* (2 * standardize_size)"
    )
    (tmp_path / "houses.csv").write_text(ROWS)
    namespace: dict[str, Any] = {}
    exec(net, namespace)
    module = namespace["model"].double()
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1)
    path = xlsgd.export(
        module, optimizer, nn.MSELoss(), data=tmp_path / "houses.csv", target="price",
        features=["standardize:size"], path=tmp_path / "m.xlsx", epochs=2,
    )  # fmt: skip
    rooms, size, price = torch.tensor([[1, 2, 2], [0.5, 0.6, 0.8], [1, 1.4, 1.6]]).double()
    scaled = (size - size.mean()) / size.std(correction=0)
    for _ in range(2):
        optimizer.zero_grad()
        nn.MSELoss()(module(rooms, scaled), price).backward()
        optimizer.step()
    assert list(last_weights(path).values()) == pytest.approx(module.w.tolist(), rel=1e-6)
    assert xlsgd.verify(path).ok


X = torch.tensor([[0.0, 0.5], [3.0, 1.0], [1.0, -1.0], [3.0, 0.2]]).double()
Y = torch.tensor([[0.3], [-0.4], [0.9], [0.1]]).double()


class Words(nn.Module):
    """Rows of a table, whose slopes PyTorch keeps for the rows alone that came by."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(4, 2, sparse=True)
        self.out = nn.Linear(3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(torch.cat([self.table(x[:, 0].long()), x[:, 1:]], 1))


@pytest.mark.parametrize(
    "make",
    [
        lambda p: torch.optim.SGD(p, 0.1, momentum=0.5),
        lambda p: torch.optim.Adagrad(p, 0.1),
    ],
    ids=["momentum", "adagrad"],
)
def test_slopes_of_some_rows_alone_do_the_same(make: Callable[[Any], Any], tmp_path: Path) -> None:
    torch.manual_seed(3)
    module = Words().double()
    optimizer, path = make(module.parameters()), tmp_path / "m.xlsx"
    xlsgd.export(module, optimizer, nn.MSELoss(), data=(X, Y), path=path, epochs=3, batch_size=2)
    for _ in range(3):
        for rows in (slice(0, 2), slice(2, 4)):
            optimizer.zero_grad()
            nn.MSELoss()(module(X[rows]), Y[rows]).backward()
            optimizer.step()
    need_same(module, path)


def test_a_rate_that_is_a_tensor_is_the_number_that_one_would_write(tmp_path: Path) -> None:
    torch.manual_seed(3)
    module, path = nn.Linear(2, 1).double(), tmp_path / "m.xlsx"
    optimizer = torch.optim.Adam(module.parameters(), torch.tensor(0.05))
    xlsgd.export(module, optimizer, nn.MSELoss(), data=(X, Y), path=path, epochs=2)
    plain = torch.optim.Adam(module.parameters(), 0.05)
    for _ in range(2):
        plain.zero_grad()
        nn.MSELoss()(module(X), Y).backward()
        plain.step()
    need_same(module, path)


def _hooked(optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
    optimizer.register_step_pre_hook(lambda *given: None)
    return optimizer


BAD: dict[str, tuple[Callable[[nn.Module], Any], torch.Tensor, str]] = {
    "hooks": (
        lambda m: _hooked(torch.optim.SGD(m.parameters(), 0.1)), Y,
        "the optimizer SGD has hooks, which no sheet can run",
    ),
    "of another module": (
        lambda m: torch.optim.SGD(nn.Linear(2, 1).parameters(), 0.1), Y,
        "the optimizer holds no weight of the module: make it of model.parameters()",
    ),
    "too many targets": (
        lambda m: torch.optim.SGD(m.parameters(), 0.1), Y.expand(4, 3),
        "makes 1 prediction of a row, and the data has 3 targets; need as many",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_does_not_go_together_is_said_in_a_line(name: str, tmp_path: Path) -> None:
    make, y, words = BAD[name]
    module = nn.Linear(2, 1).double()
    with pytest.raises(SpecError) as caught:
        xlsgd.export(module, make(module), nn.MSELoss(), data=(X, y), path=tmp_path / "m.xlsx")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("columns", "rows", "words"),
    [
        (200, 4, r"fewer epochs: \d+ would fit"),
        (40, 4, r"columns; a sheet holds 18 of them; not even one epoch .* a smaller network"),
        (200, 40_000, r"not even one epoch fits, but of [\d,]+ rows one would"),
    ],
)
def test_what_would_fit_is_said(
    columns: int, rows: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a sheet that is narrower than those of Excel."""
    from xlsgd.data.table import dataset_of

    monkeypatch.setattr("xlsgd.tabs.size.LAST_COLUMN", columns)
    monkeypatch.setattr("xlsgd.tabs.size.MAX_CELLS", 1_000_000)
    data = dataset_of({"x": [0.5] * rows, "y": [1.0] * rows}, ["y"])
    with pytest.raises(SpecError, match=words):
        xlsgd.generate(
            "Linear(1, 2), Tanh, Linear(2, 1)", tmp_path / "m.xlsx", data=data,
            epochs=1000 if rows < 9 else 1,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("loss", "outputs", "kind", "warned"),
    [
        (nn.MSELoss(), 1, torch.int64, True),
        (nn.HuberLoss(), 1, torch.int32, True),
        (nn.MSELoss(), 1, torch.float64, False),
        (nn.CrossEntropyLoss(), 3, torch.int64, False),
    ],
)
def test_whole_numbers_as_targets_are_warned_of(
    loss: nn.Module, outputs: int, kind: torch.dtype, warned: bool, tmp_path: Path
) -> None:
    """PyTorch takes them for quantities; somebody may mean classes."""
    torch.manual_seed(1)
    model = nn.Linear(2, outputs)
    x, y = torch.rand(4, 2), torch.tensor([0, 2, 1, 2], dtype=kind)
    sgd = torch.optim.SGD(model.parameters(), lr=0.1)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        xlsgd.export(
            model, sgd, loss, data=(x, y if outputs > 1 else y[:, None]), path=tmp_path / "a.xlsx"
        )
    words = [str(each.message) for each in said if "whole numbers" in str(each.message)]
    assert bool(words) == warned
    assert all("CrossEntropyLoss" in each and "targets.double()" in each for each in words)
