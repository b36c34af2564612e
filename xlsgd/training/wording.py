"""What sentences speak of: epochs and rows of data, or steps alone where there is no data."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Wording"]


@dataclass(frozen=True)
class Wording:
    """The nouns of sentences about a run.

    has_rows: whether it goes through rows of data. Down a function without data a step evaluates
        it once, so that an epoch is a step, and its mean loss is its loss.
    """

    has_rows: bool

    def rows(self, words: str) -> str:
        """Return words about rows of data; nothing where there are none."""
        return words if self.has_rows else ""

    @property
    def epoch(self) -> str:
        """``epoch`` or ``step``; with another article in front of it, see ``an_epoch``."""
        return "epoch" if self.has_rows else "step"

    @property
    def an_epoch(self) -> str:
        return "an epoch" if self.has_rows else "a step"

    @property
    def mean_loss(self) -> str:
        return "mean loss" if self.has_rows else "loss"

    @property
    def update(self) -> str:
        """What a row of the table of steps does."""
        return "this row's update" if self.has_rows else "this step"

    @property
    def prediction(self) -> str:
        return "the prediction" if self.has_rows else "f"
