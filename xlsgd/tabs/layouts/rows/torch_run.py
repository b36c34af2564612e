"""The torch side of training: a table row × quantity, written without looking at any formula.

There are two ways to fill it. ``run`` lets torch train alone from the start values. ``steps``
takes the start of every row from a sheet and does one step from each, all at once.

Both do everything several times over: besides the run itself (member 0) an ensemble of runs
whose start values and data are moved by about one unit in the last place, and whose layers and
losses round the other way now and then. Where the members part ways, float64 cannot predict the
number, and no two programs need to agree on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd import verdict
from xlsgd.data import Dataset
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.layouts.rows.columns import batch_gradient
from xlsgd.tabs.layouts.rows.torch_batches import batch_means, counted
from xlsgd.tabs.layouts.torch_limits import limits_of, start_losses
from xlsgd.tabs.view import View
from xlsgd.torch_side import Ensemble, SideBySide, Sides, TorchNet, load_torch
from xlsgd.torch_side.batch_loss import of_batch
from xlsgd.torch_side.followed import given_in_sheet, loss_sums
from xlsgd.torch_side.sides import sides_of
from xlsgd.torch_side.stability import at_rate, curvature_quantities, row_curvatures
from xlsgd.torch_side.stepper import derived_quantities, start_state, step_each
from xlsgd.torch_side.targets import columns_to_predict, to_predict
from xlsgd.torch_side.transformed import transformed_by_name
from xlsgd.training.quantities import clipped
from xlsgd.training.schedules import RATE
from xlsgd.training.trace import MEMBERS, Trace

if TYPE_CHECKING:
    from torch import Tensor

    Tensors = dict[str, Tensor]

__all__ = [
    "positions",
    "run",
    "runs",
    "steps",
]

Floats = NDArray[np.float64]


def positions(rows: int, data_rows: int, batch_size: int) -> dict[str, NDArray[np.int64]]:
    """Return step, epoch, row, batch_row and batch_end for a table of so many rows."""
    index = np.arange(rows)
    epoch, row = index // data_rows, index % data_rows
    steps_per_epoch = -(-data_rows // batch_size)
    batch_row = row % batch_size
    batch_end = (batch_row == batch_size - 1) | (row == data_rows - 1)
    return {
        "step": epoch * steps_per_epoch + row // batch_size + 1,
        "epoch": epoch + 1,
        "row": row + 1,
        "batch_row": batch_row + 1,
        "batch_end": batch_end.astype(np.int64),
    }


def run(
    view: View,
    data: Dataset,
    rows: int | None = None,
    members: int = MEMBERS,
    progress: Callable[[int, int], None] | None = None,
    sheet: Mapping[str, Floats] | None = None,
) -> Trace:
    """Train from the start values and return what happens, row by row.

    rows: length of the table; all epochs of the experiment where not given.
    members: 1 for the run alone.
    sheet: a sheet's numbers, shape (rows,). Nothing is taken from it but the side of a kink, where
        rounding decides on that; without it all members are on the side of the run itself.
    """
    return _trained([view], data, rows, members, progress, sheet or {})[0]


def runs(
    views: Sequence[View],
    data: Dataset,
    rows: int | None = None,
    members: int = MEMBERS,
    progress: Callable[[int, int], None] | None = None,
) -> list[Trace]:
    """Train several experiments side by side and return what happens to each; see ``run``.

    A step costs torch nearly the same for one number as for a hundred. So all experiments, with
    all their members, take their gradients in one go; only the optimizers step one by one.
    Raises ValueError for experiments that differ in more than start, optimizer and learning rate.
    """
    return _trained(views, data, rows, members, progress, {})


def _trained(
    views: Sequence[View],
    data: Dataset,
    rows: int | None,
    members: int,
    progress: Callable[[int, int], None] | None,
    sheet: Mapping[str, Floats],
) -> list[Trace]:
    load_torch()
    rows = views[0].experiment.epochs * data.rows if rows is None else rows
    together = _Together(views, data, rows, members, sheet)
    together.train(progress)
    return together.traces()


class _Together:
    """Experiments that train side by side.

    Tensors of all of them have the shape (members, experiments, rows).
    """

    def __init__(
        self,
        views: Sequence[View],
        data: Dataset,
        rows: int,
        members: int,
        sheet: Mapping[str, Floats],
    ) -> None:
        self.views, self.data, self.members = views, data, members
        experiments = [view.experiment for view in views]
        self.shared = shared = experiments[0]
        self.names = shared.network.parameters
        self.place = positions(rows, data.rows, shared.batch_size)
        self.ensemble = ensemble = Ensemble(members)
        self.net = TorchNet(shared, ensemble)
        self.seen = sides_of(self.net, sheet)
        inputs = np.array([data.inputs[name] for name in shared.network.input_names]).T
        self.x, self.y = (
            ensemble.copies(inputs),
            ensemble.targets(shared.loss, to_predict(shared, data)),
        )
        # A state may start at something that depends on the first row's gradient.
        self.runs = SideBySide(
            experiments,
            ensemble,
            lambda weights, held: self.gradients(weights, held, slice(1), slice(1))[..., 0],
            data.rows,
            # Of every step the first row: there a schedule decides.
            sheet[decides][np.flatnonzero(np.diff(self.place["step"], prepend=0))]
            if (decides := shared.schedule.decides_by) in sheet
            else None,
        )

    def each(self, values: Tensor, rows: slice | Tensor) -> Tensor:
        """Return rows of the data for every experiment, shape (members, experiments · rows, …).

        values: shape (members, rows of the data, …).
        """
        chosen = values[:, rows].unsqueeze(1)
        chosen = chosen.expand(-1, len(self.views), *chosen.shape[2:])
        return chosen.reshape(self.members, -1, *values.shape[2:])

    def sides(self, held: Tensor, rows: slice) -> Sides:
        """Return what decides at a kink.

        held: whether members are held, shape (experiments, rows).   rows: those of the table.
        """
        import torch

        seen = {
            name: torch.where(held, values[rows], torch.nan).reshape(-1)
            for name, values in self.seen.items()
        }
        return Sides(seen, held.reshape(-1))

    def gradients(self, weights: Tensor, held: Tensor, rows: slice, batch: slice) -> Tensor:
        """Return the derivatives, shape (parameters, members, experiments, rows of the batch).

        weights: shape (parameters, members, experiments).   held: as for ``sides``, by experiment.
        rows, batch: the rows of the table, and those of the data that they show.
        """
        import torch

        shape = (self.members, len(self.views), batch.stop - (batch.start or 0))
        every = weights.unsqueeze(-1).expand(-1, *shape).reshape(len(weights), self.members, -1)
        parameters = dict(zip(self.names, every, strict=True))
        sides = self.sides(held.unsqueeze(-1).expand(shape[1:]), rows)
        found = self.net.gradients(
            parameters, self.each(self.x, batch), self.each(self.y, batch), sides
        )
        stacked: Tensor = torch.stack([found[p].reshape(shape) for p in self.names])
        return stacked

    def losses(self, rows: slice, batch: slice) -> Tensor:
        """Return the losses at the weights as they are, shape (members, experiments, rows of the
        batch).   rows, batch: as for ``gradients``."""
        shape = (self.members, len(self.views), batch.stop - (batch.start or 0))
        held = self.runs.together.now.unsqueeze(-1).expand(shape[1:])
        weights = self.runs.weights.unsqueeze(-1).expand(-1, *shape).reshape(len(self.names), -1)
        x, y = (self.each(values, batch).flatten(0, 1) for values in (self.x, self.y))
        found = self.net.evaluate(x, y, self.sides(held, rows))(
            dict(zip(self.names, weights, strict=True))
        )
        return found["loss"].detach().reshape(shape)

    def train(self, progress: Callable[[int, int], None] | None) -> None:
        """Do all steps."""
        ends = np.flatnonzero(self.place["batch_end"])
        begin = 0
        for end in ends:
            first = int(self.place["row"][begin]) - 1
            batch = slice(first, first + int(end) - begin + 1)
            rows = slice(begin, int(end) + 1)
            held = self.runs.together.now
            gradients = self.gradients(self.runs.weights, held, rows, batch)
            self.runs.step(
                of_batch(self.shared, gradients, self.y[0, batch]),
                partial(self.losses, rows, batch),
            )
            begin = rows.stop
            if progress is not None:
                progress(begin, len(self.place["row"]))

    def traces(self) -> list[Trace]:
        """Return all that the tabs show, row by row."""
        import torch

        place, names, count = self.place, self.names, len(self.views)
        # Within a batch weights and memory stay as they are; its last row shows the step.
        before = torch.from_numpy(np.cumsum(place["batch_end"]) - place["batch_end"])
        after = before + torch.from_numpy(place["batch_end"])
        row = torch.from_numpy(place["row"] - 1)
        history = self.runs.weights_seen()
        weights = history[..., before]
        together = self.net.quantities(
            dict(zip(names, weights.reshape(len(names), self.members, -1), strict=True)),
            self.each(self.x, row),
            self.each(self.y, row),
            self.sides(self.runs.together.always[:, before], slice(None)),
        )
        curvatures = row_curvatures(self.shared, self.x)
        found = []
        for i, view in enumerate(self.views):
            experiment = view.experiment
            quantities = {
                name: v.reshape(self.members, count, -1)[:, i] for name, v in together.items()
            }
            for k, p in enumerate(names):
                quantities[f"new.{p}"] = history[k, :, i][:, after]
            for name, values_seen in self.runs.memory_seen(i).items():
                quantities[name] = values_seen[:, after]
            given = self.runs.given(i, place["step"])
            quantities |= derived_quantities(experiment, quantities, place["step"], given)
            losses = start_losses(experiment, self.net, self.ensemble, self.x, self.y)
            quantities["start_loss"] = losses[:, row]
            if curvatures is not None:
                quantities["lr_curvature"] = at_rate(experiment, curvatures[:, row], given[RATE])
            values = _numpy(quantities)
            if experiment.schedule.follows_losses:
                given |= loss_sums(values["loss"], place["epoch"])
            if view.batched:
                values |= batch_means(experiment, self.data, values, place)
            values |= _transformed(view, values, place["step"])
            _complete(view, self.data, values, place, given)
            found.append(Trace(values, _numpy(self.runs.starts[i])))
        return found


def steps(
    view: View,
    data: Dataset,
    sheet: Mapping[str, Floats],
    members: int = MEMBERS,
) -> Trace:
    """Take every row's start from a sheet, do one step from each, and return what comes of it.

    sheet: the sheet's numbers, shape (rows,), nan where it has none: ``param.p`` for every
    parameter, the optimizer's state, with batches ``grad_sum.p``. Where it has outputs of layers,
    they say on which side of a kink it is.
    """
    torch = load_torch()
    experiment = view.experiment
    names = experiment.network.parameters
    rows = len(sheet[f"param.{names[0]}"])
    place = positions(rows, data.rows, experiment.batch_size)
    ensemble = Ensemble(members)
    net = TorchNet(experiment, ensemble)
    seen_rows = place["row"] - 1
    inputs = np.array([data.inputs[n] for n in experiment.network.input_names]).T
    x = ensemble.copies(inputs[seen_rows])
    y = ensemble.targets(experiment.loss, to_predict(experiment, data)[seen_rows])
    parameters = {p: ensemble.copies(sheet[f"param.{p}"]) for p in names}

    quantities = net.quantities(parameters, x, y, Sides(sides_of(net, sheet)))
    place_values = {key: torch.from_numpy(value.astype(float)) for key, value in place.items()}
    gradients = {p: quantities[f"grad_used.{p}"] for p in names}
    counts = counted(experiment, data, place)
    if view.batched:
        for p in names:
            earlier = np.concatenate([[0.0], sheet[f"grad_sum.{p}"][:-1]])
            earlier = np.where(place["batch_row"] == 1, 0.0, earlier)
            quantities[f"grad_sum.{p}"] = ensemble.copies(earlier) + gradients[p]
            gradients[p] = quantities[f"grad_sum.{p}"]
            if not experiment.loss.is_summed:
                gradients[p] = gradients[p] / torch.from_numpy(counts["weight_sum"])
                quantities[f"grad_mean.{p}"] = gradients[p]

    first = {p: quantities[f"grad_used.{p}"][:, :1] for p in names}
    kept = {}
    for name in experiment.state_names:
        start = start_state(experiment, name, first).unsqueeze(1)
        kept[name] = torch.cat((start, ensemble.copies(sheet[name][:-1])), 1)
    seen, shown = transformed_by_name(experiment, gradients, parameters, place["step"])
    quantities |= shown
    losses = quantities["loss"].detach().numpy()
    given = given_in_sheet(experiment, ensemble, sheet, place, data.rows, losses)
    stepped, remembered = step_each(experiment, parameters, kept, place["step"], seen, given)
    complete = place_values["batch_end"].bool()
    for p in names:
        quantities[f"new.{p}"] = torch.where(complete, stepped[p], parameters[p])
    for name, value in remembered.items():
        quantities[name] = torch.where(complete, value, kept[name])
    quantities |= derived_quantities(experiment, quantities, place["step"], given)
    quantities["start_loss"] = start_losses(experiment, net, ensemble, x, y)
    quantities |= curvature_quantities(experiment, x, given[RATE])
    # Where a step lands is where the next row must start.
    for p in names:
        begin = ensemble.copies([experiment.start.get(p, 0.0)])
        quantities[f"param.{p}"] = torch.cat((begin, quantities[f"new.{p}"][:, :-1]), 1)
    values = _numpy(quantities)
    _complete(view, data, values, place, given)
    return Trace(values)


def _transformed(
    view: View, values: Mapping[str, Floats], steps: NDArray[np.int64]
) -> dict[str, Floats]:
    """Return what is done to the slopes of every row before the optimizer sees them."""
    import torch

    slope = batch_gradient(view)

    def tensors(kind: str) -> Tensors:
        names = view.experiment.network.parameters
        return {p: torch.from_numpy(values[f"{kind}.{p}"].copy()) for p in names}

    slopes, weights = tensors(slope), tensors("param")
    return _numpy(transformed_by_name(view.experiment, slopes, weights, steps)[1])


def _complete(
    view: View,
    data: Dataset,
    values: dict[str, Floats],
    place: Mapping[str, NDArray[np.int64]],
    given: Mapping[str, Floats],
) -> None:
    """Add position, data, bookkeeping and what the charts draw."""
    experiment, limits = view.experiment, limits_of(view, data)
    shape = values["loss"].shape
    kinds = place if view.batched else {k: place[k] for k in ("step", "epoch", "row")}
    row = place["row"] - 1
    exact = {key: value.astype(float) for key, value in kinds.items()}
    exact |= {name: np.array(data.inputs[name])[row] for name in experiment.network.input_names}
    columns = columns_to_predict(experiment, data)
    exact |= {n: np.array(y)[row] for n, y in zip(experiment.targets, columns, strict=True)}
    exact |= given
    if experiment.loss.weighs:
        exact |= counted(experiment, data, place)
    values |= {key: np.broadcast_to(value, shape) for key, value in exact.items()}
    evidence = get_layout(view.layout).evidence(view)
    values |= verdict.quantities(experiment, limits, evidence, values)
    values |= clipped.quantities(
        experiment.network, values, limits.chart_limit, view.formats_ago > 1, view.formats_ago > 0
    )


def _numpy(tensors: Tensors) -> dict[str, Floats]:
    return {name: value.detach().numpy() for name, value in tensors.items()}
