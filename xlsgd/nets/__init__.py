"""Networks: lists of layers, each layer one file with its sheet side and its torch side."""

from __future__ import annotations

from functools import cache
from typing import cast

from xlsgd.nets.layer import Layer
from xlsgd.nets.network import Network, parse_network
from xlsgd.registry import find

__all__ = ["Layer", "Network", "layer_types", "parse_network"]


@cache
def layer_types() -> dict[str, type[Layer]]:
    """Return every kind of layer by its name, as ``Linear`` or ``ReLU``."""
    return cast(dict[str, type[Layer]], find("xlsgd.nets", "LAYER"))
