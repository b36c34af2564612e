"""A formula: a prediction written down as on paper, whose names are inputs and weights.

Formula(x: c*(a*x + b) + d)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from xlsgd.training.functions.function import Function

__all__ = ["LAYER", "Formula"]

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Formula(Function):
    """One number, made of inputs and weights by + − * / ^ and a few functions.

    inputs_of: the names of the inputs; all other names in it are weights.
    """

    name = "Formula"
    short = "formula"
    summary = "a formula of inputs and weights"
    torch_call = "pred = …"

    text: str = "a*x+b"
    inputs_of: tuple[str, ...] = ("x",)

    def __post_init__(self) -> None:
        super().__post_init__()
        unused = [name for name in self.inputs_of if name not in self._names]
        if unused or not self.inputs_of:
            raise ValueError(f"the formula '{self.text}' does not use {', '.join(unused)}")

    def __str__(self) -> str:
        return f"Formula({' '.join(self.inputs_of)}: {self.text})"

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> Formula:
        inputs, colon, text = ",".join(arguments).partition(":")
        if not colon:
            raise ValueError("Formula takes (inputs: formula), as in Formula(x: a*x + b)")
        return cls(text.strip(), tuple(inputs.split()))

    @property
    def inputs(self) -> tuple[str, ...]:
        return self.inputs_of

    @property
    def takes(self) -> tuple[str, ...]:
        return self.inputs_of

    def _is_known(self, name: str) -> bool:
        return _NAME.fullmatch(name) is not None

    def outputs(self, inputs: int) -> int:
        if inputs != len(self.inputs_of):
            raise ValueError(f"{self} receives {inputs} numbers")
        return 1


LAYER = Formula
