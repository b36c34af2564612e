"""Every kind of layer, by its name."""

from __future__ import annotations

from functools import cache
from typing import cast

from xlsgd.base.registry import find
from xlsgd.training.nets.layer import Layer

__all__ = ["layer_types"]


@cache
def layer_types() -> dict[str, type[Layer]]:
    """Return every kind of layer by its name, as ``Linear`` or ``ReLU``."""
    return cast(dict[str, type[Layer]], find("xlsgd.training.nets", "LAYER"))
