"""What torch has for the tables of a tab on which a row of the table is a row of data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xlsgd.tabs.layouts.rows.line import has_line
from xlsgd.tabs.layouts.rows.torch_line import line_trace
from xlsgd.tabs.layouts.rows.torch_run import run, runs, steps
from xlsgd.tabs.layouts.torch_limits import limits_of
from xlsgd.tabs.layouts.torch_tracing import TorchHalf, Tracer
from xlsgd.tabs.view import View
from xlsgd.training.trace import MEMBERS, Trace, Traces

__all__ = ["TORCH_HALF", "RowsTracer"]

Floats = NDArray[np.float64]

_AFTER = 1 << 40
"""More rows than any sheet has: what looks at the last one comes after all of them."""


class RowsTracer(Tracer):
    def run(
        self,
        rows: int,
        sheet: Mapping[str, Floats] | None = None,
        others: Mapping[str, Mapping[str, Floats]] | None = None,
        members: int = MEMBERS,
    ) -> Traces:
        return self._beside(self.view, run(self.view, self.data, rows, members, sheet=sheet))

    def step(
        self, sheet: Mapping[str, Floats], others: Mapping[str, Mapping[str, Floats]] | None = None
    ) -> Traces:
        found = steps(self.view, self.data, sheet)
        return self._beside(self.view, found, {p: sheet[f"new.{p}"][-1:] for p in self._names})

    def runs(self, views: Sequence[View], rows: int, members: int = MEMBERS) -> list[Traces]:
        found = runs(views, self.data, rows, members)
        return [self._beside(view, one) for view, one in zip(views, found, strict=True)]

    def _beside(self, view: View, found: Trace, last: Mapping[str, Floats] | None = None) -> Traces:
        """Return a trace with what stands beside the steps.

        last: the weights after the last step, shape (1,); the trace's own where not given.
        """
        if not has_line(view):
            return {"steps": found}
        members = len(found.values["step"])
        if last is None:
            last = {p: found.values[f"new.{p}"][:, -1] for p in self._names}
        every = {p: np.broadcast_to(values, (members,)).copy() for p, values in last.items()}
        limit = limits_of(view, self.data).chart_limit
        return {"steps": found, "line": line_trace(view.experiment, self.data, every, limit)}

    @property
    def _names(self) -> Sequence[str]:
        return self.experiment.network.parameters

    def by_row(self, traces: Traces) -> dict[str, Floats]:
        found, share = traces["steps"].values, self.experiment.added_up
        return found if share == 1 else {**found, "loss": found["loss"] / share}

    def came_by(self, traces: Traces, unit: str) -> Floats:
        return traces["steps"].values[unit]

    def start_loss(self, traces: Traces) -> Floats:
        first = traces["steps"]["epoch"] == 1
        losses = traces["steps"].values["start_loss"][:, first]
        counts: Floats | float = float(first.sum())
        if self.experiment.loss.weighs:
            counts = traces["steps"].values["row_weight"][:, first].sum(-1)
        with np.errstate(all="ignore"):
            mean: Floats = losses.sum(-1) / counts / self.experiment.added_up
        return mean

    def completed(self, traces: Traces) -> int:
        return int((traces["steps"]["row"] == self.data.rows).sum())

    def rows_within(self, table: str, rows: int, steps: int) -> int:
        # The line looks at the weights after the last step.
        return steps if table == "steps" else 0

    def step_row(self, table: str, row: int) -> int:
        return row if table == "steps" else -1

    def order(self, table: str, row: int, quantity: str, column: int) -> tuple[int, ...]:
        return (row, column) if table == "steps" else (_AFTER + row, column)


TORCH_HALF = TorchHalf("rows", RowsTracer)
