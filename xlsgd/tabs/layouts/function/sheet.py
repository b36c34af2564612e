"""How a tab looks on which a function without data is gone down."""

from __future__ import annotations

from xlsgd.sheets.charts import ChartSpec, curves_over
from xlsgd.sheets.maps import BookMap
from xlsgd.tabs.layouts.rows.sheet import RowsDrawing
from xlsgd.tabs.view import View
from xlsgd.training.functions.function import Function

__all__ = ["DRAWING"]


class FunctionDrawing(RowsDrawing):
    """The same charts as where a row of the table is a row of data."""

    losses = "The function at every step"

    def _losses(self, view: View, book: BookMap) -> ChartSpec:
        layer = view.experiment.network.layers[0]
        if not (isinstance(layer, Function) and layer.may_be_negative):
            return super()._losses(view, book)
        # A log axis has no place for what is below 0.
        tab = book.training[view.id]
        steps = tab.tables["steps"]
        curves = curves_over(tab.sheet, steps, "step", {"loss": "f"})
        return ChartSpec(self.losses, "step", "f", curves, x_min=1, x_max=len(steps.rows))


DRAWING = FunctionDrawing()
