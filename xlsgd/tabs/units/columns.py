"""What stands on a units tab: what every unit of a hidden layer adds, and the sum of the first."""

from __future__ import annotations

from dataclasses import dataclass

from xlsgd.base.columns import Column, Input
from xlsgd.base.errors import SpecError
from xlsgd.tabs.weights_of import WEIGHTS_OF, weight_formula
from xlsgd.training.experiment import Experiment
from xlsgd.training.nets import Network, parse_network

__all__ = [
    "APART",
    "BEGIN",
    "COUNT",
    "MARKED",
    "WEIGHTS_OF",
    "Hidden",
    "bend_formula",
    "curve_columns",
    "hidden_layer",
    "inputs",
    "read_hidden",
    "trained_weights",
]

MARKED = "units tab, format 1"
BEGIN, APART, COUNT = "begin", "apart", "units"
"""The first input, how far apart they are, and how many units are added up."""


@dataclass(frozen=True)
class Hidden:
    """A hidden layer between one input and one output.

    into, bias, out: the names of the weights of every unit: of its input, its bias, and of what it
    gives in the sum.   base: the name of what is added to the sum, "" for nothing.
    """

    network: Network
    into: tuple[str, ...]
    bias: tuple[str, ...]
    out: tuple[str, ...]
    base: str

    @property
    def units(self) -> int:
        """How many there are."""
        return len(self.into)

    @property
    def bends(self) -> bool:
        """Whether a unit is two straight lines that meet where what goes into it is 0."""
        return self.network.places[1].layer.kinks == (0.0,) and self._is_straight

    @property
    def _is_straight(self) -> bool:
        return self.network.places[1].layer.silence is not None

    def bent(self, text: str) -> str:
        """Return the formula of what a unit gives for what goes into it."""
        (found,) = self.network.places[1].layer.forward([f"({text})"], {})
        return found


def hidden_layer(network: Network) -> Hidden | None:
    """Return the hidden layer of a net of one input and one output; None of any other net."""
    if network.is_graph or len(network.places) != 3 or network.inputs != 1:
        return None
    first, bend, last = network.places
    if not (first.layer.weighs_inputs and last.layer.weighs_inputs) or len(last.outputs) != 1:
        return None
    if bend.parameters or bend.layer.mixes or len(bend.outputs) != len(bend.inputs):
        return None
    if "bias" not in first.parameters:
        return None
    return Hidden(
        network,
        tuple(name for (name,) in first.parameters["weight"]),
        tuple(first.parameters["bias"]),
        tuple(last.parameters["weight"][0]),
        "".join(last.parameters.get("bias", [])),
    )


def read_hidden(text: str, names: tuple[str, ...]) -> Hidden:
    """Return the hidden layer of a net by its text.  names: of its input.

    Raises SpecError for what is no such net.
    """
    found = hidden_layer(parse_network(text, names))
    if found is None:
        raise SpecError(
            f"network {text}: need one input, one hidden layer with biases, and one output, as in "
            "Linear(1, 3), ReLU, Linear(3, 1)"
        )
    return found


def inputs(hidden: Hidden, count: float, begin: float, apart: float) -> list[Input]:
    """Return what is typed in, besides weights."""
    words = (
        f"how many of the {hidden.units} are added up" if hidden.units > 1 else "1, or 0 for none"
    )
    return [
        Input(COUNT, count, words, minimum=0, whole=True, label="units added up"),
        Input(BEGIN, begin, "the first input", label=f"first {hidden.network.input_names[0]}"),
        Input(APART, apart, "how far apart they are"),
    ]


def trained_weights(hidden: Hidden, experiment: Experiment) -> dict[str, str]:
    """Return the formulas of weights that an experiment trains."""
    return {p: weight_formula(experiment, p) for p in hidden.network.parameters}


def bend_formula(hidden: Hidden, unit: int) -> str:
    """Return the formula of where a unit bends."""
    into, bias = hidden.into[unit], hidden.bias[unit]
    return f'=IF({{weight.{into}}}=0,"nowhere",-{{weight.{bias}}}/{{weight.{into}}})'


def curve_columns(hidden: Hidden) -> list[Column]:
    """Return the columns with a row for every input."""
    (x,) = hidden.network.input_names
    found = [
        Column("place", "={prev.place}+1", "1, 2, …", "number of the row", "", "where", "1"),
        Column(
            x,
            f"={{{BEGIN}}}+({{place}}-1)*{{{APART}}}",
            "begin + (place − 1)·apart",
            f"{x} of this row",
            f"{x} = torch.arange(rows) * apart + begin",
            "where",
        ),
    ]
    for i in range(hidden.units):
        into, bias, out = hidden.into[i], hidden.bias[i], hidden.out[i]
        bent = hidden.bent(f"{{weight.{into}}}*{{{x}}}+{{weight.{bias}}}")
        name = hidden.network.places[1].layer.name
        found.append(
            Column(
                f"unit.{i + 1}",
                f"=IF({{{COUNT}}}>={i + 1},{{weight.{out}}}*{bent},0)",
                f"{out}·{name}({into}·{x} + {bias})",
                f"what unit {i + 1} adds to the sum; 0 where it is not one of the first units",
                f"{out} * nn.{name}()({into} * {x} + {bias})",
                "units",
            )
        )
    base = f"+{{weight.{hidden.base}}}" if hidden.base else ""
    found.append(
        Column(
            "sum",
            f"=SUM({{unit.1:unit.{hidden.units}}}){base}",
            f"Σ units{f' + {hidden.base}' if hidden.base else ''}",
            "what the net gives: the sum of its units",
            f"model({x})",
            "sum",
        )
    )
    return found
