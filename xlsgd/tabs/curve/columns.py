"""What stands on a curve tab: between which weights it is drawn, and the points of the curve."""

from __future__ import annotations

from typing import cast

from xlsgd.base.columns import Column, Input
from xlsgd.training.experiment import Experiment
from xlsgd.training.functions.function import Function

__all__ = ["FUNCTION_OF", "HEADERS", "MARKED", "POINTS", "applies", "bends", "columns", "limits"]

MARKED = "curve tab, format 1"
POINTS = 81
"""Points of the curve: enough for a valley to look round."""
FUNCTION_OF = "function_of"
"""The field with the name of the run whose function it is."""
HEADERS = frozenset(("point", "at", "curve"))


def applies(experiment: Experiment) -> bool:
    """Return whether an experiment goes down a function of one weight."""
    network = experiment.network
    return network.is_function and len(network.parameters) == 1


def limits(low: float, high: float) -> list[Input]:
    """Return the cells between which the curve is drawn."""
    return [
        Input("from", low, "the curve is drawn from here"),
        Input("to", high, "to here"),
    ]


def bends(experiment: Experiment, where: float) -> list[Input]:
    """Return the cells that say how much the curve bends at a weight, and which rate that allows.

    The first one is typed in.
    """
    (p,) = experiment.network.parameters
    function = cast(Function, experiment.network.layers[0])
    return [
        Input("where", where, f"the {p} at which to look", label=f"{p} to look at"),
        Input(
            "bend",
            f"={function.bend(p, {p: '{where}'})}",
            f"second derivative of the function there: how much its slope changes with {p}",
        ),
        Input(
            "largest_rate",
            '=IF({bend}>0,2/{bend},"none")',
            "2 / bend: at a larger learning_rate plain gradient descent cannot stay there",
            label="largest stable rate",
        ),
    ]


def columns(experiment: Experiment) -> list[Column]:
    """Return the columns of the points, in order of calculation."""
    (p,) = experiment.network.parameters
    function = cast(Function, experiment.network.layers[0])

    def column(quantity: str, formula: str, paper: str, note: str, torch: str) -> Column:
        first = "1" if quantity == "point" else None
        return Column(quantity, formula, paper, note, torch, group="the curve", first=first)

    return [
        column("point", "={prev.point}+1", f"1 … {POINTS}", "number of a point", "point"),
        column(
            "at",
            f"={{from}}+({{point}}-1)*({{to}}-{{from}})/{POINTS - 1}",
            f"{p}, from … to",
            f"{p} of a point of the curve",
            f"torch.linspace(low, high, {POINTS})",
        ),
        column(
            "curve",
            f"={function.at({p: '{at}'})}",
            f"f({p})",
            f"the function there: {function.text}",
            f"f({p})",
        ),
    ]
