"""Backpropagation: the chain rule, from the loss back to the first weight, one column a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Column, is_name, on_paper
from xlsgd.training.gradients.rule import GradientRule
from xlsgd.training.losses import Loss
from xlsgd.training.nets import Network
from xlsgd.training.nets.place import map_nested

if TYPE_CHECKING:
    from xlsgd.training.gradients.rule import Evaluate, Tensors

__all__ = ["RULE", "Backprop", "written_out"]


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
                f"={written_out(terms)}",
                paper=on_paper(written_out(terms)),
                note=f"backprop's derivative for {name}: what came back to this layer, "
                f"times what {name} was multiplied with",
                torch=f"loss.backward(); {name}.grad",
                group="backprop",
            )
            for name, terms in self.parameter_terms(network).items()
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
        apart = 1 if loss.is_summed else loss.losses_of_row(len(targets))
        names_in_words = {"pred": network.wording.prediction}
        columns = [
            Column(
                f"grad.{name}",
                f"={slope}",
                paper=_of_mean(loss.paper_gradient, apart),
                note=f"how the loss changes with {names_in_words.get(name, name)}: "
                "where backpropagation starts",
                torch=f"torch.autograd.grad(loss, {name})",
                group="backprop",
            )
            for name, slope in zip(names, slopes, strict=True)
        ]
        flows = self._flows(network, parameter, value)
        takers: dict[str, list[str]] = {}
        for place in network.places:
            for name in place.inputs:
                takers.setdefault(name, []).append(place.layer.name)
        for place in reversed(network.places):
            for name in (name for name in place.outputs if name not in names):
                text = flows[name]
                if not is_name(text):
                    columns.append(
                        Column(
                            f"grad.{name}",
                            f"={text}",
                            paper=on_paper(text),
                            note=f"how the loss changes with {name}: handed back through "
                            f"{', '.join(dict.fromkeys(takers.get(name, ['nothing'])))}",
                            torch=f"torch.autograd.grad(loss, {name})",
                            group="backprop",
                        )
                    )
        return columns

    def parameter_terms(self, network: Network) -> dict[str, list[list[str]]]:
        """Return, per parameter in order, its derivative as a sum of products: a term for every
        time that it is used, of what came back to its layer and what it was multiplied with."""
        flows = self._flows(network)
        found: dict[str, list[list[str]]] = {name: [] for name in network.parameters}
        for place in network.places:
            grad = [_handed(name, flows) for name in place.outputs]
            x = network.operands(place, "{{param.{}}}".format, "{{{}}}".format)
            factors = place.layer.parameter_gradients(grad, x)
            for kind, names in place.parameters.items():
                for name, own in _paired(names, factors[kind]).items():
                    if "0" not in own:
                        found[name].append(own)
        for name in network.free:
            found[name].append([flows.get(name, "0")])
        return {name: terms or [["0"]] for name, terms in found.items()}

    def _flows(
        self,
        network: Network,
        parameter: Callable[[str], str] = "{{param.{}}}".format,
        value: Callable[[str], str] = "{{{}}}".format,
    ) -> dict[str, str]:
        """Return the template of its derivative for everything between the layers, and for weights
        that are used directly: what is handed back by all layers that take it."""
        inner = {name for place in network.places for name in place.outputs} | {*network.free}
        flows: dict[str, str] = {}
        for place in reversed(network.places):
            if inner.isdisjoint(place.inputs):
                continue
            grad = [_handed(name, flows) for name in place.outputs]
            weights = {
                kind: map_nested(parameter, names) for kind, names in place.parameters.items()
            }
            x = network.operands(place, parameter, value)
            y = [f"{{{name}}}" for name in place.outputs]
            handed = place.layer.backward(grad, x, y, weights)
            for name, text in zip(place.inputs, handed, strict=True):
                if name in inner and text != "0":
                    flows[name] = _added(flows[name], text) if name in flows else text
        return {**dict.fromkeys(inner - {*network.predictions}, "0"), **flows}

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
        # Of some layers not every output is taken.
        gradients = torch.autograd.grad(
            total, list(sought.values()), allow_unused=True, materialize_grads=True
        )
        return {
            f"grad.{name}": gradient.detach()
            for name, gradient in zip(sought, gradients, strict=True)
        }


def written_out(terms: Sequence[Sequence[str]]) -> str:
    """Return a sum of products as one expression."""
    text = ""
    for factors in terms:
        product = "*".join(factors)
        text = _added(text, product) if text else product
    return text


def _added(text: str, more: str) -> str:
    return f"{text}{more}" if more.startswith("-") else f"{text}+{more}"


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
