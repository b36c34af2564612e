"""What verify found, and ways to say it: terminal, JSON, JUnit, tables."""

from __future__ import annotations

from xlsgd.report.report import Difference, Report, RunVerdict, SheetReport

__all__ = ["Difference", "Report", "RunVerdict", "SheetReport"]
