"""Squared error: the square of how far the prediction is off."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from xlsgd.training.losses.loss import Loss
from xlsgd.training.losses.reading import Reading

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

__all__ = ["LOSS", "SquaredError"]


def _root(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    root: NDArray[np.float64] = np.sqrt(mean)
    return root


class SquaredError(Loss):
    """(pred - y)² for a row, with derivative 2·(pred - y): the factor 2 is kept, as in PyTorch.

    Of several targets the mean counts, as torch.nn.MSELoss has it.
    """

    name = "squared error"
    torch_class = "MSELoss"
    paper = "(pred − y)²"
    paper_gradient = "2·(pred − y)"
    torch = "torch.nn.functional.mse_loss(pred, y, reduction='none')"
    by_hand = "(pred - y) ** 2"
    reading = Reading(
        "rmse",
        "RMSE",
        "SQRT({mean_loss})",
        _root,
        paper="√mean_loss",
        note="root of the mean squared error: how far off predictions are, in units of y",
        torch="loss.mean().sqrt()",
        panel="its root: how far off, in units of y",
        beside="its root",
    )
    by_target = True
    curvature = 2.0
    largest_y = math.sqrt(sys.float_info.max)
    constant_words = "the standard deviation of y"
    too_large = "whose square is beyond what a cell can hold"

    # Sheet side

    def forward(self, pred: str, y: str) -> str:
        return f"({pred}-{y})^2"

    def backward(self, pred: str, y: str) -> str:
        return f"2*({pred}-{y})"

    def of_arrays(self, pred: str, y: str) -> str:
        return self.forward(pred, y)

    def before_learning(self, low: str, high: str) -> str:
        # What predicting 0 costs: its worst row has the least y or the greatest.
        return f"{high}^2,{low}^2"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.MSELoss(reduction="none")

    def cost_before_learning(self, low: float, high: float) -> float:
        return max(high * high, low * low)

    def constant(self, y: Sequence[float]) -> float:
        import numpy as np

        return float(np.var(y))


LOSS = SquaredError()
