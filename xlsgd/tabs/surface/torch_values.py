"""What torch has for the surface tab: mean losses for many pairs of weights, and the runs' ways."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xlsgd.data import Dataset
from xlsgd.tabs.surface.columns import BEYOND, FAR, LEVELS, PLACES, line_weights
from xlsgd.training.experiment import Experiment
from xlsgd.training.trace import MEMBERS

__all__ = ["Surface"]

Floats = NDArray[np.float64]
Members = dict[str, Floats]
"""By name, a number for every member of the ensemble."""

_AT_ONCE = 1_000_000
"""Numbers that are calculated in one go: about as many as a processor has at hand."""


class Surface:
    """The surface of an experiment on some data.

    seen: the sheet's own numbers by the names of fields; what looks at them follows from them.
    start: the start weights.
    """

    def __init__(
        self,
        experiment: Experiment,
        data: Dataset,
        start: Mapping[str, float],
        seen: Mapping[str, float],
    ) -> None:
        import torch

        from xlsgd.torch_side import Ensemble

        self._experiment, self._seen = experiment, seen
        self._ensemble = Ensemble(MEMBERS)
        (self._input,) = experiment.network.input_names
        self._x = self._ensemble.copies(data.inputs[self._input])
        self._y = self._ensemble.targets(experiment.loss, data.y)
        self._start = {p: self._ensemble.copies([start[p]])[:, 0].numpy() for p in start}
        self._torch = torch

    def fields(self) -> Members:
        """Return the fields without the colours' borders, which follow from the map."""
        a, b = line_weights(self._experiment)
        mean_x, spread = f"mean_{self._input}", f"spread_{self._input}"
        found: Members = {"rows": np.full(MEMBERS, float(self._x.shape[1]))}

        def known(name: str) -> Floats:
            return self._shown(name, found)

        found[mean_x] = self._mean(self._x)
        found["mean_y"] = self._mean(self._y)
        x = self._x.numpy() - known(mean_x)[:, None]
        y = self._y.numpy() - known("mean_y")[:, None]
        found[spread] = (x * x).sum(-1)
        with np.errstate(all="ignore"):
            slope = (x * y).sum(-1) / known(spread)
            # Where the squares are beyond what a cell holds, there is no spread, and no slope.
            slope = np.where(np.isfinite(known(spread)), slope, np.nan)
            found[f"lowest.{a}"] = np.where(known(spread) == 0, self._start[a], slope)
            found[f"lowest.{b}"] = known("mean_y") - known(f"lowest.{a}") * known(mean_x)
        lowest = [known(f"lowest.{p}")[:, None] for p in (a, b)]
        # The sheet finds it as a difference, of which little may be left where a line fits well.
        curvature = self._experiment.loss.curvature or 0.0
        sizes = curvature / 2 * ((y * y).mean(-1) + lowest[0][:, 0] ** 2 * (x * x).mean(-1))
        moves = self._ensemble.moves_of_means(np.array(float(self._x.shape[1])))
        found["lowest_loss"] = np.maximum(self.losses(*lowest)[:, 0] + moves * sizes, 0.0)
        for p in (a, b):
            ends = np.stack([self._start[p], known(f"lowest.{p}")])
            apart = np.abs(ends[0] - ends[1])
            # Ends that are equal stay so in all members.
            more = np.where(ends[0][0] == ends[1][0], 1.0, apart * BEYOND)
            found[f"from.{p}"] = ends.min(0) - more
            found[f"to.{p}"] = ends.max(0) + more
        for p in (a, b):
            found[f"plot.lowest.{p}"] = self.in_cells(p, known(f"lowest.{p}"), found)
        return found

    def levels(self, losses: Floats) -> Members:
        """Return the borders between colours.  losses: of the map, shape (members, …)."""
        top = losses.reshape(len(losses), -1).max(-1)
        exponents = np.arange(LEVELS, 0, -1) / 2
        return {f"level.{i}": top / 10.0**exponent for i, exponent in enumerate(exponents, start=1)}

    def across(self, found: Members) -> Floats:
        """Return the slopes of the map's columns, shape (members, places)."""
        return self._along(line_weights(self._experiment)[0], found)

    def down(self, found: Members) -> Floats:
        """Return the intercepts of the map's rows from the top, shape (members, places)."""
        return self._along(line_weights(self._experiment)[1], found)[:, ::-1]

    def _along(self, p: str, found: Members) -> Floats:
        begin, end = (self._shown(f"{limit}.{p}", found)[:, None] for limit in ("from", "to"))
        line: Floats = begin + (end - begin) * (np.arange(PLACES) / (PLACES - 1))
        return line

    def losses(self, slopes: Floats, intercepts: Floats) -> Floats:
        """Return the mean loss of all rows for pairs of weights, shape (members, pairs)."""
        torch = self._torch
        members, rows = self._x.shape
        (place,) = self._experiment.network.places
        module, loss = place.layer.module(), self._experiment.loss.module()
        each = max(1, _AT_ONCE // (members * rows))
        found = []
        with torch.no_grad():
            for begin in range(0, slopes.shape[1], each):
                slope, intercept = (
                    torch.from_numpy(np.ascontiguousarray(w[:, begin : begin + each]))[:, :, None]
                    for w in (slopes, intercepts)
                )
                own = {"weight": slope[None, None], "bias": intercept[None]}
                pred = place.layer.of_many(module, own, self._x[None, :, None])[0]
                # By a power of two smaller, where the square of one row may pass what a number can
                # hold, and the mean of all rows does not. The loss is a parabola.
                small = 2.0**-64
                y = (self._y * small)[:, None].expand(pred.shape)
                found.append((loss(pred * small, y).mean(-1) / small**2).numpy())
        return np.concatenate(found, axis=1)

    def in_cells(self, p: str, value: Floats, found: Members) -> Floats:
        """Return where values of a weight are on the map, counted in cells from 1.

        value: shape (members,) or (members, …).
        """
        begin, end = (self._shown(f"{limit}.{p}", found) for limit in ("from", "to"))
        shape = (-1,) + (1,) * (value.ndim - 1)
        with np.errstate(all="ignore"):
            cells: Floats = 1 + (PLACES - 1) * (
                (value - begin.reshape(shape)) / (end - begin).reshape(shape)
            )
        return cells

    def drawn(self, ways: Mapping[str, Floats], found: Members) -> Members:
        """Return what the chart draws of a run's ways, shape (members, rows) each."""
        cells = {p: self.in_cells(p, way, found) for p, way in ways.items()}
        with np.errstate(all="ignore"):
            near = np.all([np.abs(c) < FAR for c in cells.values()], axis=0)
        return {p: np.where(near, c, np.nan) for p, c in cells.items()}

    def moved(self, numbers: Floats) -> Floats:
        """Return the sheet's numbers once for every member, moved by rounding."""
        copies: Floats = self._ensemble.copies(numbers).numpy()
        return copies

    def _shown(self, name: str, found: Members) -> Floats:
        """Return the sheet's number where it is to be followed, else torch's."""
        if name in self._seen:
            shown: Floats = self._ensemble.copies([self._seen[name]])[:, 0].numpy()
            return shown
        return found[name]

    def _mean(self, values: object) -> Floats:
        torch = self._torch
        rows = torch.as_tensor(values)
        batch = torch.zeros(rows.shape[-1], dtype=torch.int64)
        mean: Floats = self._ensemble.mean(rows, batch, 1)[:, 0].numpy()
        return mean
