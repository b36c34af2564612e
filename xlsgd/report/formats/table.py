"""Cells as a table of aligned text."""

from __future__ import annotations

from collections.abc import Sequence

from xlsgd.report.findings import AllFindings
from xlsgd.report.formats.format import Format

__all__ = ["FORMAT", "Table"]


class Table(Format):
    """Columns as wide as their widest cell."""

    name = "table"
    title = "aligned text"
    order = 4

    def findings(self, found: AllFindings) -> str:
        return self.cells(found.rows)

    def cells(self, rows: Sequence[Sequence[str]]) -> str:
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = (
            "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        )
        return "\n".join(lines) + "\n"


FORMAT = Table()
