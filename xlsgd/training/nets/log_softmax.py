"""The logarithm of softmax: of several logits, the logarithms of the probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.layer import Layer, Parameters
from xlsgd.training.nets.softmax import need_several, need_the_outputs
from xlsgd.training.stable import greatest, powers

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LAYER", "LogSoftmax", "by_steps"]


@dataclass(frozen=True)
class LogSoftmax(Layer):
    """x - ln(e^x1 + e^x2 + …), the greatest x taken away from all of them before."""

    name = "LogSoftmax"
    short = "logsoftmax"
    summary = "x − ln(e^x1 + e^x2 + …)"
    kinks = ()
    gives = "log-probabilities"
    mixes = True

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> LogSoftmax:
        need_the_outputs(cls.name, arguments)
        return cls()

    def outputs(self, inputs: int) -> int:
        return need_several(self.name, inputs)

    # Sheet side

    def forward(self, x: Sequence[str], p: Parameters) -> list[str]:
        return [f"{each}-{greatest(x)}-LN({'+'.join(powers(x))})" for each in x]

    def backward(
        self, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: Parameters
    ) -> list[str]:
        return [f"({g}-EXP({each})*({'+'.join(grad)}))" for g, each in zip(grad, y, strict=True)]

    def written(self, x: Sequence[str]) -> list[str]:
        return [f"{each} − ln({' + '.join(f'e^{other}' for other in x)})" for each in x]

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.LogSoftmax(dim=-1)

    def by_steps(self, x: Tensor, rounding: Callable[[Tensor], Tensor]) -> Tensor:
        return by_steps(x, rounding)


def by_steps(x: Tensor, rounding: Callable[[Tensor], Tensor]) -> Tensor:
    """Torch side: return ln softmax(x) over the last dimension, by steps that are rounded."""
    below = rounding(x - x.detach().amax(-1, keepdim=True))
    total = rounding(rounding(below.exp()).sum(-1, keepdim=True))
    return rounding(below - rounding(total.log()))


LAYER = LogSoftmax
