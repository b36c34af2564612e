"""The linear layer: every output is a weighted sum of the inputs, plus a bias."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import is_name, range_of
from xlsgd.training.nets.layer import Layer, Parameters, Scattered, Shape

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["LAYER", "MANY", "Linear"]


MOST = 1000
"""Inputs or outputs of a layer that still make a sheet one can look at."""

_OPTIONS = ("in_features", "out_features", "bias")
_BIAS = {"True": True, "False": False, "no bias": False}
_TAKES = "(inputs, outputs), (inputs, outputs, no bias), or PyTorch's (inputs, outputs, bias=False)"


@dataclass(frozen=True)
class Linear(Layer):
    """``in_features`` numbers in, ``out_features`` numbers out."""

    name = "Linear"
    short = "lin"
    summary = "w·x + b"
    kinks = ()
    weighs_inputs = True

    in_features: int = 1
    out_features: int = 1
    bias: bool = True

    def __post_init__(self) -> None:
        if not (1 <= self.in_features <= MOST and 1 <= self.out_features <= MOST):
            raise ValueError(f"Linear takes 1 to {MOST:,} inputs and outputs, got {self}")

    def __str__(self) -> str:
        return f"Linear({self.in_features}, {self.out_features}{'' if self.bias else ', no bias'})"

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> Linear:
        found: dict[str, int | bool] = {}
        for place, argument in enumerate(arguments):
            key, equals, text = (part.strip() for part in argument.rpartition("="))
            if not equals:
                key = _OPTIONS[min(place, len(_OPTIONS) - 1)]
            try:
                value = _BIAS[text] if key == "bias" else int(text)
            except (KeyError, ValueError):
                key = ""
            if key not in _OPTIONS or key in found or place >= len(_OPTIONS):
                raise ValueError(f"Linear takes {_TAKES}; got '{argument.strip()}'")
            found[key] = value
        if not found.keys() >= {"in_features", "out_features"}:
            raise ValueError(f"Linear takes {_TAKES}; got ({', '.join(arguments)})")
        return cls(**found)  # type: ignore[arg-type]

    def outputs(self, inputs: int) -> int:
        if inputs != self.in_features:
            raise ValueError(f"{self} receives {inputs} numbers")
        return self.out_features

    def parameter_shapes(self) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {"weight": (self.out_features, self.in_features)}
        if self.bias:
            shapes["bias"] = (self.out_features,)
        return shapes

    # Sheet side

    def forward(self, x: Sequence[str], p: Parameters) -> list[str]:
        outputs = []
        for unit, weights in enumerate(p["weight"]):
            terms = _weighted(weights, x)
            if self.bias:
                terms.append(p["bias"][unit])
            outputs.append("+".join(terms) or "0")
        return outputs

    def backward(
        self, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: Parameters
    ) -> list[str]:
        # An input acts through every output, so its derivative is a sum over them.
        return [
            "+".join(f"{g}*{weights[i]}" for g, weights in zip(grad, p["weight"], strict=True))
            for i in range(self.in_features)
        ]

    def parameter_gradients(self, grad: Sequence[str], x: Sequence[str]) -> dict[str, Any]:
        gradients: dict[str, Any] = {"weight": [[[g, value] for value in x] for g in grad]}
        if self.bias:
            gradients["bias"] = [[g] for g in grad]
        return gradients

    # Torch side

    def module(self) -> nn.Module:
        import torch

        # torch draws random weights, of which none is used: they come from the experiment.
        # fork_rng leaves the random numbers as they were to whoever else uses them.
        with torch.random.fork_rng(devices=[]):
            return torch.nn.Linear(
                self.in_features, self.out_features, bias=self.bias, dtype=torch.float64
            )

    def of_many(self, module: nn.Module, parameters: Mapping[str, Tensor], x: Tensor) -> Tensor:
        import torch

        weight, bias = parameters["weight"], parameters.get("bias")
        if self.in_features == 1 and bias is not None:
            return torch.addcmul(bias, weight[:, 0], x)
        if weight.dim() > 3 and weight.shape[-1] == 1:
            # One set of weights for all rows of a batch: a product of matrices.
            product = torch.einsum("oi...,i...r->o...r", weight[..., 0], x)
        else:
            product = (weight * x).sum(1)
        return product if bias is None else product + bias


MANY = 4
"""More inputs than this are written as SUMPRODUCT, where their cells stand side by side."""


def _weighted(weights: Sequence[str], x: Sequence[str]) -> list[str]:
    """Return the terms of a weighted sum."""
    if isinstance(x, Scattered):
        # Around the edges of a convolution is nothing but zeros.
        pairs = zip(weights, x, strict=True)
        return [f"{weight}*{value}" for weight, value in pairs if value != "0"]
    if len(x) > MANY and all(map(is_name, (*weights, *x))):
        return [f"SUMPRODUCT({range_of(weights)},{range_of(x)})"]
    return [f"{weight}*{value}" for weight, value in zip(weights, x, strict=True)]


LAYER = Linear
