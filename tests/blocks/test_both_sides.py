"""The layout with blocks: both sides agree, whatever is trained, and it takes both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.builders import (
    Recalculated,
    bare_book,
    small_data,
    view_of,
    write_experiments,
)
from tests.two_sides import off_column, verified_cells
from tests.widths import share_of_each
from xlsgd import verify
from xlsgd.base.columns import Column
from xlsgd.data import Dataset
from xlsgd.report import Report
from xlsgd.report.report import SheetReport
from xlsgd.tabs.layouts.blocks.layout import BlocksLayout
from xlsgd.tabs.view import View
from xlsgd.training.optimizers import optimizers

ROWS = 7
BATCHES = (1, 3, ROWS)  # a row at a time, with a last one that is short, and all at once


WAYS = ((1, "forward"), (3, "central"), (ROWS, "forward"), (ROWS, "central"))


def many_inputs(inputs: int = 6) -> Dataset:
    """Return points with so many inputs that their sum is written as SUMPRODUCT."""
    three = small_data(ROWS, 3)
    columns = {f"x{i + 1}": three.inputs[f"x{i % 3 + 1}"][i // 3 :] for i in range(inputs)}
    columns = {
        name: tuple(round(v * (1 + 0.1 * i), 3) for v in (*values, *(0.3,) * (ROWS - len(values))))
        for i, (name, values) in enumerate(columns.items())
    }
    return Dataset(f"{ROWS} points", columns, three.y)


def blocks(network: str, optimizer: str = "sgd", **options: Any) -> View:
    """Return a view of an experiment in blocks; data as the network needs it."""
    settings = {"learning_rate": 0.02, "epochs": 2, "batch_size": ROWS, **options}
    return view_of(network, optimizer, layout="blocks", gradient="backprop", **settings)


DATA = {1: small_data(ROWS), 2: small_data(ROWS, 2), 3: small_data(ROWS, 3), 6: many_inputs()}
NETWORKS = {
    "Linear(1, 1)": 1,
    "Linear(2, 2), ReLU, Sum": 2,
    "Linear(2, 3), Tanh, Linear(3, 1)": 2,
    "Linear(3, 2), Sigmoid, Linear(2, 2), ReLU, Linear(2, 1)": 3,
    "Linear(6, 2), ReLU, Sum": 6,
    "Linear(6, 1, no bias)": 6,
    "Linear(2, 6), Tanh, Linear(6, 1)": 2,
}


def tab_of(report: Report, experiment: str) -> SheetReport:
    return next(sheet for sheet in report.sheets if sheet.experiment == experiment)


def assert_all_agree(path: Path, experiments: list[View]) -> None:
    report = verify(path)
    assert report.ok, report.first_difference
    for experiment in experiments:
        tab = tab_of(report, experiment.id)
        assert tab.unchecked == {}
        assert tab.cells_compared == tab.formulas > 0
        assert tab.horizon is None
        assert all(comparison.ok.all() for comparison in tab.comparisons.values())


# As they are


@pytest.mark.every
@pytest.mark.both
@pytest.mark.parametrize("network", NETWORKS)
def test_networks(network: str, tmp_path: Path, share: Callable[..., list[Any]]) -> None:
    data = DATA[NETWORKS[network]]
    experiments = [
        blocks(network, data=data, id=f"run{size}{difference}", batch_size=size,
               difference=difference)
        for size, difference in share(WAYS)
    ]  # fmt: skip
    path = write_experiments(tmp_path / "run.xlsx", *experiments, data=data)
    assert_all_agree(path, experiments)
    if NETWORKS[network] == 6:
        formulas = map(str, Recalculated.of(path).book.sheets[experiments[0].id].values())
        assert any(text.startswith("=SUMPRODUCT($") for text in formulas)


@pytest.mark.every
@pytest.mark.both
@pytest.mark.parametrize("optimizer", optimizers())
def test_optimizers(optimizer: str, tmp_path: Path, share: Callable[..., list[Any]]) -> None:
    data = DATA[2]
    hyper = {given.key: 0.1 for given in optimizers()[optimizer].hyperparameters if given.positive}
    experiments = [
        blocks("Linear(2, 2), ReLU, Sum", optimizer, data=data, id=f"run{size}",
               batch_size=size, hyper=hyper)
        for size in share(BATCHES)
    ]  # fmt: skip
    assert_all_agree(write_experiments(tmp_path / "run.xlsx", *experiments, data=data), experiments)


def test_any_weight_may_be_watched(tmp_path: Path) -> None:
    data = DATA[2]
    network = "Linear(2, 2), Tanh, Linear(2, 1)"
    names = blocks(network, data=data).experiment.network.parameters
    experiments = [
        blocks(network, data=data, id=f"run{i}", derivative_of=name, batch_size=3)
        for i, name in enumerate(names)
    ]
    path = write_experiments(tmp_path / "run.xlsx", *experiments, data=data)
    assert_all_agree(path, experiments)
    found = Recalculated.of(path)
    for experiment, name in zip(experiments, names, strict=True):
        numerical, backprop = (found.numbers(experiment.id, q) for q in ("grad_num", "grad_of"))
        np.testing.assert_array_equal(backprop, found.numbers(experiment.id, f"grad.{name}"))
        np.testing.assert_allclose(numerical, backprop, atol=0.2)


# The central difference, where the loss is no parabola


def test_the_central_differences_error_shrinks_with_the_square_of_h(tmp_path: Path) -> None:
    steps = (0.1, 0.01, 0.001)
    data, network = DATA[2], "Linear(2, 3), Tanh, Linear(3, 1)"
    experiments = [
        blocks(network, data=data, id=f"{way}{i}", h=h, difference=way, epochs=1)
        for way in ("forward", "central")
        for i, h in enumerate(steps)
    ]
    found = Recalculated.of(write_experiments(tmp_path / "run.xlsx", *experiments, data=data))

    def errors(way: str) -> list[float]:
        ids = [f"{way}{i}" for i in range(len(steps))]
        return [
            float(abs(found.numbers(id, "grad_num") - found.numbers(id, "grad_of"))[0])
            for id in ids
        ]

    for way, power in (("forward", 10), ("central", 100)):
        first, second, third = errors(way)
        assert first > 1e-5
        assert second / third == pytest.approx(power, rel=0.1)
        assert first / second == pytest.approx(power, rel=0.3)


# The same numbers as in the other layout


@pytest.mark.sampled
@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam", "rmsprop"])
@pytest.mark.parametrize("size", BATCHES)
def test_the_weights_are_those_of_the_layout_with_rows(
    optimizer: str, size: int, tmp_path: Path
) -> None:
    data, network = DATA[2], "Linear(2, 2), ReLU, Sum"
    in_blocks = blocks(network, optimizer, data=data, batch_size=size, id="blocks")
    in_rows = replace(in_blocks.but(id="rows"), layout="rows", batch_columns=True)
    path = write_experiments(tmp_path / "run.xlsx", in_blocks, in_rows, data=data)
    found = Recalculated.of(path)
    ends = found.numbers("rows", "batch_end") == 1
    assert ends.sum() == 2 * -(-ROWS // size)
    for p in in_blocks.experiment.network.parameters:
        of_rows, of_blocks = (
            found.numbers("rows", f"new.{p}")[ends],
            found.numbers("blocks", f"new.{p}"),
        )
        np.testing.assert_allclose(of_blocks, of_rows, rtol=1e-12, atol=0, err_msg=p)
    losses = [found.numbers(id, "mean_loss", "epochs") for id in ("blocks", "rows")]
    np.testing.assert_allclose(*losses, rtol=1e-12)


# Runs that go wrong


@pytest.mark.sampled
@pytest.mark.parametrize("size", BATCHES)
@pytest.mark.parametrize(
    ("network", "rate"),
    [
        ("Linear(2, 2), ReLU, Sum", 1e3),
        ("Linear(2, 3), Tanh, Linear(3, 1)", 1e3),
        ("Linear(2, 2), Linear(2, 1)", 1e3),
        ("Linear(2, 2), Linear(2, 1)", 1e200),
    ],
)
def test_a_run_that_explodes(network: str, rate: float, size: int, tmp_path: Path) -> None:
    experiment = blocks(network, data=DATA[2], learning_rate=rate, batch_size=size, epochs=6)
    path = write_experiments(tmp_path / "run.xlsx", experiment, data=DATA[2])
    report = verify(path)
    assert report.ok, report.first_difference
    verdict = tab_of(report, "run").verdict
    assert verdict is not None
    assert verdict.agree
    sheet = Recalculated.of(path)
    losses = sheet.numbers("run", "loss")
    bad = ~np.isfinite(losses) | (losses > sheet.field("run", "exploded_above"))
    if verdict.kind == "exploded":
        assert verdict.step == int(np.argmax(bad)) + 1


def test_a_unit_that_dies_is_reported_at_its_step(tmp_path: Path) -> None:
    # One weight a unit, no input but 1: unit 1 is pushed below 0 by the first step and stays.
    data = Dataset("ones", {"x": (1.0,) * 4}, (-3.0,) * 4)
    experiment = view_of(
        "Linear(1, 2, no bias), ReLU, Sum",
        data=data,
        layout="blocks",
        gradient="backprop",
        batch_size=2,
        epochs=4,
        learning_rate=0.05,
        start={"a1": 0.2, "a2": 1.1},
    )
    # By hand: pred = a1 + a2 = 1.3, slope 2 * (1.3 + 3) = 8.6, so after a step a1 = 0.2 - 0.43.
    path = write_experiments(tmp_path / "run.xlsx", experiment, data=data)
    found = Recalculated.of(path)
    report = verify(path)
    assert report.ok, report.first_difference
    assert found.numbers("run", "new.a1")[0] == pytest.approx(-0.23)
    a2 = [1.1]
    while len(a2) < 8:
        pred = (0.2 if len(a2) == 1 else 0) + max(0, a2[-1])
        a2.append(a2[-1] - 0.05 * 2 * (pred + 3) * (a2[-1] > 0))
    np.testing.assert_allclose(found.numbers("run", "param.a2"), a2, rtol=1e-12)
    died = next(i for i, value in enumerate(a2) if value <= 0) + 1
    assert found.field("run", "dead_since.relu1") == 2
    assert found.field("run", "dead_since.relu2") == died
    assert f"relu1 dead since step 2; relu2 dead since step {died}" in found.field("run", "verdict")


# The sheet side is wrong


def wrong_columns() -> dict[tuple[str, str], View]:
    """Return an experiment for every column of every kind of table that there is."""
    options: dict[str, Any] = {"batch_size": 3, "typed": {"exploded_above": 1e-9}}
    starts = [
        blocks("Linear(2, 2), ReLU, Sum", "adam", data=DATA[2], **options),
        # Without a bend in its slope the central difference has no error that could be off.
        blocks("Linear(2, 2), Tanh, Linear(2, 1)", data=DATA[2], difference="central", h=0.3,
               **options),
    ]  # fmt: skip
    cases: dict[tuple[str, str], View] = {}
    for start in starts:
        for name, columns in BlocksLayout().tables(start).items():
            for column in columns:
                key = name, column.quantity
                if name != "block.1" and key not in cases:
                    # Where every loss is a number, the first step without one is 0 as well.
                    huge = dict.fromkeys(start.experiment.network.parameters, 1e200)
                    lost = {"start": huge} if column.quantity == "not_finite_at" else {}
                    cases[key] = start.but(id=f"run{len(cases)}", **lost)
    return cases


@pytest.fixture(scope="module")
def off_columns(pytestconfig: pytest.Config) -> dict[tuple[str, str], SheetReport]:
    """What verify says where one column of one table is a millionth too much.

    At first for one of those of every kind, such as the weights'.
    """
    right = BlocksLayout.tables
    every = wrong_columns()
    assert {"step", "batch_rows", "grad_num", "grad_of", "loss_down", "lin2", "change"} <= {
        quantity for _, quantity in every
    }
    kinds = {key: (key[0], key[1].partition(".")[0].rstrip("123456789")) for key in every}
    cases = {key: every[key] for key in share_of_each(pytestconfig, kinds)}
    wrong = {experiment.id: key for key, experiment in cases.items()}

    def tables(layout: BlocksLayout, view: View) -> dict[str, list[Column]]:
        table, quantity = wrong[view.id]
        found = right(layout, view)
        columns = [off_column(c) if c.quantity == quantity else c for c in found[table]]
        return {**found, table: columns}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BlocksLayout, "tables", tables)
        book = bare_book(*cases.values(), data=DATA[2])
    report = verified_cells(book)
    return {key: tab_of(report, experiment.id) for key, experiment in cases.items()}


@pytest.mark.both
def test_every_column_is_guarded(off_columns: dict[tuple[str, str], SheetReport]) -> None:
    assert len(off_columns) > 15
    unguarded, misplaced = [], []
    for (table, quantity), tab in off_columns.items():
        # Torch itself must see it, not only the comparison of formulas with what xlsgd writes.
        for check in (f"step {table}", f"run {table}"):
            if tab.comparisons[check].ok.all():
                unguarded.append((check, quantity))
        first = tab.first_difference
        if tab.ok or first is None or first.quantity != quantity:
            misplaced.append((table, quantity, first and (first.cell, first.quantity)))
    assert unguarded == []
    assert misplaced == []


def test_every_column_has_a_case() -> None:
    assert len(wrong_columns()) > 60
    assert {table for table, _ in wrong_columns()} == {"steps", "block.2", "epochs"}
