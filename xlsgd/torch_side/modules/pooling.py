"""Windows over the last dimensions of a tensor: pooled, and padded around."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from xlsgd.torch_side.modules.names import Names, number
from xlsgd.training.nets.layer import Layer
from xlsgd.training.operations.mean import Mean
from xlsgd.training.operations.multiply import Multiply

if TYPE_CHECKING:
    from xlsgd.torch_side.modules.reader import Reader

__all__ = ["WINDOWS", "adaptive", "each", "padded", "pooled"]

WINDOWS = ("dilation", "ceil_mode", "count_include_pad", "divisor_override")
"""Options of windows beside their sizes."""


def pooled(
    reader: Reader,
    layer: Layer,
    x: Names,
    kernel: Any,
    stride: Any,
    padding: Any,
    count: int,
    dilation: Any = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Names:
    """Return the greatest numbers, or the means, of windows over the last dimensions.

    ceil_mode: whether windows may reach beyond the end, where there is nothing.
    count_include_pad: whether a mean counts what is padded.   divisor_override: of sums, in place
    of how many numbers a window has.
    """
    sizes, wide = each(kernel, count), each(dilation, count)
    steps = each(stride, count) if stride is not None else sizes
    around = each(padding, count)
    inner = x.shape[-count:]
    if any(around):
        # Of what lies around, the greatest takes no notice, and a mean counts it as 0, or not.
        fill = "0" if isinstance(layer, Mean) and count_include_pad else ""
        edges = [(0, 0)] * (x.ndim - count) + [(p, p) for p in around]
        x = np.pad(x, edges, constant_values=fill)
    ends = []
    for n, k, s, d, p in zip(inner, sizes, steps, wide, around, strict=True):
        room = n + 2 * p - d * (k - 1) - 1
        end = (-(-room // s) if ceil_mode else room // s) + 1
        # As in PyTorch: the last window begins within the numbers or what is padded before them.
        ends.append(end - 1 if ceil_mode and (end - 1) * s >= n + p else end)
    if min(ends) < 1:
        raise reader.fault(f"a window of {sizes} is larger than {inner}")
    y = reader.named((*x.shape[:-count], *ends))
    scales = []
    for lead in np.ndindex(*x.shape[:-count]):
        for at in product(*map(range, ends)):
            window = tuple(
                slice(i * s, i * s + d * (k - 1) + 1, d)
                for i, k, s, d in zip(at, sizes, steps, wide, strict=True)
            )
            taken = [name for name in x[(*lead, *window)].ravel() if name]
            reader.place(layer, taken, [y[(*lead, *at)]])
            scales.append(number(len(taken) / (divisor_override or len(taken))))
    if divisor_override is None:
        return y
    scaled = reader.named(y.shape)
    reader.place(Multiply(), [*y.ravel(), *scales], scaled)
    return scaled


def adaptive(reader: Reader, layer: Layer, x: Names, size: Any, count: int) -> Names:
    """Return the greatest numbers, or the means, of as many windows as are asked for."""
    sizes, wide = each(size, count), x.shape[-count:]
    if any(n % k for n, k in zip(wide, sizes, strict=True)):
        raise reader.fault(
            f"adaptive pooling of {wide} to {sizes}, in windows of unequal sizes; use MaxPool or "
            "AvgPool"
        )
    kernel = [n // k for n, k in zip(wide, sizes, strict=True)]
    return pooled(reader, layer, x, kernel, None, 0, count)


def padded(reader: Reader, x: Names, around: Any, value: Any = 0) -> Names:
    """Return a tensor with a number around it.

    around: how often, before and behind: first of the last dimension, as PyTorch has it.
    """
    ends = list(around)
    pairs = [(ends[i], ends[i + 1]) for i in range(0, len(ends), 2)][::-1]
    wide = [(0, 0)] * (x.ndim - len(pairs)) + pairs
    if min(map(min, wide)) < 0 or wide[0] != (0, 0):
        raise reader.fault(f"padding by {tuple(ends)}, of the rows, or by less than nothing")
    return np.pad(x, wide, constant_values=number(0 if value is None else value))


def each(value: Any, count: int) -> tuple[int, ...]:
    """Return a size for every dimension, out of one for all or one for each."""
    return (int(value),) * count if isinstance(value, int) else tuple(int(v) for v in value)
