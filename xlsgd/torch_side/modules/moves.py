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
from xlsgd.torch_side.modules.names import Names, Truths, as_names
from xlsgd.training.nets.place import is_number

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
    whole = tuple(map(_place, at if isinstance(at, tuple) else (at,)))
    if isinstance(x, np.ndarray):
        at = whole
    if any(isinstance(part, np.ndarray) and part.dtype == object for part in whole):
        raise reader.fault(
            "an index that is computed, so that what is taken follows from the numbers; write "
            "torch.where(condition, x, 0)"
        )
    if isinstance(x, np.ndarray) and reader.goes_through_rows(x.ravel()):
        # Where all dimensions have an index of their own, an ellipsis stands for none of them.
        own = sum(part is not None and part is not Ellipsis for part in whole)
        first = [p for p in whole if not (p is Ellipsis and own == x.ndim)][:1] or [slice(None)]
        if not (first[0] is Ellipsis or first[0] == slice(None)):
            # An array would be compared place by place: none of those is a slice.
            raise reader.fault("an index into the rows of data; write x[:, …]")
    found = x[at]
    return as_names([found], ()) if isinstance(found, str) else found


def _place(part: Any) -> Any:
    """Return a part of an index; one that is a tensor of plain numbers as NumPy has those."""
    if not isinstance(part, np.ndarray) or not all(map(is_number, part.ravel())):
        return part
    numbers = part.view(np.ndarray).astype(float).astype(int)
    return numbers.astype(bool) if isinstance(part, Truths) else numbers


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


def _along(reader: Reader, what: str, x: Names, dim: int) -> int:
    """Return which dimension is meant.  Raises SpecError for that of the rows of data."""
    at: int = dim % x.ndim
    if at == 0 and reader.goes_through_rows(x.ravel()):
        raise reader.fault(f"{what} along the rows of data; give dim=1 or more")
    return at


def _unbound(reader: Reader, x: Names, dim: int = 0) -> tuple[Names, ...]:
    at = _along(reader, "unbind", x, dim)
    return tuple(_taken(x, i, at) for i in range(x.shape[at]))


def _taken(x: Names, index: Any, dim: int) -> Names:
    found = np.take(x, index, dim)
    return found if isinstance(found, np.ndarray) else as_names([found], ())


def _selected(reader: Reader, x: Names, dim: int, index: Any) -> Names:
    at = _along(reader, "select", x, dim)
    place = _place(index)
    if isinstance(place, np.ndarray) and place.dtype == object:
        raise reader.fault("an index that is computed; write torch.where(condition, x, 0)")
    return _taken(x, place, at)


def _narrowed(reader: Reader, x: Names, dim: int, start: int, length: int) -> Names:
    return x.take(range(start, start + length), _along(reader, "narrow", x, dim))


def _flipped(reader: Reader, x: Names, *dims: Any) -> Names:
    return np.flip(x, tuple(_along(reader, "flip", x, dim) for dim in _sizes(dims)))


def _rolled(reader: Reader, x: Names, shifts: int, dims: int) -> Names:
    return np.roll(x, shifts, _along(reader, "roll", x, dims))


def _repeated(reader: Reader, x: Names, *sizes: Any) -> Names:
    times = _sizes(sizes)
    of_rows = len(times) > x.ndim or (len(times) == x.ndim and times[0] != 1)
    if of_rows and reader.goes_through_rows(x.ravel()):
        raise reader.fault("repeat of the rows of data; begin with 1, as in x.repeat(1, 3)")
    return np.tile(x, times)


def _repeated_each(reader: Reader, x: Names, repeats: int, dim: int) -> Names:
    return np.repeat(x, repeats, _along(reader, "repeat_interleave", x, dim))


def _unflattened(reader: Reader, x: Names, dim: int, sizes: Any) -> Names:
    at = _along(reader, "unflatten", x, dim)
    return x.reshape(*x.shape[:at], *sizes, *x.shape[at + 1 :])


def _moved(reader: Reader, x: Names, source: Any, destination: Any) -> Names:
    order = np.moveaxis(np.arange(x.size).reshape(x.shape), source, destination)
    if reader.goes_through_rows(x.ravel()) and 0 in {
        *(s % x.ndim for s in listed(source)),
        *(d % x.ndim for d in listed(destination)),
    }:
        raise reader.fault("the rows of data in another dimension; leave the first one first")
    return x.ravel()[order]


def _side_by_side(reader: Reader, tensors: Sequence[Names]) -> Names:
    """Read hstack and column_stack: columns beside each other."""
    columns = [x[:, None] if x.ndim == 1 else x for x in tensors]
    return _joined(reader, columns, 1)


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
    "swapaxes": _transposed,
    "swapdims": _transposed,
    "movedim": _moved,
    "moveaxis": _moved,
    "unflatten": _unflattened,
    "unbind": _unbound,
    "select": _selected,
    "index_select": _selected,
    "narrow": _narrowed,
    "flip": _flipped,
    "fliplr": lambda reader, x: _flipped(reader, x, 1),
    "roll": _rolled,
    "repeat": _repeated,
    "tile": _repeated,
    "repeat_interleave": _repeated_each,
    "column_stack": _side_by_side,
    "view_as": lambda reader, x, other: _reshaped(reader, x, other.shape),
    "reshape_as": lambda reader, x, other: _reshaped(reader, x, other.shape),
    "expand_as": lambda reader, x, other: _expanded(x, other.shape),
    "broadcast_to": lambda reader, x, sizes: _expanded(x, _sizes([sizes])),
    "expand": lambda reader, x, *sizes: _expanded(x, _sizes(sizes)),
    **dict.fromkeys(("contiguous", "clone"), _unchanged),
    **dict.fromkeys(("double", "float", "int", "long", "to", "type", "type_as"), _cast),
    "detach": _detached,
}
"""What functions and methods of tensors are called, without underscores around."""
