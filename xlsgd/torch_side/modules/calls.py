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
    bilinear,
    convolution,
    embedded,
    layer_of,
    linear,
    normalized,
    prelu,
    read_layer,
    rowwise,
)
from xlsgd.torch_side.modules.moves import MOVES
from xlsgd.torch_side.modules.names import Names, number
from xlsgd.torch_side.modules.pooling import adaptive, padded, pooled
from xlsgd.torch_side.modules.refused import INSTEAD
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
    "log_sigmoid": "LogSigmoid",
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
    if name in INSTEAD:
        raise reader.fault(f"{name}: {INSTEAD[name]}")
    if name in _RANDOM or name.startswith("dropout"):
        raise reader.fault(f"{name} draws random numbers, which a sheet cannot; leave it out")
    raise reader.fault(
        f"{name}, which a sheet does not have; it has + - * / ** @, comparisons, exp, log, sqrt, "
        "sin, cos, abs, maximum, minimum, clamp, where, sum, mean, max, min, and the activations "
        "of torch.nn"
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


def _as_part(kind: str) -> Callable[..., Any]:
    """Read a function as the part of a module that it is."""

    def read(reader: Reader, x: Names, *args: Any, training: bool = False, **options: Any) -> Any:
        import torch

        for needless in ("inplace", "_stacklevel", "dtype"):
            options.pop(needless, None)
        part = getattr(torch.nn, kind)(*args, **options).train(training)
        return read_layer(reader, part, [x], {})

    return read


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
        reader: Reader,
        x: Names,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        *others: Any,
        **options: Any,
    ) -> Names:
        if any(others) or options.pop("return_indices", False):
            raise reader.fault(
                "pooling with indices, or with options that are not named; write them as in "
                "ceil_mode=True"
            )
        return pooled(reader, layer, x, kernel_size, stride, padding, count, **options)

    return read


def _adaptive(layer: Layer, count: int) -> Callable[..., Names]:
    def read(reader: Reader, x: Names, output_size: Any, return_indices: bool = False) -> Names:
        if return_indices:
            raise reader.fault("pooling with indices, which a sheet does not have")
        return adaptive(reader, layer, x, output_size, count)

    return read


def _layer_norm(
    reader: Reader, x: Names, shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Names:
    return normalized(reader, x, len(listed(shape)), weight, bias, eps)


def _embedding(reader: Reader, x: Names, weight: Names, *args: Any, **options: Any) -> Names:
    known = {"norm_type": 2.0, "sparse": False, "padding_idx": None, "max_norm": None}
    if args or any(known.get(key, False) != value for key, value in options.items()):
        raise reader.fault("embedding with max_norm, padding_idx or scale_grad_by_freq")
    return embedded(reader, x, weight)


def _dropout(
    reader: Reader, x: Names, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Names:
    if training and p > 0:
        raise reader.fault(
            f"dropout({p:g}), which draws random numbers in training; set p to 0, or call eval() "
            "on the module and give training=self.training"
        )
    return x


def _padded(reader: Reader, x: Names, pad: Any, mode: str = "constant", value: Any = None) -> Names:
    if mode != "constant":
        raise reader.fault(f"pad with mode '{mode}'; a sheet pads with a number")
    return padded(reader, x, pad, value)


def _filled(value: float) -> Callable[..., Names]:
    """Read a call for a tensor of one number, in the shape of another."""
    return lambda reader, x, **options: np.full(x.shape, number(value), dtype=object)


def _filled_with(reader: Reader, x: Names, value: Any, **options: Any) -> Names:
    return _filled(value)(reader, x)


def _one_hot(reader: Reader, x: Names, num_classes: int = -1) -> Names:
    if num_classes < 1:
        raise reader.fault("one_hot without num_classes, which the rows of data would have to tell")
    places = np.array([number(i) for i in range(num_classes)], dtype=object)
    found: Names = COMPARISONS["eq"](reader, x[..., None], places)
    return found.view(np.ndarray)


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
        **{
            f"adaptive_{kind}_pool{n}d": _adaptive(layer, n)
            for kind, layer in (("avg", Mean()), ("max", Greatest()))
            for n in (1, 2)
        },
        "layer_norm": _layer_norm,
        "bilinear": bilinear,
        "prelu": prelu,
        **{kind.lower(): _as_part(kind) for kind in ("GLU", "Softmin", "RReLU")},
        "embedding": _embedding,
        "one_hot": _one_hot,
        "pad": _padded,
        **{f"{kind}dropout{n}": _dropout for kind in ("", "alpha_") for n in ("", "1d", "2d")},
        "zeros_like": _filled(0),
        "ones_like": _filled(1),
        "full_like": _filled_with,
    }
