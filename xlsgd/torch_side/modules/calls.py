"""Functions and methods of tensors: what a call becomes in a graph.

Arithmetic becomes operations; functions that torch.nn has as modules become their layers; what
only moves numbers moves their names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from xlsgd.torch_side.modules.layers import (
    convolution,
    flattened,
    layer_of,
    linear,
    normalized,
    pooled,
    rowwise,
)
from xlsgd.torch_side.modules.names import Names, named, number
from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.nets.layer import Layer
from xlsgd.training.nets.linear import MOST
from xlsgd.training.nets.sum import Sum
from xlsgd.training.operations.abs import Abs
from xlsgd.training.operations.add import Add
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

__all__ = ["read_call"]

_MODULES = {
    "relu": "ReLU",
    "relu6": "ReLU6",
    "leaky_relu": "LeakyReLU",
    "elu": "ELU",
    "selu": "SELU",
    "celu": "CELU",
    "gelu": "GELU",
    "silu": "SiLU",
    "mish": "Mish",
    "softplus": "Softplus",
    "softsign": "Softsign",
    "sigmoid": "Sigmoid",
    "logsigmoid": "LogSigmoid",
    "hardsigmoid": "Hardsigmoid",
    "hardtanh": "Hardtanh",
    "hardswish": "Hardswish",
    "hardshrink": "Hardshrink",
    "softshrink": "Softshrink",
    "tanhshrink": "Tanhshrink",
    "tanh": "Tanh",
    "threshold": "Threshold",
    "softmax": "Softmax",
    "log_softmax": "LogSoftmax",
}
"""What torch.nn.functional and tensors call the same as a module of torch.nn."""

_RANDOM = ("rand", "randn", "rand_like", "randn_like", "bernoulli", "multinomial", "normal")


def read_call(
    reader: Reader, is_method: bool, target: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """Return what a call of a function, or of a method of a tensor, gives.

    Raises SpecError for what no sheet can have, by its name.
    """
    name = target if is_method else getattr(target, "__name__", str(target))
    name = name.strip("_")
    if not any(isinstance(a, np.ndarray) for a in _all_in((args, kwargs))):
        # Arithmetic with sizes.
        return getattr(*args) if target is getattr else target(*args, **kwargs)
    read = _calls().get(name)
    try:
        if read is not None:
            return read(reader, *args, **kwargs)
        if name in _MODULES:
            return _as_module(reader, _MODULES[name], *args, **kwargs)
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        raise reader.fault(f"{name}: {error}") from error
    if name in _RANDOM or name.startswith("dropout"):
        raise reader.fault(f"{name} draws random numbers, which a sheet cannot; leave it out")
    raise reader.fault(
        f"{name}, which a sheet does not have; it has {', '.join(sorted({*_calls(), *_MODULES}))}"
    )


def _all_in(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [inner for part in value for inner in _all_in(part)]
    return [value]


def _as_module(reader: Reader, kind: str, x: Names, *args: Any, **kwargs: Any) -> Names:
    """Do what a module of torch.nn does: the function takes its options in the same order."""
    import torch

    for needless in ("inplace", "_stacklevel", "dtype"):
        kwargs.pop(needless, None)
    module = getattr(torch.nn, kind)(*args, **kwargs)
    layer = layer_of(module)
    if layer is None:
        raise reader.fault(f"{kind}, which a sheet does not have")
    if isinstance(layer, Elementwise):
        return reader.elementwise(layer, x)
    return rowwise(reader, layer, x, module)


# Arithmetic


def _names(value: Any) -> Names:
    """Return an operand as names: a plain number is one without dimensions."""
    if isinstance(value, np.ndarray):
        return value
    found = np.empty((), dtype=object)
    found[()] = number(value)
    return found


def _pairs(layer: Layer) -> Callable[..., Names]:
    def read(
        reader: Reader, one: Any, other: Any, alpha: Any = 1, rounding_mode: Any = None
    ) -> Names:
        if alpha != 1 or rounding_mode is not None:
            raise reader.fault("alpha or rounding_mode; write the arithmetic out")
        a, b = np.broadcast_arrays(_names(one), _names(other))
        y = named(reader.name, a.shape)
        reader.place(layer, [*a.ravel(), *b.ravel()], y)
        return y

    return read


def _turned(layer: Layer) -> Callable[..., Names]:
    """Read a call whose operands stand the other way round, as in 1 - x."""

    def read(reader: Reader, one: Any, other: Any) -> Names:
        return _pairs(layer)(reader, other, one)

    return read


def _one(layer: Layer) -> Callable[..., Names]:
    return lambda reader, x: reader.elementwise(layer, x)


def _power(reader: Reader, x: Any, exponent: Any) -> Names:
    if isinstance(exponent, np.ndarray) or not isinstance(x, np.ndarray):
        raise reader.fault("a power whose exponent is computed; write it as exp(exponent*log(x))")
    if exponent == 2:
        return _pairs(Multiply())(reader, x, x)
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
    y = named(reader.name, (*lead, left.shape[-2], right.shape[-1]))
    for at in np.ndindex(*y.shape):
        row, column = left[at[:-1]], right[(*at[:-2], slice(None), at[-1])]
        reader.place(Dot(), [*row, *column], [y[at]])
    if other.ndim == 1:
        y = y[..., 0]
    return y if one.ndim > 1 else y[0]


def _clamped(reader: Reader, x: Names, min: Any = None, max: Any = None) -> Names:
    # At the border the derivative passes in torch's clamp, half of it in maximum: they differ in
    # that one point only.
    if min is not None:
        x = _pairs(Maximum())(reader, x, min)
    return x if max is None else _pairs(Minimum())(reader, x, max)


# Sums


def _together(layer: Layer) -> Callable[..., Names]:
    """Read a call that makes one number of those along some dimensions."""

    def read(reader: Reader, x: Names, dim: Any = None, keepdim: bool = False, **_: Any) -> Names:
        axes = range(x.ndim) if dim is None else [d % x.ndim for d in _listed(dim)]
        if (0 in axes and x.ndim > 1) or dim is None:
            raise reader.fault(
                f"{layer.name.lower()} over the rows of data; a sheet goes row by row: give dim, "
                "without the first one"
            )
        kept = [size for i, size in enumerate(x.shape) if i not in axes]
        order = [i for i in range(x.ndim) if i not in axes] + list(axes)
        rows = x.transpose(order).reshape(*kept, -1)
        y = named(reader.name, kept)
        for at in np.ndindex(*kept):
            reader.place(layer, rows[at], [y[at]])
        if keepdim:
            y = y.reshape([1 if i in axes else size for i, size in enumerate(x.shape)])
        return y

    return read


def _extreme(pair: Layer, many: Layer | None) -> Callable[..., Any]:
    """Read max and min: of two tensors, or along a dimension."""

    def read(reader: Reader, x: Names, *args: Any, **kwargs: Any) -> Any:
        if args and isinstance(args[0], np.ndarray):
            return _pairs(pair)(reader, x, args[0])
        if many is None:
            raise reader.fault("min along a dimension; write it as -(-x).max(dim)")
        return _Pair(_together(many)(reader, x, *args, **kwargs))

    return read


class _Pair(tuple[Any, ...]):
    """What max(dim) returns: values, and indices that a sheet does not have."""

    def __new__(cls, values: Names) -> _Pair:
        return super().__new__(cls, (values, None))

    @property
    def values(self) -> Names:
        found: Names = self[0]
        return found


# What only moves numbers


def _sizes(args: Sequence[Any]) -> list[int]:
    return [int(size) for size in _listed(args[0] if len(args) == 1 else args)]


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _reshaped(reader: Reader, x: Names, *args: Any, **kwargs: Any) -> Names:
    shape = _sizes(args or [kwargs["shape"]])
    found = x.reshape(shape)
    if x.ndim and (not found.ndim or found.shape[0] != x.shape[0]):
        raise reader.fault(
            f"a shape of {tuple(shape)}, which mixes the rows of data; keep the first dimension, "
            "as in reshape(x.shape[0], -1)"
        )
    return found


def _item(reader: Reader, x: Any, at: Any) -> Any:
    if isinstance(x, np.ndarray) and x.ndim > 1:
        first = at[0] if isinstance(at, tuple) and at else at
        if not (first is Ellipsis or first == slice(None)):
            raise reader.fault("an index into the rows of data; write x[:, …]")
    return x[at]


def _attribute(reader: Reader, x: Names, name: str) -> Any:
    if name == "shape":
        return x.shape
    if name in ("T", "mT"):
        return x.swapaxes(-1, -2) if x.ndim > 1 else x
    if name == "ndim":
        return x.ndim
    raise reader.fault(f"the attribute {name} of a tensor, which a sheet does not have")


def _size(reader: Reader, x: Names, dim: int | None = None) -> Any:
    return x.shape if dim is None else x.shape[dim]


def _joined(reader: Reader, tensors: Sequence[Names], dim: int = 0, **kwargs: Any) -> Names:
    at = kwargs.get("axis", dim) % tensors[0].ndim
    if at == 0 and tensors[0].ndim > 1:
        raise reader.fault("cat along the rows of data; give dim, without the first one")
    return np.concatenate(tensors, at)


def _stacked(reader: Reader, tensors: Sequence[Names], dim: int = 0) -> Names:
    at = dim % (tensors[0].ndim + 1)
    if at == 0:
        raise reader.fault("stack along the rows of data; give dim=1 or more")
    return np.stack(tensors, at)


def _parts(reader: Reader, x: Names, count: int, dim: int = 0) -> tuple[Names, ...]:
    size = -(-x.shape[dim] // count)
    return _split(reader, x, size, dim)


def _split(reader: Reader, x: Names, size: Any, dim: int = 0) -> tuple[Names, ...]:
    if dim % x.ndim == 0:
        raise reader.fault("a cut through the rows of data; give dim=1 or more")
    if isinstance(size, int):
        ends = list(range(size, x.shape[dim], size))
    else:
        ends = list(np.cumsum(size)[:-1])
    return tuple(np.split(x, ends, axis=dim))


def _conv(
    reader: Reader, x: Names, weight: Names, bias: Names | None = None, *args: Any, **kw: Any
) -> Names:
    return convolution(reader, x, weight, bias, *args, **kw)


def _linear(reader: Reader, x: Names, weight: Names, bias: Names | None = None) -> Names:
    if max(weight.shape) > MOST:
        raise reader.fault(f"a linear layer of more than {MOST:,} inputs or outputs")
    return linear(reader, x, weight, bias)


def _pool(layer: Layer, count: int) -> Callable[..., Names]:
    def read(
        reader: Reader, x: Names, kernel_size: Any, stride: Any = None, padding: Any = 0
    ) -> Names:
        return pooled(reader, layer, x, kernel_size, stride, padding, count)

    return read


def _layer_norm(
    reader: Reader, x: Names, shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Names:
    return normalized(reader, x, len(_listed(shape)), weight, bias, eps)


@cache
def _calls() -> dict[str, Callable[..., Any]]:
    arithmetic: dict[str, Callable[..., Any]] = {
        "add": _pairs(Add()),
        "sub": _pairs(Subtract()),
        "mul": _pairs(Multiply()),
        "truediv": _pairs(Divide()),
        "radd": _turned(Add()),
        "rsub": _turned(Subtract()),
        "rmul": _turned(Multiply()),
        "rtruediv": _turned(Divide()),
        "maximum": _pairs(Maximum()),
        "minimum": _pairs(Minimum()),
        "max": _extreme(Maximum(), Greatest()),
        "min": _extreme(Minimum(), None),
        "neg": _one(Negative()),
        "exp": _one(Exp()),
        "log": _one(Log()),
        "sqrt": _one(Sqrt()),
        "sin": _one(Sin()),
        "cos": _one(Cos()),
        "abs": _one(Abs()),
        "pow": _power,
        "square": lambda reader, x: _power(reader, x, 2),
        "reciprocal": lambda reader, x: _pairs(Divide())(reader, 1, x),
        "rsqrt": lambda reader, x: reader.elementwise(Power(-0.5), x),
        "clamp": _clamped,
        "clip": _clamped,
        "matmul": _product,
        "mm": _product,
        "bmm": _product,
        "sum": _together(Sum()),
        "mean": _together(Mean()),
    }
    arithmetic |= {
        "subtract": arithmetic["sub"],
        "multiply": arithmetic["mul"],
        "div": arithmetic["truediv"],
        "divide": arithmetic["truediv"],
        "negative": arithmetic["neg"],
        "absolute": arithmetic["abs"],
    }
    return {
        **arithmetic,
        "linear": _linear,
        **{f"conv{n}d": _conv for n in (1, 2, 3)},
        **{f"max_pool{n}d": _pool(Greatest(), n) for n in (1, 2)},
        **{f"avg_pool{n}d": _pool(Mean(), n) for n in (1, 2)},
        "layer_norm": _layer_norm,
        "reshape": _reshaped,
        "view": _reshaped,
        "flatten": lambda reader, x, start_dim=0, end_dim=-1: _reshaped(
            reader, x, flattened(x, start_dim, end_dim).shape
        ),
        "getitem": _item,
        "getattr": _attribute,
        "size": _size,
        "dim": lambda reader, x: x.ndim,
        "cat": _joined,
        "concat": _joined,
        "concatenate": _joined,
        "stack": _stacked,
        "chunk": _parts,
        "split": _split,
        "squeeze": lambda reader, x, dim=None: x.squeeze() if dim is None else x.squeeze(dim),
        "unsqueeze": lambda reader, x, dim: np.expand_dims(x, dim),
        "transpose": lambda reader, x, one, other: x.swapaxes(one, other),
        "t": lambda reader, x: x.T,
        "permute": lambda reader, x, *dims: x.transpose(_sizes(dims)),
        "expand": lambda reader, x, *sizes: _expanded(x, _sizes(sizes)),
        **dict.fromkeys(("contiguous", "clone", "double", "to", "type", "float"), _unchanged),
        "detach": _detached,
    }


def _expanded(x: Names, sizes: Sequence[int]) -> Names:
    lead = len(sizes) - x.ndim
    shape = [x.shape[i - lead] if size == -1 else size for i, size in enumerate(sizes)]
    return np.broadcast_to(x, shape)


def _unchanged(reader: Reader, x: Names, *args: Any, **kwargs: Any) -> Names:
    return x


def _detached(reader: Reader, x: Names) -> Names:
    raise reader.fault(
        "detach, which keeps derivatives from flowing back; a sheet has no such wall"
    )
