"""The data tabs of the lessons: numbers where numbers are typed, formulas where they follow."""

from __future__ import annotations

from tests.test_workbook_file import every_lesson, formulas, found
from xlsgd.data.passengers import INPUTS

WITHOUT_DATA = ("one-weight", "wrong-minimum", "step-rules")
"""Lessons that may have no data: a function of their weights is all there is."""

WORDS = {"titanic": {"Sex", "Embarked"}, "embeddings": {"who", "what"}}
DERIVED = {
    "titanic": set(INPUTS),
    "embeddings": {"user", "film"},
    "three-or-seven": {f"p{row}{column}" for row in range(1, 8) for column in range(1, 7)},
    "convolution": {f"p{row}{column}" for row in range(1, 6) for column in range(1, 6)},
    "quadratic": {"y"},
    "speed": {"y"},
}
"""Columns of words, and columns that formulas make of others."""


@every_lesson
def test_data_are_plain_numbers(lesson: str) -> None:
    if "data" not in found(lesson).maps.data.tables:
        assert lesson in WITHOUT_DATA
        return
    maps = found(lesson).maps.data
    table = maps.tables["data"]
    sheet = formulas(lesson)[maps.sheet]
    for quantity, column in table.columns.items():
        kinds = {sheet.cell(row, column).data_type for row in table.rows}
        words = quantity in WORDS.get(lesson, ())
        made = quantity in DERIVED.get(lesson, ())
        assert kinds == {"s" if words else "f" if made else "n"}, quantity
