"""Clamp: numbers cut off at one end or at both; at the very border the derivative passes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xlsgd.training.nets.elementwise import Elementwise, numbers_of
from xlsgd.training.nets.silence import Silence
from xlsgd.training.stable import number

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LAYER", "Clamp"]


@dataclass(frozen=True)
class Clamp(Elementwise):
    """max(min, min(max, x)), as torch.clamp, whose derivative at either end is 1.

    min, max: infinite for an end that is open.
    """

    name = "Clamp"
    short = "clamp"
    summary = "max(min, min(max, x))"
    torch_call = "torch.clamp(x, min, max)"

    low: float = field(default=-math.inf, metadata={"name": "min"})
    high: float = field(default=math.inf, metadata={"name": "max"})

    def __post_init__(self) -> None:
        if not self._ends or not self.low <= self.high:
            raise ValueError(
                f"Clamp takes a min, a max above it, or both; got {self.low:g} and {self.high:g}"
            )

    def __str__(self) -> str:
        return f"Clamp({', '.join(f'{key}={number(value)}' for key, value in self._ends.items())})"

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> Clamp:
        found = numbers_of(cls.name, ["min", "max"], arguments)
        return cls(found.get("min", -math.inf), found.get("max", math.inf))

    @property
    def _ends(self) -> dict[str, float]:
        return {k: v for k, v in (("min", self.low), ("max", self.high)) if math.isfinite(v)}

    @property
    def kinks(self) -> tuple[float, ...]:
        return tuple(self._ends.values())

    @property
    def silence(self) -> Silence:
        return Silence(tuple(self._ends.values()), lowest=[*self._ends] == ["min"])

    # Sheet side

    def value(self, x: str) -> str:
        ends = {key: number(value) for key, value in self._ends.items()}
        text = f"MIN({ends['max']},{x})" if "max" in ends else x
        return f"MAX({ends['min']},{text})" if "min" in ends else text

    def slope(self, x: str, y: str) -> str:
        return self.handed_back("1", x, y)

    def handed_back(self, grad: str, x: str, y: str) -> str:
        signs = {"min": ">=", "max": "<="}
        inside = [f"{x}{signs[key]}{number(value)}" for key, value in self._ends.items()]
        both = ",".join(inside)
        return f"IF({both if len(inside) == 1 else f'AND({both})'},{grad},0)"

    def on_paper(self, x: str) -> str:
        return self.value(x).replace("MAX", "max").replace("MIN", "min").replace(",", ", ")

    # Torch side

    def module(self) -> nn.Module:
        import torch

        low, high = self._ends.get("min"), self._ends.get("max")

        class Function(torch.nn.Module):
            def forward(self, x: Tensor) -> Tensor:
                return torch.clamp(x, low, high)

        return Function()


LAYER = Clamp
