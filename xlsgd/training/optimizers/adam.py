"""Adam: momentum's average for the direction, RMSprop's average for the length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from xlsgd.base.columns import Column, Input
from xlsgd.training.optimizers.optimizer import Optimizer, column

if TYPE_CHECKING:
    import torch
    from torch import Tensor

__all__ = ["AVERAGES", "OPTIMIZER", "PRODUCT", "Adam", "average_columns"]

BETA1 = Input("beta1", 0.9, "share of the old average gradient that is kept", minimum=0, below=1)
BETA2 = Input("beta2", 0.999, "share of the old average square that is kept", minimum=0, below=1)
PRODUCT = "{{{g}}}*{{{g}}}"
"""A square that is no number in no program, however small."""
AVERAGES = {"avg_grad": "exp_avg", "sq_avg": "exp_avg_sq"}


class Adam(Optimizer):
    """m = beta1·m + (1 - beta1)·g and v = beta2·v + (1 - beta2)·g², both starting at 0;
    divided by 1 - beta^step they make up for that start; then
    p - learning_rate · m_hat / (√v_hat + eps).

    Source: Kingma and Ba 2015, in the form of torch.optim.Adam.
    """

    name = "adam"
    order = 7
    summary = "averages of g and g², corrected for their start at 0; p − learning_rate·m̂/(√v̂ + eps)"
    torch_line = "torch.optim.Adam(params, lr, betas=(beta1, beta2), eps=eps)"
    hyperparameters: ClassVar[tuple[Input, ...]] = (
        BETA1,
        BETA2,
        Input("eps", 1e-8, "keeps the division from dividing by 0", minimum=0, positive=True),
    )
    state = AVERAGES
    counts_steps = True
    torch_class = "Adam"
    momentum_key = "beta1"
    torch_names = {"beta1": "betas.0", "beta2": "betas.1"}

    # What its kin differ in

    amsgrad: ClassVar[bool] = False
    decays: ClassVar[bool] = False
    """Whether a weight shrinks by learning_rate · weight_decay of itself, beside the step."""
    squares: ClassVar[str] = "{{{g}}}^2"

    def reads(self, group: Mapping[str, Any]) -> bool:
        return bool(group["amsgrad"]) == self.amsgrad

    # Sheet side

    def columns(self, p: str, g: str) -> list[Column]:
        return [
            *average_columns(p, g, self.squares),
            column(
                f"m_hat.{p}",
                f"={{avg_grad.{p}}}/(1-{{beta1}}^{{step}})",
                paper="m / (1 − beta1^step)",
                note=f"average derivative for {p}, corrected for its start at 0",
                torch_line=f"state[{p}]['exp_avg'] / (1 - beta1**step)",
                symbol="m̂",
            ),
            column(
                f"v_hat.{p}",
                f"={{sq_avg.{p}}}/(1-{{beta2}}^{{step}})",
                paper="v / (1 − beta2^step)",
                note=f"average squared derivative for {p}, corrected for its start at 0",
                torch_line=f"state[{p}]['exp_avg_sq'] / (1 - beta2**step)",
                symbol="v̂",
            ),
            column(
                f"new.{p}",
                f"={{param.{p}}}-{{learning_rate}}*{{m_hat.{p}}}/(SQRT({{v_hat.{p}}})+{{eps}})",
                paper=f"{p} − learning_rate·m̂ / (√v̂ + eps)",
                note=f"{p} after this step: about learning_rate long, whatever the slope's size",
                torch_line=f"{self.torch_line}.step(); {p}",
            ),
        ]

    def shrunk(self, p: str) -> tuple[str, str]:
        """Return what a step begins at, as a template and on paper."""
        if not self.decays:
            return f"{{param.{p}}}", p
        rest = "(1-{learning_rate}*{weight_decay})"
        return f"{{param.{p}}}*{rest}", f"{p}·(1 − learning_rate·weight_decay)"

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        # differentiable=True is the way through torch's code in which the number of the step may
        # be a tensor: the step check does every row's step at once, each with its own number.
        # That way divides by the learning rate; a next to nothing stands in for 0.
        return torch.optim.Adam(
            parameters,
            lr=learning_rate or 1e-310,
            betas=(hyper["beta1"], hyper["beta2"]),
            eps=hyper["eps"],
            amsgrad=self.amsgrad,
            differentiable=True,
        )

    def derived(
        self, state: Mapping[str, Tensor], step: Tensor, hyper: Mapping[str, float]
    ) -> dict[str, Tensor]:
        return {
            "m_hat": state["avg_grad"] / (1 - hyper["beta1"] ** step),
            "v_hat": state["sq_avg"] / (1 - hyper["beta2"] ** step),
        }


def average_columns(p: str, g: str, squares: str = PRODUCT) -> list[Column]:
    """Sheet side: return the two running averages that every kind of Adam keeps.

    squares: template of the derivative's square.
    """
    return [
        column(
            f"avg_grad.{p}",
            f"={{beta1}}*{{prev.avg_grad.{p}}}+(1-{{beta1}})*{{{g}}}",
            paper="m = beta1·m + (1 − beta1)·g",
            note=f"running average of the derivatives for {p}: which way it usually goes",
            torch_line=f"optimizer.state[{p}]['exp_avg']",
            symbol="m",
        ),
        column(
            f"sq_avg.{p}",
            f"={{beta2}}*{{prev.sq_avg.{p}}}+(1-{{beta2}})*{squares.format(g=g)}",
            paper="v = beta2·v + (1 − beta2)·g²",
            note=f"running average of the squared derivatives for {p}: how steep it usually is",
            torch_line=f"optimizer.state[{p}]['exp_avg_sq']",
            symbol="v",
        ),
    ]


OPTIMIZER = Adam()
