"""Modules of torch.nn as layers: what a part of a module becomes in a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from xlsgd.torch_side.modules.names import Names
from xlsgd.torch_side.modules.pooling import WINDOWS, adaptive, each, padded, pooled
from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.nets.kinds import layer_types
from xlsgd.training.nets.layer import Layer
from xlsgd.training.nets.leaky_relu import LeakyReLU
from xlsgd.training.nets.linear import Linear
from xlsgd.training.nets.relu import ReLU
from xlsgd.training.nets.sigmoid import Sigmoid
from xlsgd.training.nets.softmax import Softmax
from xlsgd.training.operations.add import Add
from xlsgd.training.operations.chosen import Chosen
from xlsgd.training.operations.dot import Dot
from xlsgd.training.operations.greatest import Greatest
from xlsgd.training.operations.mean import Mean
from xlsgd.training.operations.multiply import Multiply
from xlsgd.training.operations.negative import Negative
from xlsgd.training.operations.normalize import Normalize
from xlsgd.training.operations.subtract import Subtract

if TYPE_CHECKING:
    import torch

    from xlsgd.torch_side.modules.reader import Reader

__all__ = [
    "bilinear",
    "convolution",
    "embedded",
    "layer_of",
    "linear",
    "normalized",
    "prelu",
    "read_layer",
    "rowwise",
]


def read_layer(
    reader: Reader,
    module: torch.nn.Module,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
) -> Any:
    """Return the names of what a part of a module gives.

    Raises SpecError for what no sheet can have.
    """
    kind = type(module).__name__
    read = _readers().get(kind)
    if read is not None:
        return read(reader, module, *args, **kwargs)
    layer = layer_of(module)
    if layer is None:
        raise reader.fault(
            f"{kind}, which a sheet does not have; it has {', '.join(sorted(known_modules()))}"
        )
    (x,) = args
    if isinstance(layer, Elementwise):
        return reader.elementwise(layer, x)
    return rowwise(reader, layer, x, module)


def known_modules() -> set[str]:
    """Return the names of the classes of torch.nn that can be read."""
    import torch

    return {name for name in layer_types() if hasattr(torch.nn, name)} | {*_readers()}


def layer_of(module: torch.nn.Module) -> Layer | None:
    """Return the layer of ours that a module of torch.nn is, with its options; None for none.

    A layer is called as in torch.nn, and so are its options.
    """
    kind = layer_types().get(type(module).__name__)
    if kind is None or type(module).__module__.partition(".")[0] != "torch":
        return None
    names = {f.name: f.metadata.get("name", f.name) for f in fields(kind)}  # type: ignore[arg-type]
    options = {own: getattr(module, name) for own, name in names.items() if hasattr(module, name)}
    return kind(**options)


def rowwise(reader: Reader, layer: Layer, x: Names, module: Any) -> Names:
    """Return what a layer gives that takes the numbers of one dimension together, as Softmax."""
    dim = getattr(module, "dim", None)
    at = x.ndim - 1 if dim is None else dim % x.ndim
    if at == 0:
        raise reader.fault(f"{layer.name} over the rows of data; a sheet goes row by row")
    y = reader.named(x.shape)
    moved_x, moved_y = np.moveaxis(x, at, -1), np.moveaxis(y, at, -1)
    for row in np.ndindex(*moved_x.shape[:-1]):
        reader.place(layer, moved_x[row], moved_y[row])
    return y


# Layers with weights


def linear(reader: Reader, x: Names, weight: Names, bias: Names | None) -> Names:
    """Return the weighted sums of the last dimension: y = x·weightᵀ + bias."""
    outputs, inputs = weight.shape
    if x.shape[-1] != inputs:
        raise reader.fault(f"a linear layer of {inputs} inputs is given {x.shape[-1]} numbers")
    layer = Linear(inputs, outputs, bias is not None)
    parameters = {"weight": weight.tolist()}
    if bias is not None:
        parameters["bias"] = bias.tolist()
    y = reader.named((*x.shape[:-1], outputs))
    for row in np.ndindex(*x.shape[:-1]):
        reader.place(layer, x[row], y[row], parameters)
    return y


def _linear(reader: Reader, module: Any, x: Names) -> Names:
    return linear(reader, x, *_weights(reader, module))


def _weights(reader: Reader, module: Any) -> tuple[Names, Names | None]:
    weight = reader.weights_of(module, "weight")
    assert weight is not None, f"a {type(module).__name__} has weights"
    return weight, reader.weights_of(module, "bias") if "bias" in module._parameters else None


def convolution(
    reader: Reader,
    x: Names,
    weight: Names,
    bias: Names | None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Names:
    """Return a convolution over the last dimensions: one linear layer, used at every place."""
    sizes = weight.shape[2:]
    count = len(sizes)
    steps, wide = each(stride, count), each(dilation, count)
    if padding == "same":
        whole = [d * (k - 1) for k, d in zip(sizes, wide, strict=True)]
        around = [(w // 2, w - w // 2) for w in whole]
    else:
        around = [(p, p) for p in each(0 if padding == "valid" else padding, count)]
    if x.ndim != 2 + count:
        raise reader.fault(
            f"a convolution of {count} dimensions is given the shape {_shape(x)}; need (rows, "
            f"channels, {', '.join(['size'] * count)})"
        )
    padded = np.pad(x, [(0, 0), (0, 0), *around], constant_values="0")
    channels, outputs = padded.shape[1], weight.shape[0]
    if channels != weight.shape[1] * groups:
        raise reader.fault(f"a convolution of {weight.shape[1] * groups} channels gets {channels}")
    ends = [
        (size - d * (k - 1) - 1) // s + 1
        for size, k, s, d in zip(padded.shape[2:], sizes, steps, wide, strict=True)
    ]
    if min(ends) < 1:
        raise reader.fault(f"a kernel of {sizes} is larger than {padded.shape[2:]}")
    y = reader.named((1, outputs, *ends))
    layer = Linear(weight[0].size, outputs, bias is not None)
    parameters = {"weight": weight.reshape(outputs, -1).tolist()}
    if bias is not None:
        parameters["bias"] = bias.tolist()
    for at in product(*map(range, ends)):
        window: Any = tuple(
            slice(i * s, i * s + d * (k - 1) + 1, d)
            for i, k, s, d in zip(at, sizes, steps, wide, strict=True)
        )
        x_there: Any = padded[0][(..., *window)]
        y_there: Any = y[0][(..., *at)]
        if groups == 1:
            reader.place(layer, x_there, y_there, parameters)
            continue
        # A layer has whole tensors: parts of one are products with weights used directly.
        for output, kernel in enumerate(weight):
            first = output // (outputs // groups) * weight.shape[1]
            taken = x_there[first : first + weight.shape[1]]
            reader.place(Dot(), [*taken.ravel(), *kernel.ravel()], [y_there[output]])
    if groups == 1:
        return y
    reader.use(weight)
    if bias is None:
        return y
    reader.use(bias)
    spread = np.broadcast_to(bias.reshape(-1, *[1] * count), y.shape)
    summed = reader.named(y.shape)
    reader.place(Add(), [*y.ravel(), *spread.ravel()], summed)
    return summed


def _convolution(reader: Reader, module: Any, x: Names) -> Names:
    if module.padding_mode != "zeros":
        raise reader.fault(f"padding_mode '{module.padding_mode}'; a sheet pads with zeros")
    return convolution(
        reader,
        x,
        *_weights(reader, module),
        module.stride,
        module.padding,
        module.dilation,
        module.groups,
    )


def _bilinear(reader: Reader, module: Any, one: Names, other: Names) -> Names:
    return bilinear(reader, one, other, *_weights(reader, module))


def bilinear(
    reader: Reader, one: Names, other: Names, weight: Names, bias: Names | None = None
) -> Names:
    """Return weighted sums of all products of a number of the one and a number of the other."""
    products = np.empty((1, one.shape[-1], other.shape[-1]), dtype=object)
    products[:] = reader.named(products.shape)
    pairs = list(product(one[0], other[0]))
    reader.place(Multiply(), [a for a, _ in pairs] + [b for _, b in pairs], products.ravel())
    return linear(reader, products.reshape(1, -1), weight.reshape(len(weight), -1), bias)


def _embedding(reader: Reader, module: Any, x: Names) -> Names:
    if module.max_norm is not None or module.scale_grad_by_freq:
        raise reader.fault(
            "Embedding with max_norm or scale_grad_by_freq, by which rows change each other's; "
            "leave that out"
        )
    weight, _ = _weights(reader, module)
    reader.use(weight)
    if module.padding_idx is not None:
        # The row of zeros that stays what it is.
        if module._parameters["weight"][module.padding_idx].any():
            raise reader.fault("Embedding with padding_idx, whose row there is not 0")
        weight = weight.copy()
        weight[module.padding_idx] = "0"
    return embedded(reader, x, weight)


def embedded(reader: Reader, x: Names, weight: Names) -> Names:
    """Return the rows of a table by their places, counted from 0."""
    y = reader.named((*x.shape, weight.shape[1]))
    for at in np.ndindex(*x.shape):
        for i in range(weight.shape[1]):
            reader.place(Chosen(), [x[at], *weight[:, i]], [y[(*at, i)]])
    return y


def _prelu(reader: Reader, module: Any, x: Names) -> Names:
    weight, _ = _weights(reader, module)
    reader.use(weight)
    return prelu(reader, x, weight)


def prelu(reader: Reader, x: Names, weight: Names) -> Names:
    """Return max(0, x) + weight·(x − max(0, x)), whose slope at 0 is the weight, as in PyTorch."""
    if len(weight) > 1:
        weight = weight.reshape(-1, *([1] * (x.ndim - 2)))
    over = reader.elementwise(ReLU(), x)
    under, weighed, y = (reader.named(x.shape) for _ in range(3))
    reader.place(Subtract(), [*x.ravel(), *over.ravel()], under)
    spread = np.broadcast_to(weight, x.shape)
    reader.place(Multiply(), [*spread.ravel(), *under.ravel()], weighed)
    reader.place(Add(), [*over.ravel(), *weighed.ravel()], y)
    return y


# Layers without


def _pool(layer: Layer, count: int) -> Callable[..., Names]:
    def read(reader: Reader, module: Any, x: Names) -> Names:
        if getattr(module, "return_indices", False):
            raise reader.fault("pooling with return_indices; a sheet has the numbers alone")
        options = {key: getattr(module, key) for key in WINDOWS if hasattr(module, key)}
        sizes = module.kernel_size, module.stride, module.padding
        return pooled(reader, layer, x, *sizes, count, **options)

    return read


def _adaptive(layer: Layer, count: int) -> Callable[..., Names]:
    return lambda reader, module, x: adaptive(reader, layer, x, module.output_size, count)


def _padding(reader: Reader, module: Any, x: Names) -> Names:
    return padded(reader, x, module.padding, module.value)


def normalized(
    reader: Reader, x: Names, count: int, weight: Names | None, bias: Names | None, eps: float
) -> Names:
    """Return the numbers of the last dimensions shifted and scaled together, then weighed."""
    y = reader.named(x.shape)
    for lead in np.ndindex(*x.shape[: x.ndim - count]):
        reader.place(Normalize(eps), x[lead].ravel(), y[lead].ravel())
    for layer, weights in ((Multiply(), weight), (Add(), bias)):
        if weights is not None:
            reader.use(weights)
            spread = np.broadcast_to(weights, y.shape)
            after = reader.named(y.shape)
            reader.place(layer, [*y.ravel(), *spread.ravel()], after)
            y = after
    return y


def _layer_norm(reader: Reader, module: Any, x: Names) -> Names:
    weight, bias = (reader.weights_of(module, name) for name in ("weight", "bias"))
    return normalized(reader, x, len(module.normalized_shape), weight, bias, module.eps)


def _flatten(reader: Reader, module: Any, x: Names) -> Names:
    return flattened(x, module.start_dim, module.end_dim)


def flattened(x: Names, start: int = 0, end: int = -1) -> Names:
    """Return names with some dimensions made one."""
    first, last = start % x.ndim, end % x.ndim
    return x.reshape(*x.shape[:first], -1, *x.shape[last + 1 :])


def _unflatten(reader: Reader, module: Any, x: Names) -> Names:
    at = module.dim % x.ndim
    return x.reshape(*x.shape[:at], *module.unflattened_size, *x.shape[at + 1 :])


def _as_it_is(reader: Reader, module: Any, x: Names) -> Names:
    return x


def _gated(reader: Reader, module: Any, x: Names) -> Names:
    a, b = np.split(x, 2, module.dim)
    gate, y = reader.elementwise(Sigmoid(), b), reader.named(a.shape)
    reader.place(Multiply(), [*a.ravel(), *gate.ravel()], y)
    return y


def _softmin(reader: Reader, module: Any, x: Names) -> Names:
    return rowwise(reader, Softmax(), reader.elementwise(Negative(), x), module)


def _leaky(reader: Reader, module: Any, x: Names) -> Names:
    """Return what RReLU is outside training: a LeakyReLU of the slope in the middle."""
    if module.training:
        raise reader.fault(
            "RReLU, which draws random slopes in training; use LeakyReLU, or call eval() on the "
            "module"
        )
    return reader.elementwise(LeakyReLU((module.lower + module.upper) / 2), x)


def _dropout(reader: Reader, module: Any, x: Names) -> Names:
    if module.training and module.p > 0:
        raise reader.fault(
            f"{type(module).__name__}({module.p:g}), which draws random numbers in training; set "
            "p to 0, or call eval() on the module"
        )
    return x


@cache
def _readers() -> dict[str, Callable[..., Any]]:
    return {
        "Linear": _linear,
        "Bilinear": _bilinear,
        **dict.fromkeys(("Conv1d", "Conv2d", "Conv3d"), _convolution),
        **{f"MaxPool{n}d": _pool(Greatest(), n) for n in (1, 2)},
        **{f"AvgPool{n}d": _pool(Mean(), n) for n in (1, 2)},
        **{f"AdaptiveAvgPool{n}d": _adaptive(Mean(), n) for n in (1, 2)},
        **{f"AdaptiveMaxPool{n}d": _adaptive(Greatest(), n) for n in (1, 2)},
        **{f"{kind}Pad{n}d": _padding for kind in ("Zero", "Constant") for n in (1, 2)},
        "Embedding": _embedding,
        "PReLU": _prelu,
        "RReLU": _leaky,
        "GLU": _gated,
        "Softmin": _softmin,
        "LayerNorm": _layer_norm,
        "Flatten": _flatten,
        "Unflatten": _unflatten,
        "Identity": _as_it_is,
        **dict.fromkeys(("Dropout", "Dropout1d", "Dropout2d", "AlphaDropout"), _dropout),
    }


def _shape(x: Names) -> str:
    return f"(rows, {', '.join(map(str, x.shape[1:]))})"
