"""Rprop: only the sign of a slope counts; steps grow while it stays and shrink where it turns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Column, Input
from xlsgd.training.optimizers.optimizer import Optimizer, column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["OPTIMIZER", "Rprop"]


class Rprop(Optimizer):
    """Every weight has a step size of its own, learning_rate at first. It grows by etaplus where
    the gradient has the sign of the last one, and shrinks by etaminus where it has turned; then the
    weight stays where it is for once. p - step_size · sign(g).

    Source: Riedmiller and Braun 1993, in the form of torch.optim.Rprop.
    """

    name = "rprop"
    order = 34
    summary = (
        "p − step_size·sign(g); step_size·etaplus where signs agree, ·etaminus where they turn"
    )
    torch_line = "torch.optim.Rprop(params, lr, etas=(etaminus, etaplus), step_sizes=(least, most))"
    hyperparameters = (
        Input("etaminus", 0.5, "what a step size shrinks by", minimum=0, below=1, positive=True),
        Input("etaplus", 1.2, "what a step size grows by, above 1", minimum=1),
        Input("least_step", 1e-6, "no step size is less", minimum=0, positive=True),
        Input("most_step", 50.0, "no step size is more", minimum=0, positive=True),
    )
    state = {"step_size": "step_size", "last_grad": "prev"}
    own_rates = "rprop takes the learning rate for its first step only, and then finds its own"
    torch_class = "Rprop"
    torch_names = {
        "etaminus": "etas.0",
        "etaplus": "etas.1",
        "least_step": "step_sizes.0",
        "most_step": "step_sizes.1",
    }

    def fault(self, hyper: Mapping[str, float]) -> str:
        return "" if hyper["etaplus"] > 1 else "etaplus: got 1, need a number greater than 1"

    # Sheet side

    def start_of(self, state: str) -> str:
        return "={learning_rate}" if state == "step_size" else "0"

    def columns(self, p: str, g: str) -> list[Column]:
        turn = f"SIGN({{{g}}}*{{prev.last_grad.{p}}})"
        grown = f"IF({turn}>0,{{etaplus}},IF({turn}<0,{{etaminus}},1))"
        return [
            column(
                f"step_size.{p}",
                f"=MIN({{most_step}},MAX({{least_step}},{{prev.step_size.{p}}}*{grown}))",
                paper="·etaplus if g has its last sign, ·etaminus if it has turned",
                note=f"how far {p} goes in a step",
                torch_line=f"optimizer.state[{p}]['step_size']",
                symbol="step",
            ),
            column(
                f"last_grad.{p}",
                f"=IF({turn}<0,0,{{{g}}})",
                paper="g; 0 if it has turned",
                note=f"derivative for {p}, for the next step to compare with; 0 where it has "
                "turned: then the weight stays, and the next step does not compare",
                torch_line=f"optimizer.state[{p}]['prev']",
                symbol="last g",
            ),
            column(
                f"new.{p}",
                f"={{param.{p}}}-SIGN({{last_grad.{p}}})*{{step_size.{p}}}",
                paper=f"{p} − sign(g)·step_size",
                note=f"{p} after this step: one step size downhill",
                torch_line=f"{self.torch_line}.step(); {p}",
            ),
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        return torch.optim.Rprop(
            parameters,
            lr=learning_rate,
            etas=(hyper["etaminus"], hyper["etaplus"]),
            step_sizes=(hyper["least_step"], hyper["most_step"]),
        )

    def product_of_slopes(self, gradient: Tensor, state: Mapping[str, Any]) -> Tensor:
        product: Tensor = gradient * state["prev"]
        return product

    def torch_start_of(self, state: str, gradient: Tensor, learning_rate: float) -> float:
        return learning_rate if state == "step_size" else 0.0


OPTIMIZER = Rprop()
