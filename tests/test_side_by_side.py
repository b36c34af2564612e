"""Experiments that train side by side train as each does alone."""

from __future__ import annotations

import numpy as np
import pytest

from tests.builders import small_data, view_of
from xlsgd.data import Dataset
from xlsgd.tabs.layouts.blocks import torch_run as block_trace
from xlsgd.tabs.layouts.rows import torch_run as trace
from xlsgd.tabs.layouts.torch_tracing import run_all, tracer
from xlsgd.tabs.view import View
from xlsgd.torch_side import load_torch
from xlsgd.training.optimizers import optimizers
from xlsgd.training.trace import Traces

DATA = small_data(7, 2)


def experiments(layout: str, batch_size: int) -> list[View]:
    """Return one with every optimizer, at rates and from start weights of their own."""
    these = [
        view_of(
            "Linear(2, 2), ReLU, Sum",
            name,
            layout=layout,
            learning_rate=0.01 * (i + 1),
            id=f"{name}-{i}",
            epochs=3,
            batch_size=batch_size,
            gradient="backprop",
            data=DATA,
        )
        for i, name in enumerate(optimizers())
    ]
    return [
        one.but(start={p: weight + 0.1 * i for p, weight in one.experiment.start.items()})
        for i, one in enumerate(these)
    ]


def run(layout: str, these: list[View], data: Dataset = DATA) -> list[Traces]:
    if layout == "blocks":
        return block_trace.runs(these, data)
    return [{"steps": one} for one in trace.runs(these, data)]


@pytest.mark.parametrize("batch_size", [1, 3, 7])
@pytest.mark.parametrize("layout", ["rows", "blocks"])
def test_each_trains_as_it_does_alone(layout: str, batch_size: int) -> None:
    these = experiments(layout, batch_size)
    assert len(these) > 3
    for one, together in zip(these, run(layout, these), strict=True):
        (alone,) = run(layout, [one])
        assert together.keys() == alone.keys()
        for table, expected in alone.items():
            assert together[table].values.keys() == expected.values.keys()
            for quantity, values in expected.values.items():
                # The other members are moved by chance, but the run itself is the same.
                np.testing.assert_array_equal(together[table][quantity], values[0], quantity)
            for quantity, values in expected.start.items():
                assert together[table].start[quantity][0] == values[0]


@pytest.mark.parametrize("layout", ["rows", "blocks"])
def test_the_weights_are_those_of_plain_torch(layout: str) -> None:
    torch = load_torch()
    data = small_data(7)
    these = [
        view_of(
            "Linear(1, 1)", name, layout=layout, learning_rate=rate, id=f"{name}-{rate}",
            epochs=4, batch_size=3, gradient="backprop",
        )
        for name, rate in (("sgd", 0.05), ("momentum-classic", 0.02), ("adam", 0.1))
    ]  # fmt: skip
    rules = {"sgd": {}, "momentum-classic": {"momentum": 0.9}, "adam": {}}
    x, y = (torch.tensor(v, dtype=torch.float64) for v in (data.inputs["x"], data.y))
    for view, found in zip(these, run(layout, these, data), strict=True):
        one = view.experiment
        weights = torch.tensor([one.start[p] for p in one.network.parameters], dtype=torch.float64)
        weights.requires_grad_()
        a = list(one.network.parameters).index("a")
        kind = torch.optim.Adam if one.optimizer.name == "adam" else torch.optim.SGD
        plain = kind([weights], lr=one.learning_rate, **rules[one.optimizer.name])
        for _ in range(4):
            for begin in (0, 3, 6):
                plain.zero_grad()
                batch = slice(begin, begin + 3)
                error = weights[a] * x[batch] + weights[1 - a] - y[batch]
                (error**2).mean().backward()
                plain.step()
        last = [found["steps"][f"new.{p}"][-1] for p in one.network.parameters]
        np.testing.assert_allclose(last, weights.detach().numpy(), rtol=1e-12)


def test_who_may_train_together() -> None:
    these = {e.id: e for layout in ("rows", "blocks") for e in experiments(layout, 3)[:2]}
    blocks = {f"b {e.id}": e for e in experiments("blocks", 3)[:2]}
    other = these["sgd-0"].but(h=0.5)
    every = {**experiments_by_id("rows"), **blocks, "other h": other}
    tracers = {name: tracer(one, DATA) for name, one in every.items()}
    rows = {name: 21 if one.layout == "rows" else 9 for name, one in every.items()}
    found = run_all(tracers, rows)
    assert found.keys() == every.keys()
    for name, traces in found.items():
        alone = tracers[name].run(rows[name])
        np.testing.assert_array_equal(traces["steps"]["loss"], alone["steps"]["loss"])
    with pytest.raises(ValueError, match="cannot be run together"):
        trace.runs([every["other h"], every["sgd-0"]], DATA)
    with pytest.raises(ValueError, match="cannot be run together"):
        block_trace.runs([one.but(epochs=2 + i) for i, one in enumerate(blocks.values())], DATA)


def experiments_by_id(layout: str) -> dict[str, View]:
    return {one.id: one for one in experiments(layout, 3)}
