"""The logarithm of the sigmoid: of a logit, the logarithm of the probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.stable import decay, log1p

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "LogSigmoid"]


@dataclass(frozen=True)
class LogSigmoid(Elementwise):
    """-ln(1 + e^-x), whose derivative is the sigmoid of -x."""

    name = "LogSigmoid"
    short = "logsig"
    summary = "−ln(1 + e^−x)"
    kinks = ()
    gives = "log-probabilities"

    # Sheet side

    def value(self, x: str) -> str:
        return f"MIN(0,{x})-{log1p(decay(x))}"

    def slope(self, x: str, y: str) -> str:
        return f"IF({x}<0,1,{decay(x)})/(1+{decay(x)})"

    def on_paper(self, x: str) -> str:
        return f"−ln(1 + e^−{x})"

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.LogSigmoid()


LAYER = LogSigmoid
