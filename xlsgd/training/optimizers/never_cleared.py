"""Gradient descent by somebody who forgets to clear the gradients: they add up, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from xlsgd.base.columns import Column
from xlsgd.training.optimizers.optimizer import Optimizer, column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["OPTIMIZER", "NeverCleared"]


class NeverCleared(Optimizer):
    """s = s + g, then p - learning_rate · s.

    What a loop does that calls ``loss.backward()`` and ``optimizer.step()`` and leaves out
    ``optimizer.zero_grad()``. It is momentum with a share of 1, whose velocity starts at 0: nothing
    of an old slope is ever lost, so it swings and does not come to rest.
    Source: https://pytorch.org/docs/stable/generated/torch.Tensor.backward.html: gradients are
    accumulated in the leaves.
    """

    name = "never-cleared"
    order = 9
    summary = "s = s + g, then p − learning_rate·s: gradients that nobody clears"
    torch_line = "torch.optim.SGD(params, lr)  # without zero_grad()"
    state = {"sum": "momentum_buffer"}

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        return [
            column(
                f"sum.{p}",
                f"={{prev.sum.{p}}}+{{{g}}}",
                paper="s + g",
                note=f"what stands in {p}.grad: all derivatives for {p} so far, added up",
                torch_line=f"loss.backward(); {p}.grad",
                symbol="s",
            ),
            column(
                f"new.{p}",
                f"={{param.{p}}}-{{learning_rate}}*{{sum.{p}}}",
                paper=f"{p} − learning_rate·s",
                note=f"{p} after this step: along the sum of all derivatives so far",
                torch_line=f"{self.torch_line}.step(); {p}",
            ),
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        return torch.optim.SGD(parameters, lr=learning_rate, momentum=1.0)


OPTIMIZER = NeverCleared()
