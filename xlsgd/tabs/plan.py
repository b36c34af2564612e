"""Which tabs the workbook of a lesson has, and in which order they stand."""

from __future__ import annotations

from xlsgd.tabs.kind import Planned, TabKind, kinds
from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["planned_tabs"]


def planned_tabs(lesson: Lesson) -> list[tuple[TabKind, Planned]]:
    """Return the tabs of a lesson's workbook with their kinds, from left to right."""
    tabs = [(kind, tab) for kind in kinds().values() for tab in kind.planned(lesson)]
    return sorted(tabs, key=lambda pair: pair[1].place)
