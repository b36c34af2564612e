"""Softmax: several numbers become shares of 1, the greatest the largest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.training.nets.layer import Layer, Parameters
from xlsgd.training.stable import powers

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LAYER", "Softmax", "need_several", "need_the_outputs"]


@dataclass(frozen=True)
class Softmax(Layer):
    """e^x of every number, divided by the sum of all of them.

    Of every x the greatest is taken away before: the shares are the same, and no power too large.
    """

    name = "Softmax"
    short = "softmax"
    summary = "e^x/(e^x1 + e^x2 + …)"
    kinks = ()
    gives = "probabilities"
    mixes = True

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> Softmax:
        need_the_outputs(cls.name, arguments)
        return cls()

    def outputs(self, inputs: int) -> int:
        return need_several(self.name, inputs)

    # Sheet side

    def forward(self, x: Sequence[str], p: Parameters) -> list[str]:
        each = powers(x)
        return [f"{power}/({'+'.join(each)})" for power in each]

    def backward(
        self, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: Parameters
    ) -> list[str]:
        # A share grows at the cost of all others: what all are handed back, by their shares.
        shared = "+".join(f"{g}*{share}" for g, share in zip(grad, y, strict=True))
        return [f"{share}*({g}-({shared}))" for g, share in zip(grad, y, strict=True)]

    def written(self, x: Sequence[str]) -> list[str]:
        return [f"e^{each}/({' + '.join(f'e^{other}' for other in x)})" for each in x]

    # Torch side

    def module(self) -> nn.Module:
        from torch import nn

        return nn.Softmax(dim=-1)


def need_the_outputs(name: str, arguments: Sequence[str]) -> None:
    """Raise ValueError for anything but the dimension of the outputs."""
    given = ["".join(argument.split()).removeprefix("dim=") for argument in arguments]
    if given not in ([], ["-1"], ["1"]):
        raise ValueError(
            f"{name} goes over the outputs of a row, dim=1 or -1; got ({', '.join(arguments)})"
        )


def need_several(name: str, inputs: int) -> int:
    """Return the number of inputs.  Raises ValueError for one alone."""
    if inputs == 1:
        raise ValueError(f"{name} of one number is always the same; give it two or more")
    return inputs


LAYER = Softmax
