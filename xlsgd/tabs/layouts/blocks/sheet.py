"""How a tab looks that has a block of rows for every epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from xlsgd.base.cells import column_letters
from xlsgd.sheets.charts import BarSpec, ChartPlace, ChartSpec, add_bars, add_chart, curves_over
from xlsgd.sheets.maps import BookMap, TabMap, address, quoted
from xlsgd.sheets.style import SERIES
from xlsgd.tabs.layouts.blocks.columns import BLOCK, block_name
from xlsgd.tabs.layouts.drawing import Colour, Drawing
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.nets.silence import Silence

__all__ = ["DRAWING"]


class BlocksDrawing(Drawing):
    """Charts of the loss, of the weights, of the predictions, of the derivatives of one weight."""

    def heading(self, table: str) -> str:
        return f"epoch {table.removeprefix(BLOCK)}: " if table.startswith(BLOCK) else ""

    def has_notes(self, table: str) -> bool:
        # The same words over every block would be thousands of notes: the first one has them.
        return not table.startswith(BLOCK) or table == block_name(1)

    def draw_numbers(self, sheet: Worksheet, tab: TabMap) -> None:
        """Number the rows at the left of the blocks, and let every epoch lead to its block."""
        first = tab.tables[block_name(1)]
        left = min(first.columns.values()) - 1
        sheet.cell(first.header_row, left, "row").style = "quantity"
        for i, row in enumerate(first.rows, 1):
            sheet.cell(row, left, i).style = "count"
        epochs = tab.tables["epochs"]
        for number, row in enumerate(epochs.rows, 1):
            cell = sheet.cell(row, epochs.columns["epoch"])
            block = tab.tables[block_name(number)]
            there = address((block.header_row - 1, min(block.columns.values())))
            cell.hyperlink = Hyperlink(cell.coordinate, location=f"{quoted(tab.sheet)}!{there}")
            cell.style = "link"
            cell.number_format = "0"

    def silent_units(self, units: Mapping[str, Silence], tab: TabMap) -> Iterator[Colour]:
        blocks = [table for name, table in tab.tables.items() if name.startswith(BLOCK)]
        # A rule for every block: LibreOffice takes one rule for all of them to look at whatever
        # stands between the first and the last, and a second to follow a change.
        for unit, silence in units.items():
            for block in blocks:
                letter = column_letters(block.columns[unit])
                corner = f"{letter}{block.rows[0]}"
                where = f"{corner}:{letter}{block.rows[-1]}"
                yield Colour(where, silence.condition(corner), "dead", "dead_pale")

    def draw_charts(
        self,
        sheet: Worksheet,
        places: Sequence[ChartPlace],
        view: View,
        book: BookMap,
        lent: Sequence[BarSpec],
    ) -> None:
        steps = book.training[view.id].tables["steps"]
        derivatives = ChartSpec(
            "Numerical against backprop derivative",
            "step",
            "relative difference (log)",
            curves_over(sheet.title, steps, "step", {"grad_diff": "of the chosen weight"}),
            log=True,
            x_min=1,
            x_max=len(steps.rows),
            # Where both are 0, as in a dead unit, a program finds no range of its own.
            y_range=(1e-12, 1.0),
        )
        add_chart(sheet, places[0], self._losses(view, book))
        bars = [*_weight_bars(sheet, view.experiment, book), *lent]
        for place, spec in zip(places[1:], bars, strict=False):
            add_bars(sheet, place, spec)
        lines = [] if bars else _weight_lines(sheet, view.experiment, book)
        for place, line in zip(places[1 + len(bars) :], [*lines, derivatives], strict=False):
            add_chart(sheet, place, line)

    def draw_picture(self, sheet: Worksheet, place: ChartPlace, view: View, book: BookMap) -> None:
        add_chart(sheet, place, self._losses(view, book))

    def _losses(self, view: View, book: BookMap) -> ChartSpec:
        tab = book.training[view.id]
        steps = tab.tables["steps"]
        # A squared error falls by powers of ten, a cross-entropy within one.
        wide = view.experiment.loss.reading is not None and not view.classifies
        said = "loss" if view.experiment.loss.is_summed else "mean loss"
        lines = {"plot.loss": said}
        if view.classifies:
            lines["accuracy"] = "accuracy"
        return ChartSpec(
            "Loss and accuracy of every step" if view.classifies else "Loss of every step",
            "step",
            f"{said}, share right" if view.classifies else f"{said} (log)" if wide else said,
            curves_over(tab.sheet, steps, "step", lines),
            x_min=1,
            x_max=len(steps.rows),
            y_range=(0.0, 1.0) if view.classifies else None,
            log=wide,
        )


DRAWING = BlocksDrawing()


def _weight_lines(sheet: Worksheet, experiment: Experiment, book: BookMap) -> list[ChartSpec]:
    """Return the chart of weights that are of no layer, if there is a colour for each."""
    names = experiment.trained
    if len(names) > len(SERIES):
        return []
    steps = book.training[experiment.id].tables["steps"]
    curves = curves_over(sheet.title, steps, "step", {f"new.{p}": p for p in names})
    last = len(steps.rows)
    return [ChartSpec("Weights on their way", "step", "weight", curves, x_min=1, x_max=last)]


def _weight_bars(sheet: Worksheet, experiment: Experiment, book: BookMap) -> Iterator[BarSpec]:
    """Yield the weights of the first layer after the last step: a group of bars an input.

    None where the first layer has no weights for inputs, or more units than there are colours.
    """
    network = experiment.network
    place = network.places[0]
    if "weight" not in place.parameters or place.inputs != network.input_names:
        return
    if len(place.parameters["weight"]) > len(SERIES):
        return
    steps, data = book.training[experiment.id].tables["steps"], book.data.tables["data"]
    last = steps.rows[-1]
    units = place.parameters["weight"]

    def cells(names: Sequence[str]) -> str:
        first, final = (steps.columns[f"new.{name}"] for name in (names[0], names[-1]))
        where = f"${column_letters(first)}${last}:${column_letters(final)}${last}"
        return f"{quoted(sheet.title)}!{where}"

    inputs = [column_letters(data.columns[name]) for name in (place.inputs[0], place.inputs[-1])]
    headers = f"${inputs[0]}${data.header_row}:${inputs[1]}${data.header_row}"
    yield BarSpec(
        "Weights after the last step",
        "",
        "weight",
        f"{quoted(book.data.sheet)}!{headers}",
        {f"unit {i}": cells(names) for i, names in enumerate(units, 1)},
    )
