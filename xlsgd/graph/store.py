"""The values of cells while they are calculated: single ones, and stretches as one tensor."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from xlsgd.base.cells import CellError
from xlsgd.graph.cells import Cell
from xlsgd.graph.values import Value, is_number, number

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["InPiece", "Key", "Piece", "Values"]

Key = tuple[str, int, int]
"""A cell: its sheet in lower case, row, column."""


class Piece:
    """Numbers of cells below each other, or beside each other.

    down: whether they are below each other.   is_whole: whether they were calculated as one
    tensor; else cell by cell, and are put together when that is asked for.
    """

    __slots__ = ("_each", "_tensor", "down", "is_whole")

    def __init__(self, down: bool, tensor: Tensor | None, each: Sequence[Tensor] | None) -> None:
        self.down = down
        self.is_whole = tensor is not None
        self._tensor = tensor
        self._each = each

    def __len__(self) -> int:
        if self._tensor is not None:
            return len(self._tensor)
        assert self._each is not None
        return len(self._each)

    @property
    def tensor(self) -> Tensor:
        """All of them, cells × samples."""
        import torch

        if self._tensor is None:
            assert self._each is not None
            self._tensor = torch.stack(list(self._each))
        return self._tensor

    @property
    def each(self) -> Sequence[Tensor]:
        """Each of them."""
        if self._each is None:
            assert self._tensor is not None
            # All at once: a slope of every single one would be a tensor as long as the piece.
            self._each = self._tensor.unbind()
        return self._each


class InPiece(NamedTuple):
    """Where the value of a cell is found in a piece."""

    piece: Piece
    number: int


class Values(Mapping[Cell, Value]):
    """The values known so far.

    single: of cells by themselves.   places: of others, in their pieces.
    """

    def __init__(self, samples: int, given: Mapping[Cell, Value]) -> None:
        self.samples = samples
        self.single: dict[Key, Value] = {**given}  # type: ignore[dict-item]
        self.places: dict[Key, InPiece] = {}
        self._given: Container[Key] = frozenset(given)
        self._runs: dict[tuple[Key, int, bool], Tensor] = {}

    def __getitem__(self, cell: Key) -> Value:
        found = self.single.get(cell)
        if found is None:
            piece, i = self.places[cell]
            found = self.single[cell] = piece.each[i]
        return found

    def __contains__(self, cell: object) -> bool:
        return cell in self.single or cell in self.places

    def __iter__(self) -> Iterator[Cell]:
        yield from map(_as_cell, self.single)
        yield from (_as_cell(cell) for cell in list(self.places) if cell not in self.single)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def add(self, first: Key, down: bool, tensor: Tensor) -> None:
        """Add the numbers of cells from one on; those that are given stay as they are."""
        cells = cells_from(first, len(tensor), down)
        held = [i for i, cell in enumerate(cells) if cell in self._given]
        start = 0
        for end in (*held, len(cells)):
            if end > start:
                whole = end - start == len(cells)
                self._place(
                    cells[start:end], Piece(down, tensor if whole else tensor[start:end], None)
                )
            start = end + 1

    def put_together(self, first: Key, n: int, down: bool) -> None:
        """Note that cells that were calculated one by one may be asked for together."""
        cells = cells_from(first, n, down)
        found = [self.single.get(cell) for cell in cells]
        numbers = [x for x in found if x is not None and is_number(x)]
        if len(numbers) == n:
            self._place(cells, Piece(down, None, numbers))

    def _place(self, cells: Sequence[Key], piece: Piece) -> None:
        for i, cell in enumerate(cells):
            self.places[cell] = InPiece(piece, i)

    def run(self, first: Key, n: int, down: bool) -> Tensor | None:
        """Return the numbers of cells from one on, cells × samples, None if some are not
        known, or are no numbers."""
        key = first, n, down
        found = self._runs.get(key)
        if found is None:
            found = self._cut(first, n, down)
            if found is not None:
                self._runs[key] = found
        return found

    def _cut(self, first: Key, n: int, down: bool) -> Tensor | None:
        import torch

        parts: list[Tensor] = []
        singles: list[Tensor] = []
        at = 0
        while at < n:
            cell = _moved(first, at, down)
            place = self.places.get(cell)
            if place is not None and place.piece.down == down and n > 1:
                piece, i = place
                length = min(n - at, len(piece) - i)
                if singles:
                    parts.append(torch.stack(singles))
                    singles = []
                parts.append(piece.tensor if length == len(piece) else piece.tensor[i : i + length])
                at += length
                continue
            value = self.get(cell)  # type: ignore[call-overload]
            if not is_number(value) and not isinstance(value, CellError):
                return None
            singles.append(number(value, self.samples))
            at += 1
        if singles:
            parts.append(torch.stack(singles))
        return parts[0] if len(parts) == 1 else torch.cat(parts)


def cells_from(first: Key, n: int, down: bool) -> list[Key]:
    """Return so many cells from one on, below it or beside it."""
    sheet, row, column = first
    if down:
        return [(sheet, r, column) for r in range(row, row + n)]
    return [(sheet, row, c) for c in range(column, column + n)]


def _moved(first: Key, by: int, down: bool) -> Key:
    sheet, row, column = first
    return (sheet, row + by, column) if down else (sheet, row, column + by)


def _as_cell(key: Key) -> Cell:
    return key if isinstance(key, Cell) else Cell(*key)
