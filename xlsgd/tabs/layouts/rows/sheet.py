"""How a tab looks on which a row of the table is a row of data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters
from xlsgd.sheets.charts import BarSpec, ChartPlace, ChartSpec, Curve, add_chart, curves_over
from xlsgd.sheets.maps import BookMap, TabMap, address
from xlsgd.tabs.dataset.sheet import TRUTH
from xlsgd.tabs.layouts.drawing import Colour, Drawing
from xlsgd.tabs.view import View
from xlsgd.training.nets.silence import Silence

__all__ = ["DRAWING", "RowsDrawing"]


class RowsDrawing(Drawing):
    """Losses, the points and the line through them, weights, and how far derivatives are apart."""

    folds: ClassVar[Mapping[str, str]] = {"line": "the line"}
    losses = "Loss: rows, and mean of an epoch"

    def silent_units(self, units: Mapping[str, Silence], tab: TabMap) -> Iterator[Colour]:
        steps = tab.tables["steps"]
        first, last = steps.rows[0], steps.rows[-1]

        def here(quantity: str) -> str:
            return f"${column_letters(steps.columns[quantity])}{first}"

        per_epoch = address(tab.fields["steps_per_epoch"], absolute=True)
        for unit, silence in units.items():
            letter = column_letters(steps.columns[unit])
            where = f"{letter}{first}:{letter}{last}"
            since = f"{here('step')}-{here(f'awake.{unit}')}"
            yield Colour(where, f"{since}>={per_epoch}", "FFFFFF", "dead")
            yield Colour(where, silence.condition(here(unit)), "dead", "dead_pale")

    def draw_charts(
        self,
        sheet: Worksheet,
        places: Sequence[ChartPlace],
        view: View,
        book: BookMap,
        lent: Sequence[BarSpec],
    ) -> None:
        charts = [
            self._losses(view, book),
            *self._line(view, book),
            self._weights(view, book),
            self._derivatives(view, book),
        ]
        for place, spec in zip(places, charts, strict=False):
            add_chart(sheet, place, spec)

    def draw_picture(self, sheet: Worksheet, place: ChartPlace, view: View, book: BookMap) -> None:
        add_chart(sheet, place, next(self._line(view, book), self._weights(view, book)))

    def _losses(self, view: View, book: BookMap) -> ChartSpec:
        tab = book.training[view.id]
        steps, epochs = tab.tables["steps"], tab.tables["epochs"]
        rows = curves_over(tab.sheet, steps, "step", {"plot.loss": "row"})
        return ChartSpec(
            self.losses,
            "step",
            "loss (log)",
            [
                *(replace(curve, look="faint") for curve in rows),
                *curves_over(tab.sheet, epochs, "ends_at", {"plot.mean_loss": "mean of the epoch"}),
            ],
            log=True,
            x_max=_last_step(view, book),
        )

    def _line(self, view: View, book: BookMap) -> Iterator[ChartSpec]:
        tab = book.training[view.id]
        if "line" not in tab.tables:
            return
        (x,) = view.experiment.network.input_names
        points = curves_over(book.data.sheet, book.data.tables["data"], x, {"y": "data"})
        lines = {"line_start": "start", "plot.line": "now"}
        start, now = curves_over(tab.sheet, tab.tables["line"], "line_x", lines)
        yield ChartSpec(
            "The points and the line",
            x,
            "y",
            [
                replace(start, look="faint"),
                *_true_line(book),
                *(replace(p, look="points") for p in points),
                now,
            ],
            x_min=None,
        )

    def _weights(self, view: View, book: BookMap) -> ChartSpec:
        curves = self._by_step(view, book, "plot")
        return ChartSpec(
            "Weights on their way", "step", "weight", curves, x_max=_last_step(view, book)
        )

    def _derivatives(self, view: View, book: BookMap) -> ChartSpec:
        return ChartSpec(
            "Numerical against backprop derivative",
            "step",
            "relative difference (log)",
            self._by_step(view, book, "grad_diff"),
            log=True,
            x_max=_last_step(view, book),
        )

    def _by_step(self, view: View, book: BookMap, kind: str) -> list[Curve]:
        """Return a curve for every weight.  kind: of quantity, such as ``plot``."""
        tab = book.training[view.id]
        lines = {f"{kind}.{p}": p for p in view.experiment.network.parameters}
        return curves_over(tab.sheet, tab.tables["steps"], "step", lines)


def _true_line(book: BookMap) -> list[Curve]:
    """Return the line that the points were made up around, where the workbook knows one."""
    if TRUTH not in book.data.tables:
        return []
    table = book.data.tables[TRUTH]
    x, y = table.columns
    return [replace(c, look="dashed") for c in curves_over(book.data.sheet, table, x, {y: "true"})]


def _last_step(view: View, book: BookMap) -> int:
    """Return the number of the last step; with batches a step has several rows of the table."""
    epochs, rows = view.experiment.epochs, len(book.training[view.id].tables["steps"].rows)
    return epochs * view.experiment.steps_per_epoch(rows // epochs)


DRAWING = RowsDrawing()
