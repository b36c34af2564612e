"""How a tab looks on which a row of the table is a row of data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters
from xlsgd.sheets.charts import ChartSpec, add_chart
from xlsgd.sheets.maps import BookMap, TabMap, address
from xlsgd.tabs.layouts.drawing import Colour, Drawing
from xlsgd.tabs.view import View
from xlsgd.training.nets.silence import Silence

__all__ = ["DRAWING", "RowsDrawing"]


class RowsDrawing(Drawing):
    """A chart each of losses, weights, and how far the two derivatives are apart."""

    losses = "Loss of every row"

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
        self, sheet: Worksheet, anchors: Sequence[str], view: View, book: BookMap
    ) -> None:
        steps = book.training[view.id].tables["steps"]
        specs = (
            ChartSpec(
                self.losses,
                "step",
                "step",
                "loss (log)",
                {"plot.loss": "loss"},
                log=True,
                x_max=len(steps.rows),
            ),
            ChartSpec(
                "Weights on their way",
                "step",
                "step",
                "weight",
                {f"plot.{p}": p for p in view.experiment.network.parameters},
                x_max=len(steps.rows),
            ),
            ChartSpec(
                "Numerical against backprop derivative",
                "step",
                "step",
                "relative difference",
                {f"grad_diff.{p}": p for p in view.experiment.network.parameters},
                x_max=len(steps.rows),
                y_range=(0.0, 1.0),
            ),
        )
        for anchor, spec in zip(anchors, specs, strict=True):
            add_chart(sheet, anchor, spec, steps)


DRAWING = RowsDrawing()
