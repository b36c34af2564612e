"""Half the squared error, as it stands in many textbooks: the 2 of its slope is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xlsgd.training.losses.squared_error import SquaredError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn

__all__ = ["LOSS", "HalfSquaredError"]


def _root(mean: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    root: NDArray[np.float64] = np.sqrt(2 * mean)
    return root


class HalfSquaredError(SquaredError):
    """(pred - y)²/2 for a row, with derivative pred - y."""

    name = "half squared error"
    torch_class = ""
    paper = "(pred − y)²/2"
    paper_gradient = "pred − y"
    torch = "torch.nn.functional.mse_loss(pred, y, reduction='none') / 2"
    by_hand = "(pred - y) ** 2 / 2"
    reading = replace(
        SquaredError.reading,
        formula="SQRT(2*{mean_loss})",
        of=_root,
        paper="√(2·mean_loss)",
        note="root of twice the mean loss: how far off predictions are, in units of y",
        torch="(2 * loss.mean()).sqrt()",
        panel="root of twice it: how far off, in units of y",
        beside="root of twice it",
    )
    curvature = 1.0

    # Sheet side

    def forward(self, pred: str, y: str) -> str:
        return f"({pred}-{y})*({pred}-{y})/2"

    def backward(self, pred: str, y: str) -> str:
        return f"({pred}-{y})"

    def before_learning(self, low: str, high: str) -> str:
        return f"{high}^2/2,{low}^2/2"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        class HalfOfIt(nn.MSELoss):
            def forward(self, input: Tensor, target: Tensor) -> Tensor:
                return super().forward(input, target) / 2

        return HalfOfIt(reduction="none")

    def cost_before_learning(self, low: float, high: float) -> float:
        return super().cost_before_learning(low, high) / 2

    def constant(self, y: Sequence[float]) -> float:
        return super().constant(y) / 2


LOSS = HalfSquaredError()
