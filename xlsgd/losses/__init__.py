"""Losses: what a prediction costs, each one file with its sheet side and its torch side."""

from __future__ import annotations

from functools import cache
from typing import cast

from xlsgd.losses.loss import Loss
from xlsgd.registry import find

__all__ = ["Loss", "losses"]


@cache
def losses() -> dict[str, Loss]:
    """Return every loss by its name."""
    return cast(dict[str, Loss], find("xlsgd.losses", "LOSS"))
