"""At a kink the derivative jumps. The sheet's own number says which side counts, not rounding, and
the cells around it are held as tightly as elsewhere, in one step and in the whole run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xlsgd
from tests.builders import experiment_of, view_of, write_experiments
from tests.verify.books import first_wrong, passes, retyped
from xlsgd.data import Dataset
from xlsgd.report import Report
from xlsgd.tabs.layouts.blocks import torch_run as block_trace
from xlsgd.tabs.layouts.rows import torch_run as trace
from xlsgd.tabs.view import View
from xlsgd.torch_side import Ensemble, Sides
from xlsgd.torch_side.sides import Together
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
    experiment = view_of(NET, layout=layout, start=start, **settings)
    return write_experiments(path, experiment, data=DATA)


def allowed(report: Report, check: str, quantity: str) -> Sequence[float]:
    """Return what a check allows a column, row by row."""
    sheet = next(sheet for sheet in report.sheets if sheet.kind == "training")
    for name, comparison in sheet.comparisons.items():
        if name.startswith(check) and quantity in comparison.quantities:
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
    report = xlsgd.verify(kinked(tmp_path / "kink.xlsx", layout, STARTS[start], epochs=2))
    assert passes(report)
    (sheet,) = (sheet for sheet in report.sheets if sheet.kind == "training")
    assert sheet.horizon is None
    rows = 6 if layout == "rows" else 2
    for quantity in ("grad.a", "grad.b", "new.a", "new.b"):
        for check, most in (("step", 1e-9), ("run", 1e-7)):
            tolerances = allowed(report, check, quantity)
            assert len(tolerances) == rows
            assert np.max(tolerances) < most


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
    # Alone, the run check would find it as well.
    (sheet,) = (sheet for sheet in report.sheets if sheet.kind == "training")
    table = "steps" if layout == "rows" else "block.1"
    run = sheet.comparisons[f"run {table}"]
    column = run.quantities.index("grad.lin1")
    assert not run.ok[0, column]
    assert run.expected[0, column] == 0.0
    # 2·(0.25 − 4)·1.5 in the sheet.
    assert run.sheet[0, column] == pytest.approx(-11.25)
    assert run.allowed[0, column] < 1e-9


@pytest.mark.parametrize(("lin1", "slope"), [(5.6e-17, -33.75), (0.0, 0.0), (-5.6e-17, 0.0)])
def test_the_sheets_side_decides_in_every_member(lin1: float, slope: float) -> None:
    # loss = (1.5·relu + 0.25 − 4)², its derivative for a where relu is about 0:
    # 2·(0.25 − 4)·1.5·3 on one side, 0 on the other.
    start = STARTS["rounded up"]
    experiment = experiment_of(NET, start=start, learning_rate=0.01, gradient="backprop")
    sheet = {f"param.{p}": np.array([value]) for p, value in start.items()}
    found = trace.steps(View(experiment), DATA, {**sheet, "lin1": np.array([lin1])})
    assert found.values["grad.a"][:, 0] == pytest.approx(slope, rel=1e-12)


@pytest.mark.parametrize("value", [5.6e-17, -5.6e-17, 0.0])
def test_every_side_that_rounding_may_lead_to_is_followed(value: float) -> None:
    import torch

    ensemble = Ensemble(4)
    members = torch.tensor([[1e-16], [-1e-16], [0.0], [2e-16]], dtype=torch.float64)
    seen = torch.tensor([value], dtype=torch.float64)
    found = ensemble.on_its_side(members.reshape(-1), seen)
    assert (found.sign() == seen.sign()).all()


def test_a_number_on_another_side_that_is_no_rounding_stays() -> None:
    import torch

    members = torch.tensor([1e-3, 1.0000000001e-3], dtype=torch.float64)
    found = Ensemble(2).on_its_side(members, torch.tensor([-1e-3], dtype=torch.float64))
    assert found.tolist() == members.tolist()


def test_what_is_given_another_side_keeps_its_derivative() -> None:
    import torch

    values = torch.tensor([1e-17, -1e-17], dtype=torch.float64, requires_grad=True)
    found = Ensemble(2).on_its_side(values, torch.tensor([2e-17], dtype=torch.float64))
    (slopes,) = torch.autograd.grad(found.sum(), values)
    assert slopes.tolist() == [1.0, 1.0]


OTHER_SIDE = STARTS["rounded up"]
"""0.1·3 − 0.3 is 5.6e-17 in float64; LibreOffice makes it 0, where ReLU's derivative is 0."""


@pytest.mark.parametrize(("lin1", "slope"), [(5.6e-17, -33.75), (0.0, 0.0), (-5.6e-17, 0.0)])
@pytest.mark.parametrize("layout", ["rows", "blocks"])
def test_a_whole_run_goes_on_on_the_sheets_side(layout: str, lin1: float, slope: float) -> None:
    batch = {"layout": "blocks", "batch_size": 3} if layout == "blocks" else {}
    view = view_of(
        NET, start=OTHER_SIDE, learning_rate=0.01, gradient="backprop", epochs=2, **batch
    )
    sheet = {"lin1": np.array([lin1, *[np.nan] * 5])}
    if layout == "rows":
        steps = trace.run(view, DATA, sheet=sheet)
        found, share = steps, 1.0
    else:
        block = {"lin1": np.array([lin1, np.nan, np.nan])}
        traces = block_trace.run(view, DATA, blocks={"block.1": block})
        steps, found, share = traces["steps"], traces["block.1"], 1 / 3
    assert found.values["grad.lin1"][:, 0] == pytest.approx(slope / 3, rel=1e-12)
    # All members take the step that follows from this side.
    rest = 0.0 if layout == "rows" else -67.8
    moved = 0.1 - 0.01 * (slope * share + rest)
    assert steps.values["new.a"][:, 0] == pytest.approx(moved, rel=1e-12)
    assert np.max(steps.spread("new.a")) < 1e-14


def test_a_sheets_number_that_is_no_rounding_leads_no_run(tmp_path: Path) -> None:
    experiment = experiment_of(NET, start=OTHER_SIDE, gradient="backprop", epochs=1)
    alone = trace.run(View(experiment), DATA)
    wrong = trace.run(View(experiment), DATA, sheet={"lin1": np.array([-1e-3, -1.0, -1.0])})
    assert all(np.array_equal(alone[name], wrong[name]) for name in alone.values)


def test_members_that_have_parted_go_their_own_ways() -> None:
    import torch

    together = Together()
    # One weight, two members, two runs: those of the second part, and meet again later.
    for second_run in (1.0, 1.001, 1.0):
        weights = [[[1.0, 1.0], [1.0 + 1e-9, second_run]]]
        together.look(torch.tensor(weights, dtype=torch.float64))
    assert together.always.tolist() == [[True, True, True], [True, False, False]]
    # Both runs come to a kink, with the members on two sides of it.
    members = torch.tensor([[1e-9, 1e-9], [-1e-9, -1e-9]], dtype=torch.float64)
    found = Sides(held=together.now).decide(Ensemble(2), "lin1", members.reshape(-1))
    assert found.reshape(2, 2).tolist() == [[1e-9, 1e-9], [1e-9, -1e-9]]


def test_no_prediction_straddles_the_cut() -> None:
    # 0.5·1 + 0 is exactly where predictions for y = 1 begin.
    points = Dataset("labels", {"x": (1.0, -2.0, 3.0)}, (1.0, 0.0, 1.0))
    view = view_of(
        data=points,
        start={"a": 0.5, "b": 0.0},
        classifies=True,
        layout="blocks",
        batch_size=3,
        gradient="backprop",
        epochs=1,
    )
    traces = block_trace.run(view, points)
    assert traces["block.1"].values["correct"].tolist() == [[0.0, 1.0, 1.0]] * trace.MEMBERS
    assert np.max(traces["steps"].spread("accuracy")) < 1e-15


MISTAKES = {
    "a wrong derivative": ("grad.a", slice(None), "*", "*2*"),
    "a wrong loss": ("loss", slice(2, 3), "^2", "^2+1"),
    "a wrong update": ("new.a", slice(None), "-", "+"),
}


@pytest.fixture(params=["libreoffice", "gnumeric"])
def other_program(
    request: pytest.FixtureRequest,
    libreoffice_convert: Callable[..., Path],
    gnumeric_convert: Callable[[Path, Path], Path],
) -> str:
    """An engine that makes small differences 0; both are asked for, so that tests without them
    are skipped, or fail where everything must be there."""
    return str(request.param)


@pytest.mark.parametrize("layout", ["rows", "blocks"])
def test_a_program_that_rounds_to_the_other_side_is_right(
    layout: str, other_program: str, tmp_path: Path
) -> None:
    path = kinked(tmp_path / "kink.xlsx", layout, OTHER_SIDE, epochs=2)
    by_formulas = xlsgd.verify(path)
    assert passes(by_formulas)
    assert by_formulas.notes == []
    report = xlsgd.verify(path, engine=other_program)
    assert passes(report)
    (note,) = report.notes
    assert "(lin1): 0 in the sheet, 5.55e-17 in torch. That is rounding" in note
    # What follows from that side is held as tightly as elsewhere.
    for quantity in ("grad.a", "new.a"):
        assert np.max(allowed(report, "run", quantity)) < 1e-7


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_beside_a_number_on_the_other_side_are_found(
    mistake: str, other_program: str, tmp_path: Path
) -> None:
    path = kinked(tmp_path / "kink.xlsx", "rows", OTHER_SIDE, epochs=2)
    wrong, cells = retyped(path, tmp_path / "wrong.xlsx", "run", *MISTAKES[mistake])
    for engine in ("formulas", other_program):
        report = xlsgd.verify(wrong, engine=engine)
        assert not report.ok
        found = {d.cell: d.check for d in report.differences() if d.sheet == "run"}
        # By torch, from the sheet's own numbers, whatever the formula says.
        assert "step" in [found.get(cell) for cell in cells]
