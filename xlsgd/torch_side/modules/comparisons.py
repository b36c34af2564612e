"""Comparisons of tensors, and what is chosen by them: 1 where something is true, 0 elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from xlsgd.torch_side.modules.arithmetic import operand, pairs
from xlsgd.torch_side.modules.names import Names, Truths
from xlsgd.training.nets.layer import Layer
from xlsgd.training.nets.place import is_number
from xlsgd.training.operations.at_least import AtLeast
from xlsgd.training.operations.equal import Equal
from xlsgd.training.operations.greater import Greater
from xlsgd.training.operations.maximum import Maximum
from xlsgd.training.operations.multiply import Multiply
from xlsgd.training.operations.subtract import Subtract
from xlsgd.training.operations.where import Where

if TYPE_CHECKING:
    from xlsgd.torch_side.modules.reader import Reader

__all__ = ["COMPARISONS"]


def _compared(layer: Layer, turned: bool = False, otherwise: bool = False) -> Callable[..., Names]:
    """Read a comparison.

    turned: whether the operands change places.   otherwise: whether it is true where the layer is
    not.
    """

    def read(reader: Reader, one: Any, other: Any) -> Names:
        found = pairs(layer)(reader, *((other, one) if turned else (one, other))).view(Truths)
        return _negated(reader, found) if otherwise else found

    return read


def _negated(reader: Reader, x: Names) -> Names:
    _need_truths(reader, "not", x)
    return pairs(Subtract())(reader, 1, x.view(np.ndarray)).view(Truths)


def _joined(word: str, layer: Layer) -> Callable[..., Names]:
    """Read ``and`` or ``or``: of 1 and 0 the product and the greater."""

    def read(reader: Reader, one: Any, other: Any) -> Names:
        _need_truths(reader, word, one, other)
        numbers = (one.view(np.ndarray), other.view(np.ndarray))
        return pairs(layer)(reader, *numbers).view(Truths)

    return read


def _need_truths(reader: Reader, word: str, *operands: Any) -> None:
    if not all(isinstance(x, Truths) for x in operands):
        raise reader.fault(f"'{word}' of what is no comparison; write one, as in (x > 0) & (x < 1)")


def _where(reader: Reader, one: Any, two: Any = None, three: Any = None, **kwargs: Any) -> Names:
    """Read torch.where(condition, a, b), and a.where(condition, b)."""
    two, three = kwargs.get("input", two), kwargs.get("other", three)
    condition, a, b = (one, two, three) if isinstance(one, Truths) else (two, one, three)
    if two is None or three is None or not isinstance(condition, Truths):
        raise reader.fault("where takes a condition and two tensors, as torch.where(x > 0, x, 0)")
    return _chosen(reader, condition, a, b)


def _masked_fill(reader: Reader, x: Names, mask: Any, value: Any) -> Names:
    if not isinstance(mask, Truths):
        raise reader.fault("masked_fill takes a comparison, as x.masked_fill(x < 0, 0)")
    return _chosen(reader, mask, value, x)


def _chosen(reader: Reader, condition: Names, a: Any, b: Any) -> Names:
    c, ones, others = reader.spread(condition.view(np.ndarray), operand(a), operand(b))
    if all(map(is_number, c.ravel())):
        # Known beforehand: the names themselves are chosen.
        return np.where(c.astype(float) > 0, ones, others)
    y = reader.named(c.shape)
    reader.place(Where(), [*c.ravel(), *ones.ravel(), *others.ravel()], y)
    return y


_GREATER = dict.fromkeys(("gt", "greater"), _compared(Greater()))
_LESS = dict.fromkeys(("lt", "less"), _compared(Greater(), turned=True))
_AT_LEAST = dict.fromkeys(("ge", "greater_equal"), _compared(AtLeast()))
_AT_MOST = dict.fromkeys(("le", "less_equal"), _compared(AtLeast(), turned=True))

COMPARISONS: dict[str, Callable[..., Any]] = {
    **_GREATER,
    **_LESS,
    **_AT_LEAST,
    **_AT_MOST,
    "eq": _compared(Equal()),
    **dict.fromkeys(("ne", "not_equal"), _compared(Equal(), otherwise=True)),
    **dict.fromkeys(("and", "logical_and", "bitwise_and"), _joined("and", Multiply())),
    **dict.fromkeys(("or", "logical_or", "bitwise_or"), _joined("or", Maximum())),
    **dict.fromkeys(("invert", "logical_not", "bitwise_not"), _negated),
    "where": _where,
    "masked_fill": _masked_fill,
}
"""What functions, operators and methods of tensors are called, without underscores around."""
