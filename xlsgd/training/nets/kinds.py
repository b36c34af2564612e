"""Every kind of layer, by its name, and of what is a net of its own."""

from __future__ import annotations

from functools import cache
from typing import cast

from xlsgd.base.errors import SpecError
from xlsgd.base.registry import find
from xlsgd.training.nets.layer import Layer

__all__ = ["alone_types", "layer_types", "operation_types", "parse_layer"]


@cache
def layer_types() -> dict[str, type[Layer]]:
    """Return every kind of layer by its name, as ``Linear`` or ``ReLU``."""
    return cast(dict[str, type[Layer]], find("xlsgd.training.nets", "LAYER"))


@cache
def alone_types() -> dict[str, type[Layer]]:
    """Return every kind that takes no inputs, so that it stands alone, as ``Function``."""
    return cast(dict[str, type[Layer]], find("xlsgd.training.functions", "FUNCTION"))


@cache
def operation_types() -> dict[str, type[Layer]]:
    """Return every operation that graphs have besides layers, by its name, as ``Add``."""
    return cast(dict[str, type[Layer]], find("xlsgd.training.operations", "LAYER"))


def parse_layer(name: str, arguments: str, where: str) -> Layer:
    """Return a layer from its name and the text in its parentheses.

    where: begins the message of an error.   Raises SpecError for what is no layer.
    """
    kind = {**operation_types(), **alone_types(), **layer_types()}.get(name)
    if kind is None:
        raise SpecError(f"{where}: unknown layer '{name}'; there are: {', '.join(layer_types())}")
    try:
        return kind.parse(arguments.split(",") if arguments else [])
    except ValueError as error:
        raise SpecError(f"{where}: {error}") from error
