"""What is found of a run whose loss is level: plain data, as all findings."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Crawl", "Plateau"]


@dataclass(frozen=True)
class Crawl:
    """What a run has left to gain though its mean loss is level.

    bend: of the mean loss at the end, along the direction in which most is left; steepest: its
        largest one.
    steps: after so many more at the last rate, 37 % of what is missing there is left.
    least: the mean loss at the bottom of the parabola that the loss is there.
    slope: how long the gradient over all rows is at the end.
    exact: whether the loss is that parabola everywhere.
    """

    bend: float
    steepest: float
    steps: float
    least: float
    slope: float
    exact: bool


@dataclass(frozen=True)
class Plateau:
    """A loss that does not move, at what always predicting the mean gives, though slopes are there.

    epochs: how many it has not moved for.   lowest, highest: the mean loss in those.
    constant: what one prediction for all rows gives.
    start_size, end_size: root mean square of the derivatives of the mean loss over all rows.
    """

    epochs: int
    lowest: float
    highest: float
    constant: float
    start_size: float
    end_size: float
    cell: str
