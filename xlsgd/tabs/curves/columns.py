"""What stands on a tab of curves: a number, functions of it, and their slopes by calculus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xlsgd.base.columns import Column, Input
from xlsgd.base.errors import SpecError
from xlsgd.training.functions.function import Function

__all__ = ["MARKED", "Tabulated", "curve_columns", "inputs", "tabulated", "texts"]

MARKED = "curves tab, format 1"

BEGIN, APART = "begin", "apart"


@dataclass(frozen=True)
class Tabulated:
    """Functions over one number.

    over: what it is called.   layers: the functions.   given: what else they are made of.
    """

    over: str
    layers: tuple[Function, ...]
    given: tuple[str, ...]


def tabulated(over: str, functions: Sequence[str]) -> Tabulated:
    """Return functions from their texts.  Raises SpecError for what is none of that number."""
    layers = []
    for text in functions:
        try:
            layers.append(Function(text))
        except ValueError as error:
            raise SpecError(f"curves over {over}: {error}") from error
        if over not in layers[-1].weights:
            raise SpecError(f"curves over {over}: '{text}' is no function of {over}")
    names = dict.fromkeys(name for layer in layers for name in layer.weights if name != over)
    return Tabulated(over, tuple(layers), tuple(names))


def inputs(shown: Tabulated, numbers: Mapping[str, float]) -> list[Input]:
    """Return what is typed in.  numbers: what to begin with, by key."""
    return [
        Input(BEGIN, numbers[BEGIN], f"the first {shown.over}", label=f"first {shown.over}"),
        Input(APART, numbers[APART], "how far apart they are"),
        *(Input(name, numbers[name], f"{name} of the functions") for name in shown.given),
    ]


def texts(shown: Tabulated, words: Sequence[str]) -> list[Input]:
    """Return the fields that say what the tab shows.  words: for every function."""
    return [
        Input("over", shown.over, "what the functions go over", fixed=True),
        *(
            Input(f"function.{i}", layer.text, said, fixed=True)
            for i, (layer, said) in enumerate(zip(shown.layers, words, strict=True), 1)
        ),
    ]


def curve_columns(shown: Tabulated, words: Sequence[str] = ()) -> list[Column]:
    """Return the columns of the table, with one row for every number.

    words: for every function.
    """
    x = shown.over
    said = words or [layer.text for layer in shown.layers]
    found = [
        Column("place", "={prev.place}+1", "1, 2, …", "number of the row", "", "where", "1"),
        Column(
            x,
            f"={{{BEGIN}}}+({{place}}-1)*{{{APART}}}",
            "begin + (place − 1)·apart",
            f"{x} of this row",
            f"torch.arange(rows) * apart + begin  # {x}",
            "where",
        ),
    ]
    for i, (layer, name) in enumerate(zip(shown.layers, said, strict=True), 1):
        (value,) = layer.forward([], {key: f"{{{own}}}" for key, own in _keys(layer).items()})
        found.append(
            Column(f"value.{i}", f"={value}", layer.text, f"{name}", layer.text, "values",
                   symbol=name)
        )  # fmt: skip
    for i, (layer, name) in enumerate(zip(shown.layers, said, strict=True), 1):
        slopes = layer.parameter_gradients(["1"], [])
        own = next(key for key, other in _keys(layer).items() if other == x)
        slope = slopes[own][1].replace("{param.", "{")
        found.append(
            Column(
                f"slope.{i}",
                f"={slope}",
                f"d({layer.text})/d{x}",
                f"slope of {name}: by how much it grows with {x}",
                f"torch.autograd.grad({layer.text}, {x})",
                "slopes",
                symbol=f"slope of {name}",
            )
        )
    return found


def _keys(layer: Function) -> dict[str, str]:
    """Return the names of a function by PyTorch's names for them."""
    return layer.parameter_names()
