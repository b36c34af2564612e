"""What a curve tab is to show."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ShownCurve"]


@dataclass(frozen=True)
class ShownCurve:
    """A function of one weight, drawn, and the ways of runs down it.

    experiments: ids of runs, all down the same function.   low, high: between which it is drawn.
    sheet: the name of the tab.   title, about: words for the top.
    where: the weight at which to begin to ask how much it bends.
    """

    experiments: tuple[str, ...]
    low: float
    high: float
    sheet: str = "curve"
    title: str = "The curve, and the ways down it"
    about: str = "Every dot is where a run stood before a step; change a start, a rate or a seed."
    where: float = 0.0
