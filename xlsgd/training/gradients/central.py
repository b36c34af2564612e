"""Central difference: move one parameter up and down by h and compare the two losses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Column
from xlsgd.training.gradients.forward import moved, shifted_loss_column
from xlsgd.training.gradients.rule import GradientRule
from xlsgd.training.losses import Loss
from xlsgd.training.nets import Network

if TYPE_CHECKING:
    from torch import Tensor

    from xlsgd.training.gradients.rule import Evaluate, Tensors

__all__ = ["RULE", "CentralDifference"]


class CentralDifference(GradientRule):
    """(loss at p + h - loss at p - h) / 2h.  Its error shrinks in proportion to h²."""

    name = "central"
    choice = "numerical"
    gradient = "grad_num"
    summary = "(loss at p + h − loss at p − h) / 2h"
    shifts = {"up": "+", "down": "-"}

    # Sheet side

    def columns(self, network: Network, loss: Loss) -> list[Column]:
        shifted = [
            shifted_loss_column(network, loss, p, way, sign)
            for p in network.parameters
            for way, sign in self.shifts.items()
        ]
        slopes = [
            Column(
                f"grad_num.{p}",
                f"={self.slope(f'.{p}')}",
                paper=f"(loss_up.{p} − loss_down.{p}) / 2h",
                note=f"numerical derivative for {p}: how much the loss rises from {p} − h to "
                f"{p} + h, per unit (central difference)",
                torch=f"(loss_at({p} + h) - loss_at({p} - h)) / (2 * h)",
                group="numerical derivative",
            )
            for p in network.parameters
        ]
        return shifted + slopes

    def slope(self, of: str) -> str:
        return f"({{loss_up{of}}}-{{loss_down{of}}})/(2*{{h}})"

    # Torch side

    def slope_of(self, loss: Tensor, moved: Mapping[str, Tensor], h: float) -> Tensor:
        return (moved["up"] - moved["down"]) / (2 * h)

    def quantities(self, evaluate: Evaluate, parameters: Tensors, h: float) -> Tensors:
        loss, *up = evaluate(moved(parameters, h))["loss"]
        _, *down = evaluate(moved(parameters, -h))["loss"]
        quantities = {}
        for p, loss_up, loss_down in zip(parameters, up, down, strict=True):
            quantities[f"loss_up.{p}"] = loss_up
            quantities[f"loss_down.{p}"] = loss_down
            both = {"up": loss_up, "down": loss_down}
            quantities[f"grad_num.{p}"] = self.slope_of(loss, both, h)
        return quantities


RULE = CentralDifference()
