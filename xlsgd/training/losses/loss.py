"""What a loss has to tell."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Loss"]


class Loss(ABC):
    """The loss of one row of data; a batch's loss is the mean over its rows."""

    name: ClassVar[str]
    paper: ClassVar[str]
    paper_gradient: ClassVar[str]
    torch: ClassVar[str]
    needs_y: ClassVar[bool] = True
    """Whether there is something to compare a prediction with."""

    @abstractmethod
    def forward(self, pred: str, y: str) -> str:
        """Sheet side: return the expression of the loss; pred may be a sum."""

    @abstractmethod
    def backward(self, pred: str, y: str) -> str:
        """Sheet side: return its derivative with respect to the prediction."""

    @abstractmethod
    def module(self) -> nn.Module:
        """Torch side: return the same as PyTorch has it, one number a row."""
