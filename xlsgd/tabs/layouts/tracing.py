"""The torch side of a training tab, whatever its layout: what torch has for each of its tables.

It answers the two questions that verify asks of torch: ``step``, what comes of the numbers in the
sheet, row by row, and ``run``, what comes of the start values alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from xlsgd.data import Dataset
from xlsgd.tabs.layouts.blocks import torch_run as block_trace
from xlsgd.tabs.layouts.blocks.columns import block_name
from xlsgd.tabs.layouts.rows import torch_run as trace
from xlsgd.torch_side import can_run_together
from xlsgd.training.experiment import Experiment
from xlsgd.training.trace import Traces

__all__ = ["Tracer", "run_all", "tracer"]

Floats = NDArray[np.float64]


class Tracer(ABC):
    """One layout's way to trace an experiment on some data."""

    def __init__(self, experiment: Experiment, data: Dataset) -> None:
        self.experiment, self.data = experiment, data

    @abstractmethod
    def step(
        self, sheet: Mapping[str, Floats], others: Mapping[str, Mapping[str, Floats]] | None = None
    ) -> Traces:
        """Return what follows from a sheet's own numbers, by table.

        sheet: its table of steps, quantity to numbers of shape (rows,), nan where it has none.
        others: its other tables.
        """

    def run(self, rows: int) -> Traces:
        """Return what follows from the start values, by table.

        rows: of the table of steps.
        """
        return self.runs([self.experiment], rows)[0]

    @abstractmethod
    def runs(self, experiments: Sequence[Experiment], rows: int) -> list[Traces]:
        """Return the same for several experiments that can run together, on the same data."""

    @abstractmethod
    def by_row(self, traces: Traces) -> dict[str, Floats]:
        """Return what verdict.epoch_quantities asks for, for every row of data as it comes by."""

    @abstractmethod
    def start_loss(self, traces: Traces) -> Floats:
        """Return the mean loss at the start weights, shape (members,)."""

    @abstractmethod
    def completed(self, traces: Traces) -> int:
        """Return how many epochs are complete."""

    @abstractmethod
    def rows_within(self, table: str, rows: int, steps: int) -> int:
        """Return how many of a table's rows belong to the first rows of the table of steps.

        rows: of the table.   steps: rows of the table of steps.
        """

    @abstractmethod
    def step_row(self, table: str, row: int) -> int:
        """Return the row of the table of steps that a table's row belongs to; all from 0."""

    @abstractmethod
    def order(self, table: str, row: int, quantity: str, column: int) -> tuple[int, ...]:
        """Return when a cell is calculated, to be compared with other cells'.

        row, column: index in the table.
        """


class _RowsTracer(Tracer):
    def step(
        self, sheet: Mapping[str, Floats], others: Mapping[str, Mapping[str, Floats]] | None = None
    ) -> Traces:
        return {"steps": trace.steps(self.experiment, self.data, sheet)}

    def runs(self, experiments: Sequence[Experiment], rows: int) -> list[Traces]:
        return [{"steps": one} for one in trace.runs(experiments, self.data, rows=rows)]

    def by_row(self, traces: Traces) -> dict[str, Floats]:
        return traces["steps"].values

    def start_loss(self, traces: Traces) -> Floats:
        losses = traces["steps"].values["start_loss"][:, traces["steps"]["epoch"] == 1]
        with np.errstate(all="ignore"):
            mean: Floats = losses.mean(-1)
        return mean

    def completed(self, traces: Traces) -> int:
        return int((traces["steps"]["row"] == self.data.rows).sum())

    def rows_within(self, table: str, rows: int, steps: int) -> int:
        return steps

    def step_row(self, table: str, row: int) -> int:
        return row

    def order(self, table: str, row: int, quantity: str, column: int) -> tuple[int, ...]:
        return row, column


class _BlocksTracer(Tracer):
    def step(
        self, sheet: Mapping[str, Floats], others: Mapping[str, Mapping[str, Floats]] | None = None
    ) -> Traces:
        return block_trace.steps(self.experiment, self.data, sheet, blocks=others)

    def runs(self, experiments: Sequence[Experiment], rows: int) -> list[Traces]:
        return block_trace.runs(experiments, self.data)

    def by_row(self, traces: Traces) -> dict[str, Floats]:
        epochs = range(1, self.experiment.epochs + 1)

        def joined(quantity: str) -> Floats:
            parts = [traces[block_name(epoch)].values[quantity] for epoch in epochs]
            return np.concatenate(parts, axis=1)

        found = {"epoch": np.repeat(np.arange(1.0, len(epochs) + 1), self.data.rows)}
        found["loss"] = joined("loss")
        if self.experiment.classifies:
            found["accuracy"] = joined("correct")
        return found

    def start_loss(self, traces: Traces) -> Floats:
        first: Floats = traces["steps"].values["loss"][:, 0]
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
        before = kind in ("step", "epoch", "batch_rows", "param") or quantity.startswith(
            tuple(f"{way}." for way in ways)
        )
        return row, 0 if before else 2, 0, column

    def _epoch(self, table: str) -> int:
        return int(table.removeprefix("block."))

    @property
    def _per_epoch(self) -> int:
        return -(-self.data.rows // self.experiment.batch_size)


def tracer(experiment: Experiment, data: Dataset) -> Tracer:
    """Return what traces an experiment on some data, by the experiment's layout."""
    kinds = {"rows": _RowsTracer, "blocks": _BlocksTracer}
    return kinds[experiment.layout](experiment, data)


def run_all(tracers: Mapping[str, Tracer], rows: Mapping[str, int]) -> dict[str, Traces]:
    """Return what ``run`` gives for each, those that can be trained side by side so trained.

    rows: of the tables of steps.
    """
    groups: list[list[str]] = []
    for name, one in tracers.items():
        for group in groups:
            other = tracers[group[0]]
            if (
                one.data is other.data
                and rows[name] == rows[group[0]]
                and can_run_together(one.experiment, other.experiment)
            ):
                group.append(name)
                break
        else:
            groups.append([name])
    found: dict[str, Traces] = {}
    for group in groups:
        first = tracers[group[0]]
        together = first.runs([tracers[name].experiment for name in group], rows[group[0]])
        found |= dict(zip(group, together, strict=True))
    return found
