"""What a slice tab is to show."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Slice"]


@dataclass(frozen=True)
class Slice:
    """The mean loss of an experiment over one of its weights.

    experiment: its id.   weight: the one to begin with.   after_epoch: where the other weights are,
    and the step begins: after so many epochs, 0 for the start.
    sheet: the name of the tab.
    """

    experiment: str
    weight: str
    after_epoch: int = 0
    sheet: str = "slice"
