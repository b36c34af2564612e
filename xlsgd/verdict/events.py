"""What can happen in a step, as torch has it: the tests behind the columns and behind a sweep.

Each takes tensors of any shape and says, element by element, whether it happened. What is not a
number counts as the thing to worry about: a loss that is no number has exploded, an output that
is no number is no sign of death.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["LOST", "awake", "exploded", "frozen", "nonzero", "not_finite"]

LOST = 1e-15
"""The share of a weight below which h is lost: the weight plus h rounds to the weight."""


def exploded(loss: Tensor, above: Tensor | float) -> Tensor:
    """Return where the loss is above a threshold, or no number."""
    return ~(loss <= above)


def not_finite(loss: Tensor) -> Tensor:
    """Return where the loss is no number any more."""
    return ~loss.isfinite()


def awake(signal: Tensor) -> Tensor:
    """Return where a unit lets something through.  signal: see Silence.signal_of."""
    return ~((signal <= 0) & signal.isfinite())


def nonzero(gradient: Tensor, loss: Tensor) -> Tensor:
    """Return where a derivative is not exactly 0, or the loss is no number.

    torch may have a derivative of 0 where an input is no number; a cell has none.
    """
    return (gradient != 0) | ~loss.isfinite()


def frozen(
    numerical: Iterable[Tensor], backprop: Iterable[Tensor], weights: Iterable[Tensor], h: float
) -> Tensor:
    """Return where all numerical derivatives are 0 while backprop's are not, because h is lost.

    h: how far a weight is moved for its numerical derivative.
    """
    import torch

    found = sum(g.abs() for g in numerical)
    exact = sum(g.abs() for g in backprop)
    assert isinstance(found, torch.Tensor)
    assert isinstance(exact, torch.Tensor)
    largest = torch.stack([w.abs() for w in weights]).amax(0)
    return (found == 0) & (exact > 0) & exact.isfinite() & (h < LOST * largest)
