"""What something has to tell that is done to slopes before an optimizer sees them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from xlsgd.base.columns import Column, Input, range_of

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Transform", "squares_of"]

_FEW = 4
"""Squares that are written one by one."""


class Transform(ABC):
    """A rule that makes other slopes of the slopes of a step, such as shorter ones.

    In the sheet it stands between the slope and the optimizer, whichever that is.
    """

    name: ClassVar[str]
    order: ClassVar[int] = 100
    """When it is applied, as torch has it: clipping, then what torch's optimizers do themselves."""
    summary: ClassVar[str]
    torch_line: ClassVar[str]
    """The line of PyTorch that gives the same."""
    hyperparameters: ClassVar[tuple[Input, ...]] = ()
    by_group: ClassVar[bool] = False
    """Whether its hyperparameters are options of torch's param_groups, of each its own."""
    gives: ClassVar[str]
    """The quantity that holds the slopes it makes: ``clipped`` of ``clipped.a``."""
    counts_steps: ClassVar[bool] = False
    """Whether what it does depends on the number of the step; then ``quantities`` is told of it by
    a fourth argument, ``steps``: one for all, from 1, or those along the last axis of the slopes;
    None where no step is done."""

    of_each: ClassVar[tuple[str, ...]] = ()
    """What of its other columns there is for every weight: ``drawn`` of ``drawn.a``."""

    @abstractmethod
    def columns(self, parameters: Sequence[str], g: Mapping[str, str]) -> list[Column]:
        """Sheet side: return its columns.  g: the quantities that hold the slopes, by parameter."""

    @abstractmethod
    def quantities(
        self, slopes: Tensor, weights: Tensor, hyper: Mapping[str, float]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Torch side: return the slopes it makes, and what its other columns show.

        slopes, weights: shape (parameters, …); every element of the rest is a step of its own.
        Shapes are the same for the slopes and for those ``of_each``, and without parameters for
        the others.
        """

    def column(
        self, quantity: str, formula: str, paper: str, note: str, symbol: str = ""
    ) -> Column:
        """Return a column under the heading that all transforms share."""
        return Column(
            quantity, formula, paper, note, self.torch_line, group="update", symbol=symbol
        )


def squares_of(cells: Sequence[str]) -> str:
    """Return the expression of the sum of squares.  cells: names in braces of neighbours."""
    if len(cells) > _FEW:
        return f"SUMPRODUCT({range_of(cells)},{range_of(cells)})"
    return "+".join(f"{cell}*{cell}" for cell in cells)
