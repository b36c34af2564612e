"""What a layer has to tell: its shape, its sheet side and its torch side."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from xlsgd.training.nets.silence import Silence

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["Layer", "Parameters", "Scattered", "Shape"]

Shape = tuple[int, ...]

Parameters = Mapping[str, Any]
"""A layer's parameters as formula text, nested in lists by shape: ``{"bias": ["{param.b}"]}``."""


class Scattered(list[str]):
    """Inputs of a layer that do not stand side by side in the sheet, in their order."""


class Layer(ABC):
    """One layer of a network.

    The sheet side writes formula text for *one row* of data: ``x`` is the list of its inputs,
    ``y`` of its outputs and ``grad`` of the loss's derivatives with respect to its outputs, each
    an expression that can stand as a factor in a product.
    """

    name: ClassVar[str]
    """The word for it in the sheet and in PyTorch: ``Linear``."""
    short: ClassVar[str]
    """How its outputs are called: ``lin`` for ``lin1``."""
    summary: ClassVar[str]
    """What it computes, on paper."""
    torch_call: ClassVar[str] = ""
    """What it is called in PyTorch, where that is no module of torch.nn of its own name."""
    gives: ClassVar[str] = ""
    """What its outputs are, where a loss may ask: ``probabilities``, ``log-probabilities``."""
    is_function: ClassVar[bool] = False
    """Whether it is a function of its weights, and perhaps of inputs, that can be looked at from
    anywhere: see ``Function``."""
    mixes: ClassVar[bool] = False
    """Of a layer without parameters and with as many outputs as inputs: whether an output follows
    from more than the input in its own place."""
    weighs_inputs: ClassVar[bool] = False
    """Whether every output is a sum of all inputs, each times a weight of its own, plus at most a
    bias: ``weight`` of shape (outputs, inputs) and perhaps ``bias`` of shape (outputs,)."""

    @property
    def takes(self) -> tuple[str, ...]:
        """The inputs of a net that it calls by their names, where it comes first; none where it
        takes whatever comes."""
        return ()

    @property
    def adds_up_weights(self) -> bool:
        """Whether every output is a sum of its weights, each times a number made of inputs."""
        return self.weighs_inputs

    @property
    def silence(self) -> Silence | None:
        """At which outputs a unit of it hands nothing back; None where it always hands on
        something."""
        return None

    @property
    def kinks(self) -> tuple[float, ...]:
        """Of a layer without parameters: the inputs at which its slope jumps. Naming one where
        there is none does no harm."""
        return (0.0,)

    def __str__(self) -> str:
        return self.name

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> Layer:
        """Return the layer from the words in its parentheses.  Raises ValueError."""
        if arguments:
            raise ValueError(f"{cls.name} takes no arguments")
        return cls()

    def outputs(self, inputs: int) -> int:
        """Return how many outputs it has, given the number of inputs.  Raises ValueError."""
        return inputs

    def parameter_shapes(self) -> dict[str, Shape]:
        """Return the shapes of its parameters under PyTorch's names for them."""
        return {}

    def parameter_names(self) -> dict[str, str]:
        """Return, under PyTorch's names, those parameters that have a name of their own; others
        are called by letters, in the order of the layers."""
        return {}

    @abstractmethod
    def forward(self, x: Sequence[str], p: Parameters) -> list[str]:
        """Sheet side: return the expression of every output."""

    @abstractmethod
    def backward(
        self, grad: Sequence[str], x: Sequence[str], y: Sequence[str], p: Parameters
    ) -> list[str]:
        """Sheet side: return the derivative of the loss with respect to every input."""

    def parameter_gradients(self, grad: Sequence[str], x: Sequence[str]) -> dict[str, Any]:
        """Sheet side: return the derivative for every parameter, nested like the parameters.

        Each as the list of its factors: a row multiplies them, a batch sums up the products.
        """
        return {}

    def written(self, x: Sequence[str]) -> list[str] | None:
        """Return how outputs are written on paper, None for as the formulas have them.

        x: the names of its inputs.
        """
        return None

    def of_array(self, x: str) -> str | None:
        """Sheet side: return the expression of all outputs for an array of inputs; None where it
        takes more than arithmetic and comparisons, which work on arrays."""
        return None

    def gains(self, inputs: int) -> list[list[float]] | None:
        """Return by how much every output changes with every input, ``[output][input]``, of a layer
        without parameters that is linear; None for all others."""
        return None

    @abstractmethod
    def module(self) -> nn.Module:
        """Torch side: return the same thing as PyTorch has it, in float64."""

    def rounded(
        self, parameters: Mapping[str, Tensor], x: Tensor, rounding: Callable[[Tensor], Tensor]
    ) -> Tensor | None:
        """Torch side: return the outputs of every row where it takes several steps to get there,
        each of them rounded; None where it takes one.

        parameters: under PyTorch's names, shapes (rows, *shape).   x: shape (rows, inputs).
        rounding: rounds numbers of shape (rows,).
        """
        return None

    def by_steps(self, x: Tensor, rounding: Callable[[Tensor], Tensor]) -> Tensor | None:
        """Torch side, of a layer without parameters: return what its module gives, by the steps
        that PyTorch takes to get there, each of them rounded; None where they do not matter,
        because no numbers cancel in them.

        x: shape (rows, inputs).   rounding: rounds numbers of that shape, and what backpropagation
        keeps. Unlike ``rounded``, this is not what the sheet is compared with: it tells how far
        rounding on the way leads.
        """
        return None

    def of_many(self, module: nn.Module, parameters: Mapping[str, Tensor], x: Tensor) -> Tensor:
        """Torch side: return the outputs of many runs at once, each with its own parameters.

        module: what ``module`` gave.   parameters: under PyTorch's names, shapes (*shape, …).
        x: shape (inputs, …).   The dots broadcast against each other, and the outputs' shape is
        (outputs, …).   This way works for every layer; one may have a quicker way of its own.
        """
        import numpy as np
        import torch
        from torch.func import functional_call

        if not parameters:
            outputs: Tensor = module(x.movedim(0, -1))
            return outputs.movedim(-1, 0)
        shapes = self.parameter_shapes()
        runs = [value.shape[len(shapes[name]) :] for name, value in parameters.items()]
        each = np.broadcast_shapes(x.shape[1:], *runs)
        flat = {
            name: value.expand(*shapes[name], *each).reshape(*shapes[name], -1)
            for name, value in parameters.items()
        }
        inputs = x.expand(len(x), *each).reshape(len(x), -1)
        layer = torch.vmap(lambda p, v: functional_call(module, p, (v,)), in_dims=-1, out_dims=-1)
        found: Tensor = layer(flat, inputs)
        return found.reshape(-1, *each)
