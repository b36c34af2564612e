"""What a plane tab is to show."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Plane"]


@dataclass(frozen=True)
class Plane:
    """The mean loss of an experiment over two of its weights, and its way.

    experiment: its id.   across, up: the weights to begin with.
    after_epoch: where the other weights are: after so many epochs.
    sheet: the name of the tab.
    """

    experiment: str
    across: str
    up: str
    after_epoch: int
    sheet: str = "plane"
