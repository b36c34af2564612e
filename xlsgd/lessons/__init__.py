"""Lessons: what a workbook is made of. Each lesson is one file and found by itself."""

from __future__ import annotations

from functools import cache
from typing import cast

from xlsgd.lessons.lesson import Lesson, LessonPlan, Options
from xlsgd.registry import find

__all__ = ["Lesson", "LessonPlan", "Options", "lesson_plans"]


@cache
def lesson_plans() -> dict[str, LessonPlan]:
    """Return every lesson by its name."""
    return cast(dict[str, LessonPlan], find("xlsgd.lessons", "LESSON"))
