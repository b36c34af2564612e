"""A network: layers with a name for every parameter and every intermediate number.

Layers stand in a row, each taking what the one before it gives; or they form a *graph*, in which
a layer takes what it needs from anywhere before it, see xlsgd.training.nets.graph.

Parameters are called by letters in the order of the layers, as on paper: one neuron is
``a·x + b``, two neurons are ``c·(a·x + b) + d``. A weight with several inputs or outputs gets
numbers behind its letter: ``a1, a2`` or, with both, ``a1_2`` for output 1 and input 2. Where the
inputs of a network have names, the weights of its first layer carry them: ``a1_age``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import ascii_lowercase
from typing import Any

from xlsgd.base.errors import SpecError
from xlsgd.training.nets.graph import (
    LONGEST,
    MOST_IN_ALL,
    flat,
    lines_of,
    need_fit,
    read_graph,
)
from xlsgd.training.nets.kinds import alone_types, parse_layer
from xlsgd.training.nets.layer import Layer, Scattered, Shape
from xlsgd.training.nets.place import Place, is_number, map_nested
from xlsgd.training.nets.silence import Silence
from xlsgd.training.stable import number
from xlsgd.training.wording import Wording

__all__ = ["PREDICTION", "Network", "numbered_inputs", "parse_network"]

PREDICTION = "pred"
"""What a prediction is called: ``pred``, of several ``pred_1``, ``pred_2``, …"""
MANY_UNITS = 40
"""More units than this are not watched: a verdict could not name them."""
MANY_WEIGHTS = 40
"""More weights than this are not told of one by one."""
_FEW = 8
_PREDICTION = re.compile(rf"{PREDICTION}(_[1-9]\d*)?")


@dataclass(frozen=True)
class Network:
    """Layers, ending in the prediction ``pred``, or in several: ``pred_1``, ``pred_2``, ….

    input_names: what goes in; see ``numbered_inputs`` for inputs without names of their own.
    graph: the layers at their places, where they do not stand in a row; in an order in which
        each comes after those that it takes something from.
    free: the weights that stand directly among the inputs of layers.
    Raises SpecError if the layers do not fit each other.
    """

    layers: tuple[Layer, ...]
    input_names: tuple[str, ...] = ("x",)
    graph: tuple[Place, ...] = ()
    free: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        # Walking over the layers once finds what does not fit.
        given = {name.casefold(): name for place in self.places for name in place.outputs}
        weights: dict[str, str] = {}
        for name in self.parameters:
            other = weights.setdefault(name.casefold(), name)
            if other != name:
                raise SpecError(
                    f"network {self}: the weights {other} and {name} differ in nothing but "
                    "capital letters, which a sheet does not tell apart; rename one"
                )
            if name.casefold() in given:
                raise SpecError(
                    f"network {self}: a weight is called {name}, as what the net gives is; rename "
                    "the weight"
                )

    @classmethod
    def of_places(
        cls, places: Sequence[Place], input_names: Sequence[str], free: Sequence[str] = ()
    ) -> Network:
        """Return the network that is a graph of layers."""
        layers = tuple(place.layer for place in places)
        return cls(layers, tuple(input_names), tuple(places), tuple(free))

    def __str__(self) -> str:
        """Return its layers in words; ``text`` has all of a graph."""
        names = [str(layer) for layer in self.layers]
        if not self.is_graph:
            return ", ".join(names)
        # Where a layer is used at many places, it is said once.
        once = [name for name, before in zip(names, ("", *names), strict=False) if name != before]
        return ", ".join(once if len(once) <= _FEW else (*once[: _FEW - 1], "…", once[-1]))

    @property
    def text(self) -> str:
        """The text from which ``parse_network`` reads it."""
        return "; ".join(self.lines)

    @property
    def lines(self) -> list[str]:
        """The same line by line: of a graph a line a layer."""
        return lines_of(self.graph, self.free) if self.is_graph else [str(self)]

    @property
    def is_graph(self) -> bool:
        """Whether its layers form a graph, and not just a row."""
        return bool(self.graph)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The layers with the names of what they take and give."""
        if not self.layers:
            raise SpecError("a network needs at least one layer")
        if self.is_graph:
            need_fit(self.graph, self.input_names, self.free)
            return self.graph
        alone = [layer for layer in self.layers if layer.name in alone_types()]
        if alone and len(self.layers) > 1:
            raise SpecError(f"network {self}: {alone[0]} takes no inputs and stands alone")
        letters = iter(ascii_lowercase)
        kinds = [layer.short for layer in self.layers[:-1]]
        counts: dict[str, int] = {}
        names = self.input_names
        named = () if names == numbered_inputs(len(names)) else names
        places: list[Place] = []
        in_all = 0
        for layer in self.layers:
            try:
                width = layer.outputs(len(names))
            except ValueError as error:
                raise SpecError(f"network {self}: {error}") from error
            in_all += width + sum(map(math.prod, layer.parameter_shapes().values()))
            if in_all > MOST_IN_ALL:
                raise SpecError(f"network {self}: more than {MOST_IN_ALL:,} weights and outputs")
            counts[layer.short] = counts.get(layer.short, 0) + 1
            if len(places) == len(self.layers) - 1:
                outputs = _numbered(PREDICTION, width, "_")
            elif kinds.count(layer.short) == 1 and width > 1:
                outputs = _numbered(layer.short, width)
            else:
                outputs = _numbered(f"{layer.short}{counts[layer.short]}", width, "_")
            own = layer.parameter_names()
            try:
                parameters = {
                    kind: own.get(kind)
                    or _named(next(letters), shape, named if len(shape) == 2 else ())
                    for kind, shape in layer.parameter_shapes().items()
                }
            except StopIteration:
                raise SpecError(
                    f"network {self}: more than {len(ascii_lowercase)} weights and biases; "
                    "use fewer layers"
                ) from None
            places.append(Place(layer, parameters, names, outputs))
            if parameters or width != len(names):
                named = ()
            names = outputs
        return tuple(places)

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of all weights and biases, in order."""
        names = (name for place in self.places for name in place.weights)
        return tuple(dict.fromkeys((*self.free, *names)))

    @cached_property
    def groups(self) -> dict[str, tuple[str, ...]]:
        """The weights by what is said of them together: each by itself where they are few, else
        those of a tensor, as ``fc1.weight`` or ``a``."""
        if len(self.parameters) <= MANY_WEIGHTS:
            return {name: (name,) for name in self.parameters}
        found: dict[str, list[str]] = {}
        for name in self.parameters:
            found.setdefault(self.tensor_of(name), []).append(name)
        return {base: tuple(names) for base, names in found.items()}

    @cached_property
    def tensors(self) -> dict[str, tuple[str, ...]]:
        """The weights by the tensor of PyTorch that they stand in: ``fc1.weight``, or ``a``."""
        if self.is_graph:
            found: dict[str, list[str]] = {}
            for name in self.parameters:
                found.setdefault(self.tensor_of(name), []).append(name)
            return {base: tuple(names) for base, names in found.items()}
        nested = (names for place in self.places for names in place.parameters.values())
        each = [tuple(flat(names)) for names in nested]
        return {names[0] if len(names) == 1 else self.tensor_of(names[0]): names for names in each}

    def tensor_of(self, weight: str) -> str:
        """Return what the tensor is called that a weight belongs to: ``fc1.weight``, or ``a``."""
        return weight.partition("[")[0] if self.is_graph else re.split(r"[\d_]", weight)[0]

    @property
    def kinks(self) -> tuple[tuple[str, float], ...]:
        """The names of the numbers that come to a kink, where a derivative jumps, and its place."""
        return tuple(
            (name, at) for place in self.places for at in place.layer.kinks for name in place.inputs
        )

    @property
    def is_function(self) -> bool:
        """Whether it is one function of weights alone."""
        return not self.takes_data and len(self.layers) == 1 and self.layers[0].is_function

    @property
    def takes_data(self) -> bool:
        """Whether there are inputs that its prediction is made of."""
        if self.is_graph:
            return any(name in self.input_names for place in self.places for name in place.inputs)
        return self.layers[0].name not in alone_types()

    @property
    def wording(self) -> Wording:
        """What sentences about its training speak of."""
        return Wording(self.takes_data)

    @property
    def is_linear(self) -> bool:
        """Whether it is a chain of one-number linear layers, in the end one straight line."""
        return not self.is_graph and all(
            layer.weighs_inputs and layer.parameter_shapes()["weight"] == (1, 1)
            for layer in self.layers
        )

    @cached_property
    def silences(self) -> dict[str, Silence]:
        """When every unit that can die is silent, by the name of its output; of nobody where there
        are too many to be told of one by one."""
        found = {
            name: place.layer.silence
            for place in self.places
            if place.layer.silence is not None
            for name in place.outputs
        }
        return found if len(found) <= MANY_UNITS else {}

    def operands(
        self, place: Place, parameter: Callable[[str], str], value: Callable[[str], str]
    ) -> list[str]:
        """Sheet side: return the template of everything that goes into the layer at a place.

        parameter, value: the templates for the name of a weight, and of an input of the network.
        """

        def template(name: str) -> str:
            if name in self.input_names:
                return value(name)
            if name in self.free:
                return parameter(name)
            if is_number(name):
                text = number(float(name))
                return text if text.replace(".", "").isdigit() else f"({text})"
            return f"{{{name}}}"

        x = [template(name) for name in place.inputs]
        return x if self._side_by_side(place.inputs) else Scattered(x)

    def _side_by_side(self, names: Sequence[str]) -> bool:
        """Return whether names are those of neighbouring cells, in their order."""
        if not self.is_graph:
            return True
        at = self._order.get(names[0])
        return at is not None and all(
            self._order.get(name) == at + i for i, name in enumerate(names)
        )

    @cached_property
    def _order(self) -> dict[str, int]:
        """Where in the sheet every number stands, from left to right, with a gap after the data."""
        given = [name for place in self.places for name in place.outputs]
        return {name: i for i, name in enumerate((*self.input_names, "", *given))}

    @property
    def predictions(self) -> tuple[str, ...]:
        """The names of what comes out in the end."""
        if not self.is_graph:
            return self.places[-1].outputs
        names = [name for place in self.places for name in place.outputs]
        count = sum(_PREDICTION.fullmatch(name) is not None for name in names)
        return _numbered(PREDICTION, count, "_")

    @property
    def inputs(self) -> int:
        """How many numbers go in."""
        return len(self.input_names)

    def predicted(
        self, parameter: Callable[[str], str], value: Callable[[str], str] = "{{{}}}".format
    ) -> list[str]:
        """Sheet side: return every prediction as one expression of inputs and parameters.

        parameter: the formula text for a parameter's name, such as ``{param.a}``.
        value: the same for an input's name.
        """
        known: dict[str, str] = {}
        for place in self.places:
            nested = {k: map_nested(parameter, v) for k, v in place.parameters.items()}
            own = self.operands(place, parameter, value)
            x = [known.get(name, text) for name, text in zip(place.inputs, own, strict=True)]
            outputs = place.layer.forward(Scattered(x) if isinstance(own, Scattered) else x, nested)
            known |= {name: f"({text})" for name, text in zip(place.outputs, outputs, strict=True)}
        return [known[name][1:-1] for name in self.predictions]


# What stands in the parentheses of a layer: text with parentheses in it, four deep.
_INSIDE = r"[^()]*"
for _ in range(4):
    _INSIDE = rf"[^()]*(?:\({_INSIDE}\)[^()]*)*"


def parse_network(text: str, inputs: int | Sequence[str] = 1) -> Network:
    """Return the network from its text, as ``Linear(1, 1), ReLU, Linear(1, 1)``.

    inputs: how many go in, or their names.
    Of a graph the text has a line for every layer, see xlsgd.training.nets.graph; lines are
    separated by semicolons.
    Raises SpecError for an unknown layer or layers that do not fit.
    """
    names = numbered_inputs(inputs) if isinstance(inputs, int) else tuple(inputs)
    # In parentheses it is an option of a layer, as in Linear(2, 1, bias = False).
    ahead, equals, _ = text.partition(" = ")
    if equals and "(" not in ahead:
        places, free = read_graph(text.split(";"))
        return Network.of_places(places, names, free)
    if len(text) > LONGEST:
        raise SpecError(f"network '{text}': {len(text):,} characters, more than a cell holds")
    layers = []
    position = 0
    # Also as in a file that begins with import torch.
    pattern = re.compile(rf"\s*(?:(?:torch\.)?nn\.)?(\w+)\s*(?:\(({_INSIDE})\))?\s*(?:,|$)")
    while position < len(text):
        match = pattern.match(text, position)
        if match is None:
            raise SpecError(
                f"network '{text}': cannot read '{text[position:]}'; "
                "write layers as in 'Linear(1, 1), ReLU, Linear(1, 1)'"
            )
        layers.append(parse_layer(match[1], match[2] or "", f"network '{text}'"))
        position = match.end()
    # Columns of the data that a formula does not name are none of its inputs.
    takes = layers[0].takes if layers else ()
    if takes and len(takes) < len(names) and {*takes} <= {*names}:
        names = takes
    return Network(tuple(layers), names)


def numbered_inputs(count: int) -> tuple[str, ...]:
    """Return the names of inputs that have none of their own: ``x``, or ``x1, x2, …``."""
    return _numbered("x", count)


def _numbered(name: str, count: int, separator: str = "") -> tuple[str, ...]:
    if count == 1:
        return (name,)
    return tuple(f"{name}{separator}{i}" for i in range(1, count + 1))


def _named(letter: str, shape: Shape, inputs: Sequence[str]) -> Any:
    """Return names nested by shape; dimensions of size 1 need no number.

    inputs: names for the last dimension, in place of numbers.
    """

    def build(name: str, rest: Sequence[int], separator: str) -> Any:
        if not rest:
            return name
        size, *inner = rest
        if inputs and not inner:
            return [f"{name}_{end}" for end in inputs]
        if size == 1:
            return [build(name, inner, separator)]
        return [build(f"{name}{separator}{i}", inner, "_") for i in range(1, size + 1)]

    return build(letter, shape, "")
