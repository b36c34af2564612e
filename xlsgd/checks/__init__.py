"""The checks of verify, tab by tab. Here the sheet and the torch run meet."""

from __future__ import annotations

from xlsgd.checks.checker import Checker
from xlsgd.checks.whole_runs import WholeRuns

__all__ = ["Checker", "WholeRuns"]
