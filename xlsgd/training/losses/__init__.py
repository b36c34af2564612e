"""Losses: what a prediction costs, each one file with its sheet side and its torch side."""

from __future__ import annotations

from functools import cache
from typing import cast

from xlsgd.base.registry import find
from xlsgd.training.losses.loss import Loss

__all__ = ["Loss", "losses"]


@cache
def losses() -> dict[str, Loss]:
    """Return every loss by its name."""
    return cast(dict[str, Loss], find("xlsgd.training.losses", "LOSS"))
