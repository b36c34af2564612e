"""What a report format says of itself, and what it may be asked to show."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlsgd.report.findings import AllFindings
from xlsgd.report.outcome import Outcome

if TYPE_CHECKING:
    from xlsgd.report.formats.jsonl import ResultsFile

__all__ = ["Format"]


class Format:
    """A way to write down what was found.

    A subclass has those of the methods below for what it can show; a command offers the formats
    that can show what it finds.

    name: of its option, ``--NAME``.   title: for help pages.   order: its place among the others.
    several_engines: whether it can show what several engines make of a workbook.
    """

    name = ""
    title = ""
    order = 1000
    several_engines = True

    def shows(self, what: str) -> bool:
        """Return whether it has a method of its own for something."""
        return getattr(type(self), what) is not getattr(Format, what)

    def outcome(self, found: Outcome) -> str:
        """Return a report on workbooks: ``verify --NAME FILE``."""
        raise NotImplementedError

    def findings(self, found: AllFindings) -> str:
        """Return what is wrong in workbooks of others: ``check --NAME FILE``."""
        raise NotImplementedError

    def lines(self, path: Path, resume: bool, force: bool) -> ResultsFile:
        """Open a file that gets a line a workbook, as they are done: ``verify --NAME FILE``."""
        raise NotImplementedError

    def document(self, data: dict[str, Any]) -> str:
        """Return findings, which are plain data: ``explain --NAME FILE``."""
        raise NotImplementedError

    def cells(self, rows: Sequence[Sequence[str]]) -> str:
        """Return a table of cells, the first row its header: ``diff --format NAME``."""
        raise NotImplementedError
