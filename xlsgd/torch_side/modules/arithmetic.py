"""Arithmetic of tensors as operations of a graph: pairs, functions, products, sums."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from xlsgd.torch_side.modules.names import Names, Truths, number
from xlsgd.training.nets.layer import Layer
from xlsgd.training.nets.sum import Sum
from xlsgd.training.operations.abs import Abs
from xlsgd.training.operations.add import Add
from xlsgd.training.operations.clamp import Clamp
from xlsgd.training.operations.cos import Cos
from xlsgd.training.operations.divide import Divide
from xlsgd.training.operations.dot import Dot
from xlsgd.training.operations.exp import Exp
from xlsgd.training.operations.greatest import Greatest
from xlsgd.training.operations.log import Log
from xlsgd.training.operations.maximum import Maximum
from xlsgd.training.operations.mean import Mean
from xlsgd.training.operations.minimum import Minimum
from xlsgd.training.operations.multiply import Multiply
from xlsgd.training.operations.negative import Negative
from xlsgd.training.operations.power import Power
from xlsgd.training.operations.sin import Sin
from xlsgd.training.operations.sqrt import Sqrt
from xlsgd.training.operations.subtract import Subtract

if TYPE_CHECKING:
    from xlsgd.torch_side.modules.reader import Reader

__all__ = ["ARITHMETIC", "listed", "operand", "pairs"]


def listed(value: Any) -> list[Any]:
    """Return the parts of a list, or the one thing that is none."""
    return list(value) if isinstance(value, list | tuple) else [value]


def operand(value: Any) -> Names:
    """Return an operand as names: a plain number is one without dimensions."""
    if isinstance(value, np.ndarray):
        return value
    found = np.empty((), dtype=object)
    found[()] = number(value)
    return found


def pairs(layer: Layer) -> Callable[..., Names]:
    """Read a call that makes one number of two, in tensors that are spread over each other."""

    def read(
        reader: Reader, one: Any, other: Any, alpha: Any = 1, rounding_mode: Any = None
    ) -> Names:
        if rounding_mode is not None:
            raise reader.fault("rounding_mode; a sheet that learns has no use for steps: leave it")
        if (
            isinstance(one, Truths)
            and isinstance(other, Truths)
            and not isinstance(layer, Multiply)
        ):
            raise reader.fault(
                f"{layer.name} of two comparisons, which to PyTorch are no numbers: write "
                ".double() behind each, or & and | for 'and' and 'or'"
            )
        if alpha != 1:
            other = pairs(Multiply())(reader, other, alpha)
        a, b = reader.spread(operand(one), operand(other))
        y = reader.named(a.shape)
        reader.place(layer, [*a.ravel(), *b.ravel()], y)
        return y

    return read


def _turned(layer: Layer) -> Callable[..., Names]:
    """Read a call whose operands stand the other way round, as in 1 - x."""

    def read(reader: Reader, one: Any, other: Any) -> Names:
        return pairs(layer)(reader, other, one)

    return read


def _one(layer: Layer) -> Callable[..., Names]:
    return lambda reader, x: reader.elementwise(layer, x)


def _power(reader: Reader, x: Any, exponent: Any) -> Names:
    if not isinstance(x, np.ndarray) and x > 0:
        return reader.elementwise(Exp(), pairs(Multiply())(reader, exponent, math.log(x)))
    if isinstance(exponent, np.ndarray) or not isinstance(x, np.ndarray):
        raise reader.fault("a power whose exponent is computed; write it as exp(exponent*log(x))")
    if exponent == 2:
        return pairs(Multiply())(reader, x, x)
    return reader.elementwise(Sqrt() if exponent == 0.5 else Power(float(exponent)), x)


def _product(reader: Reader, one: Names, other: Names) -> Names:
    """Return a product of matrices, or of a matrix and a vector."""
    left = one if one.ndim > 1 else one[None]
    right = other if other.ndim > 1 else other[:, None]
    if left.shape[-1] != right.shape[-2]:
        raise reader.fault(f"a product of the shapes {one.shape} and {other.shape}")
    lead = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    left = np.broadcast_to(left, (*lead, *left.shape[-2:]))
    right = np.broadcast_to(right, (*lead, *right.shape[-2:]))
    y = reader.named((*lead, left.shape[-2], right.shape[-1]))
    for at in np.ndindex(*y.shape):
        row, column = left[at[:-1]], right[(*at[:-2], slice(None), at[-1])]
        reader.place(Dot(), [*row, *column], [y[at]])
    if other.ndim == 1:
        y = y[..., 0]
    return y if one.ndim > 1 else y[0]


def _clamped(reader: Reader, x: Names, min: Any = None, max: Any = None) -> Names:
    if isinstance(min, np.ndarray) or isinstance(max, np.ndarray):
        raise reader.fault(
            "clamp between numbers that are computed; write torch.maximum and torch.minimum"
        )
    ends = (-math.inf if min is None else float(min), math.inf if max is None else float(max))
    return x if ends == (-math.inf, math.inf) else reader.elementwise(Clamp(*ends), x)


# Sums


def _together(layer: Layer) -> Callable[..., Names]:
    """Read a call that makes one number of those along some dimensions."""

    def read(
        reader: Reader, x: Names, dim: Any = None, keepdim: bool = False, **others: Any
    ) -> Names:
        # Also called as in NumPy.
        dim, keepdim = others.pop("axis", dim), others.pop("keepdims", keepdim)
        if isinstance(dim, list | tuple) and not dim:
            dim = None
        axes = range(x.ndim) if dim is None else [d % x.ndim for d in listed(dim)]
        if 0 in axes and reader.goes_through_rows(x.ravel()):
            raise reader.fault(
                f"{layer.name.lower()} over the rows of data; a sheet goes row by row: give dim, "
                "without the first one"
            )
        kept = [size for i, size in enumerate(x.shape) if i not in axes]
        order = [i for i in range(x.ndim) if i not in axes] + list(axes)
        rows = x.transpose(order).reshape(*kept, -1)
        y = reader.named(kept)
        for at in np.ndindex(*kept):
            reader.place(layer, rows[at], [y[at]])
        if keepdim:
            y = y.reshape([1 if i in axes else size for i, size in enumerate(x.shape)])
        return y

    return read


def _extreme(pair: Layer, many: Layer | None) -> Callable[..., Any]:
    """Read max and min: of two tensors, or along a dimension.

    many: what there is for a dimension, None for the greatest of the negatives.
    """

    def read(reader: Reader, x: Names, *args: Any, **kwargs: Any) -> Any:
        if args and isinstance(args[0], np.ndarray):
            return pairs(pair)(reader, x, args[0])
        if "other" in kwargs:
            return pairs(pair)(reader, x, kwargs["other"])
        if not args and not {"dim", "axis"} & kwargs.keys():
            raise reader.fault(f"{pair.name.lower()} of all numbers of a tensor; give dim")
        if many is not None:
            return _Pair(_together(many)(reader, x, *args, **kwargs))
        # Of equal ones the first counts, here as there.
        turned = _together(Greatest())(reader, reader.elementwise(Negative(), x), *args, **kwargs)
        return _Pair(reader.elementwise(Negative(), turned))

    return read


class _Pair(tuple[Any, ...]):
    """What max(dim) returns: values, and indices that a sheet does not have."""

    def __new__(cls, values: Names) -> _Pair:
        return super().__new__(cls, (values, None))

    @property
    def values(self) -> Names:
        found: Names = self[0]
        return found


ARITHMETIC: dict[str, Callable[..., Any]] = {
    "add": pairs(Add()),
    "sub": pairs(Subtract()),
    "subtract": pairs(Subtract()),
    "mul": pairs(Multiply()),
    "multiply": pairs(Multiply()),
    "truediv": pairs(Divide()),
    "div": pairs(Divide()),
    "divide": pairs(Divide()),
    "radd": _turned(Add()),
    "rsub": _turned(Subtract()),
    "rmul": _turned(Multiply()),
    "rtruediv": _turned(Divide()),
    "maximum": pairs(Maximum()),
    "minimum": pairs(Minimum()),
    "max": _extreme(Maximum(), Greatest()),
    "min": _extreme(Minimum(), None),
    "neg": _one(Negative()),
    "negative": _one(Negative()),
    "exp": _one(Exp()),
    "log": _one(Log()),
    "sqrt": _one(Sqrt()),
    "sin": _one(Sin()),
    "cos": _one(Cos()),
    "abs": _one(Abs()),
    "absolute": _one(Abs()),
    "pow": _power,
    "rpow": lambda reader, exponent, x: _power(reader, x, exponent),
    "pos": lambda reader, x: x,
    "positive": lambda reader, x: x,
    "square": lambda reader, x: _power(reader, x, 2),
    "reciprocal": lambda reader, x: pairs(Divide())(reader, 1, x),
    "rsqrt": lambda reader, x: reader.elementwise(Power(-0.5), x),
    "clamp": _clamped,
    "clip": _clamped,
    "clamp_min": lambda reader, x, min: _clamped(reader, x, min),
    "clamp_max": lambda reader, x, max: _clamped(reader, x, None, max),
    "matmul": _product,
    "mm": _product,
    "bmm": _product,
    "mv": _product,
    "rmatmul": lambda reader, one, other: _product(reader, other, one),
    "addmm": lambda reader, x, one, other: pairs(Add())(reader, x, _product(reader, one, other)),
    "sum": _together(Sum()),
    "mean": _together(Mean()),
}
"""What functions, operators and methods of tensors are called, without underscores around."""
