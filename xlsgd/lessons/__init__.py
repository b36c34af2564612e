"""Lessons: what a workbook is made of. Each lesson is one file and found by itself."""

from __future__ import annotations

from functools import cache
from typing import cast

from xlsgd.base.registry import find, pick
from xlsgd.lessons.lesson import START_FROM, Lesson, LessonPlan, Options

__all__ = ["START_FROM", "Lesson", "LessonPlan", "Options", "get_plan", "lesson_plans"]


@cache
def lesson_plans() -> dict[str, LessonPlan]:
    """Return every lesson by its name."""
    return cast(dict[str, LessonPlan], find("xlsgd.lessons", "LESSON"))


def get_plan(name: str) -> LessonPlan:
    """Return the lesson of that name, or the plan of a net that a text describes.

    Raises SpecError for what is neither.
    """
    from xlsgd.lessons.own_plan import OwnPlan, is_net

    if name not in lesson_plans() and is_net(name):
        return OwnPlan(name)
    return cast(LessonPlan, pick("lesson", name, cast(dict[str, object], lesson_plans())))
