"""Both sides of every operation that graphs have, and of what the reader makes of several: each is
tried as it is, and with one side wrong by one part in a million, which verify must find.

The walk goes over the registry: a new file of operations is tried without being named here, unless
it takes its inputs in an order of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest

from tests.builders import RememberingEngine, view_of
from tests.modules.nets import made
from xlsgd.data import Dataset
from xlsgd.tabs.view import View
from xlsgd.torch_side.modules import read_module
from xlsgd.training.nets import Network, parse_network
from xlsgd.training.nets.kinds import operation_types

pytestmark = pytest.mark.every

ROWS = 3
engine = RememberingEngine()


@pytest.fixture(autouse=True)
def remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("xlsgd.verifying.opening"), "get_engine", lambda name: engine)


ARGUMENTS = {"Power": "(1.5)", "Normalize": "(0.01)"}
FORMULA = "pred = Formula(x1 x2: x1*x2 + a*x1 + b) of x1, x2"


def around(name: str) -> Network:
    """Return a network with the operation in its middle, between numbers from 0.4 to 2."""
    if name == "Formula":
        return parse_network("Formula(x1 x2: a*x1 + b*x2^2 + x1*x2)", 2)
    kind = f"{name}{ARGUMENTS.get(name, '')}"
    layer = parse_network(kind, 4).layers[0] if name in ("Power", "Normalize") else None
    layer = operation_types()[name].parse([]) if layer is None else layer
    if name == "Chosen":
        lines = ["weights w1, w2", f"h = {kind} of 1, w1, w2", "k = Multiply of h, x1"]
        lines.append("pred = Sum of k, w1")
        return parse_network("; ".join(lines), 2)
    lines = ["h_1 … h_4 = Linear(2, 4) of x1, x2 with fc.weight, fc.bias"]
    # Above 0, for logarithms and roots.
    lines.append("g_1 … g_4 = Softplus of h_1 … h_4")
    count = layer.outputs(4)
    given = "k_1" if count == 1 else "k_1, k_2" if count == 2 else f"k_1 … k_{count}"
    lines.append(f"{given} = {kind} of g_1 … g_4")
    lines.append(f"pred = Linear({count}, 1) of {given} with out.weight, out.bias")
    return parse_network("; ".join(lines), 2)


COMPOUND = ("convolution", "strides", "sound", "normalized", "embedding", "bilinear", "prelu")


def compound(name: str) -> Network:
    module, names = made(name)
    return parse_network(read_module(module, names).text, names)


CASES: dict[str, Callable[[], Network]] = {
    **{name: functools.partial(around, name) for name in operation_types()},
    **{name: functools.partial(compound, name) for name in COMPOUND},
}


def view(network: Network, id: str = "run") -> tuple[View, Dataset]:
    names = network.input_names
    columns = {
        name: tuple(round(0.3 + 0.17 * ((3 * row + 5 * i) % 7), 2) for row in range(ROWS))
        for i, name in enumerate(names)
    }
    y = [tuple(0.2 + 0.3 * r + k for r in range(ROWS)) for k in range(len(network.predictions))]
    more = {f"y_{k}": column for k, column in enumerate(y, 1)} if len(y) > 1 else {}
    data = Dataset("points", columns, y[0]) if not more else _several(columns, more)
    start = {p: round(0.83 - 0.19 * (i % 8), 2) for i, p in enumerate(network.parameters)}
    found = view_of(
        "Linear(1, 1)", data=None, layout="blocks", gradient="backprop", batch_size=2, epochs=1,
        learning_rate=0.02, id=id,
    )  # fmt: skip
    experiment = replace(found.experiment, network=network, start=start)
    return replace(found, experiment=experiment), data


def _several(columns: Mapping[str, Any], targets: Mapping[str, Any]) -> Dataset:
    from xlsgd.data.table import dataset_of

    return dataset_of({**columns, **targets}, list(targets))
