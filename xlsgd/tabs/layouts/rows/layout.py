"""The layout ``rows``: for few weights, with all of a step in a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd import verdict
from xlsgd.base.columns import Column, Input
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import TableMap
from xlsgd.tabs.layouts.layout import ROWS, Layout, shared
from xlsgd.tabs.layouts.rows.columns import steps_columns
from xlsgd.tabs.layouts.rows.curvature import curvature_column
from xlsgd.tabs.layouts.rows.line import POINTS, has_line, line_columns
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.gradients import gradient_input
from xlsgd.training.nets.linear import MANY
from xlsgd.verdict.missing import in_steps
from xlsgd.verdict.threshold import chart_limit_input, exploded_above_input

if TYPE_CHECKING:
    from xlsgd.tabs.layouts.drawing import Drawing

__all__ = ["LAYOUT", "RowsLayout"]


class RowsLayout(Layout):
    """Right for few weights: every row has the weights, both derivatives, and the update."""

    name = "rows"
    order = 1
    summary = "a row of the table for every row of data: weights, derivatives, update"
    marker = "training tab, format 4"
    earlier = ("training tab, format 3", "training tab, format 2")
    headers = frozenset(("step", "epoch", "row", "loss"))

    def inputs(self, view: View) -> list[Input]:
        experiment, network = view.experiment, view.experiment.network
        batch = f"rows per update; the gradient is the {experiment.loss.reduction} over them"
        return [
            self.rate_input(view),
            gradient_input(experiment.gradient),
            Input(
                "h", experiment.h, "how far a numerical derivative moves a weight", positive=True
            ),
            *(self.start_input(experiment, p) for p in network.parameters),
            Input("batch_size", experiment.batch_size, batch, minimum=1)
            if view.batched
            else Input("batch_size", 1, "an update after every row", fixed=True),
            ROWS,
            exploded_above_input(experiment, self.evidence(view), view.typed),
            chart_limit_input(experiment, view.typed),
            *self.hyperparameter_inputs(experiment),
        ]

    def gradient(self, p: str) -> str:
        return f"grad_used.{p}"

    def evidence(self, view: View) -> verdict.Evidence:
        experiment = view.experiment
        silences = experiment.network.silences
        share = shared(experiment.added_up)
        return verdict.Evidence(
            units={unit: s.signal(f"{{{unit}}}") for unit, s in silences.items()},
            silences=silences,
            numerical=tuple(f"grad_num.{p}" for p in experiment.trained),
            backprop=tuple(f"grad.{p}" for p in experiment.trained),
            gradients={p: f"grad_used.{p}" for p in experiment.trained},
            completed="COUNTIF({steps.row},{rows})",
            mean_loss="IF(COUNTIF({steps.epoch},{epoch})=0,NA(),"
            f"{_mean(experiment, '{epoch}', 'loss')}{share})",
            start_loss=f"{_mean(experiment, '1', 'start_loss')}{share}",
            worst_start="MAX({steps.start_loss})",
            adds_up=(str(experiment.added_up),) if share else (),
            curvature=curvature_column(view) is not None,
            reading=experiment.loss.reading,
            moves=not experiment.schedule.steady,
            wording=experiment.network.wording,
            groups=experiment.told_of,
            weights=experiment.network.parameters if experiment.frozen else (),
            missing=self.missing(view),
            start_column=experiment.loss.of_row(
                experiment.network.predicted(_start(experiment)),
                [f"{{{name}}}" for name in experiment.targets],
            ),
        )

    def missing_data(self, experiment: Experiment) -> list[str]:
        return in_steps(experiment.network.input_names, experiment.targets)

    def lengths(self, experiment: Experiment, rows: int) -> dict[str, int]:
        return {
            "steps": experiment.epochs * rows,
            "line": POINTS,
            "epochs": experiment.epochs,
        }

    def tables(self, view: View) -> dict[str, list[Column]]:
        evidence = self.evidence(view)
        return {
            "steps": steps_columns(view, evidence),
            **(
                {"line": line_columns(view.experiment.network, view.batched)}
                if has_line(view)
                else {}
            ),
            "epochs": self.epoch_columns(view),
        }

    @property
    def drawing(self) -> Drawing:
        from xlsgd.tabs.layouts.rows.sheet import DRAWING

        return DRAWING

    def find(self, tab: FoundTab, experiment: Experiment, steps: TableMap, data_rows: int) -> View:
        batched = "batch_end" in steps.columns
        whole = "a whole number" if batched else "1; this tab updates after every row"
        size = tab.whole("batch_size", whole, None if batched else 1)
        return View(
            replace(experiment, batch_size=size),
            tab.sheet,
            layout=self.name,
            batch_columns=batched,
            typed=tab.numbers_among("exploded_above", "chart_limit"),
        )

    def find_tables(
        self, tab: FoundTab, view: View, steps: TableMap, data_rows: int
    ) -> tuple[int, dict[str, TableMap]]:
        beside = {}
        if has_line(view):
            names = {column.quantity for column in line_columns(view.experiment.network)}
            line = tab.table(names, "the line through the points")
            # A row that is missing is found by the numbers of those below it.
            line.rows = line.rows[:POINTS]
            beside["line"] = line
        return max(1, -(-len(steps.rows) // data_rows)), beside

    def worst_start(
        self,
        losses: NDArray[np.float64],
        experiment: Experiment,
        weights: NDArray[np.float64],
    ) -> float:
        return float(losses.max())


def _mean(experiment: Experiment, epoch: str, quantity: str) -> str:
    """Return the expression of the mean over the rows of an epoch."""
    rows = f"({{steps.epoch}},{epoch},{{steps.{quantity}}})"
    if experiment.loss.weighs:
        return f"SUMIF{rows}/SUMIF({{steps.epoch}},{epoch},{{steps.row_weight}})"
    return f"AVERAGEIF{rows}"


def _start(experiment: Experiment) -> Callable[[str], str]:
    """Return what gives the template of a start value."""
    # They stand below each other and inputs side by side: no range of one fits one of the other.
    many = experiment.network.inputs > MANY
    return "({{init.{}}})".format if many else "{{init.{}}}".format


LAYOUT = RowsLayout()
