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
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xlsgd import verdict
from xlsgd.data import Dataset
from xlsgd.tabs.layouts import get_layout
from xlsgd.torch_side import Noise, SideBySide, TorchNet, load_torch, start_state, step_each
from xlsgd.torch_side.rates import rates_of_steps
from xlsgd.torch_side.stability import at_rate, curvature_quantities, row_curvatures
from xlsgd.training.experiment import Experiment
from xlsgd.training.quantities import clipped
from xlsgd.training.schedules import RATE
from xlsgd.training.trace import MEMBERS, Trace
from xlsgd.verdict.threshold import chart_limit, explosion_threshold

if TYPE_CHECKING:
    from torch import Tensor

    Tensors = dict[str, Tensor]

__all__ = [
    "derived_quantities",
    "positions",
    "run",
    "runs",
    "steps",
    "with_limits",
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


def with_limits(experiment: Experiment, data: Dataset) -> Experiment:
    """Return the experiment with the limits that its tab works out from data and start weights
    where it has none: the loss that counts as exploded, and how far out charts draw weights.

    Raises SpecError for a y whose square no cell can hold.
    """
    if experiment.exploded_above is not None and experiment.chart_limit is not None:
        return experiment
    noise = Noise(1)
    load_torch()
    inputs = np.array([data.inputs[name] for name in experiment.network.input_names]).T
    x, y = noise.copies(inputs), noise.targets(experiment.loss, data.y)
    losses = _start_losses(experiment, TorchNet(experiment, noise), noise, x, y)[0].numpy()
    with np.errstate(all="ignore"):
        if experiment.layout == "rows":
            worst = losses.max()
        else:
            worst = losses[: experiment.batch_size].mean()  # a step's loss is its batch's mean
    start = [experiment.start.get(p, 0.0) for p in experiment.network.parameters]
    found: dict[str, Any] = {}
    if experiment.exploded_above is None:
        found["exploded_above"] = explosion_threshold(experiment.loss, data.y, float(worst))
    if experiment.chart_limit is None:
        found["chart_limit"] = chart_limit(data.y, start)
    return replace(experiment, **found)


def _start_losses(
    experiment: Experiment, net: TorchNet, noise: Noise, x: Tensor, y: Tensor
) -> Tensor:
    """Return every row's loss at the start weights, shape (members, rows).

    x: shape (members, rows, inputs).   y: shape (members, rows).
    """
    weights = {
        p: noise.copies([experiment.start.get(p, 0.0)]).expand(y.shape).reshape(-1)
        for p in experiment.network.parameters
    }
    evaluate = net.evaluate(x.reshape(-1, x.shape[-1]), y.reshape(-1))
    return evaluate(weights)["loss"].detach().reshape(y.shape)


def run(
    experiment: Experiment,
    data: Dataset,
    rows: int | None = None,
    members: int = MEMBERS,
    progress: Callable[[int, int], None] | None = None,
) -> Trace:
    """Train from the start values and return what happens, row by row.

    rows: length of the table; all epochs of the experiment where not given.
    members: 1 for the run alone.
    """
    return runs([experiment], data, rows, members, progress)[0]


def runs(
    experiments: Sequence[Experiment],
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
    load_torch()
    experiments = [with_limits(experiment, data) for experiment in experiments]
    rows = experiments[0].epochs * data.rows if rows is None else rows
    together = _Together(experiments, data, rows, members)
    together.train(progress)
    return together.traces()


class _Together:
    """Experiments that train side by side.

    Tensors of all of them have the shape (members, experiments, rows).
    """

    def __init__(
        self, experiments: Sequence[Experiment], data: Dataset, rows: int, members: int
    ) -> None:
        self.experiments, self.data, self.members = experiments, data, members
        self.shared = shared = experiments[0]
        self.names = shared.network.parameters
        self.place = positions(rows, data.rows, shared.batch_size)
        self.noise = noise = Noise(members)
        self.net = TorchNet(shared, noise)
        inputs = np.array([data.inputs[name] for name in shared.network.input_names]).T
        self.x, self.y = noise.copies(inputs), noise.targets(shared.loss, data.y)
        # A state may start at something that depends on the first row's gradient.
        self.runs = SideBySide(
            experiments, noise, lambda weights: self.gradients(weights, slice(1))[..., 0]
        )

    def each(self, values: Tensor, rows: slice | Tensor) -> Tensor:
        """Return rows of the data for every experiment, shape (members, experiments · rows, …).

        values: shape (members, rows of the data, …).
        """
        chosen = values[:, rows].unsqueeze(1)
        chosen = chosen.expand(-1, len(self.experiments), *chosen.shape[2:])
        return chosen.reshape(self.members, -1, *values.shape[2:])

    def gradients(self, weights: Tensor, batch: slice) -> Tensor:
        """Return the derivatives, shape (parameters, members, experiments, rows of the batch).

        weights: shape (parameters, members, experiments).
        """
        import torch

        shape = (self.members, len(self.experiments), batch.stop - (batch.start or 0))
        every = weights.unsqueeze(-1).expand(-1, *shape).reshape(len(weights), self.members, -1)
        parameters = dict(zip(self.names, every, strict=True))
        found = self.net.gradients(parameters, self.each(self.x, batch), self.each(self.y, batch))
        stacked: Tensor = torch.stack([found[p].reshape(shape) for p in self.names])
        return stacked

    def train(self, progress: Callable[[int, int], None] | None) -> None:
        """Do all steps."""
        ends = np.flatnonzero(self.place["batch_end"])
        begin = 0
        for end in ends:
            first = int(self.place["row"][begin]) - 1
            batch = slice(first, first + int(end) - begin + 1)
            self.runs.step(self.gradients(self.runs.weights, batch).mean(-1))
            begin = int(end) + 1
            if progress is not None:
                progress(begin, len(self.place["row"]))

    def traces(self) -> list[Trace]:
        """Return all that the tabs show, row by row."""
        import torch

        place, names, count = self.place, self.names, len(self.experiments)
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
        )
        curvatures = row_curvatures(self.shared, self.x)
        found = []
        for i, experiment in enumerate(self.experiments):
            quantities = {
                name: v.reshape(self.members, count, -1)[:, i] for name, v in together.items()
            }
            for k, p in enumerate(names):
                quantities[f"new.{p}"] = history[k, :, i][:, after]
            for name, values_seen in self.runs.memory_seen(i).items():
                quantities[name] = values_seen[:, after]
            quantities |= derived_quantities(experiment, quantities, place["step"])
            losses = _start_losses(experiment, self.net, self.noise, self.x, self.y)
            quantities["start_loss"] = losses[:, row]
            if curvatures is not None:
                every = rates_of_steps(experiment, place["step"])
                quantities["lr_curvature"] = at_rate(experiment, curvatures[:, row], every)
            values = _numpy(quantities)
            if experiment.batched:
                values |= _batch_means(experiment, values, place)
            _complete(experiment, self.data, values, place)
            found.append(Trace(values, _numpy(self.runs.starts[i])))
        return found


def steps(
    experiment: Experiment,
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
    experiment = with_limits(experiment, data)
    names = experiment.network.parameters
    rows = len(sheet[f"param.{names[0]}"])
    place = positions(rows, data.rows, experiment.batch_size)
    noise = Noise(members)
    net = TorchNet(experiment, noise)
    seen_rows = place["row"] - 1
    inputs = np.array([data.inputs[n] for n in experiment.network.input_names]).T
    x = noise.copies(inputs[seen_rows])
    y = noise.targets(experiment.loss, np.array(data.y)[seen_rows])
    parameters = {p: noise.copies(sheet[f"param.{p}"]) for p in names}

    seen = {name: torch.from_numpy(sheet[name].copy()) for name in net.outputs if name in sheet}
    quantities = net.quantities(parameters, x, y, seen)
    place_values = {key: torch.from_numpy(value.astype(float)) for key, value in place.items()}
    gradients = {p: quantities[f"grad_used.{p}"] for p in names}
    if experiment.batched:
        for p in names:
            earlier = np.concatenate([[0.0], sheet[f"grad_sum.{p}"][:-1]])
            earlier = np.where(place["batch_row"] == 1, 0.0, earlier)
            quantities[f"grad_sum.{p}"] = noise.copies(earlier) + gradients[p]
            gradients[p] = quantities[f"grad_sum.{p}"] / place_values["batch_row"]
            quantities[f"grad_mean.{p}"] = gradients[p]

    first = {p: quantities[f"grad_used.{p}"][:, :1] for p in names}
    kept = {}
    for name in experiment.state_names:
        start = start_state(experiment, name, first).unsqueeze(1)
        kept[name] = torch.cat((start, noise.copies(sheet[name][:-1])), 1)
    stepped, remembered = step_each(experiment, parameters, kept, place["step"], gradients)
    complete = place_values["batch_end"].bool()
    for p in names:
        quantities[f"new.{p}"] = torch.where(complete, stepped[p], parameters[p])
    for name, value in remembered.items():
        quantities[name] = torch.where(complete, value, kept[name])
    quantities |= derived_quantities(experiment, quantities, place["step"])
    quantities["start_loss"] = _start_losses(experiment, net, noise, x, y)
    quantities |= curvature_quantities(experiment, x, rates_of_steps(experiment, place["step"]))
    # Where a step lands is where the next row must start.
    for p in names:
        begin = noise.copies([experiment.start.get(p, 0.0)])
        quantities[f"param.{p}"] = torch.cat((begin, quantities[f"new.{p}"][:, :-1]), 1)
    values = _numpy(quantities)
    _complete(experiment, data, values, place)
    return Trace(values)


def derived_quantities(
    experiment: Experiment, quantities: Tensors, step: NDArray[np.int64]
) -> Tensors:
    """Return what an optimizer's columns show beyond its state and its step.

    quantities: the new state, shapes (members, steps).   step: their numbers, from 1.
    """
    import torch

    hyper = {g.key: experiment.hyperparameter(g.key) for g in experiment.optimizer.hyperparameters}
    numbers = torch.from_numpy(step.astype(float))
    derived = {}
    for p in experiment.network.parameters:
        state = {name: quantities[f"{name}.{p}"] for name in experiment.optimizer.state}
        for name, value in experiment.optimizer.derived(state, numbers, hyper).items():
            derived[f"{name}.{p}"] = value
    return derived


def _batch_means(
    experiment: Experiment, values: Mapping[str, Floats], place: Mapping[str, NDArray[np.int64]]
) -> dict[str, Floats]:
    """Return the sums and means of gradients since each batch began."""
    found = {}
    for p in experiment.network.parameters:
        gradient = values[f"grad_used.{p}"]
        total = np.empty_like(gradient)
        with np.errstate(all="ignore"):
            for i, batch_row in enumerate(place["batch_row"]):
                earlier = 0.0 if batch_row == 1 else total[:, i - 1]
                total[:, i] = earlier + gradient[:, i]
            found[f"grad_sum.{p}"] = total
            found[f"grad_mean.{p}"] = total / place["batch_row"]
    return found


def _complete(
    experiment: Experiment,
    data: Dataset,
    values: dict[str, Floats],
    place: Mapping[str, NDArray[np.int64]],
) -> None:
    """Add position, data, bookkeeping and what the charts draw."""
    shape = values["loss"].shape
    kinds = place if experiment.batched else {k: place[k] for k in ("step", "epoch", "row")}
    row = place["row"] - 1
    exact = {key: value.astype(float) for key, value in kinds.items()}
    exact |= {name: np.array(data.inputs[name])[row] for name in experiment.network.input_names}
    exact["y"] = np.array(data.y)[row]
    exact[RATE] = rates_of_steps(experiment, place["step"])
    values |= {key: np.broadcast_to(value, shape) for key, value in exact.items()}
    watched = get_layout(experiment.layout).watched(experiment)
    values |= verdict.quantities(experiment, watched, values)
    assert experiment.chart_limit is not None, "with_limits has worked it out"
    values |= clipped.quantities(experiment.network, values, experiment.chart_limit)


def _numpy(tensors: Tensors) -> dict[str, Floats]:
    return {name: value.detach().numpy() for name, value in tensors.items()}
