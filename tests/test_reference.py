"""The numbers that Excel stored in fast.ai's workbook, against both sides of this package.

One epoch, one row of data an update, from the weights and the memory that fast.ai's sheets had.
``basic`` must be equal to the last bit: the same operations in the same order. The others are
compared to 1e-12 relative: the same arithmetic, with terms in another order.
"""

from __future__ import annotations

import csv
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import xlsgd
from tests.builders import Floats, Recalculated, view_of, write_experiments
from xlsgd.data import Dataset
from xlsgd.tabs.view import View

ROOT = Path(__file__).resolve().parent.parent
RELATIVE = 1e-12

# Our optimizer for each of fast.ai's sheets.
OPTIMIZERS = {
    "basic": "sgd",
    "momentum": "momentum",
    "rmsprop": "rmsprop-fastai",
    "adam": "adam-fastai",
}
# Our name for what fast.ai's columns hold: slope is a, intercept is b.
QUANTITIES = {
    "x": "x",
    "y": "y",
    "slope": "param.a",
    "intercept": "param.b",
    "y_pred": "pred",
    "err_sq": "loss",
    "err_sq_slope_plus_h": "loss_up.a",
    "err_sq_intercept_plus_h": "loss_up.b",
    "est_grad_slope": "grad_num.a",
    "est_grad_intercept": "grad_num.b",
    "grad_slope": "grad.a",
    "grad_intercept": "grad.b",
    "new_slope": "new.a",
    "new_intercept": "new.b",
    "sq_avg_slope": "sq_avg.a",
    "sq_avg_intercept": "sq_avg.b",
}
# What fast.ai calls momentum is the velocity of one optimizer and the average of the other.
MOMENTUM = {"momentum": "velocity", "adam": "avg_grad"}
SIDES = ("sheet", "torch")


def quantity_of(sheet: str, column: str) -> str:
    """Return our name for a column of one of fast.ai's sheets."""
    if column.startswith("momentum_"):
        return f"{MOMENTUM[sheet]}.{'a' if column.endswith('slope') else 'b'}"
    return QUANTITIES[column]


def stored(shared: Path, sheet: str) -> dict[str, Floats]:
    """Return what Excel stored, by our names."""
    with (shared / "fastai" / f"{sheet}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        quantity_of(sheet, column): np.array([float(row[column]) for row in rows])
        for column in rows[0]
    }


def given(shared: Path, sheet: str) -> tuple[View, Dataset]:
    """Return fast.ai's inputs as one of our experiments, and how its tab shows it."""
    inputs = json.loads((shared / "fastai" / "inputs.json").read_text(encoding="utf-8"))
    basic, own = inputs["basic"], inputs[sheet]
    start = {"a": own["init_slope"], "b": own["init_intercept"]}
    for name, value in own.get("initial_state", {}).items():
        start[quantity_of(sheet, name)] = value
    columns = stored(shared, "basic")
    data = Dataset("fast.ai's points", {"x": tuple(columns["x"])}, tuple(columns["y"]))
    view = view_of(
        optimizer=OPTIMIZERS[sheet],
        id=sheet,
        learning_rate=own["lr"],
        start=start,
        hyper={key: own[key] for key in ("beta", "beta1", "beta2") if key in own},
        gradient="backprop",
        h=basic["h"],
        epochs=1,
        typed={"exploded_above": 1e9},
    )
    return view, data


@pytest.fixture(scope="module")
def reference(shared: Path) -> Path:
    return shared / "reference"


@pytest.fixture(scope="module")
def sheet_side(
    reference: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], Floats]:
    """The columns of a workbook written to a file, read again and recalculated."""
    given_all = [given(reference, sheet) for sheet in OPTIMIZERS]
    path = tmp_path_factory.mktemp("fastai") / "fastai.xlsx"
    write_experiments(path, *(experiment for experiment, _ in given_all), data=given_all[0][1])
    return Recalculated.of(path).numbers


@pytest.fixture(scope="module")
def torch_side(reference: Path) -> Callable[[str, str], Floats]:
    """The same from torch, in a process of its own.

    torch rounds like a sheet only where xlsgd.torch_side has imported it; in the process of the
    tests something else may have been first.
    """
    package = Path(xlsgd.__file__).resolve().parent.parent
    environment = {k: v for k, v in os.environ.items() if k != "ATEN_CPU_CAPABILITY"}
    environment["PYTHONPATH"] = os.pathsep.join((str(package), str(ROOT)))
    code = "import tests.test_reference as t; t.print_torch_side()"
    done = subprocess.run(
        [sys.executable, "-c", code, str(reference)],
        cwd=package,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    runs: dict[str, dict[str, list[str]]] = json.loads(done.stdout)

    def numbers(sheet: str, quantity: str) -> Floats:
        return np.array([float.fromhex(text) for text in runs[sheet][quantity]])

    return numbers


def print_torch_side() -> None:
    """Print what torch has for all four sheets, as JSON with hexadecimal numbers."""
    from xlsgd.tabs.layouts.rows.torch_run import run

    reference = Path(sys.argv[1])
    runs: dict[str, Any] = {}
    for sheet in OPTIMIZERS:
        experiment, data = given(reference, sheet)
        trace = run(experiment, data)
        runs[sheet] = {q: [float(v).hex() for v in trace[q]] for q in trace.values}
    json.dump(runs, sys.stdout)


@pytest.fixture(params=SIDES)
def side(request: pytest.FixtureRequest) -> Callable[[str, str], Floats]:
    side: Callable[[str, str], Floats] = request.getfixturevalue(f"{request.param}_side")
    return side


def test_reference_has_one_epoch_of_every_sheet(reference: Path) -> None:
    for sheet in OPTIMIZERS:
        columns = stored(reference, sheet)
        assert {len(numbers) for numbers in columns.values()} == {29}
        assert {"param.a", "param.b", "grad.a", "grad.b", "new.a", "new.b"} <= columns.keys()


def test_basic_equals_excel_to_the_last_bit(
    reference: Path, side: Callable[[str, str], Floats]
) -> None:
    for quantity, expected in stored(reference, "basic").items():
        np.testing.assert_array_equal(side("basic", quantity), expected, err_msg=quantity)


@pytest.mark.parametrize("sheet", ["momentum", "rmsprop", "adam"])
def test_optimizers_equal_excel(
    reference: Path, side: Callable[[str, str], Floats], sheet: str
) -> None:
    for quantity, expected in stored(reference, sheet).items():
        np.testing.assert_allclose(
            side(sheet, quantity), expected, rtol=RELATIVE, atol=0, err_msg=quantity
        )


def test_root_of_the_sum_that_fastai_calls_rmse(
    reference: Path, side: Callable[[str, str], Floats]
) -> None:
    inputs = json.loads((reference / "fastai" / "inputs.json").read_text(encoding="utf-8"))
    found = math.sqrt(math.fsum(side("basic", "loss")))
    assert found == pytest.approx(inputs["basic"]["sqrt_sum_err_sq"], rel=RELATIVE)


def test_rmse_of_the_sheet_is_the_root_of_the_mean(
    reference: Path, sheet_side: Callable[..., Floats]
) -> None:
    inputs = json.loads((reference / "fastai" / "inputs.json").read_text(encoding="utf-8"))
    rmse = sheet_side("basic", "rmse", "epochs")
    root_of_the_sum = inputs["basic"]["sqrt_sum_err_sq"]
    assert rmse[0] * math.sqrt(29) == pytest.approx(root_of_the_sum, rel=RELATIVE)
