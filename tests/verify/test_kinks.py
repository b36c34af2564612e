"""At a kink the derivative jumps. The sheet's own number says which side counts, not rounding, and
the cells around it are held as tightly as elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xlsgd
from tests.builders import experiment_of, write_experiments
from tests.verify.books import first_wrong, passes
from xlsgd.data import Dataset
from xlsgd.report import Report
from xlsgd.tabs.layouts.rows import torch_run as trace
from xlsgd.training.nets.relu import ReLU

DATA = Dataset("points", {"x": (3.0, 5.0, 7.0)}, (4.0, 5.5, 7.0))
NET = "Linear(1, 1), ReLU, Linear(1, 1)"

STARTS = {
    # 1·3 − 3 is exactly 0.
    "a number minus itself": {"a": 1.0, "b": -3.0, "c": 1.5, "d": 0.25},
    "weights of 0": {"a": 0.0, "b": 0.0, "c": 1.5, "d": 0.25},
    # 0.1·3 − 0.3 is 5.6e-17 in float64.
    "rounded up": {"a": 0.1, "b": -0.30000000000000004 + 2**-54, "c": 1.5, "d": 0.25},
    "rounded down": {"a": 0.1, "b": -0.30000000000000010, "c": 1.5, "d": 0.25},
}


def kinked(path: Path, layout: str, start: dict[str, float], **options: Any) -> Path:
    """Write a workbook with a ReLU that begins at its kink."""
    settings = {"learning_rate": 0.01, "epochs": 1, "gradient": "backprop", **options}
    if layout == "blocks":
        settings["batch_size"] = 3
    experiment = experiment_of(NET, layout=layout, start=start, **settings)
    return write_experiments(path, experiment, data=DATA)


def allowed(report: Report, quantity: str) -> Sequence[float]:
    """Return what the step check allows a column, row by row."""
    sheet = next(sheet for sheet in report.sheets if sheet.kind == "training")
    for name, comparison in sheet.comparisons.items():
        if name.startswith("step") and quantity in comparison.quantities:
            return list(comparison.allowed[:, comparison.quantities.index(quantity)])
    raise LookupError(quantity)


def not_below(
    self: ReLU, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: object
) -> list[str]:
    """Write the ReLU's derivative with 1 at 0, as a mistake would."""
    return [f"IF({value}>=0,{g},0)" for g, value in zip(grad, x, strict=True)]


@pytest.mark.parametrize("layout", ["rows", "blocks"])
@pytest.mark.parametrize("start", STARTS)
def test_a_kink_opens_no_tolerance(layout: str, start: str, tmp_path: Path) -> None:
    report = xlsgd.verify(kinked(tmp_path / "kink.xlsx", layout, STARTS[start]))
    assert passes(report)
    for quantity in ("grad.a", "grad.b", "new.a", "new.b"):
        assert np.max(allowed(report, quantity)) < 1e-9


@pytest.mark.parametrize("layout", ["rows", "blocks"])
@pytest.mark.parametrize("start", ["a number minus itself", "weights of 0"])
def test_another_derivative_at_0_is_found(
    layout: str, start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both what is written and what its column has to say are changed: torch alone knows better.
    monkeypatch.setattr(ReLU, "backward", not_below)
    report = xlsgd.verify(kinked(tmp_path / "kink.xlsx", layout, STARTS[start]))
    first = report.first_difference
    assert first is not None, first_wrong(report)
    assert first.check == "step"
    assert first.quantity == "grad.lin1" or first.quantity.startswith("grad.")
    assert first.torch_value == 0.0
    assert first.allowed is not None
    assert first.allowed < 1e-9


@pytest.mark.parametrize(("lin1", "slope"), [(5.6e-17, -33.75), (0.0, 0.0), (-5.6e-17, 0.0)])
def test_the_sheets_side_decides_in_every_member(lin1: float, slope: float) -> None:
    # loss = (1.5·relu + 0.25 − 4)², its derivative for a where relu is about 0:
    # 2·(0.25 − 4)·1.5·3 on one side, 0 on the other.
    start = STARTS["rounded up"]
    experiment = experiment_of(NET, start=start, learning_rate=0.01, gradient="backprop")
    sheet = {f"param.{p}": np.array([value]) for p, value in start.items()}
    found = trace.steps(experiment, DATA, {**sheet, "lin1": np.array([lin1])})
    assert found.values["grad.a"][:, 0] == pytest.approx(slope, rel=1e-12)


@pytest.mark.parametrize("value", [5.6e-17, -5.6e-17, 0.0])
def test_every_side_that_rounding_may_lead_to_is_followed(value: float) -> None:
    import torch

    from xlsgd.torch_side import Noise

    noise = Noise(4)
    members = torch.tensor([[1e-16], [-1e-16], [0.0], [2e-16]], dtype=torch.float64)
    seen = torch.tensor([value], dtype=torch.float64)
    found = noise.on_its_side(members.reshape(-1), seen)
    assert (found.sign() == seen.sign()).all()


def test_a_number_on_another_side_that_is_no_rounding_stays() -> None:
    import torch

    from xlsgd.torch_side import Noise

    members = torch.tensor([1e-3, 1.0000000001e-3], dtype=torch.float64)
    found = Noise(2).on_its_side(members, torch.tensor([-1e-3], dtype=torch.float64))
    assert found.tolist() == members.tolist()


def test_what_is_given_another_side_keeps_its_derivative() -> None:
    import torch

    from xlsgd.torch_side import Noise

    values = torch.tensor([1e-17, -1e-17], dtype=torch.float64, requires_grad=True)
    found = Noise(2).on_its_side(values, torch.tensor([2e-17], dtype=torch.float64))
    (slopes,) = torch.autograd.grad(found.sum(), values)
    assert slopes.tolist() == [1.0, 1.0]
