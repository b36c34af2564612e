"""What of a net is shown as images: weights and outputs, each as rows and columns of cells.

A net that looks at images has numbers that stand beside and below each other: pixels, the weights
of pixels, what a filter makes of every place. Here they are put into that shape again; what has
none, as a bias, is a cell by itself. A *stage* is a tensor; its *lines* are units or channels, one
below the other, and a line has one or more *pictures*, rows of names.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Literal

from xlsgd.training.nets import Network
from xlsgd.training.nets.place import map_nested

__all__ = ["MOST", "Picture", "Shape", "Stage", "image_of", "stages_of"]

Picture = list[list[str]]
"""Rows of names, all but the last of the same length."""
Shape = tuple[int, int]
"""Height and width of an image, in pixels."""

MOST = 2_000
"""Weights and outputs of a net that one still looks at as images."""
_ACROSS = 10
"""Cells beside each other of numbers that have no shape."""
_VALUE = re.compile(r"(.*?)((?:_[1-9]\d*)+)")
_WEIGHT = re.compile(r"(.*)\[(\d+(?:,\d+)*)\]")


@dataclass(frozen=True)
class Stage:
    """A tensor.   words: above it.   holds: weights, or values that come out of a layer."""

    words: str
    holds: Literal["weights", "values"]
    lines: list[list[Picture]]

    @property
    def names(self) -> list[str]:
        """All its names, line by line."""
        return [n for line in self.lines for picture in line for row in picture for n in row]


def image_of(network: Network, shape: Shape) -> Picture:
    """Return the pixels of the image that goes in."""
    return _in_rows(network.input_names, shape[1])


def stages_of(network: Network, shape: Shape) -> list[Stage]:
    """Return everything behind the image, layer by layer.  shape: of the image."""
    values = _values(network)
    found: dict[str, Stage] = {}
    if network.free:
        found["free"] = Stage("weights", "weights", [[_in_rows(network.free, _ACROSS)]])
    for place in network.places:
        for kind, nested in place.parameters.items():
            names: list[str] = []
            map_nested(names.append, nested)
            if f"weight {names[0]}" in found:
                continue
            base = network.tensor_of(names[0])
            words = base if network.is_graph else f"{kind} {base}"
            lines = _lines_of_weights(names, nested, _taken(network, place.inputs, shape, values))
            found[f"weight {names[0]}"] = Stage(words, "weights", lines)
        for name in place.outputs:
            stage = next(s for s in values if name in s.names)
            found.setdefault(f"value {stage.names[0]}", stage)
    return list(found.values())


def _values(network: Network) -> list[Stage]:
    """Return what comes out of the layers, tensor by tensor."""
    if not network.is_graph:
        last = network.places[-1]
        return [
            Stage(
                "prediction" if place is last else place.layer.name,
                "values",
                _units(place.outputs),
            )
            for place in network.places
        ]
    tensors: dict[str, dict[str, tuple[int, ...]]] = {}
    for place in network.places:
        for name in place.outputs:
            match = _VALUE.fullmatch(name)
            base, ends = match.groups() if match else (name, "")
            tensors.setdefault(base, {})[name] = tuple(map(int, ends.split("_")[1:]))
    found = []
    for base, unsorted in tensors.items():
        # A convolution gives all channels of a place before those of the next.
        places = dict(sorted(unsorted.items(), key=lambda pair: pair[1]))
        sizes = _sizes(list(places.values()), 1)
        names = list(places)
        lines = _units(names)
        if sizes is not None and len(sizes) in (2, 3):
            per_line = prod(sizes[1:])
            lines = [
                [_in_rows(names[i : i + per_line], sizes[-1])]
                for i in range(0, len(names), per_line)
            ]
        found.append(Stage(base, "values", lines))
    return found


def _taken(
    network: Network, inputs: Sequence[str], shape: Shape, values: Sequence[Stage]
) -> list[tuple[int, int]]:
    """Return the sizes of the pictures that a layer takes whole, rows and columns; none where it
    takes anything else."""
    if tuple(inputs) == network.input_names:
        return [shape]
    for stage in values:
        if stage.names == list(inputs):
            pictures = [picture for line in stage.lines for picture in line]
            return [(len(p), len(p[0])) for p in pictures]
    return []


def _lines_of_weights(
    names: list[str], nested: object, taken: list[tuple[int, int]]
) -> list[list[Picture]]:
    """Return the weights of a layer, a line for every unit or channel.

    taken: sizes of the pictures that it takes.
    """
    matches = [_WEIGHT.fullmatch(name) for name in names]
    places = [tuple(map(int, m[2].split(","))) for m in matches if m is not None]
    sizes = _sizes(places, 0) if len(places) == len(names) else None
    if sizes is None:
        depth = isinstance(nested, list) and isinstance(nested[0], list)
        sizes = (len(nested), len(nested[0])) if depth else (len(names),)  # type: ignore[index, arg-type]
    if len(sizes) == 1:
        return _units(names)
    per_line = prod(sizes[1:])
    lines = [names[i : i + per_line] for i in range(0, len(names), per_line)]
    if len(sizes) > 2:
        size = prod(sizes[2:])
        return [
            [_in_rows(line[i : i + size], sizes[-1]) for i in range(0, per_line, size)]
            for line in lines
        ]
    if sum(prod(size) for size in taken) == per_line and any(size != (1, 1) for size in taken):
        return [_cut(line, taken) for line in lines]
    return [[_in_rows(line, _ACROSS)] for line in lines]


def _cut(names: list[str], sizes: list[tuple[int, int]]) -> list[Picture]:
    """Return names as pictures of these sizes, one after the other."""
    found, at = [], 0
    for height, width in sizes:
        found.append(_in_rows(names[at : at + height * width], width))
        at += height * width
    return found


def _sizes(places: Sequence[tuple[int, ...]], first: int) -> tuple[int, ...] | None:
    """Return the sizes of a tensor by the places of its numbers, in their order; None where they
    are not those of a whole one.  first: from which they are counted."""
    if not places or not all(places) or len({len(place) for place in places}) > 1:
        return None
    sizes = tuple(max(each) + 1 - first for each in zip(*places, strict=True))
    if prod(sizes) != len(places):
        return None
    whole = list(product(*(range(first, first + size) for size in sizes)))
    return sizes if whole == list(places) else None


def _units(names: Sequence[str]) -> list[list[Picture]]:
    return [[[[name]]] for name in names]


def _in_rows(names: Sequence[str], width: int) -> Picture:
    return [list(names[i : i + width]) for i in range(0, len(names), width)]
