"""A layer at its place in a network: what it takes, what it gives, what its weights are called."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xlsgd.training.nets.layer import Layer

__all__ = ["Place", "is_number", "map_nested"]

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


@dataclass(frozen=True)
class Place:
    """A layer at its place in a network.

    parameters: names nested by shape under PyTorch's names, ``{"weight": [["a"]], "bias": ["b"]}``.
    inputs, outputs: quantity names of what goes in and what comes out. In a graph a weight may
        stand among the inputs by its name, and a number as itself.
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

    @property
    def one_to_one(self) -> bool:
        """Whether it has no weights and an output follows from the input in its place."""
        return (
            not self.parameters and len(self.inputs) == len(self.outputs) and not self.layer.mixes
        )


def is_number(name: str) -> bool:
    """Return whether what stands among the inputs of a layer is a number, and no name."""
    return _NUMBER.fullmatch(name) is not None


def map_nested(function: Callable[[str], Any], nested: Any) -> Any:
    """Apply function to every name in nested lists, keeping the nesting."""
    if isinstance(nested, str):
        return function(nested)
    return [map_nested(function, item) for item in nested]
