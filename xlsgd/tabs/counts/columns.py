"""What stands on a tab of counts: what was tried, how many runs, how many got there, and by which
command that was counted. The counts are typed in; their shares are formulas."""

from __future__ import annotations

from xlsgd.base.columns import Column

__all__ = ["COLUMNS", "HEADERS", "MARKED", "NUMBERS", "SHARE", "WORDS"]

MARKED = "counts tab, format 1"


def _column(quantity: str, note: str, formula: str = "", paper: str = "") -> Column:
    return Column(
        quantity,
        formula,
        paper=paper or note,
        note=note,
        torch="counted by the command in the same row",
        group="counted",
    )


SHARE = _column("share", "share of the runs that got there", "={reached}/{runs}", "reached / runs")
"""The one column of formulas."""

COLUMNS = (
    _column("what", "what was tried"),
    _column("runs", "how many runs were counted"),
    _column("reached", "how many ended below the loss"),
    SHARE,
    _column("median_epoch", "by which epoch half of these had"),
    _column("below", "the loss to get below"),
    _column("command", "what counted it; it makes the same numbers again"),
)

WORDS = ("what", "command")
NUMBERS = ("runs", "reached", "share", "below")
"""Every row has them: by them a row is known."""
HEADERS = frozenset((*NUMBERS, "median_epoch", "command"))
