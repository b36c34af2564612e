"""Differing cells as a table: aligned text, CSV or Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence

from xlsgd.report.report import Difference, value_text

__all__ = ["FORMATS", "difference_table"]

_HEADERS = (
    "sheet", "cell", "quantity", "step", "check", "sheet_value", "other_value", "difference",
    "allowed", "reason", "formula",
)  # fmt: skip


def difference_table(differences: Iterable[Difference], format: str = "table") -> str:
    """Return differences as a table in one of FORMATS, with a header line."""
    return FORMATS[format]([_HEADERS, *map(_row, differences)])


def _row(d: Difference) -> tuple[str, ...]:
    def number(value: float | None) -> str:
        return "" if value is None else f"{value:.3g}"

    cells = (
        d.sheet,
        d.cell,
        d.quantity,
        "" if d.step is None else str(d.step),
        d.check,
        value_text(d.sheet_value),
        "" if d.torch_value is None else value_text(d.torch_value),
        number(d.off),
        number(d.allowed),
        d.reason,
        d.formula or "",
    )
    # One line a cell, whatever a learner has typed into it.
    return tuple(cell.replace("\r", "\\r").replace("\n", "\\n") for cell in cells)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = (
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines) + "\n"


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    header, *body = rows
    return "\n".join([line(header), line(["---"] * len(header)), *map(line, body)]) + "\n"


FORMATS: dict[str, Callable[[Sequence[Sequence[str]]], str]] = {
    "table": _aligned,
    "csv": _csv,
    "markdown": _markdown,
}
