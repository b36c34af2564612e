"""The text of a network in a workbook is a stranger's: whatever it says, reading it is quick."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest
from openpyxl import load_workbook

import xlsgd
from xlsgd.base.errors import SpecError
from xlsgd.training.nets import parse_network

pytestmark = pytest.mark.every

MANY = 100_000

NONSENSE = {
    "range": "pred = Sum of x1 … x999999999",
    "range of three numbers": "pred = Sum of x1_1_1 … x999_999_999",
    "range of endless numbers": f"pred = Sum of x1 … x{'9' * 5000}",
    "range of two stems": "pred = Sum of x1 … y3",
    "many ranges": "; ".join(f"h{i} = Sum of x1 … x20000" for i in range(1000)),
    "many lines": "; ".join(f"h{i} = Sum of x" for i in range(MANY)),
    "many layers": ", ".join(["ReLU"] * MANY),
    "many large layers": ", ".join(["Linear(1, 1000), Linear(1000, 1000), Linear(1000, 1)"] * 500),
    "many weights": "; ".join(f"h{i} = Linear(1000, 1000) of x with w, b" for i in range(50)),
    "deep": f"pred = Function({'(' * MANY}x{')' * MANY}) of x",
    "deep layer": f"Function({'(' * MANY}x{')' * MANY})",
    "deep signs": f"Formula(x: {'-' * MANY}x)",
    "open": f"Linear{'(' * MANY}",
    "towers": "Formula(x: a*9^9^9^9^9^9*x)",
    "unknown layer": "pred = Lambda(1) of x",
    "code": "pred = __import__('os') of x",
    "large layer": "pred = Linear(100000, 100000) of x with w, b",
    "large layer in a row": "Linear(1, 1000000000000)",
    "endless layer": f"Linear(1, {'9' * 5000})",
    "no inputs": "pred = Linear(0, 1) of x with a, b",
    "infinite power": "pred = Power(1e999) of x",
    "power of nothing": "pred = Power(nan) of x",
    "norm of nothing": "pred = Normalize(nan) of x",
    "norm below 0": "pred = Normalize(-1) of x",
    "infinite number": "pred = Add of x, 1e999",
    "long number": f"pred = Add of x, {'9' * 5000}",
    "name that is not there": "pred = Sum of nothing",
    "cycle": "a = Sum of b; b = Sum of a; pred = Sum of a",
    "itself": "pred = Sum of pred",
    "NUL": "pred = Sum of x\0",
    "NUL in what is given": "pred\0 = Sum of x",
    "a megabyte of a name": f"pred = Sum of {'x' * 1_000_000}",
    "a megabyte of spaces": f"pred = Sum of {' ' * 1_000_000}x",
    "commas": f"pred = Sum of {', ' * 15_000}x",
    "commas and brackets": f"pred = Sum of {',[' * 15_000}",
    "of": f"pred{' of ' * 8_000}",
    "equal signs": "a = b of c with " * 2_000,
    "with": f"pred = Linear(1, 1) of x{' with a, b' * 3_000}",
    "words": f"pred = Sum of x{' a' * 15_000}!",
    "points": f"pred = Sum of x{'.a' * 15_000}!",
    "brackets": f"pred = Sum of {'[' * 30_000}",
    "parentheses": f"pred = Linear(1, 1) of x with {'(' * 30_000}",
    "indices": f"pred = Sum of x[{'1,' * 15_000}",
    "many dimensions": f"pred = Linear(1, 1) of x with a(1{',1' * 5_000}), b",
    "endless dimension": f"pred = Linear(1, 1) of x with a({'9' * 5000}), b",
    "empty dimension": "pred = Linear(1, 1) of x with a(0), b",
    "no weights": "pred = Linear(1, 1) of x",
    "weights of none": "pred = ReLU of x with w",
    "a weight called as an input": "weights x; pred = Sum of x",
    "a weight called as an output": "weights h; h = Sum of x; pred = Add of h, x",
    "pairs": "pred = Add of x",
    "places": "pred = Chosen of x",
    "no prediction": "h = Sum of x",
    "second prediction alone": "pred_2 = Sum of x",
    "nothing": "",
    "signs": " = ;;;;",
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_refused_at_once(name: str) -> None:
    begin = time.process_time()
    with pytest.raises(SpecError):
        parse_network(NONSENSE[name])
    assert time.process_time() - begin < 5


def test_with_and_of_may_be_words_of_a_column() -> None:
    text = "pred = Linear(2, 1) of house with garden, cost of heating with w, b"
    network = parse_network(text, ("house with garden", "cost of heating"))
    assert network.places[0].weights == ["w[0,0]", "w[0,1]", "b[0]"]
    assert network.text == text
    text = "pred = Sum of house with garden, cost of heating"
    assert parse_network(text, ("house with garden", "cost of heating")).text == text


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    class Line(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a = torch.nn.Parameter(torch.tensor(0.5))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.a * x

    module = Line()
    return xlsgd.export(
        module, torch.optim.SGD(module.parameters(), lr=0.1), torch.nn.MSELoss(),
        data={"x": [0.1, 0.5, 0.9], "y": [0.0, 1.0, 0.5]}, epochs=1,
        path=tmp_path_factory.mktemp("texts") / "right.xlsx",
    )  # fmt: skip


SHORT = [name for name, text in NONSENSE.items() if len(text) <= 32_000 and "\0" not in text]


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))


@pytest.mark.sampled(1)
@pytest.mark.parametrize("name", SHORT)
def test_verify_says_so_in_a_line(name: str, right: Path, tmp_path: Path) -> None:
    book = load_workbook(right)
    sheet = book["training"]
    cells = [c for row in sheet.iter_rows() for c in row if " = Multiply of " in str(c.value)]
    (cell,) = cells
    cell.value, cell.data_type = NONSENSE[name], "s"
    path = tmp_path / "strange.xlsx"
    book.save(path)
    done = subprocess.run(
        [sys.executable, "-m", "xlsgd", "verify", str(path)],
        capture_output=True, text=True, check=False, timeout=60, preexec_fn=_limited,
    )  # fmt: skip
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert len(done.stderr) < 4000
