"""Differing cells as a table, in any of the formats that can show one."""

from __future__ import annotations

from collections.abc import Iterable

from xlsgd.report.formats import formats
from xlsgd.report.report import Difference, value_text

__all__ = ["difference_table"]

_HEADERS = (
    "sheet", "cell", "quantity", "step", "check", "sheet_value", "other_value", "difference",
    "allowed", "reason", "formula",
)  # fmt: skip


def difference_table(differences: Iterable[Difference], format: str = "table") -> str:
    """Return differences as a table with a header line.  format: the name of a report format."""
    return formats("cells")[format].cells([_HEADERS, *map(_row, differences)])


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
