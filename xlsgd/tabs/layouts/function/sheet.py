"""How a tab looks on which a function without data is gone down."""

from __future__ import annotations

from xlsgd.tabs.layouts.rows.sheet import RowsDrawing

__all__ = ["DRAWING"]


class FunctionDrawing(RowsDrawing):
    """The same charts as where a row of the table is a row of data."""

    losses = "The function at every step"


DRAWING = FunctionDrawing()
