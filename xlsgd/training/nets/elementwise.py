"""What a layer has to tell that does the same to every number by itself: its value, its slope."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from xlsgd.training.nets.layer import Layer, Parameters

__all__ = ["Elementwise"]


class Elementwise(Layer):
    """A function of one number: as many numbers out as in, no weights.

    The sheet side writes expressions of ``x``, the number that comes in, and ``y``, the one that
    comes out; each is a cell, or something in parentheses.
    """

    @abstractmethod
    def value(self, x: str) -> str:
        """Sheet side: return the expression of what comes out."""

    @abstractmethod
    def slope(self, x: str, y: str) -> str:
        """Sheet side: return its derivative, an expression that can stand as a factor."""

    def handed_back(self, grad: str, x: str, y: str) -> str:
        """Sheet side: return the derivative of the loss by x.  grad: that by y, a factor."""
        return f"{grad}*{self.slope(x, y)}"

    def on_paper(self, x: str) -> str | None:
        """Return how its value is written on paper, None for as the formula has it."""
        return None

    def forward(self, x: Sequence[str], p: Parameters) -> list[str]:
        return list(map(self.value, x))

    def backward(
        self, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: Parameters
    ) -> list[str]:
        return list(map(self.handed_back, grad, x, y))

    def written(self, x: Sequence[str]) -> list[str] | None:
        found = [paper for each in x if (paper := self.on_paper(each)) is not None]
        return found or None
