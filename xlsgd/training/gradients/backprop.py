"""Backpropagation: the chain rule, from the loss back to the first weight, one column a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Column, is_name, on_paper
from xlsgd.training.gradients.rule import GradientRule
from xlsgd.training.losses import Loss
from xlsgd.training.nets import Network
from xlsgd.training.nets.network import map_nested

if TYPE_CHECKING:
    from xlsgd.training.gradients.rule import Evaluate, Tensors

__all__ = ["RULE", "Backprop"]


class Backprop(GradientRule):
    """The exact derivative: every layer hands back what it was handed, times its own slope."""

    name = "backprop"
    choice = "backprop"
    gradient = "grad"
    summary = "the chain rule, from the loss back to every weight"

    # Sheet side

    def columns(self, network: Network, loss: Loss) -> list[Column]:
        parameters = [
            Column(
                f"grad.{name}",
                f"={'*'.join(factors)}",
                paper=on_paper("*".join(factors)),
                note=f"backprop's derivative for {name}: what came back to this layer, "
                f"times what {name} was multiplied with",
                torch=f"loss.backward(); {name}.grad",
                group="backprop",
            )
            for name, factors in self.parameter_factors(network).items()
        ]
        return self.flow_columns(network, loss) + parameters

    def flow_columns(
        self,
        network: Network,
        loss: Loss,
        parameter: Callable[[str], str] = "{{param.{}}}".format,
        value: Callable[[str], str] = "{{{}}}".format,
    ) -> list[Column]:
        """Return the columns in which the derivative flows back, from the prediction to the
        outputs of the first layer.

        parameter, value: the templates for the name of a parameter, and of what the data gives.
        A layer that hands back what it was handed, as Sum does, needs no column.
        """
        names = network.predictions
        targets = [value(name) for name in loss.targets(len(names))]
        slopes = loss.slopes([f"{{{name}}}" for name in names], targets)
        names_in_words = {"pred": network.wording.prediction}
        columns = [
            Column(
                f"grad.{name}",
                f"={slope}",
                paper=_of_mean(loss.paper_gradient, len(targets)),
                note=f"how the loss changes with {names_in_words.get(name, name)}: "
                "where backpropagation starts",
                torch=f"torch.autograd.grad(loss, {name})",
                group="backprop",
            )
            for name, slope in zip(names, slopes, strict=True)
        ]
        flows = self._flows(network, parameter, value)
        for place in reversed(network.places[1:]):
            for name in place.inputs:
                text = flows[name]
                if not is_name(text):
                    columns.append(
                        Column(
                            f"grad.{name}",
                            f"={text}",
                            paper=on_paper(text),
                            note=f"how the loss changes with {name}: handed back through "
                            f"{place.layer.name}",
                            torch=f"torch.autograd.grad(loss, {name})",
                            group="backprop",
                        )
                    )
        return columns

    def parameter_factors(self, network: Network) -> dict[str, list[str]]:
        """Return, per parameter in order, the factors of its derivative: what came back to its
        layer, and what it was multiplied with."""
        flows = self._flows(network)
        found: dict[str, list[str]] = {}
        for place in network.places:
            grad = [_handed(name, flows) for name in place.outputs]
            factors = place.layer.parameter_gradients(
                grad, [f"{{{name}}}" for name in place.inputs]
            )
            for kind, names in place.parameters.items():
                found |= _paired(names, factors[kind])
        return found

    def _flows(
        self,
        network: Network,
        parameter: Callable[[str], str] = "{{param.{}}}".format,
        value: Callable[[str], str] = "{{{}}}".format,
    ) -> dict[str, str]:
        """Return, for everything between the layers, the template of its derivative."""
        flows: dict[str, str] = {}
        for place in reversed(network.places[1:]):
            grad = [_handed(name, flows) for name in place.outputs]
            weights = {
                kind: map_nested(parameter, names) for kind, names in place.parameters.items()
            }
            x = [f"{{{name}}}" for name in place.inputs]
            y = [f"{{{name}}}" for name in place.outputs]
            flows |= zip(place.inputs, place.layer.backward(grad, x, y, weights), strict=True)
        return flows

    # Torch side

    def quantities(self, evaluate: Evaluate, parameters: Tensors, h: float) -> Tensors:
        import torch

        leaves = {name: value.detach().requires_grad_() for name, value in parameters.items()}
        with torch.enable_grad():
            outputs = evaluate(leaves)
            # A row's loss depends on that row's parameters alone: the derivative of the sum
            # holds, row by row, the derivative of each loss.
            total = outputs.pop("loss").sum()
        sought = {**outputs, **leaves}
        gradients = torch.autograd.grad(total, list(sought.values()))
        return {
            f"grad.{name}": gradient.detach()
            for name, gradient in zip(sought, gradients, strict=True)
        }


def _handed(name: str, flows: Mapping[str, str]) -> str:
    """Return the name of the column that holds the derivative for name."""
    text = flows.get(name, "")
    return text if is_name(text) else f"{{grad.{name}}}"


def _paired(names: Any, factors: Any) -> dict[str, list[str]]:
    """Return every name with its factors, out of two equal nestings."""
    if isinstance(names, str):
        return {names: factors}
    found: dict[str, list[str]] = {}
    for name, own in zip(names, factors, strict=True):
        found |= _paired(name, own)
    return found


def _of_mean(paper: str, targets: int) -> str:
    """Return a derivative on paper where the loss is a mean over targets."""
    return paper if targets == 1 else f"{paper}, / {targets}"


RULE = Backprop()
