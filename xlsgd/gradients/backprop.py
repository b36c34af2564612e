"""Backpropagation: the chain rule, from the loss back to the first weight, one column a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlsgd.columns import Column, on_paper
from xlsgd.gradients.rule import GradientRule
from xlsgd.losses import Loss
from xlsgd.nets import Network
from xlsgd.nets.network import map_nested

if TYPE_CHECKING:
    from xlsgd.gradients.rule import Evaluate, Tensors

__all__ = ["RULE", "Backprop"]


class Backprop(GradientRule):
    """The exact derivative: every layer hands back what it was handed, times its own slope."""

    name = "backprop"
    choice = "backprop"
    gradient = "grad"
    summary = "the chain rule, from the loss back to every weight"

    # Sheet side

    def columns(self, network: Network, loss: Loss) -> list[Column]:
        columns = [
            Column(
                "grad.pred",
                "=" + loss.backward("{pred}", "{y}"),
                paper=loss.paper_gradient,
                note="how the loss changes with the prediction: where backpropagation starts",
                torch="torch.autograd.grad(loss, pred)",
                group="backprop",
            )
        ]
        parameters: dict[str, Column] = {}
        for place in reversed(network.places):
            grad = [f"{{grad.{name}}}" for name in place.outputs]
            x = [f"{{{name}}}" for name in place.inputs]
            y = [f"{{{name}}}" for name in place.outputs]
            weights = {
                kind: map_nested("{{param.{}}}".format, names)
                for kind, names in place.parameters.items()
            }
            texts = place.layer.parameter_gradients(grad, x)
            for kind, names in place.parameters.items():
                for name, text in zip(_flat(names), _flat(texts[kind]), strict=True):
                    parameters[name] = Column(
                        f"grad.{name}",
                        f"={text}",
                        paper=on_paper(text),
                        note=f"backprop's derivative for {name}: what came back to this layer, "
                        f"times what {name} was multiplied with",
                        torch=f"loss.backward(); {name}.grad",
                        group="backprop",
                    )
            if place is not network.places[0]:
                columns += [
                    Column(
                        f"grad.{name}",
                        f"={text}",
                        paper=on_paper(text),
                        note=f"how the loss changes with {name}: handed back through "
                        f"{place.layer.name}",
                        torch=f"torch.autograd.grad(loss, {name})",
                        group="backprop",
                    )
                    for name, text in zip(
                        place.inputs, place.layer.backward(grad, x, y, weights), strict=True
                    )
                ]
        return columns + [parameters[name] for name in network.parameters]

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


def _flat(nested: object) -> list[str]:
    found: list[str] = []
    map_nested(found.append, nested)
    return found


RULE = Backprop()
