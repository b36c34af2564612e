"""Newton's method: a step goes to where the slope would be 0 if the curve went on as it bends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from xlsgd.base.columns import Column
from xlsgd.training.optimizers.optimizer import Optimizer, column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from xlsgd.training.functions.function import Function
    from xlsgd.training.functions.landscape import Landscape

__all__ = ["SEARCH", "Newton"]


class Newton(Optimizer):
    """p - learning_rate · f' / f'', each weight by its own second derivative.

    At a learning rate of 1 one step lands at the bottom of a parabola, however steep it is. Where
    the curve bends the other way round, f'' is negative and the step leads uphill.
    Source: Nocedal and Wright 2006, section 3.3; here without the mixed derivatives.
    """

    name = "newton"
    order = 2
    summary = "p − learning_rate·f′/f″"
    torch_line = "p - lr * grad / grad_of_grad  # torch.autograd.grad(…, create_graph=True)"
    of_function = True
    uses_weight = True

    # Sheet side

    def function_columns(self, parameters: Sequence[str], function: Function) -> list[Column]:
        cells = {p: f"{{param.{p}}}" for p in parameters}
        return [
            column(
                f"bend.{p}",
                f"={function.bend(p, cells)}",
                paper="f″",
                note=f"second derivative by {p}: how much the slope itself changes",
                torch_line=f"torch.autograd.grad({p}_grad, {p})",
                symbol="f″",
            )
            for p in parameters
        ]

    def columns(self, p: str, g: str) -> list[Column]:
        return [
            column(
                f"new.{p}",
                f"={{param.{p}}}-{{learning_rate}}*{{{g}}}/{{bend.{p}}}",
                paper=f"{p} − learning_rate·f′/f″",
                note=f"{p} after this step: where the slope would be 0 on a parabola",
                torch_line=self.torch_line,
            )
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        class BySecondDerivative(torch.optim.Optimizer):
            landscape: Landscape

            @torch.no_grad()
            def step(self, closure: object = None) -> None:  # type: ignore[override]
                for group in self.param_groups:
                    bends = self.landscape.bends(group["params"])
                    for p, bend in zip(group["params"], bends, strict=True):
                        # A cell cannot be divided by 0.
                        bend = torch.where(bend == 0, torch.nan, bend)
                        p.sub_(group["lr"] * p.grad / bend)

        return BySecondDerivative(parameters, {"lr": learning_rate})

    def seen_of_function(
        self,
        landscape: Landscape,
        weights: Sequence[Tensor],
        steps: Tensor,
        rates: Tensor,
        hyper: Mapping[str, float],
    ) -> dict[str, Tensor]:
        bends = landscape.bends(weights)
        return {f"bend.{p}": bend for p, bend in zip(landscape.names, bends, strict=True)}


SEARCH = Newton()
