"""The hinge embedding: a distance costs itself where y = 1; where y = -1, what a margin lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlsgd.base.columns import Input
from xlsgd.training.losses.loss import Loss

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LOSS", "HingeEmbedding"]


class HingeEmbedding(Loss):
    """pred for y = 1, max(0, margin - pred) for y = -1: as torch.nn.HingeEmbeddingLoss."""

    name = "hinge-embedding"
    torch_class = "HingeEmbeddingLoss"
    paper = "pred if y = 1, max(0, margin − pred) if y = −1"
    paper_gradient = "1 if y = 1, else −1 up to the margin"
    torch = "torch.nn.functional.hinge_embedding_loss(pred, y, margin, reduction='none')"
    by_target = True
    exact_labels = True
    jumps_at = "margin"
    hyperparameters = (
        Input("margin", 1.0, "how far from 0 pred has to be where y = −1", minimum=0),
    )

    # Sheet side

    def forward(self, pred: str, y: str) -> str:
        return f"IF({y}=1,{pred},MAX(0,{{margin}}-({pred})))"

    def backward(self, pred: str, y: str) -> str:
        return f"IF({y}=1,1,IF({pred}<={{margin}},-1,0))"

    def label_fault(self, y: float, predictions: int) -> str:
        return "" if y in (-1, 1) else "a label, -1 or 1"

    # Torch side

    def module(self, margin: float = 1.0) -> nn.Module:
        from torch import nn

        return nn.HingeEmbeddingLoss(margin, reduction="none")


LOSS = HingeEmbedding()
