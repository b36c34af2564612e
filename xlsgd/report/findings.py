"""What was found in workbooks that others wrote, as every format can show it: plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["HEADER", "AllFindings", "BookFindings", "TabFindings"]

HEADER = ("file", "sheet", "cell", "kind", "claim", "holds", "right", "cells", "words", "formula")
"""Of a table with a row for every finding."""


@dataclass(frozen=True)
class TabFindings:
    """What there is to say of a tab.

    wrong: the first thing that is, in a line, "" if nothing is.   more: lines of detail.
    skipped: why nothing of it was judged, "" if something was.
    """

    name: str
    wrong: str = ""
    more: Sequence[str] = ()
    skipped: str = ""


@dataclass(frozen=True)
class BookFindings:
    """What there is to say of a workbook.

    data: all of it, as JSON has it.   rows: of a table, with HEADER.   tabs: one by one.
    """

    file: str
    ok: bool
    data: dict[str, Any]
    rows: Sequence[Sequence[str]]
    tabs: Sequence[TabFindings]


@dataclass
class AllFindings:
    """What was found in some files.

    failures: file and message of those that could not be checked.
    passed_over: file and reason of those that were not meant to be checked.
    """

    schema: str
    books: list[BookFindings] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    passed_over: list[tuple[str, str]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong in any of them, and all could be checked."""
        return all(book.ok for book in self.books) and not self.failures

    @property
    def rows(self) -> list[Sequence[str]]:
        """A table of all findings, its header first."""
        return [HEADER, *(row for book in self.books for row in book.rows)]
