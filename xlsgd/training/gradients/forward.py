"""Forward difference: move one parameter up by h and see how much the loss rises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Column
from xlsgd.training.gradients.rule import GradientRule
from xlsgd.training.losses import Loss
from xlsgd.training.nets import Network

if TYPE_CHECKING:
    from torch import Tensor

    from xlsgd.training.gradients.rule import Evaluate, Tensors

__all__ = ["RULE", "ForwardDifference", "moved", "shifted_loss_column"]


class ForwardDifference(GradientRule):
    """(loss at p + h - loss) / h.  Its error shrinks in proportion to h."""

    name = "forward"
    choice = "numerical"
    gradient = "grad_num"
    summary = "(loss at p + h − loss) / h"
    shifts = {"up": "+"}

    # Sheet side

    def columns(self, network: Network, loss: Loss) -> list[Column]:
        shifted = [shifted_loss_column(network, loss, p, "up", "+") for p in network.parameters]
        slopes = [
            Column(
                f"grad_num.{p}",
                f"={self.slope(f'.{p}')}",
                paper=f"(loss_up.{p} − loss) / h",
                note=f"numerical derivative for {p}: how much the loss rises when {p} grows "
                "by h, per unit of h (forward difference)",
                torch=f"(loss_at({p} + h) - loss) / h",
                group="numerical derivative",
            )
            for p in network.parameters
        ]
        return shifted + slopes

    def slope(self, of: str) -> str:
        return f"({{loss_up{of}}}-{{loss}})/{{h}}"

    # Torch side

    def slope_of(self, loss: Tensor, moved: Mapping[str, Tensor], h: float) -> Tensor:
        return (moved["up"] - loss) / h

    def quantities(self, evaluate: Evaluate, parameters: Tensors, h: float) -> Tensors:
        loss, *up = evaluate(moved(parameters, h))["loss"]
        quantities = {}
        for p, loss_up in zip(parameters, up, strict=True):
            quantities[f"loss_up.{p}"] = loss_up
            quantities[f"grad_num.{p}"] = self.slope_of(loss, {"up": loss_up}, h)
        return quantities


def shifted_loss_column(network: Network, loss: Loss, p: str, way: str, sign: str) -> Column:
    """Return the column with the loss where parameter p alone is moved by h."""

    def parameter(name: str) -> str:
        return f"({{param.{p}}}{sign}{{h}})" if name == p else f"{{param.{name}}}"

    targets = [f"{{{name}}}" for name in loss.targets(len(network.predictions))]
    return Column(
        f"loss_{way}.{p}",
        "=" + loss.of_row(network.predicted(parameter), targets),
        paper=f"loss at {p} {'+' if sign == '+' else '−'} h",
        note=f"the loss{network.wording.rows(' of this row')} if {p} alone were "
        f"{'greater' if sign == '+' else 'less'} by h",
        torch=f"loss_at({p} {sign} h)",
        group="numerical derivative",
    )


def moved(parameters: Tensors, h: float) -> Tensors:
    """Return the parameters of shape (1 + parameters, rows): as they are in line 0, and in line i
    with the i-th parameter moved by h."""
    import torch

    together = torch.stack(list(parameters.values()))
    count = len(parameters)
    steps = torch.zeros(1 + count, count, 1, dtype=torch.float64)
    steps[1:, :, 0].fill_diagonal_(h)
    lines: Tensor = together.unsqueeze(0) + steps
    return dict(zip(parameters, lines.unbind(1), strict=True))


RULE = ForwardDifference()
