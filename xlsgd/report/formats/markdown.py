"""Cells as a table of Markdown, for issues and pull requests."""

from __future__ import annotations

from collections.abc import Sequence

from xlsgd.report.findings import AllFindings
from xlsgd.report.formats.format import Format

__all__ = ["FORMAT", "Markdown"]


class Markdown(Format):
    """Markdown's tables, as GitHub has them."""

    name = "markdown"
    title = "Markdown"
    order = 6

    def findings(self, found: AllFindings) -> str:
        return self.cells(found.rows)

    def cells(self, rows: Sequence[Sequence[str]]) -> str:
        header, *body = rows
        return "".join(map(_line, [header, ["---"] * len(header), *body]))


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


FORMAT = Markdown()
