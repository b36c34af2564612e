"""Functions and methods of tensors: what a call becomes in a graph.

Arithmetic becomes operations; functions that torch.nn has as modules become their layers; what
only moves numbers moves their names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from xlsgd.base.errors import SpecError
from xlsgd.torch_side.modules.arithmetic import ARITHMETIC, listed
from xlsgd.torch_side.modules.comparisons import COMPARISONS
from xlsgd.torch_side.modules.layers import (
    convolution,
    layer_of,
    linear,
    normalized,
    pooled,
    rowwise,
)
from xlsgd.torch_side.modules.moves import MOVES
from xlsgd.torch_side.modules.names import Names
from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.nets.layer import Layer
from xlsgd.training.nets.linear import MOST
from xlsgd.training.operations.greatest import Greatest
from xlsgd.training.operations.mean import Mean

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
    except SpecError:
        raise
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
    return normalized(reader, x, len(listed(shape)), weight, bias, eps)


@cache
def _calls() -> dict[str, Callable[..., Any]]:
    return {
        **ARITHMETIC,
        **COMPARISONS,
        **MOVES,
        "linear": _linear,
        **{f"conv{n}d": _conv for n in (1, 2, 3)},
        **{f"max_pool{n}d": _pool(Greatest(), n) for n in (1, 2)},
        **{f"avg_pool{n}d": _pool(Mean(), n) for n in (1, 2)},
        "layer_norm": _layer_norm,
    }
