"""What torch has trained for one workbook is not trained anew for the next hundred that differ from
it in a formula: their inputs are the same, and so is the run by itself. The step by step check, and
all that is compared, is done for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from xlsgd.tabs.examination import Examination
from xlsgd.tabs.layouts.torch_tracing import Tracer
from xlsgd.tabs.layouts.torch_whole_runs import WholeRuns
from xlsgd.tabs.training.torch_trained import Trained
from xlsgd.training.trace import Traces
from xlsgd.verifying import verification

__all__ = ["patch"]

MOST = 40
"""Runs that are remembered."""


class KnownRuns(WholeRuns):
    """Runs of all workbooks that a file of tests looks at."""

    def of(self, tracers: Mapping[str, Tracer], rows: Mapping[str, int]) -> dict[str, Traces]:
        found = super().of(tracers, rows)
        del self._known[:-MOST]
        return found


def patch(set_attribute: Callable[[Any, str, Any], None]) -> None:
    """Have verify remember, as long as an attribute stays set.  Not where torch's side is made
    wrong on purpose: what it trained before would be remembered."""
    runs, plain = KnownRuns(), verification.examination

    def remembering(*args: Any, **options: Any) -> Examination:
        work = plain(*args, **options)
        work.of(Trained).runs = runs
        return work

    set_attribute(verification, "examination", remembering)
