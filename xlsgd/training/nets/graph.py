"""Networks that are graphs: a line of text for every layer, and back.

    weights a, b
    mul = Multiply of a, x
    pred = Add of mul, b

    fc1_1 … fc1_3 = Linear(2, 3) of x1, x2 with fc1.weight, fc1.bias

A layer stands with what it gives, what it takes, and the names of its weights. Weights that are
used directly are named first. A name ends in the numbers that say where in its tensor it stands;
``fc1_1 … fc1_3`` are all from the first to the last, counted up like the digits of a number.
Weights are called as in PyTorch: ``fc1.weight`` of shape (3, 2) is ``fc1.weight[0,0]``,
``fc1.weight[0,1]``, ….

Reading such lines runs nothing: they are taken apart by the patterns below, and every layer is
looked up among those that there are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Sequence
from itertools import product
from typing import Any

from xlsgd.base.errors import SpecError
from xlsgd.training.nets.kinds import parse_layer
from xlsgd.training.nets.layer import Shape
from xlsgd.training.nets.place import Place, is_number

__all__ = [
    "LONGEST",
    "MOST_IN_ALL",
    "flat",
    "in_shape",
    "keys_of",
    "lines_of",
    "need_fit",
    "read_graph",
    "text_of",
    "weight_names",
]

KEY = "network"
"""What the field is called that has the text of a network."""
MOST = 20_000
"""Names that a line may stand for."""

MOST_LINES = 20_000
MOST_IN_ALL = 2_000_000
"""Names that all lines together may stand for, those of weights among them."""
LONGEST = 32_767
"""Characters of a line: more than that no cell holds."""

_PREDICTION = re.compile(r"pred(?:_[1-9]\d*)?")
_FREE = "weights "
_LAYER = re.compile(r"(?P<layer>\w+)(?:\((?P<arguments>[^()]*)\))? of (?P<rest>.+)")
_PLAIN = r"(?:\d+\.)*[^\W\d]\w*(?:\.\w+)*"
"""A name of PyTorch: the parts of a module may be called by numbers, as ``0.1.weight``."""
_NAME = re.compile(rf"{_PLAIN}(?: \w+)*(?:\[\d+(?:,\d+)*\])?")
_INDICES = re.compile(r"\d+")
_PART = re.compile(r"(?:[^,\[(]|\[[^\[\]]*\]|\([^()]*\)|[\[(])*")
"""What stands between two commas: those in brackets belong to a name."""
_TENSOR = re.compile(rf"(?P<base>{_PLAIN})(?:\((?P<shape>\d{{1,9}}(?:,\d{{1,9}}){{0,7}})\))?")
_DIGITS = 9
"""Of a number in a name that counts up."""


def lines_of(places: Sequence[Place], free: Sequence[str]) -> list[str]:
    """Return a graph as text, a line for every layer.  free: weights that are used directly."""
    lines = [_FREE + _written(free)] if free else []
    for place in places:
        line = f"{_written(place.outputs)} = {place.layer} of {_written(place.inputs)}"
        if place.parameters:
            shapes = place.layer.parameter_shapes()
            tensors = (_tensor(names, shapes[kind]) for kind, names in place.parameters.items())
            line += f" with {', '.join(tensors)}"
        lines.append(line)
    return lines


def keys_of(lines: Sequence[str]) -> list[str]:
    """Return the keys under which a tab has the lines of a network: ``network``, ``network.2``."""
    return [KEY if i == 1 else f"{KEY}.{i}" for i in range(1, len(lines) + 1)]


def text_of(fields: Collection[str], text: Callable[[str], str]) -> str:
    """Return the text of a network out of the fields of a tab.

    text: gives the text of a field.
    """
    keys = [KEY]
    while f"{KEY}.{len(keys) + 1}" in fields:
        keys.append(f"{KEY}.{len(keys) + 1}")
    return "; ".join(map(text, keys))


def read_graph(lines: Sequence[str]) -> tuple[list[Place], tuple[str, ...]]:
    """Return the layers at their places that the lines describe, and the weights used directly.

    Raises SpecError for what cannot be read, and for layers that do not fit each other.
    """
    places: list[Place] = []
    free: tuple[str, ...] = ()
    if len(lines) > MOST_LINES:
        raise SpecError(f"network: {len(lines):,} lines, at most {MOST_LINES:,} can be read")
    in_all = 0
    for number, line in enumerate(map(str.strip, lines), 1):
        where = f"line {number} of the network, '{line[:60]}'"
        if len(line) > LONGEST:
            raise SpecError(f"{where}: {len(line):,} characters, more than a cell holds")
        if number == 1 and line.startswith(_FREE):
            free = _read(line.removeprefix(_FREE), where)
            continue
        given, _, made = line.partition(" = ")
        match = _LAYER.fullmatch(made)
        if match is None:
            raise SpecError(f"{where}: need 'outputs = Layer(…) of inputs with weights'")
        layer = parse_layer(match["layer"], match["arguments"] or "", where)
        shapes = layer.parameter_shapes()
        # Columns may be called 'size with garden': only what has weights ends in them.
        rest = match["rest"]
        taken, _, weights = rest.rpartition(" with ") if shapes else (rest, "", "")
        tensors = _between(weights) if taken and weights else []
        if len(tensors) != len(shapes):
            raise SpecError(
                f"{where}: got {len(tensors)} tensors of weights, {layer} has {len(shapes)}: "
                f"{', '.join(shapes) or 'none'}"
            )
        inputs, outputs = _read(taken, where), _read(given, where)
        in_all += len(inputs) + len(outputs) + sum(map(math.prod, shapes.values()))
        if in_all > MOST_IN_ALL:
            raise SpecError(f"{where}: more than {MOST_IN_ALL:,} names up to here")
        parameters = {
            kind: _read_tensor(tensor.strip(), shape, where)
            for (kind, shape), tensor in zip(shapes.items(), tensors, strict=True)
        }
        places.append(Place(layer, parameters, inputs, outputs))
    return places, free


def need_fit(places: Sequence[Place], input_names: Sequence[str], free: Sequence[str]) -> None:
    """Raise SpecError unless every layer of a graph is given what it needs, and all of it is there
    before it."""
    weights = {*free, *(name for place in places for name in place.weights)}
    for name in input_names:
        if name in weights:
            raise SpecError(
                f"network: a weight and an input are both called {name}; give the input another "
                "name"
            )
    known, taken = {*input_names, *free}, set[str]()
    for place in places:
        where = f"{', '.join(place.outputs[:3])} = {place.layer}"
        for name in place.inputs:
            if is_number(name) and not math.isfinite(float(name)):
                raise SpecError(f"network, {where}: {name[:40]} is too great a number")
            if not (is_number(name) or name in known):
                raise SpecError(f"network, {where}: it takes {name}, which nothing before it gives")
        try:
            width = place.layer.outputs(len(place.inputs))
        except ValueError as error:
            raise SpecError(f"network, {where}: {error}") from error
        if width != len(place.outputs):
            raise SpecError(
                f"network, {where}: it gives {width} numbers, and {len(place.outputs)} have names"
            )
        for name in place.outputs:
            if name in known or name in weights or is_number(name):
                raise SpecError(f"network, {where}: two things are called {name}")
        known |= {*place.outputs}
        taken |= {*place.inputs}
    given = [name for place in places for name in place.outputs]
    predictions = [name for name in given if _PREDICTION.fullmatch(name) and name not in taken]
    count = len(predictions)
    need = ["pred"] if count == 1 else [f"pred_{i}" for i in range(1, count + 1)]
    if not predictions or sorted(predictions) != sorted(need):
        last = [name for name in given if name not in taken]
        raise SpecError(
            f"network: what nothing takes any more is {', '.join(sorted(last)[:5])}; "
            "need pred, or pred_1, pred_2, …"
        )
    if any(_PREDICTION.fullmatch(name) for name in taken):
        raise SpecError("network: a prediction goes into another layer; give that another name")


def weight_names(base: str, shape: Shape) -> Any:
    """Return the names of a tensor of weights, nested by its shape."""

    def build(ahead: Sequence[int], at: tuple[int, ...]) -> Any:
        if not ahead:
            return f"{base}[{','.join(map(str, at))}]" if at else base
        return [build(ahead[1:], (*at, i)) for i in range(ahead[0])]

    return build(shape, ())


def in_shape(names: Sequence[str], shape: Shape) -> Any:
    """Return names nested by a shape."""
    if not shape:
        return names[0]
    size = len(names) // shape[0]
    return [in_shape(names[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0])]


def flat(nested: Any) -> list[str]:
    """Return nested names one after the other."""
    return [nested] if isinstance(nested, str) else [name for part in nested for name in flat(part)]


def _tensor(nested: Any, shape: Shape) -> str:
    """Return the name of the tensor whose names are nested by a shape, followed by the shape that
    the tensor itself has, where that is another one: a window of a convolution is a row."""
    names = flat(nested)
    base, _, last = names[-1].partition("[")
    own = tuple(int(number) + 1 for number in _INDICES.findall(last))
    if own == shape:
        return base
    return f"{base}({','.join(map(str, own))})"


def _read_tensor(text: str, shape: Shape, where: str) -> Any:
    match = _TENSOR.fullmatch(text)
    if match is None:
        raise SpecError(f"{where}: '{text[:40]}' is no name of a tensor of weights")
    own = tuple(map(int, match["shape"].split(","))) if match["shape"] else shape
    if math.prod(own) != math.prod(shape):
        raise SpecError(f"{where}: {text} has {math.prod(own)} numbers, need {math.prod(shape)}")
    return in_shape(flat(weight_names(match["base"], own)), shape)


def _written(names: Sequence[str]) -> str:
    """Return names as text, those that count up as the first and the last of them."""
    parts: list[str] = []
    at = 0
    while at < len(names):
        end = _run(names, at)
        parts.append(names[at] if end - at < 3 else f"{names[at]} … {names[end - 1]}")
        at += 1 if end - at < 3 else end - at
    return ", ".join(parts)


def _run(names: Sequence[str], at: int) -> int:
    """Return where the longest run of names that count up ends, which begins at a place."""
    # Numbers, which may stand among the names, are none that count up.
    end = at + 1 if is_number(names[at]) else len(names)
    while end > at + 1:
        counted = _counted(names[at], names[end - 1])
        if counted is not None and counted == list(names[at:end]):
            return end
        # Shorter: as long as the first name and the next one differ in nothing but numbers.
        end -= 1
        if end - at > 2 and _stem(names[end - 1]) != _stem(names[at]):
            end = next((i for i in range(at + 1, end) if _stem(names[i]) != _stem(names[at])), end)
    return at + 1


def _stem(name: str) -> str:
    return _INDICES.sub("#", name)


def _counted(first: str, last: str) -> list[str] | None:
    """Return all names from the first to the last, None where they do not belong together."""
    froms, tos = _INDICES.findall(first), _INDICES.findall(last)
    if _stem(first) != _stem(last) or max(map(len, [*froms, *tos]), default=0) > _DIGITS:
        return None
    begins, ends = [int(digits) for digits in froms], [int(digits) for digits in tos]
    spans = [range(a, b + 1) for a, b in zip(begins, ends, strict=True)]
    count = 1
    for span in spans:
        count *= len(span)
    if not 2 <= count <= MOST:
        return None
    pieces = _INDICES.split(first)
    names = []
    for numbers in product(*spans):
        text = pieces[0]
        for number, piece in zip(numbers, pieces[1:], strict=True):
            text += f"{number}{piece}"
        names.append(text)
    return names


def _between(text: str) -> list[str]:
    """Return what stands between the commas of a text, other than those in brackets."""
    parts, at = [], 0
    while True:
        match = _PART.match(text, at)
        assert match is not None, "nothing is a part as well"
        parts.append(match[0])
        at = match.end() + 1
        if at > len(text):
            return parts


def _read(text: str, where: str) -> tuple[str, ...]:
    """Return the names that a text stands for.  Raises SpecError for what is none."""
    found: list[str] = []
    for part in map(str.strip, _between(text)):
        first, dots, last = (piece.strip() for piece in part.partition(" … "))
        for name in (first, last) if dots else (first,):
            if not (_NAME.fullmatch(name) or (is_number(name) and not dots)):
                raise SpecError(f"{where}: '{name[:40]}' is no name")
        names = _counted(first, last) if dots else [first]
        if names is None:
            raise SpecError(f"{where}: '{part[:60]}' does not count up")
        found += names
        if len(found) > MOST:
            raise SpecError(f"{where}: more than {MOST:,} names")
    return tuple(found)
