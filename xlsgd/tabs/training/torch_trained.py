"""What torch has trained of a workbook, for the checks of the tabs that look at training tabs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xlsgd.base.cells import Position
from xlsgd.tabs.compare.columns import RunSummary
from xlsgd.tabs.layouts.torch_whole_runs import WholeRuns
from xlsgd.training.trace import Trace, Traces

if TYPE_CHECKING:
    from xlsgd.tabs.training.check import TrainingCheck

__all__ = ["Trained"]


@dataclass
class Trained:
    """What the check of training tabs leaves in an examination.

    runs: what torch has trained already, for a workbook that is looked at several times.
    checks: those of the tabs, whose inputs have been found usable.
    traces: what torch has for every experiment by itself, until it has been checked.
    alone: of experiments whose weights other tabs show, the table of steps.
    last_steps: the number of the last step of every training tab.
    summaries: what tabs that show runs side by side will have to say, per check, experiment and
        member of the ensemble, and at the end of the run with the still weights of the sheet.
    foreign: the cells of inputs that formulas work out which are not xlsgd's.
    """

    runs: WholeRuns = field(default_factory=WholeRuns)
    checks: Sequence[TrainingCheck] = ()
    traces: dict[str, Traces] = field(default_factory=dict)
    alone: dict[str, Trace] = field(default_factory=dict)
    last_steps: dict[str, int] = field(default_factory=dict)
    summaries: dict[str, dict[str, list[RunSummary]]] = field(
        default_factory=lambda: {"step": {}, "run": {}}
    )
    foreign: list[tuple[str, Position]] = field(default_factory=list)
