"""How the numbers of a training tab are written: as many decimals as their size asks for."""

from __future__ import annotations

from collections.abc import Callable

from xlsgd.base.columns import Column
from xlsgd.data import Dataset
from xlsgd.sheets.style import shortened
from xlsgd.tabs.view import View

__all__ = ["number_formats"]

_LARGE = 10
"""Values of y from which a tenth of a loss is of no interest."""


def number_formats(view: View, data: Dataset) -> Callable[[Column], str | None]:
    """Return what gives the number format of a column, None where its kind decides."""
    of_loss = loss_format(data)

    def of(column: Column) -> str | None:
        if column.group in ("where we are", "how it goes"):
            return None
        if column.group == "data":
            return "General"
        weight = column.group == "weights" or column.quantity.startswith("new.")
        return shortened("0.000") if weight else of_loss

    return of


def loss_format(data: Dataset) -> str:
    """Return the number format of losses and slopes."""
    large = max((abs(y) for y in data.y), default=0.0) >= _LARGE
    return shortened("#,##0.0" if large else "0.0000")
