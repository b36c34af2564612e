"""A formula as one Python function, made once for all cells that were filled with it.

It is given a *frame*: what the formula's operands are in the cell, or in all the cells, that are
being calculated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature

from xlsgd.base.cells import CellError
from xlsgd.formula.r1c1 import Slot
from xlsgd.formula.tree import COMPARISONS, Node
from xlsgd.graph.choices import CHOICES
from xlsgd.graph.frame import Compiled, Frame, Place, not_known, operand_number
from xlsgd.graph.functions import ARRAYS, FUNCTIONS, RANGES
from xlsgd.graph.operators import ARITHMETIC, compared, lifted
from xlsgd.graph.places import PlaceFunctions
from xlsgd.graph.values import Array, Erroneous, NotKnown, Value, number, text_of

__all__ = ["compiled", "place_of", "says_truths"]


def compiled(tree: Node, slots: Sequence[Slot], is_array: bool) -> Compiled:
    """Return what calculates a formula.

    is_array: whether ranges are calculated with element by element, and what comes of it may be
    a Array.
    """
    compiler = _Compiler(slots)
    inner = compiler.of(tree, is_array)
    if is_array:
        return inner
    if compiler.is_range(tree):
        return compiler.crossing(tree)

    def single(frame: Frame) -> Value:
        found = inner(frame)
        return found.at(0, 0) if isinstance(found, Array) else found

    return single


def place_of(node: Node, slots: Sequence[Slot]) -> Callable[[Frame], Place]:
    """Return what says which cells a part of a formula means, such as one of OFFSET."""
    return _Compiler(slots).places.place(node)


def says_truths(tree: Node) -> bool:
    """Return whether a formula comes to a truth, or to an error."""
    if tree.kind == "operator":
        return tree.value in COMPARISONS
    name = str(tree.value)
    return tree.kind == "call" and (name in ("AND", "OR", "NOT", "XOR") or name.startswith("IS"))


class _Compiler:
    """Makes functions of the parts of one formula.

    arrays: whether ranges in a part are calculated with element by element.
    """

    def __init__(self, slots: Sequence[Slot]) -> None:
        self.slots = slots
        self.places = PlaceFunctions(slots, self.one)

    def is_range(self, node: Node) -> bool:
        return node.kind == "reference" and self.slots[operand_number(node)].kind == "range"

    def crossing(self, node: Node) -> Compiled:
        place = operand_number(node)
        return lambda frame: frame.crossing(frame.place(place))

    def one(self, node: Node, arrays: bool) -> Compiled:
        """Return what gives a part of which one value is needed, or one for each element."""
        if arrays:
            return self.of(node, arrays)
        if self.is_range(node):
            return self.crossing(node)
        if node.kind == "call" and node.value in ("INDEX", "OFFSET"):
            return self.places.one_of(node, self.of(node, arrays))
        return self.of(node, arrays)

    def of(self, node: Node, arrays: bool) -> Compiled:
        """Return what gives the value of a part."""
        kind = node.kind
        if kind == "reference":
            place = operand_number(node)
            return lambda frame: frame.operand(place)
        if kind in ("number", "text", "truth", "nothing"):
            value = node.value
            return lambda frame: value
        if kind == "error":
            error = CellError(str(node.value))
            return lambda frame: error
        if kind == "name":
            return _variable(str(node.value[1]))  # type: ignore[index]
        if kind == "sign":
            return _on_each(lambda x: -x, self.one(node.parts[0], arrays))
        if kind == "percent":
            return _on_each(lambda x: x / 100, self.one(node.parts[0], arrays))
        if kind == "operator":
            sign = str(node.value)
            left, right = (self.one(part, arrays) for part in node.parts)
            if sign in COMPARISONS:
                return _joined(lambda a, b: compared(sign, a, b), left, right)
            if sign == "&":
                return _joined(lambda a, b: text_of(a) + text_of(b), left, right)
            return _calculated(sign, left, right)
        return self.call(node, arrays)

    def call(self, node: Node, arrays: bool) -> Compiled:
        name = str(node.value).removeprefix("_XLFN.").removeprefix("_XLWS.")
        if name == "SINGLE":
            return self.single(node)
        if name == "LET":
            return self.let(node, arrays)
        if name in CHOICES:
            return CHOICES[name](node, arrays, self.one)
        if name in self.places.named:
            return self.places.named[name](node, arrays)
        function = FUNCTIONS.get(name)
        if function is None:
            return not_known(f"the function {name} is not known here")
        within = arrays or name in ARRAYS
        takes = self.of if name in RANGES else self.one
        parts = [takes(part, within) for part in node.parts]
        try:
            signature(function).bind(0, *parts)
        except TypeError:
            return not_known(f"{name} is not known here with {len(parts)} arguments")

        def called(frame: Frame) -> Value:
            try:
                given = [part(frame) for part in parts]
            except Erroneous:
                given = [_or_error(part, frame) for part in parts]
            return function(frame.samples, *given)

        return called

    def single(self, node: Node) -> Compiled:
        (part,) = node.parts
        if self.is_range(part):
            return self.crossing(part)
        inner = self.of(part, False)

        def called(frame: Frame) -> Value:
            found = inner(frame)
            return found.at(0, 0) if isinstance(found, Array) else found

        return called

    def let(self, node: Node, arrays: bool) -> Compiled:
        *pairs, last = node.parts
        if len(pairs) % 2 or any(part.kind != "name" for part in pairs[::2]):
            return not_known("LET has no name where one is needed")
        names = [str(part.value[1]) for part in pairs[::2]]  # type: ignore[index]
        values = [self.of(part, arrays) for part in pairs[1::2]]
        inner = self.one(last, arrays)

        def called(frame: Frame) -> Value:
            before = frame.names
            frame.names = dict(before)
            try:
                for name, value in zip(names, values, strict=True):
                    frame.names[name] = value(frame)
                return inner(frame)
            finally:
                frame.names = before

        return called


def _variable(name: str) -> Compiled:
    def called(frame: Frame) -> Value:
        if name in frame.names:
            return frame.names[name]
        raise NotKnown(f"there is no name {name}")

    return called


def _or_error(part: Compiled, frame: Frame) -> Value:
    """Return what a part comes to, the error too: COUNTIF may count it."""
    try:
        return part(frame)
    except Erroneous as error:
        return error.error


def _on_each(function: Callable[[Value], Value], part: Compiled) -> Compiled:
    def called(frame: Frame) -> Value:
        found = part(frame)
        if isinstance(found, float):
            return function(found)
        if isinstance(found, Array):
            return found.mapped(lambda x: function(number(x, frame.samples)))
        if isinstance(found, CellError):
            return found
        return function(number(found, frame.samples))

    return called


def _joined(function: Callable[[Value, Value], Value], left: Compiled, right: Compiled) -> Compiled:
    def called(frame: Frame) -> Value:
        a, b = left(frame), right(frame)
        if isinstance(a, Array) or isinstance(b, Array):
            return lifted(function, a, b)
        return function(a, b)

    return called


def _calculated(sign: str, left: Compiled, right: Compiled) -> Compiled:
    """Return what calculates with two numbers: the short way, if they are what they mostly are."""
    import torch

    tensor, real = torch.Tensor, torch.float64
    function = ARITHMETIC[sign]

    def called(frame: Frame) -> Value:
        a, b = left(frame), right(frame)
        if (type(a) is float or (isinstance(a, tensor) and a.dtype is real)) and (
            type(b) is float or (isinstance(b, tensor) and b.dtype is real)
        ):
            return function(a, b)
        if isinstance(a, Array) or isinstance(b, Array):
            return lifted(lambda x, y: _number_of(function, x, y, frame.samples), a, b)
        return _number_of(function, a, b, frame.samples)

    return called


def _number_of(
    function: Callable[[Value, Value], Value], a: Value, b: Value, samples: int
) -> Value:
    for value in (a, b):
        if isinstance(value, CellError):
            return value
    return function(number(a, samples), number(b, samples))
