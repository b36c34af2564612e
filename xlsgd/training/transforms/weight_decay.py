"""Weight decay: every weight is pulled to 0, the more the larger it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xlsgd.base.columns import Column, Input
from xlsgd.training.transforms.transform import Transform

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["TRANSFORM", "WeightDecay"]


class WeightDecay(Transform):
    """g + weight_decay · p, as torch.optim's weight_decay: the slope of half the squared weights
    comes on top. AdamW and its kin have a decay of their own, beside the step."""

    name = "weight-decay"
    order = 4
    summary = "g + weight_decay·p"
    torch_line = "torch.optim.…(params, lr, weight_decay=weight_decay)"
    hyperparameters = (
        Input("weight_decay", 0.01, "how strongly weights are pulled to 0", minimum=0),
    )
    by_group = True
    gives = "decayed"

    # Sheet side

    def columns(self, parameters: Sequence[str], g: Mapping[str, str]) -> list[Column]:
        return [
            self.column(
                f"decayed.{p}",
                f"={{{g[p]}}}+{{weight_decay}}*{{param.{p}}}",
                paper=f"g + weight_decay·{p}",
                note=f"derivative for {p}, and the pull to 0 on top",
                symbol=f"∂L/∂{p} + decay",
            )
            for p in parameters
        ]

    # Torch side

    def quantities(
        self, slopes: Tensor, weights: Tensor, hyper: Mapping[str, float]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        return slopes.add(weights, alpha=hyper["weight_decay"]), {}


TRANSFORM = WeightDecay()
