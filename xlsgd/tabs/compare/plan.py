"""What a tab with runs side by side is to show."""

from __future__ import annotations

from dataclasses import dataclass

from xlsgd.base.columns import Input

__all__ = ["COMPARE", "EARLIER_COMPARE", "EARLIER_RATES", "LIMITS", "RATES", "ComparedRuns"]

COMPARE, RATES = "compare tab, format 3", "rates tab, format 2"
"""What a tab is, beside its marker; on a rates tab learning rates are typed in."""

EARLIER_COMPARE, EARLIER_RATES = "compare tab, format 2", "rates tab, format 1"
"""The same of the format before: charts draw losses that are beyond them along their edge."""

LIMITS = ("limit_full_batch", "limit_found")
"""Fields with the largest stable learning rate: a live formula for steps that see all rows, and
what torch has found for the steps that the runs really take."""


@dataclass(frozen=True)
class ComparedRuns:
    """A tab that shows runs side by side.

    sheet: its name.   experiments: their ids.   title, about: words for the top.
    target_loss: the mean loss that they race to.
    sets_rates: whether their learning rates are typed in here; the tabs of the runs follow.
    limits: fields with the largest stable learning rate; see LIMITS.
    """

    sheet: str
    experiments: tuple[str, ...]
    target_loss: float
    title: str = "All runs side by side"
    about: str = (
        "Mean loss per epoch, each row's loss taken before its own update. Rates and start values "
        "are on the tabs: change them there, everything here follows."
    )
    sets_rates: bool = False
    limits: tuple[Input, ...] = ()
