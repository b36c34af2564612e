"""Optimizers: how a gradient becomes a step, each one file with both its sides."""

from __future__ import annotations

from functools import cache
from typing import cast

from xlsgd.base.errors import SpecError
from xlsgd.base.registry import find, pick
from xlsgd.training.optimizers.optimizer import CONVENTIONS, Optimizer
from xlsgd.training.optimizers.refused import refusal

__all__ = ["CONVENTIONS", "Optimizer", "get_optimizer", "optimizers", "searches"]


@cache
def optimizers() -> dict[str, Optimizer]:
    """Return every optimizer by its name."""
    return cast(dict[str, Optimizer], find("xlsgd.training.optimizers", "OPTIMIZER"))


@cache
def searches() -> dict[str, Optimizer]:
    """Return every step rule that looks at a function itself, by its name."""
    return cast(dict[str, Optimizer], find("xlsgd.training.searches", "SEARCH"))


def get_optimizer(name: str, convention: str = "torch") -> Optimizer:
    """Return the optimizer of that name, in the variant of a convention where it has one.

    Raises SpecError for an unknown name or convention, and for an optimizer of torch that no sheet
    can show.
    """
    pick("convention", convention, dict.fromkeys(CONVENTIONS))
    why = refusal(name)
    if why:
        raise SpecError(why)
    known: dict[str, object] = {**optimizers(), **searches()}
    optimizer = cast(Optimizer, pick("optimizer", name, known))
    for variant in optimizers().values():
        if variant.variant_of == optimizer.name and variant.convention == convention:
            return variant
    return optimizer
