"""Windows over the last dimensions of a tensor: pooled, and padded around."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from xlsgd.torch_side.modules.names import Names, number
from xlsgd.training.nets.layer import Layer
from xlsgd.training.operations.mean import Mean

if TYPE_CHECKING:
    from xlsgd.torch_side.modules.reader import Reader

__all__ = ["adaptive", "each", "padded", "pooled"]


def pooled(
    reader: Reader, layer: Layer, x: Names, kernel: Any, stride: Any, padding: Any, count: int
) -> Names:
    """Return the greatest numbers, or the means, of windows over the last dimensions."""
    sizes = each(kernel, count)
    steps = each(stride, count) if stride is not None else sizes
    around = each(padding, count)
    if any(around):
        # Of what lies around, the greatest takes no notice, and a mean counts it as 0.
        fill = "0" if isinstance(layer, Mean) else ""
        wide = [(0, 0)] * (x.ndim - count) + [(p, p) for p in around]
        x = np.pad(x, wide, constant_values=fill)
    ends = [(n - k) // s + 1 for n, k, s in zip(x.shape[-count:], sizes, steps, strict=True)]
    y = reader.named((*x.shape[:-count], *ends))
    for lead in np.ndindex(*x.shape[:-count]):
        for at in product(*map(range, ends)):
            window = tuple(
                slice(i * s, i * s + k) for i, k, s in zip(at, sizes, steps, strict=True)
            )
            taken = [name for name in x[(*lead, *window)].ravel() if name]
            reader.place(layer, taken, [y[(*lead, *at)]])
    return y


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
