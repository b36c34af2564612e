"""What becomes of slopes before an optimizer sees them: each one file with both its sides."""

from __future__ import annotations

from functools import cache
from typing import cast

from xlsgd.base.registry import find, pick
from xlsgd.training.transforms.transform import Transform

__all__ = ["Transform", "get_transforms", "transforms"]


@cache
def transforms() -> dict[str, Transform]:
    """Return every transform by its name, in the order in which they are applied."""
    return cast(dict[str, Transform], find("xlsgd.training.transforms", "TRANSFORM"))


def get_transforms(text: str) -> tuple[Transform, ...]:
    """Return those that a text such as ``clip-norm, weight-decay`` names.

    Raises SpecError for an unknown one.
    """
    names = [name.strip() for name in text.split(",")] if text.strip() else []
    chosen = {name: pick("transform", name, transforms()) for name in names}
    # Each is applied once, in an order of their own: as torch has it.
    return tuple(each for name, each in transforms().items() if name in chosen)
