"""Both sides of every operation that graphs have, and of what the reader makes of several: each is
tried as it is, and with one side wrong by one part in a million, which verify must find.

The walk goes over the registry: a new file of operations is tried without being named here, unless
it takes its inputs in an order of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
import torch
from torch import nn

from tests.builders import RememberingEngine, bare_book, view_of
from tests.modules.nets import Of, made
from tests.two_sides import (
    FACTOR,
    asked_for,
    like,
    off_tensor,
    tab_of,
    verified_cells,
    with_method_off,
)
from xlsgd.data import Dataset
from xlsgd.report.report import SheetReport
from xlsgd.tabs.view import View
from xlsgd.torch_side.modules import read_module
from xlsgd.training.nets import Network, parse_network
from xlsgd.training.nets.kinds import operation_types
from xlsgd.training.nets.layer import Layer

pytestmark = pytest.mark.every

engine = RememberingEngine()


@pytest.fixture(autouse=True)
def remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("xlsgd.verifying.opening"), "get_engine", lambda name: engine)


ARGUMENTS = {"Power": "(1.5)", "Normalize": "(0.01)", "Clamp": "(min=0.6, max=0.9)"}
THREES = {"Where"}
"""What takes numbers in threes."""


def around(name: str) -> Network:
    """Return a network with the operation in its middle, between numbers from 0.4 to 2."""
    if name == "Formula":
        return parse_network("Formula(x1 x2: a*x1 + b*x2^2 + x1*x2)", 2)
    kind = f"{name}{ARGUMENTS.get(name, '')}"
    layer = parse_network(kind, 4).layers[0] if name in ARGUMENTS else None
    layer = operation_types()[name].parse([]) if layer is None else layer
    wide = 6 if name in THREES else 4
    if name == "Chosen":
        lines = ["weights w1, w2", f"h = {kind} of 1, w1, w2", "k = Multiply of h, x1"]
        lines.append("pred = Sum of k, w1")
        return parse_network("; ".join(lines), 2)
    lines = [f"h_1 … h_{wide} = Linear(2, {wide}) of x1, x2 with fc.weight, fc.bias"]
    # Above 0, for logarithms and roots.
    lines.append(f"g_1 … g_{wide} = Softplus of h_1 … h_{wide}")
    count = layer.outputs(wide)
    given = "k_1" if count == 1 else "k_1, k_2" if count == 2 else f"k_1 … k_{count}"
    # What is compared with itself is the same; of two others there would be nothing but 0.
    taken = "g_1, g_2, g_1, g_2" if name == "Equal" else f"g_1 … g_{wide}"
    lines.append(f"{given} = {kind} of {taken}")
    lines.append(f"pred = Linear({count}, 1) of {given} with out.weight, out.bias")
    return parse_network("; ".join(lines), 2)


def _chosen() -> nn.Module:
    return Of(
        lambda m, x: m.fc(torch.cat([m.e(x[:, 0].long()), x[:, 1:]], 1)),
        e=nn.Embedding(3, 2),
        fc=nn.Linear(3, 1),
    )


def _in_steps() -> nn.Module:
    steps = nn.Conv2d(1, 2, 2, stride=2, bias=False), nn.AvgPool2d(2), nn.Flatten()
    return nn.Sequential(nn.Unflatten(1, (1, 4, 4)), *steps, nn.Linear(2, 1))


FLAT = {"Greater", "AtLeast", "Equal"}
"""What hands back 0, of which a millionth is nothing: see the test of what they hand back."""

COMPOUND: dict[str, tuple[tuple[str, ...], Callable[[], nn.Module]]] = {
    **{
        name: (made(name)[1], functools.partial(lambda name: made(name)[0], name))
        for name in ("convolution", "sound", "normalized", "bilinear", "prelu")
    },
    "embedding": (("x1", "x2"), _chosen),
    "average": (tuple(f"x{i}" for i in range(1, 17)), _in_steps),
}


def compound(name: str) -> Network:
    """Return the network that a module of several operations is read as."""
    names, make = COMPOUND[name]
    return parse_network(read_module(make(), names).text, names)


CASES: dict[str, Callable[[], Network]] = {
    **{name: functools.partial(around, name) for name in operation_types()},
    **{name: functools.partial(compound, name) for name in COMPOUND},
}


def view_around(network: Network, id: str = "run") -> View:
    start = {p: round(0.83 - 0.19 * (i % 8), 2) for i, p in enumerate(network.parameters)}
    found = view_of(layout="blocks", gradient="backprop", batch_size=2, epochs=1, id=id)
    experiment = replace(found.experiment, network=network, start=start, learning_rate=0.02)
    return replace(found, experiment=experiment)


def _embeds(network: Network) -> bool:
    return any(p.layer.name == "Chosen" and p.inputs[0] == "x1" for p in network.places)


def data_for(network: Network) -> Dataset:
    """Return rows whose numbers all differ from each other, and from 0."""
    columns = {
        name: tuple(round(0.31 + 0.173 * ((3 * row + 5 * i) % 7) + i / 100, 3) for row in range(3))
        for i, name in enumerate(network.input_names)
    }
    if _embeds(network):
        columns["x1"] = (1.0, 0.0, 2.0)
    return Dataset("points", columns, (0.2, 0.5, 0.8))


def tabs_of(networks: Mapping[str, Network]) -> dict[str, SheetReport]:
    """Return what verify says of networks: a tab each, in one workbook for equal inputs."""
    together: dict[Any, list[str]] = {}
    for name, network in networks.items():
        together.setdefault((network.input_names, _embeds(network)), []).append(name)
    found = {}
    for names in together.values():
        views = [view_around(networks[name], f"run{i}") for i, name in enumerate(names)]
        report = verified_cells(bare_book(*views, data=data_for(networks[names[0]])))
        found |= {name: tab_of(report, f"run{i}") for i, name in enumerate(names)}
    return found


def with_layers(network: Network, kind: str, change: Callable[[Layer], Layer]) -> Network:
    """Return a network of which all layers of a kind are changed."""
    places = [
        replace(place, layer=change(place.layer)) if place.layer.name == kind else place
        for place in network.places
    ]
    return Network.of_places(places, network.input_names, network.free)


def off_sides() -> dict[str, tuple[str, str, str]]:
    """Return, by their names, a network, a kind of layer in it, and the method that is off."""
    found = {}
    for name, make in CASES.items():
        network = make()
        kinds = {place.layer.name for place in network.places}
        inner = {n for p in network.places for n in p.outputs} | {*network.free}
        for kind in [name] if name in kinds else sorted(kinds):
            places = [place for place in network.places if place.layer.name == kind]
            methods = ["forward"]
            if any(inner.intersection(place.inputs) for place in places):
                methods.append("backward")
            if kind in FLAT:
                methods.remove("backward")
            if any(place.parameters for place in places):
                methods.append("parameter_gradients")
            for method in methods:
                found[f"{name} {kind} {method}"] = (name, kind, method)
    return found


OFF = off_sides()


def test_the_walk_has_something_to_walk_over() -> None:
    assert {"Add", "Divide", "Exp", "Dot", "Chosen", "Normalize", "Formula"} <= CASES.keys()
    assert {kind for _, kind, _ in OFF.values()} >= {*operation_types(), "Linear", "ReLU", "Tanh"}
    assert len(OFF) > 2 * len(CASES)


def test_both_sides_agree() -> None:
    for name, tab in tabs_of({name: make() for name, make in CASES.items()}).items():
        assert tab.ok, (name, tab.first_difference)
        assert tab.unchecked == {}
        assert tab.cells_compared == tab.formulas > 0


@pytest.mark.parametrize("name", sorted(FLAT))
def test_a_slope_where_there_is_none_is_found(name: str) -> None:
    def steep(layer: Layer) -> Layer:
        return like(layer, backward=lambda self, grad, x, y, p: [f"{g}/9" for g in (*grad, *grad)])

    network = with_layers(CASES[name](), name, steep)
    (tab,) = tabs_of({name: network}).values()
    assert not tab.ok
    assert_both_checks_fail(tab)


def assert_both_checks_fail(tab: SheetReport) -> None:
    for check in ("step", "run"):
        found = [c for table, c in tab.comparisons.items() if table.startswith(f"{check} ")]
        assert not all(comparison.ok.all() for comparison in found), (
            f"the {check} check saw nothing"
        )


@pytest.fixture(scope="module")
def off_tabs(request: pytest.FixtureRequest) -> dict[str, SheetReport]:
    """What verify says of everything in OFF that is asked for."""
    networks = {}
    for what in sorted(asked_for(request, "test_a_wrong_sheet_side_is_found")):
        name, kind, method = OFF[what]
        change = functools.partial(with_method_off, name=method)
        networks[what] = with_layers(CASES[name](), kind, change)
    return tabs_of(networks)


def sorts(names: Iterable[str]) -> list[Any]:
    """Return cases; those of a whole image are wide."""
    large = ("convolution", "average", "sound")
    return [pytest.param(n, marks=pytest.mark.wide) if n.startswith(large) else n for n in names]


@pytest.mark.of_each(1)
@pytest.mark.parametrize("what", sorts(OFF))
def test_a_wrong_sheet_side_is_found(what: str, off_tabs: dict[str, SheetReport]) -> None:
    assert_both_checks_fail(off_tabs[what])
    assert not off_tabs[what].ok


@pytest.mark.parametrize("name", sorts(CASES))
def test_a_wrong_module_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = CASES[name]()
    kinds = {type(place.layer) for place in network.places}
    own = [kind for kind in kinds if kind.name == name]
    for kind in own or sorted(kinds, key=lambda kind: kind.name):
        right, by_steps = kind.module, kind.rounded

        def module(self: Any, right: Any = right) -> Any:
            found = right(self)
            found.register_forward_hook(off_tensor)
            return found

        def rounded(self: Any, *arguments: Any, by_steps: Any = by_steps) -> Any:
            found = by_steps(self, *arguments)
            return found if found is None else found * FACTOR

        with monkeypatch.context() as patch:
            patch.setattr(kind, "module", module)
            patch.setattr(kind, "rounded", rounded)
            (tab,) = tabs_of({name: network}).values()
        assert not tab.ok, kind.name
        assert_both_checks_fail(tab)
