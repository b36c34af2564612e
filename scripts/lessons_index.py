"""What learners ask, from the lessons themselves: question, lesson, tab and cell, command, picture.

A lesson that asks a question is a row by itself: nothing here names one, but where another part of
its workbook makes a better picture than the tab of its first answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from xlsgd.lessons import Options, lesson_plans
from xlsgd.sheets.maps import BookMap, TabMap, address
from xlsgd.tabs.kind import kinds, planned_tabs
from xlsgd.tabs.lesson.answers import cell_meant
from xlsgd.tabs.lesson.plan import Lesson

__all__ = ["Asked", "asked", "index_rows", "picture_rows"]

SHOWN = {
    "schedules": ("compare", "A1:I26"),
    "cross-entropy": ("losses", "A1:M31"),
    "embeddings": ("ratings", "A1:P21"),
}
"""The part of a workbook that is its picture, where it is not the tab of its first answer."""
_AREA = "A1:T40"


class Asked(NamedTuple):
    """What a lesson asks and where its answers are.

    looks: the cells that its answers speak of: tab and address.   picture: tab and area.
    """

    name: str
    question: str
    looks: tuple[tuple[str, str], ...]
    picture: tuple[str, str]


@cache
def asked() -> tuple[Asked, ...]:
    """Return the lessons that ask a question."""
    return tuple(_asked())


def _asked() -> Iterator[Asked]:
    for name, plan in lesson_plans().items():
        lesson = plan.build(Options())
        if not lesson.question:
            continue
        looks = tuple(_looks(lesson))
        first = next((tab for tab, _ in looks), planned_tabs(lesson)[1][1].sheet)
        yield Asked(name, lesson.question, looks, SHOWN.get(name, (first, _AREA)))


def _looks(lesson: Lesson) -> Iterator[tuple[str, str]]:
    book = BookMap(TabMap(""), scopes=kinds().values())
    tabs = planned_tabs(lesson)
    for kind in kinds().values():
        for tab in (tab for own, tab in tabs if own is kind):
            kind.map(tab, lesson, book)
    for answer in lesson.answered:
        found = cell_meant(answer.look, book, tabs[0][1].sheet) if answer.look else None
        if found is not None:
            yield found[1], address(found[2])


def index_rows() -> list[tuple[str, str, str, str]]:
    """Return a row for every question: the question, its lesson, the cells, and the command."""
    return [
        (
            one.question,
            f"`{one.name}`",
            ", ".join(f"`{tab}` {cell}" for tab, cell in dict.fromkeys(one.looks)),
            f"`xlsgd generate {one.name}`",
        )
        for one in asked()
    ]


def picture_rows() -> list[tuple[str, str, str]]:
    """Return a row for every question: its lesson, the question, and a picture."""
    return [
        (
            f"`{one.name}`",
            one.question,
            f"![The tab {one.picture[0]} of the lesson {one.name}]"
            f"(docs/pictures/lesson-{one.name}.png)",
        )
        for one in asked()
    ]
