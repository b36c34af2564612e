"""Cells as comma-separated values, which spreadsheet programs and pandas read."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from xlsgd.report.findings import AllFindings
from xlsgd.report.formats.format import Format

__all__ = ["FORMAT", "Csv"]


class Csv(Format):
    """CSV (RFC 4180), with line feeds."""

    name = "csv"
    title = "CSV"
    order = 5

    def findings(self, found: AllFindings) -> str:
        return self.cells(found.rows)

    def cells(self, rows: Sequence[Sequence[str]]) -> str:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        return text.getvalue()


FORMAT = Csv()
