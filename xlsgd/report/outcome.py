"""What verify found in all files that it was given: plain data, no opinion on how to write it."""

from __future__ import annotations

from dataclasses import dataclass, field

from xlsgd.report.engines import EngineComparison
from xlsgd.report.report import Report

__all__ = ["Outcome"]


@dataclass
class Outcome:
    """What verify found in some files.

    failures: file and message of those that could not be checked.
    comparisons: of those that were checked with several engines; reports has their reports.
    passed_over: file and reason of those that were not meant to be checked.
    copies: a line about every group of files that are like each other.
    """

    reports: list[Report] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    comparisons: list[EngineComparison] = field(default_factory=list)
    passed_over: list[tuple[str, str]] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether sheet and torch agree in all of them, and all could be checked."""
        agree = all(report.ok for report in self.reports)
        return agree and not self.failures and all(found.ok for found in self.comparisons)
