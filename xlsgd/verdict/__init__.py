"""How a run went: converging, too slow, exploded, a dead unit, a frozen derivative.

Like a layer or an optimizer, the verdict has two sides: live formulas in the sheet, and the same
rules in Python over the numbers that torch computed. ``rules`` has them in words.
"""

from __future__ import annotations

from xlsgd.verdict.agreement import agrees
from xlsgd.verdict.columns import columns, quantities
from xlsgd.verdict.epochs import ends_of_epochs, epoch_columns, epoch_quantities
from xlsgd.verdict.evidence import Evidence
from xlsgd.verdict.panel import or_beyond, panel, panel_in_words, panel_order, panel_values
from xlsgd.verdict.rules import BEYOND, CLEAR, LEVEL, ONE_EPOCH, TRENDS, Summary, Verdicts, judge

__all__ = [
    "BEYOND",
    "CLEAR",
    "LEVEL",
    "ONE_EPOCH",
    "TRENDS",
    "Evidence",
    "Summary",
    "Verdicts",
    "agrees",
    "columns",
    "ends_of_epochs",
    "epoch_columns",
    "epoch_quantities",
    "judge",
    "or_beyond",
    "panel",
    "panel_in_words",
    "panel_order",
    "panel_values",
    "quantities",
]
