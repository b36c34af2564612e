"""What only moves the numbers of a tensor: it moves their names, and costs no cell.

The first dimension goes through the rows of data, one of which an array of names stands for. What
would mix rows is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from xlsgd.torch_side.modules.arithmetic import listed
from xlsgd.torch_side.modules.layers import flattened
from xlsgd.torch_side.modules.names import Names, as_names

if TYPE_CHECKING:
    from xlsgd.torch_side.modules.reader import Reader

__all__ = ["MOVES"]


def _sizes(args: Sequence[Any]) -> list[int]:
    return [int(size) for size in listed(args[0] if len(args) == 1 else args)]


def _reshaped(reader: Reader, x: Names, *args: Any, **kwargs: Any) -> Names:
    shape = _sizes(args or [kwargs["shape"]])
    found = x.reshape(shape)
    mixes = not found.ndim or found.shape[0] != x.shape[0]
    if mixes and reader.goes_through_rows(x.ravel()):
        raise reader.fault(
            f"a shape of {tuple(shape)}, which mixes the rows of data; keep the first dimension, "
            "as in reshape(x.shape[0], -1)"
        )
    return found


def _item(reader: Reader, x: Any, at: Any) -> Any:
    whole = at if isinstance(at, tuple) else (at,)
    if any(isinstance(part, np.ndarray) for part in whole):
        raise reader.fault(
            "an index that is computed, so that what is taken follows from the numbers; write "
            "torch.where(condition, x, 0)"
        )
    if isinstance(x, np.ndarray) and reader.goes_through_rows(x.ravel()):
        # Where all dimensions have an index of their own, an ellipsis stands for none of them.
        own = sum(part is not None and part is not Ellipsis for part in whole)
        first = [p for p in whole if not (p is Ellipsis and own == x.ndim)][:1] or [slice(None)]
        if not (first[0] is Ellipsis or first[0] == slice(None)):
            raise reader.fault("an index into the rows of data; write x[:, …]")
    found = x[at]
    return as_names([found], ()) if isinstance(found, str) else found


def _attribute(reader: Reader, x: Names, name: str) -> Any:
    if isinstance(x, tuple):
        return getattr(x, name)
    if name == "shape":
        return x.shape
    if name in ("T", "mT"):
        return _transposed(reader, x, -1, -2) if x.ndim > 1 else x
    if name == "ndim":
        return x.ndim
    raise reader.fault(f"the attribute {name} of a tensor, which a sheet does not have")


def _size(reader: Reader, x: Names, dim: int | None = None) -> Any:
    return x.shape if dim is None else x.shape[dim]


def _joined(reader: Reader, tensors: Sequence[Names], dim: int = 0, **kwargs: Any) -> Names:
    at = kwargs.get("axis", dim) % tensors[0].ndim
    if at == 0 and _any_rows(reader, tensors):
        raise reader.fault("cat along the rows of data; give dim, without the first one")
    return np.concatenate(tensors, at)


def _any_rows(reader: Reader, tensors: Sequence[Names]) -> bool:
    return any(reader.goes_through_rows(x.ravel()) for x in tensors)


def _stacked(reader: Reader, tensors: Sequence[Names], dim: int = 0) -> Names:
    at = dim % (tensors[0].ndim + 1)
    if at == 0 and _any_rows(reader, tensors):
        raise reader.fault("stack along the rows of data; give dim=1 or more")
    return np.stack(tensors, at)


def _parts(reader: Reader, x: Names, count: int, dim: int = 0) -> tuple[Names, ...]:
    size = -(-x.shape[dim] // count)
    return _split(reader, x, size, dim)


def _split(reader: Reader, x: Names, size: Any, dim: int = 0) -> tuple[Names, ...]:
    if dim % x.ndim == 0 and reader.goes_through_rows(x.ravel()):
        raise reader.fault("a cut through the rows of data; give dim=1 or more")
    if isinstance(size, int):
        ends = list(range(size, x.shape[dim], size))
    else:
        ends = list(np.cumsum(size)[:-1])
    return tuple(np.split(x, ends, axis=dim))


def _squeezed(reader: Reader, x: Names, dim: int | None = None) -> Names:
    rows = reader.goes_through_rows(x.ravel())
    axes = range(int(rows), x.ndim) if dim is None else [dim % x.ndim]
    if 0 in axes and rows:
        raise reader.fault("squeeze of the first dimension; a sheet goes row by row")
    return x.squeeze(tuple(axis for axis in axes if x.shape[axis] == 1))


def _transposed(reader: Reader, x: Names, one: int, other: int) -> Names:
    order = list(range(x.ndim))
    order[one], order[other] = order[other], order[one]
    return _permuted(reader, x, order)


def _permuted(reader: Reader, x: Names, *dims: Any) -> Names:
    order = [dim % x.ndim for dim in _sizes(dims)]
    if order[0] != 0 and reader.goes_through_rows(x.ravel()):
        raise reader.fault("the rows of data in another dimension; leave the first one first")
    return x.transpose(order)


def _flattened(reader: Reader, x: Names, start_dim: int = 0, end_dim: int = -1) -> Names:
    return _reshaped(reader, x, flattened(x, start_dim, end_dim).shape)


def _expanded(x: Names, sizes: Sequence[int]) -> Names:
    lead = len(sizes) - x.ndim
    shape = [x.shape[i - lead] if size == -1 else size for i, size in enumerate(sizes)]
    return np.broadcast_to(x, shape)


def _unchanged(reader: Reader, x: Names, *args: Any, **kwargs: Any) -> Names:
    return x


def _cast(reader: Reader, x: Names, *args: Any, **kwargs: Any) -> Names:
    # What was true or false is a number from here on.
    return x.view(np.ndarray)


def _detached(reader: Reader, x: Names) -> Names:
    raise reader.fault(
        "detach, which keeps derivatives from flowing back; a sheet has no such wall"
    )


MOVES: dict[str, Callable[..., Any]] = {
    "reshape": _reshaped,
    "view": _reshaped,
    "flatten": _flattened,
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
    "squeeze": _squeezed,
    "unsqueeze": lambda reader, x, dim: np.expand_dims(x, dim),
    "transpose": _transposed,
    "permute": _permuted,
    "t": lambda reader, x: _transposed(reader, x, 0, 1) if x.ndim > 1 else x,
    "expand": lambda reader, x, *sizes: _expanded(x, _sizes(sizes)),
    **dict.fromkeys(("contiguous", "clone"), _unchanged),
    **dict.fromkeys(("double", "float", "int", "long", "to", "type", "type_as"), _cast),
    "detach": _detached,
}
"""What functions and methods of tensors are called, without underscores around."""
