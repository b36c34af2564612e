"""The layout ``function``: as ``rows``, without data to go through: every step is an epoch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from xlsgd import verdict
from xlsgd.base.columns import Column, Input
from xlsgd.tabs.layouts.rows.layout import RowsLayout
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment

if TYPE_CHECKING:
    from xlsgd.tabs.layouts.drawing import Drawing

__all__ = ["LAYOUT", "FunctionLayout"]

_OF_DATA = ("row", "y")


class FunctionLayout(RowsLayout):
    """Right for a function of a few weights: a step evaluates it once."""

    name = "function"
    order = 3
    summary = "a row of the table for every step down a function without data"
    marker = "function tab, format 3"
    earlier = ("function tab, format 2", "function tab, format 1")
    headers = frozenset(("step", "epoch", "pred", "loss"))
    needs_data = False
    rows = Input("rows", "=1", "once a step the function is evaluated", fixed=True)

    @property
    def drawing(self) -> Drawing:
        from xlsgd.tabs.layouts.function.sheet import DRAWING

        return DRAWING

    def inputs(self, view: View) -> list[Input]:
        own = {
            "batch_size": Input("batch_size", 1, "every step is an update", fixed=True),
            "rows": self.rows,
        }
        return [own.get(given.key, given) for given in super().inputs(view)]

    def evidence(self, view: View) -> verdict.Evidence:
        return replace(super().evidence(view), completed="{last_step}")

    def missing_data(self, experiment: Experiment) -> list[str]:
        return []

    def tables(self, view: View) -> dict[str, list[Column]]:
        tables = super().tables(view)
        of_data = {*_OF_DATA, *view.experiment.network.input_names}
        kept = [column for column in tables["steps"] if column.quantity not in of_data]
        return {**tables, "steps": [_without_data(column) for column in kept]}


def _without_data(column: Column) -> Column:
    if column.quantity == "step":
        return replace(column, torch="for step in range(1, steps + 1):")
    if column.quantity == "epoch":
        return replace(
            column,
            formula="={prev.epoch}+1",
            paper="epoch before + 1",
            note="as many as steps: there is no data to go through",
            torch="step",
        )
    return column


LAYOUT = FunctionLayout()
