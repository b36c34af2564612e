"""What is no module, or one that does not run, is said in one line, whatever its own code does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import xlsgd
from tests.modules.nets import Of
from xlsgd.base.errors import SpecError


class WithoutForward(nn.Module):
    """Has a layer, and nothing that uses it."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(1, 1)


class ManyArguments(WithoutForward):
    """Takes what it is given."""

    def forward(self, *x: Any) -> Any:
        return self.fc(x[0])


def _raises(error: Exception) -> nn.Module:
    def forward(m: Any, x: Any) -> Any:
        raise error

    return Of(forward, fc=nn.Linear(1, 1))


def _without_slopes(m: Any, x: Any) -> Any:
    with torch.no_grad():
        before = m.fc(x)
    return m.fc(before)


BAD: dict[str, tuple[Callable[[], Any], str]] = {
    "a class": (lambda: nn.Linear, "got Linear, a class; need a module made of it: Linear(…)"),
    "nothing": (lambda: None, "got NoneType; need a torch.nn.Module"),
    "a function": (lambda: torch.relu, "need a torch.nn.Module"),
    "compiled": (lambda: torch.jit.script(nn.Linear(1, 1)), "compiled by torch.jit"),
    "not run yet": (lambda: nn.LazyLinear(1), "has no weights yet; run the module once"),
    "without numbers": (lambda: nn.Linear(1, 1, device="meta"), "'meta' and has no numbers"),
    "without forward": (WithoutForward, "the module WithoutForward has no forward"),
    "many arguments": (ManyArguments, "takes *x; name its arguments"),
    "a key": (lambda: _raises(KeyError("b")), "cannot be followed: KeyError: 'b'; mend"),
    "a place": (lambda: _raises(IndexError("out of range")), "IndexError: out of range"),
    "its own check": (lambda: _raises(ValueError("own")), "ValueError: own; mend its forward"),
    "no words": (lambda: _raises(ZeroDivisionError()), "ZeroDivisionError: ; mend"),
    "no slopes": (
        lambda: Of(_without_slopes, fc=nn.Linear(1, 1)),
        "at 'fc': torch.no_grad(), which keeps derivatives from flowing back",
    ),
    "complex": (
        lambda: Of(lambda m, x: m.fc(x) * torch.tensor([1j]), fc=nn.Linear(1, 1)),
        "complex",
    ),
    "nothing returned": (lambda: Of(lambda m, x: None, fc=nn.Linear(1, 1)), "returns a NoneType"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", BAD)
def test_it_is_said_in_a_line(name: str, tmp_path: Path) -> None:
    make, words = BAD[name]
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    data = {"x": [1.0, 2.0], "y": [0.5, 0.7]}
    with pytest.raises(SpecError) as caught:
        xlsgd.export(make(), optimizer, nn.MSELoss(), data=data, path=tmp_path / "m.xlsx")
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
