"""The layout ``blocks``: for many weights and large batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from xlsgd import verdict
from xlsgd.base.columns import Column, Input
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import Scope, TableMap
from xlsgd.tabs.layouts.blocks.columns import block_columns, block_name, steps_columns
from xlsgd.tabs.layouts.layout import ROWS, Layout, shared
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.gradients import GRADIENT_INPUT
from xlsgd.training.quantities.accuracy import accuracy
from xlsgd.verdict.threshold import exploded_above_input

if TYPE_CHECKING:
    from xlsgd.tabs.layouts.drawing import Drawing

__all__ = ["LAYOUT", "BlocksLayout"]


class BlocksLayout(Layout):
    """The update follows backprop; the numerical derivative is shown for one weight."""

    name = "blocks"
    order = 2
    summary = "a row of the table for every step, and a block of rows for every epoch"
    marker = "blocks tab, format 4"
    earlier = ("blocks tab, format 3", "blocks tab, format 2")
    headers = frozenset(("step", "epoch", "batch_rows", "loss"))
    # Formulas that look at a block, or at a step from a block, say something else in every row.
    filled_down = False
    can_shrink = False
    folded: ClassVar[Mapping[str, str]] = {
        "one weight moved": "numerical check",
        "numerical derivative": "numerical check",
        "numerical against backprop": "numerical check",
        "how it goes": "diagnosis",
        "for the charts": "for the charts",
    }
    leading = ("where we are", "forward")

    def inputs(self, view: View) -> list[Input]:
        experiment = view.experiment
        names = experiment.network.parameters
        batch = experiment.batch_size
        counts = "their sum counts" if experiment.loss.is_summed else "their mean counts"
        return [
            self.rate_input(view),
            Input(
                "derivative_of",
                view.watched_parameter,
                "the weight whose derivative is also found numerically",
                choices=experiment.trained,
                label="check slope of",
            ),
            Input("h", experiment.h, "how far a numerical derivative moves it", positive=True),
            *(self.start_input(experiment, p) for p in names),
            Input(GRADIENT_INPUT, experiment.gradient, "what drives the update", fixed=True),
            Input("batch_size", batch, f"rows per update: {counts}", fixed=True),
            ROWS,
            exploded_above_input(experiment, self.evidence(view), view.typed),
            *self.hyperparameter_inputs(experiment),
        ]

    def changed_first(self, view: View) -> list[str]:
        hyper = [given.key for given in view.experiment.hyperparameters]
        return ["learning_rate", "derivative_of", "h", *hyper]

    def gradient(self, p: str) -> str:
        return f"grad.{p}"

    def evidence(self, view: View) -> verdict.Evidence:
        experiment = view.experiment
        silences, share = experiment.network.silences, shared(experiment.added_up)
        summed = experiment.loss.is_summed
        return verdict.Evidence(
            units={u: s.signal_of_rows(f"{{batch.{u}}}") for u, s in silences.items()},
            silences=silences,
            numerical=("grad_num",),
            backprop=("grad_of",),
            gradients={p: f"grad.{p}" for p in experiment.trained},
            completed="INT({last_step}/{steps_per_epoch})",
            mean_loss="SUM({block.loss})/SUM({block.row_weight})"
            if experiment.loss.weighs
            else f"AVERAGE({{block.loss}}){share}",
            start_loss=f"{{first.loss}}{shared('first.batch_rows')}{share}"
            if summed
            else "{first.loss}",
            worst_start="{first.loss}",
            adds_up=("{batch_size}", str(experiment.added_up)) if summed else (),
            wording=experiment.network.wording,
            groups=experiment.told_of,
            weights=experiment.network.parameters if experiment.frozen else (),
            missing=self.missing(view),
            cut=experiment.loss.cut,
            reading=experiment.loss.reading,
            moves=not experiment.schedule.steady,
            accuracy=accuracy("{block.pred}", "{block.y}", "{rows}", experiment.loss.cut)
            if view.classifies
            else None,
        )

    def lengths(self, experiment: Experiment, rows: int) -> dict[str, int]:
        steps = experiment.epochs * -(-rows // experiment.batch_size)
        blocks = {block_name(n): rows for n in range(1, experiment.epochs + 1)}
        return {"steps": steps, **blocks, "epochs": experiment.epochs}

    def tables(self, view: View) -> dict[str, list[Column]]:
        evidence = self.evidence(view)
        block = block_columns(view.experiment)
        return {
            "steps": steps_columns(view, evidence),
            **{block_name(n): block for n in range(1, view.experiment.epochs + 1)},
            "epochs": self.epoch_columns(view),
        }

    def scope(self, experiment: Experiment) -> Scope:
        from xlsgd.tabs.layouts.blocks.finding import BlockScope

        return BlockScope(experiment.batch_size)

    @property
    def drawing(self) -> Drawing:
        from xlsgd.tabs.layouts.blocks.sheet import DRAWING

        return DRAWING

    def find(self, tab: FoundTab, experiment: Experiment, steps: TableMap, data_rows: int) -> View:
        whole = f"a whole number from 1 to the {data_rows} rows of data"
        size = tab.whole("batch_size", whole, data_rows)
        return View(
            replace(experiment, batch_size=size),
            tab.sheet,
            layout=self.name,
            derivative_of=tab.text("derivative_of"),
            classifies="accuracy" in steps.columns,
            typed=tab.numbers_among("exploded_above"),
        )

    def find_tables(
        self, tab: FoundTab, view: View, steps: TableMap, data_rows: int
    ) -> tuple[int, dict[str, TableMap]]:
        from xlsgd.tabs.layouts.blocks.finding import find_blocks, need_steps

        quantities = [column.quantity for column in block_columns(view.experiment)]
        blocks = find_blocks(tab, steps, quantities, data_rows)
        shown = replace(view.experiment, epochs=len(blocks))
        need_steps(tab, steps, self.lengths(shown, data_rows)["steps"])
        return len(blocks), blocks

    def watched_weight(self, view: View) -> str:
        return view.watched_parameter

    def worst_start(
        self,
        losses: NDArray[np.float64],
        experiment: Experiment,
        weights: NDArray[np.float64],
    ) -> float:
        # A step's loss is its batch's.
        batch = slice(experiment.batch_size)
        count = 1.0 if experiment.loss.is_summed else weights[batch].sum()
        return float(losses[batch].sum() / count)

    def rows_added_up(self, experiment: Experiment) -> int:
        return experiment.batch_size if experiment.loss.is_summed else 1


LAYOUT = BlocksLayout()
