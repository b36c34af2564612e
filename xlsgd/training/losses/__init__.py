"""Losses: what a prediction costs, each one file with its sheet side and its torch side."""

from __future__ import annotations

from functools import cache
from typing import cast

from xlsgd.base.registry import find, pick
from xlsgd.training.losses.loss import Loss

__all__ = ["Loss", "get_loss", "losses"]


@cache
def losses() -> dict[str, Loss]:
    """Return every loss by its name."""
    return cast(dict[str, Loss], find("xlsgd.training.losses", "LOSS"))


def get_loss(name: str, targets: int = 1) -> Loss:
    """Return the loss of that name; hyphens may stand for its spaces.

    targets: how many there are; with several, cross-entropy takes a probability for every class.
    Raises SpecError for an unknown one.
    """
    known = {each.replace(" ", "-"): each for each in losses()}
    found = pick("loss", known.get(name, name), losses())
    return losses()[found.of_shares] if targets > 1 and found.of_shares else found
