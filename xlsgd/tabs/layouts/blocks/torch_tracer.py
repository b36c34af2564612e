"""What torch has for the tables of a tab with a block of rows for every epoch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xlsgd.tabs.layouts.blocks.columns import block_name
from xlsgd.tabs.layouts.blocks.torch_run import run, runs, steps
from xlsgd.tabs.layouts.torch_tracing import TorchHalf, Tracer
from xlsgd.tabs.view import View
from xlsgd.training.trace import MEMBERS, Traces

__all__ = ["TORCH_HALF", "BlocksTracer"]

Floats = NDArray[np.float64]


class BlocksTracer(Tracer):
    def run(
        self,
        rows: int,
        sheet: Mapping[str, Floats] | None = None,
        others: Mapping[str, Mapping[str, Floats]] | None = None,
        members: int = MEMBERS,
    ) -> Traces:
        return run(self.view, self.data, members, blocks=others, sheet=sheet)

    def step(
        self, sheet: Mapping[str, Floats], others: Mapping[str, Mapping[str, Floats]] | None = None
    ) -> Traces:
        return steps(self.view, self.data, sheet, blocks=others)

    def runs(self, views: Sequence[View], rows: int, members: int = MEMBERS) -> list[Traces]:
        return runs(views, self.data, members)

    def by_row(self, traces: Traces) -> dict[str, Floats]:
        epochs = np.arange(1.0, self.experiment.epochs + 1)
        found = {"epoch": np.repeat(epochs, self.data.rows)}
        found["loss"] = self.came_by(traces, "loss") / self.experiment.added_up
        if self.experiment.loss.weighs:
            found["row_weight"] = self.came_by(traces, "row_weight")
        if self.view.classifies:
            found["accuracy"] = self.came_by(traces, "correct")
        return found

    def came_by(self, traces: Traces, unit: str) -> Floats:
        epochs = range(1, self.experiment.epochs + 1)
        return np.concatenate([traces[block_name(n)].values[unit] for n in epochs], axis=1)

    def start_loss(self, traces: Traces) -> Floats:
        steps, experiment = traces["steps"].values, self.experiment
        first: Floats = steps["loss"][:, 0]
        if experiment.loss.is_summed:
            first = first / steps["batch_rows"][:, 0] / experiment.added_up
        return first

    def completed(self, traces: Traces) -> int:
        return self.experiment.epochs

    def rows_within(self, table: str, rows: int, steps: int) -> int:
        if table == "steps":
            return steps
        ended = (self._epoch(table) - 1) * self._per_epoch
        return max(0, min(rows, (steps - ended) * self.experiment.batch_size))

    def step_row(self, table: str, row: int) -> int:
        if table == "steps":
            return row
        batch = row // self.experiment.batch_size
        return (self._epoch(table) - 1) * self._per_epoch + batch

    def order(self, table: str, row: int, quantity: str, column: int) -> tuple[int, ...]:
        # First the weights of a step, then the rows of its batch, then what follows from them.
        if table != "steps":
            return self.step_row(table, row), 1, row, column
        kind = quantity.partition(".")[0]
        ways = self.experiment.rules[0].shifts
        before = kind in (
            "step",
            "epoch",
            "batch_rows",
            "batch_weight",
            "param",
        ) or quantity.startswith(tuple(f"{way}." for way in ways))
        return row, 0 if before else 2, 0, column

    def _epoch(self, table: str) -> int:
        return int(table.removeprefix("block."))

    @property
    def _per_epoch(self) -> int:
        return -(-self.data.rows // self.experiment.batch_size)


TORCH_HALF = TorchHalf("blocks", BlocksTracer)
