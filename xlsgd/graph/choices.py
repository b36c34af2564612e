"""Functions that choose between what their arguments say, and calculate no more than they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlsgd.base.cells import CellError
from xlsgd.formula.tree import Node
from xlsgd.graph.frame import Compiled, Frame, Part, not_known
from xlsgd.graph.operators import lifted, mixed, spoils, truth_of
from xlsgd.graph.values import Array, ByCell, Erroneous, Value, all_finite, number, of_several

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["CHOICES"]


def condition(node: Node, arrays: bool, part: Part) -> Compiled:
    asked, *sides = (part(each, arrays) for each in node.parts)
    yes, no = (*sides, _false)[:2] if sides else (None, None)
    if yes is None or no is None:
        return not_known("IF has one argument")

    def called(frame: Frame) -> Value:
        found = asked(frame)
        if isinstance(found, Array):
            return _chosen_by_element(found, yes(frame), no(frame), frame.samples)
        if isinstance(found, CellError):
            return found
        truth = truth_of(found)
        if isinstance(truth, bool):
            return _shown((yes if truth else no)(frame))
        bare = truth if truth.dim() == 1 else truth.flatten()
        each = set(bare.tolist()) if len(bare) <= 32 else set(bare.unique().tolist())
        if each == {1}:
            return _shown(yes(frame))
        if each == {0}:
            return _shown(no(frame))
        if 1 not in each and 0 not in each:
            return truth  # nan in all samples
        sides = _shown(yes(frame)), _shown(no(frame))
        if any(isinstance(side, Array) for side in sides):
            return lifted(lambda a, b: mixed(truth, a, b, frame.samples), *sides)
        return mixed(truth, *sides, frame.samples)

    return called


def conditions(node: Node, arrays: bool, part: Part) -> Compiled:
    """IFS, as IF in IF."""
    asked, value, *rest = node.parts
    last = Node("call", "IFS", tuple(rest)) if rest else Node("error", "#N/A")
    return condition(Node("call", "IF", (asked, value, last)), arrays, part)


def otherwise(node: Node, arrays: bool, part: Part) -> Compiled:
    first, second = (part(each, arrays) for each in node.parts)
    only_missing = node.value == "IFNA"

    def called(frame: Frame) -> Value:
        import torch

        try:
            found = first(frame)
        except Erroneous as error:
            found = error.error
        if isinstance(found, CellError):
            caught = not only_missing or found.code == "#N/A"
            return second(frame) if caught else found
        if only_missing or not isinstance(found, (torch.Tensor, Array)):
            return found
        if isinstance(found, Array):
            return lifted(lambda a, b: _where_fine(a, b, frame.samples), found, second(frame))
        if all_finite(found):
            return found
        return _where_fine(found, second(frame), frame.samples)

    return called


def asked(node: Node, arrays: bool, part: Part) -> Compiled:
    inner = part(node.parts[0], arrays)
    name = str(node.value)

    def of_value(found: Value) -> Value:
        import torch

        if isinstance(found, CellError):
            return name != "ISNUMBER" and (
                name == "ISERROR" or (found.code == "#N/A") == (name == "ISNA")
            )
        if isinstance(found, torch.Tensor) and found.dtype != torch.bool:
            fine = found.detach().isfinite()
            if name == "ISNA":
                return False
            return fine if name == "ISNUMBER" else ~fine
        return name == "ISNUMBER" and isinstance(found, float)

    def called(frame: Frame) -> Value:
        try:
            found = inner(frame)
        except Erroneous as error:
            found = error.error
        return found.mapped(of_value) if isinstance(found, Array) else of_value(found)

    return called


def _false(frame: Frame) -> Value:
    return False


def _shown(value: Value) -> Value:
    """Return a value as a cell shows it: an empty cell that is looked at is 0."""
    return 0.0 if value is None else value


def _chosen_by_element(asked: Array, yes: Value, no: Value, samples: int) -> Value:
    """Return IF of blocks."""
    first = lifted(lambda truth, a: (truth_of(truth), a), Array(asked.rows), yes)
    return lifted(lambda pair, b: mixed(pair[0], pair[1], b, samples), first, no)


def _where_fine(found: Value, instead: Value, samples: int) -> Value:
    if isinstance(found, CellError):
        return instead
    fine: Tensor = number(found, samples).detach().isfinite()
    if bool(fine.all()):
        return found
    if of_several(fine) and spoils(found):
        raise ByCell
    return mixed(fine, found, instead, samples)


CHOICES = {
    "IF": condition,
    "IFS": conditions,
    "IFERROR": otherwise,
    "IFNA": otherwise,
    "ISERROR": asked,
    "ISERR": asked,
    "ISNA": asked,
    "ISNUMBER": asked,
}
"""By their names; each is given its part of a formula, and what calculates parts of that."""
