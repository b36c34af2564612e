"""A network: layers in a row, with a name for every parameter and every intermediate number.

Parameters are called by letters in the order of the layers, as on paper: one neuron is
``a·x + b``, two neurons are ``c·(a·x + b) + d``. A weight with several inputs or outputs gets
numbers behind its letter: ``a1, a2`` or, with both, ``a1_2`` for output 1 and input 2. Where the
inputs of a network have names, the weights of its first layer carry them: ``a1_age``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from string import ascii_lowercase
from typing import Any

from xlsgd.base.errors import SpecError
from xlsgd.training.nets.kinds import alone_types, layer_types
from xlsgd.training.nets.layer import Layer, Shape
from xlsgd.training.nets.silence import Silence
from xlsgd.training.wording import Wording

__all__ = ["Network", "Place", "map_nested", "parse_network"]


@dataclass(frozen=True)
class Place:
    """A layer at its place in a network.

    parameters: names nested by shape under PyTorch's names, ``{"weight": [["a"]], "bias": ["b"]}``.
    inputs, outputs: quantity names of what goes in and what comes out.
    """

    layer: Layer
    parameters: dict[str, Any]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def weights(self) -> list[str]:
        """The names of its weights and biases, in order."""
        names: list[str] = []
        for nested in self.parameters.values():
            map_nested(names.append, nested)
        return names


@dataclass(frozen=True)
class Network:
    """Layers in a row, ending in the prediction ``pred``, or in several: ``pred_1``, ``pred_2``, ….

    input_names: what goes in; see ``numbered_inputs`` for inputs without names of their own.
    Raises SpecError if the layers do not fit each other.
    """

    layers: tuple[Layer, ...]
    input_names: tuple[str, ...] = ("x",)

    def __post_init__(self) -> None:
        self.places  # noqa: B018 - walking over the layers once finds what does not fit

    def __str__(self) -> str:
        return ", ".join(map(str, self.layers))

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The layers with the names of what they take and give."""
        if not self.layers:
            raise SpecError("a network needs at least one layer")
        alone = [layer for layer in self.layers if layer.name in alone_types()]
        if alone and len(self.layers) > 1:
            raise SpecError(f"network {self}: {alone[0]} takes no inputs and stands alone")
        letters = iter(ascii_lowercase)
        kinds = [layer.short for layer in self.layers[:-1]]
        counts: dict[str, int] = {}
        names = self.input_names
        named = () if names == numbered_inputs(len(names)) else names
        places: list[Place] = []
        for layer in self.layers:
            try:
                width = layer.outputs(len(names))
            except ValueError as error:
                raise SpecError(f"network {self}: {error}") from error
            counts[layer.short] = counts.get(layer.short, 0) + 1
            if len(places) == len(self.layers) - 1:
                outputs = _numbered("pred", width, "_")
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
        return tuple(name for place in self.places for name in place.weights)

    @property
    def kinks(self) -> tuple[tuple[str, float], ...]:
        """The names of the numbers that come to a kink, where a derivative jumps, and its place."""
        return tuple(
            (name, at) for place in self.places for at in place.layer.kinks for name in place.inputs
        )

    @property
    def takes_data(self) -> bool:
        """Whether there are inputs that its prediction is made of."""
        return self.layers[0].name not in alone_types()

    @property
    def wording(self) -> Wording:
        """What sentences about its training speak of."""
        return Wording(self.takes_data)

    @property
    def is_linear(self) -> bool:
        """Whether it is a chain of one-number linear layers, in the end one straight line."""
        return all(
            layer.weighs_inputs and layer.parameter_shapes()["weight"] == (1, 1)
            for layer in self.layers
        )

    @cached_property
    def silences(self) -> dict[str, Silence]:
        """When every unit that can die is silent, by the name of its output."""
        return {
            name: place.layer.silence
            for place in self.places
            if place.layer.silence is not None
            for name in place.outputs
        }

    @property
    def predictions(self) -> tuple[str, ...]:
        """The names of what comes out of the last layer."""
        return self.places[-1].outputs

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
        values = [value(name) for name in self.input_names]
        for place in self.places:
            nested = {k: map_nested(parameter, v) for k, v in place.parameters.items()}
            outputs = place.layer.forward(values, nested)
            values = outputs if place is self.places[-1] else [f"({text})" for text in outputs]
        return values


# What stands in the parentheses of a layer: text with parentheses in it, four deep.
_INSIDE = r"[^()]*"
for _ in range(4):
    _INSIDE = rf"[^()]*(?:\({_INSIDE}\)[^()]*)*"


def parse_network(text: str, inputs: int | Sequence[str] = 1) -> Network:
    """Return the network from its text, as ``Linear(1, 1), ReLU, Linear(1, 1)``.

    inputs: how many go in, or their names.
    Raises SpecError for an unknown layer or layers that do not fit.
    """
    layers = []
    position = 0
    pattern = re.compile(rf"\s*(\w+)\s*(?:\(({_INSIDE})\))?\s*(?:,|$)")
    while position < len(text):
        match = pattern.match(text, position)
        if match is None:
            raise SpecError(
                f"network '{text}': cannot read '{text[position:]}'; "
                "write layers as in 'Linear(1, 1), ReLU, Linear(1, 1)'"
            )
        kind = layer_types().get(match[1], alone_types().get(match[1]))
        if kind is None:
            raise SpecError(
                f"network '{text}': unknown layer '{match[1]}'; "
                f"there are: {', '.join(layer_types())}"
            )
        try:
            layers.append(kind.parse(match[2].split(",") if match[2] else []))
        except ValueError as error:
            raise SpecError(f"network '{text}': {error}") from error
        position = match.end()
    names = numbered_inputs(inputs) if isinstance(inputs, int) else tuple(inputs)
    return Network(tuple(layers), names)


def numbered_inputs(count: int) -> tuple[str, ...]:
    """Return the names of inputs that have none of their own: ``x``, or ``x1, x2, …``."""
    return _numbered("x", count)


def map_nested(function: Callable[[str], Any], nested: Any) -> Any:
    """Apply function to every name in nested lists, keeping the nesting."""
    if isinstance(nested, str):
        return function(nested)
    return [map_nested(function, item) for item in nested]


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
