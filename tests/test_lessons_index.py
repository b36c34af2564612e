"""The index of questions: every lesson that asks is a row whose cells are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from openpyxl import load_workbook

from scripts.lessons_index import asked
from scripts.pictures import docs_parts
from tests.builders import default_lesson
from xlsgd.lessons import lesson_plans

ROOT = Path(__file__).resolve().parent.parent
_ROW = re.compile(
    r"^\| (?P<question>.+?) \| `(?P<lesson>[\w-]+)` \| (?P<cells>.+?)"
    r" \| `(?P<command>xlsgd .+?)` \|$"
)
_CELL = re.compile(r"`(?P<tab>[\w-]+)` (?P<cell>[A-Z]+\d+)")


def rows() -> list[dict[str, str]]:
    text = (ROOT / "docs" / "learners.md").read_text(encoding="utf-8")
    return [m.groupdict() for m in map(_ROW.match, text.splitlines()) if m is not None]


def test_every_lesson_is_in_the_index() -> None:
    assert {row["lesson"] for row in rows()} == set(lesson_plans())
    for row in rows():
        assert row["command"] == f"xlsgd generate {row['lesson']}"


def test_every_question_stands_there_as_the_workbook_asks_it() -> None:
    there = {(row["lesson"], row["question"]) for row in rows()}
    assert {(one.name, one.question) for one in asked()} <= there


@pytest.mark.parametrize("lesson", lesson_plans())
def test_the_cells_named_hold_something(lesson: str) -> None:
    """In the file as it is written: numbers, or the words of a verdict or of an input."""
    book = load_workbook(default_lesson(lesson), data_only=True, read_only=False)
    for row in rows():
        if row["lesson"] == lesson:
            cells = list(_CELL.finditer(row["cells"]))
            assert cells
            for match in cells:
                value = book[match["tab"]][match["cell"]].value
                assert isinstance(value, int | float) or (value and isinstance(value, str))


def test_the_readme_shows_a_picture_of_every_lesson_that_asks() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for one in asked():
        assert f"(docs/pictures/lesson-{one.name}.png)" in text
        assert f"lesson-{one.name}" in docs_parts()
