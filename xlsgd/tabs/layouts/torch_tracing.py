"""The torch half of a layout: what torch has for each of the tables of its training tabs.

It answers the two questions that verify asks of torch: ``step``, what comes of the numbers in the
sheet, row by row, and ``run``, what comes of the start values alone. It is the file
``torch_tracer.py`` of a layout's folder; a layout without one that builds upon another is traced as
that one. So nothing that makes formulas needs to know of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.errors import SpecError
from xlsgd.base.registry import find
from xlsgd.data import Dataset
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.view import View
from xlsgd.torch_side import can_run_together
from xlsgd.training.trace import MEMBERS, Traces

__all__ = ["TorchHalf", "Tracer", "run_all", "tracer"]

Floats = NDArray[np.float64]


class Tracer(ABC):
    """One layout's way to trace an experiment on some data."""

    def __init__(self, view: View, data: Dataset) -> None:
        self.view, self.experiment, self.data = view, view.experiment, data

    @abstractmethod
    def step(
        self, sheet: Mapping[str, Floats], others: Mapping[str, Mapping[str, Floats]] | None = None
    ) -> Traces:
        """Return what follows from a sheet's own numbers, by table.

        sheet: its table of steps, quantity to numbers of shape (rows,), nan where it has none.
        others: its other tables.
        """

    @abstractmethod
    def run(
        self,
        rows: int,
        sheet: Mapping[str, Floats] | None = None,
        others: Mapping[str, Mapping[str, Floats]] | None = None,
        members: int = MEMBERS,
    ) -> Traces:
        """Return what follows from the start values, by table.

        rows: of the table of steps.
        sheet, others: as for ``step``. Nothing is taken from them but the side of a kink, where
            rounding decides on that; without them it is the side of the run itself.
        members: 1 for the run alone.
        """

    @abstractmethod
    def runs(self, views: Sequence[View], rows: int, members: int = MEMBERS) -> list[Traces]:
        """Return the same for several views of experiments that can run together, on the same
        data."""

    @abstractmethod
    def by_row(self, traces: Traces) -> dict[str, Floats]:
        """Return what verdict.epoch_quantities asks for, for every row of data as it comes by."""

    @abstractmethod
    def came_by(self, traces: Traces, unit: str) -> Floats:
        """Return the outputs of a unit for every row of data as it comes by, shape (…, rows)."""

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
        """Return the row of the table of steps that a table's row belongs to, -1 for the
        last one; all from 0."""

    @abstractmethod
    def order(self, table: str, row: int, quantity: str, column: int) -> tuple[int, ...]:
        """Return when a cell is calculated, to be compared with other cells'.

        row, column: index in the table.
        """


class TorchHalf(NamedTuple):
    """What traces the experiments of a layout.   name: of the layout."""

    name: str
    tracer: type[Tracer]


@cache
def _halves() -> dict[str, TorchHalf]:
    found = find("xlsgd.tabs.layouts", "TORCH_HALF", file="torch_tracer", group="torch_halves")
    return cast(dict[str, TorchHalf], found)


def tracer(view: View, data: Dataset) -> Tracer:
    """Return what traces an experiment on some data, as its tab shows it.

    Raises SpecError for a layout that has no torch half, nor builds upon one that has.
    """
    layout, known = get_layout(view.layout), _halves()
    for built_upon in type(layout).__mro__:
        name = built_upon.__dict__.get("name")
        if name in known:
            return known[name].tracer(view, data)
    raise SpecError(
        f"the layout '{layout.name}' has no torch half: no torch_tracer.py with a TORCH_HALF of "
        f"that name; there are: {', '.join(known)}"
    )


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
                and one.view.layout == other.view.layout
                and can_run_together(one.experiment, other.experiment)
            ):
                group.append(name)
                break
        else:
            groups.append([name])
    found: dict[str, Traces] = {}
    for group in groups:
        first = tracers[group[0]]
        together = first.runs([tracers[name].view for name in group], rows[group[0]])
        found |= dict(zip(group, together, strict=True))
    return found
