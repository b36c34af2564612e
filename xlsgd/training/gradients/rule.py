"""What a gradient rule has to tell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from xlsgd.base.columns import Column
from xlsgd.training.losses import Loss
from xlsgd.training.nets import Network

if TYPE_CHECKING:
    from torch import Tensor

    Tensors = dict[str, Tensor]
    Evaluate = Callable[[Tensors], Tensors]

__all__ = ["GradientRule"]


class GradientRule(ABC):
    """A way to the derivative of the loss of one row with respect to every parameter."""

    name: ClassVar[str]
    choice: ClassVar[str]
    """What it is called in the drop-down: ``numerical`` or ``backprop``."""
    gradient: ClassVar[str]
    """The quantity that holds its derivatives: ``grad_num`` for ``grad_num.a``."""
    summary: ClassVar[str]
    shifts: ClassVar[Mapping[str, str]] = {}
    """Of a numerical rule: the ways it moves a parameter by h, ``up`` or ``down``, and the sign."""

    def slope(self, of: str) -> str:
        """Sheet side of a numerical rule: return the expression of the derivative.

        of: what stands behind the names of the moved losses, as in ``loss_up.a``.
        """
        raise NotImplementedError

    def slope_of(self, loss: Tensor, moved: Mapping[str, Tensor], h: float) -> Tensor:
        """Torch side of ``slope``.  moved: the losses by the ways of ``shifts``."""
        raise NotImplementedError

    @abstractmethod
    def columns(self, network: Network, loss: Loss) -> list[Column]:
        """Sheet side: return its columns."""

    @abstractmethod
    def quantities(self, evaluate: Evaluate, parameters: Tensors, h: float) -> Tensors:
        """Torch side: return the same quantities.

        evaluate: gives ``loss`` and every layer's outputs for parameters of any shape (…, rows).
        parameters: name to tensor of shape (rows,), each row with parameters of its own.
        """
