"""The torch side of the layout with blocks: tables of steps and of rows, without any formula.

As in xlsgd.tabs.layouts.rows.torch_run there are two ways to fill them: ``run`` lets torch train
alone, batch by batch, ``steps`` takes the weights of every step from a sheet. And as there,
everything is done several times over, by an ensemble that rounds differently.
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
from xlsgd.tabs.layouts.blocks.columns import block_name, moves_by_columns, row_gradients
from xlsgd.tabs.layouts.torch_limits import limits_of
from xlsgd.tabs.view import View
from xlsgd.torch_side import Ensemble, SideBySide, Sides, TorchNet, load_torch
from xlsgd.torch_side.batch_loss import of_batch, weights_of
from xlsgd.torch_side.followed import given_in_sheet, loss_sums
from xlsgd.torch_side.sides import sides_of
from xlsgd.torch_side.stepper import derived_quantities, start_state, step_each
from xlsgd.torch_side.targets import to_predict
from xlsgd.torch_side.transformed import transformed_by_name
from xlsgd.training.quantities import clipped
from xlsgd.training.quantities.accuracy import right
from xlsgd.training.trace import MEMBERS, Trace, Traces

if TYPE_CHECKING:
    from torch import Tensor

    Tensors = dict[str, Tensor]

__all__ = ["run", "runs", "steps"]

Floats = NDArray[np.float64]


def run(
    view: View,
    data: Dataset,
    members: int = MEMBERS,
    progress: Callable[[int, int], None] | None = None,
    blocks: Mapping[str, Mapping[str, Floats]] | None = None,
    sheet: Mapping[str, Floats] | None = None,
) -> Traces:
    """Train from the start values, ``loss.backward()`` batch by batch, and return what happens.

    members: 1 for the run alone.
    blocks: a sheet's numbers of the tables of rows. Nothing is taken from them but the side of a
        kink, where rounding decides on that; without them all members are on the side of the run
        itself.
    sheet: its numbers of the table of steps, for the same.
    """
    return _trained([view], data, members, progress, blocks or {}, sheet or {})[0]


def runs(
    views: Sequence[View],
    data: Dataset,
    members: int = MEMBERS,
    progress: Callable[[int, int], None] | None = None,
) -> list[Traces]:
    """Train several experiments side by side and return what happens to each; see ``run``.

    Raises ValueError for experiments that differ in more than start, optimizer and learning rate.
    """
    return _trained(views, data, members, progress, {}, {})


def _trained(
    views: Sequence[View],
    data: Dataset,
    members: int,
    progress: Callable[[int, int], None] | None,
    blocks: Mapping[str, Mapping[str, Floats]],
    sheet: Mapping[str, Floats],
) -> list[Traces]:
    torch = load_torch()
    experiments = [view.experiment for view in views]
    work = _Work(views[0], data, members, blocks)

    def gradients(weights: Tensor, held: Tensor, step: int) -> Tensor:
        parameters = dict(zip(names, weights, strict=True))
        found = work.batch_gradients(parameters, held, step)
        stacked: Tensor = torch.stack([found[p] for p in names])
        return stacked

    names, ensemble = experiments[0].network.parameters, work.ensemble
    together = SideBySide(
        experiments,
        ensemble,
        lambda weights, held: gradients(weights, held, 0),
        data.rows,
        sheet.get(experiments[0].schedule.decides_by),
    )

    def losses(step: int) -> Tensor:
        parameters = dict(zip(names, together.weights, strict=True))
        return work.batch_losses(parameters, together.together.now, step)[1].detach()

    total = experiments[0].epochs * work.per_epoch
    followed = []
    for step in range(total):
        followed.append(gradients(together.weights, together.together.now, step))
        together.step(followed[-1], partial(losses, step))
        if progress is not None:
            progress(step + 1, total)
    weights, slopes = together.weights_seen(), torch.stack(followed, -1)
    found = []
    for i, view in enumerate(views):
        known = {name: values[:, 1:] for name, values in together.memory_seen(i).items()}
        known |= {f"new.{p}": weights[k, :, i, 1:] for k, p in enumerate(names)}
        begins = {p: weights[k, :, i, :-1] for k, p in enumerate(names)}
        own = {p: slopes[k, :, i] for k, p in enumerate(names)}
        known |= {f"grad.{p}": slope for p, slope in own.items()}
        known |= transformed_by_name(view.experiment, own, begins, np.arange(1, total + 1))[1]
        held = together.together.always[i, :-1]
        given = together.given(i, np.arange(1, total + 1))
        traces = _Work(view, data, members, blocks).tables(begins, known, given, held)
        starts = {name: value.numpy() for name, value in together.starts[i].items()}
        found.append({**traces, "steps": Trace(traces["steps"].values, starts)})
    return found


def steps(
    view: View,
    data: Dataset,
    sheet: Mapping[str, Floats],
    members: int = MEMBERS,
    blocks: Mapping[str, Mapping[str, Floats]] | None = None,
) -> Traces:
    """Take every step's weights from a sheet, do the one step from each, and return what comes.

    data: as the sheet has it.
    sheet: the sheet's numbers of the table of steps, shape (steps,), nan where it has none.
    blocks: those of the tables of rows; they say on which side of a kink the sheet is.
    """
    torch = load_torch()
    experiment, work = view.experiment, _Work(view, data, members, blocks or {})
    names = experiment.network.parameters
    ensemble = work.ensemble
    parameters = {p: ensemble.copies(sheet[f"param.{p}"]) for p in names}
    count = len(sheet[f"param.{names[0]}"])
    traces = work.tables(parameters, {}, {})
    gradients = {
        p: torch.from_numpy(traces["steps"].values[f"grad.{p}"].copy()) for p in experiment.trained
    }
    kept = {}
    for name in experiment.state_names:
        begin = start_state(experiment, name, {p: g[:, :1] for p, g in gradients.items()})
        kept[name] = torch.cat((begin.unsqueeze(1), ensemble.copies(sheet[name][:-1])), 1)
    numbers = np.arange(1, count + 1)
    seen, shown = transformed_by_name(experiment, gradients, parameters, numbers)
    done = traces["steps"].values
    place = {"step": numbers, "epoch": (numbers - 1) // work.per_epoch + 1}
    losses = done["loss"] * done["batch_rows"]
    given = given_in_sheet(experiment, ensemble, sheet, place, data.rows, losses)
    stepped, remembered = step_each(experiment, parameters, kept, numbers, seen, given)
    found = {f"new.{p}": v for p, v in stepped.items()} | remembered | shown
    found |= derived_quantities(experiment, found, numbers, given)
    values = {**done, **{k: v.detach().numpy() for k, v in found.items()}}
    values |= {name: np.broadcast_to(v, losses.shape) for name, v in given.items()}
    # Where a step lands is where the next one must start.
    for p in names:
        first = ensemble.copies([experiment.start.get(p, 0.0)]).numpy()
        values[f"param.{p}"] = np.concatenate((first, values[f"new.{p}"][:, :-1]), 1)
    return {**traces, "steps": Trace(values)}


class _Work:
    """What both ways share: the data once for every member, and how batches lie in it.

    blocks: what a sheet has in its tables of rows.
    """

    def __init__(
        self,
        view: View,
        data: Dataset,
        members: int,
        blocks: Mapping[str, Mapping[str, Floats]],
    ) -> None:
        torch = load_torch()
        self.view, self.data = view, data
        self.experiment = experiment = view.experiment
        self.limits = limits_of(view, data)
        self.ensemble = Ensemble(members)
        self.net = TorchNet(experiment, self.ensemble)
        self.seen = {name: sides_of(self.net, block) for name, block in blocks.items()}
        names = experiment.network.input_names
        self.x = self.ensemble.copies(np.array([data.inputs[name] for name in names]).T)
        self.y = self.ensemble.targets(experiment.loss, to_predict(experiment, data))
        self.weights = weights_of(experiment, self.y[0])
        self.size = experiment.batch_size
        self.per_epoch = -(-data.rows // self.size)
        self.batches = torch.arange(data.rows) // self.size

    def batch(self, number: int) -> slice:
        """Return the rows of data of a batch, counted from 0 in its epoch."""
        return slice(number * self.size, (number + 1) * self.size)

    def sides(self, epoch: int, rows: slice, held: Tensor) -> Sides:
        """Return what decides at a kink in an epoch.

        epoch: counted from 0.   rows: of the data.
        held: whether members are held, shape (runs, rows).
        """
        import torch

        seen = {
            name: torch.where(held, values[rows], torch.nan).reshape(-1)
            for name, values in self.seen.get(block_name(epoch + 1), {}).items()
        }
        return Sides(seen, held.reshape(-1))

    def batch_gradients(self, parameters: Tensors, held: Tensor, step: int) -> Tensors:
        """Return the derivative of the batch's loss, shape (members, runs) each.

        parameters: shape (members, runs) each.   held: of which runs members are held, (runs,).
        step: counted from 0.
        """
        import torch

        leaves, losses = self.batch_losses(parameters, held, step)
        loss = of_batch(self.experiment, losses, self.y[0, self.batch(step % self.per_epoch)])
        # The loss of a run of a member depends on its own weights alone.
        gradients = torch.autograd.grad(
            loss.sum(), list(leaves.values()), allow_unused=True, materialize_grads=True
        )
        return dict(zip(leaves, gradients, strict=True))

    def batch_losses(self, parameters: Tensors, held: Tensor, step: int) -> tuple[Tensors, Tensor]:
        """Return the parameters as leaves of autograd, and the losses of the batch's rows that
        follow from them, shape (members, runs, rows).   As for ``batch_gradients``."""
        import torch

        epoch, batch = divmod(step, self.per_epoch)
        rows = self.batch(batch)
        leaves = {p: v.detach().requires_grad_() for p, v in parameters.items()}
        x, y = self.x[:, rows], self.y[:, rows]
        shape = (*next(iter(leaves.values())).shape, y.shape[1])
        x = x.unsqueeze(1).expand(*shape, x.shape[-1])
        y = y.unsqueeze(1).expand(*shape, *y.shape[2:])
        sides = self.sides(epoch, rows, held.unsqueeze(-1).expand(shape[1:]))
        with torch.enable_grad():
            spread = {p: v.unsqueeze(-1).expand(shape).reshape(-1) for p, v in leaves.items()}
            evaluate = self.net.evaluate(x.flatten(0, 2), y.flatten(0, 2), sides)
            return leaves, evaluate(spread)["loss"].reshape(shape)

    def tables(
        self,
        parameters: Tensors,
        known: Mapping[str, Tensor],
        given: Mapping[str, Floats],
        held: Tensor | None = None,
    ) -> Traces:
        """Return the blocks, and the table of steps as far as it follows from the weights.

        parameters: shape (members, steps) each.   known: what of the steps is known already.
        given: what the schedule gives to each.
        held: in which steps the members are held on one side of a kink, shape (steps,).
        """
        import torch

        blocks: Traces = {}
        sums: dict[str, list[Tensor]] = {}
        for epoch in range(self.experiment.epochs):
            these = slice(epoch * self.per_epoch, (epoch + 1) * self.per_epoch)
            name = block_name(epoch + 1)
            if held is None:
                sides = Sides(self.seen.get(name, {}))
            else:
                sides = self.sides(epoch, slice(None), held[these][self.batches].unsqueeze(0))
            values, means = self._epoch({p: v[:, these] for p, v in parameters.items()}, sides)
            blocks[name] = Trace({k: v.numpy() for k, v in values.items()})
            for quantity, mean in means.items():
                sums.setdefault(quantity, []).append(mean)
        steps = {f"param.{p}": v for p, v in parameters.items()}
        steps |= {name: torch.cat(parts, 1) for name, parts in sums.items()}
        steps |= self._moved_weights(parameters)
        steps |= known
        if known:
            count = next(iter(parameters.values())).shape[1]
            steps |= derived_quantities(self.experiment, steps, np.arange(1, count + 1), given)
        done = {name: value.detach().numpy() for name, value in steps.items()}
        return {**blocks, "steps": Trace(self._complete(done, given))}

    def _epoch(self, parameters: Tensors, sides: Sides) -> tuple[Tensors, Tensors]:
        """Return what the rows of an epoch come to, and what each of its batches does.

        parameters: shape (members, batches).   sides: decide at a kink.
        Returned: shapes (members, rows) and (members, batches).
        """
        import torch

        experiment, x, y, batch = self.experiment, self.x, self.y, self.batches
        shape = x.shape[:2]
        flat = {p: v[:, batch].reshape(-1) for p, v in parameters.items()}
        evaluate = self.net.evaluate(x.flatten(0, 1), y.flatten(0, 1), sides)
        found = {k: v.detach() for k, v in evaluate(flat).items()}
        numerical, backprop = experiment.rules
        found |= backprop.quantities(evaluate, flat, experiment.h)
        chosen = self.view.watched_parameter
        for way, sign in numerical.shifts.items():
            h = experiment.h if sign == "+" else -experiment.h
            moved = {p: v + h if p == chosen else v for p, v in flat.items()}
            there = {name: value.detach() for name, value in evaluate(moved).items()}
            found[f"loss_{way}"] = there.pop("loss")
            if moves_by_columns(experiment):
                found |= {f"{way}.{name}": value for name, value in there.items()}
        values = {name: value.reshape(shape) for name, value in found.items()}

        def mean(rows: Tensor) -> Tensor:
            return self.ensemble.mean(rows, batch, self.per_epoch)

        def whole(rows: Tensor) -> Tensor:
            return self.ensemble.of_batches(
                experiment.loss, rows, batch, self.per_epoch, self.weights
            )

        means = {name: whole(values[name]) for name in values if name.startswith("loss")}
        by_row = {p: values.pop(f"grad.{p}") for p in parameters}
        gradients = {f"grad.{p}": whole(rows) for p, rows in by_row.items()}
        values |= {f"row_grad.{p}": by_row[p] for p in row_gradients(experiment)}
        if self.weights is not None:
            values["row_weight"] = self.weights.expand(shape)
        moved_losses = {way: means[f"loss_{way}"] for way in numerical.shifts}
        means["grad_num"] = numerical.slope_of(means["loss"], moved_losses, experiment.h)
        means["grad_of"] = gradients[f"grad.{chosen}"]
        size = means["grad_num"].abs() + means["grad_of"].abs() + 1e-300
        means["grad_diff"] = (means["grad_num"] - means["grad_of"]).abs() / size
        for unit, silence in experiment.network.silences.items():
            largest = torch.full((shape[0], self.per_epoch), -torch.inf, dtype=torch.float64)
            signal = silence.signal_of(values[unit])
            means[f"signal.{unit}"] = largest.scatter_reduce(1, batch.expand(shape), signal, "amax")
        if self.view.classifies:
            # The labels as they are: one moved by a unit in the last place is no label any more.
            labels = np.array(self.data.y)
            cut = experiment.loss.cut
            pred = values["pred"].reshape(-1)
            pred = sides.decide(self.ensemble, "pred", pred, cut).reshape(shape)
            values["correct"] = torch.from_numpy(right(pred.numpy(), labels, cut))
            means["accuracy"] = mean(values["correct"])
        return values, gradients | means

    def _moved_weights(self, parameters: Tensors) -> Tensors:
        experiment, moved = self.experiment, {}
        for way, sign in experiment.rules[0].shifts.items():
            for p, value in parameters.items():
                h = experiment.h if p == self.view.watched_parameter else 0.0
                moved[f"{way}.{p}"] = value + h if sign == "+" else value - h
        return moved

    def _batch_weights(self, steps: NDArray[np.int64]) -> dict[str, Floats]:
        """Return the sum of the weights of the rows of every step.  steps: counted from 0."""
        if self.weights is None:
            return {}
        sums = self.weights.new_zeros(self.per_epoch).index_add(0, self.batches, self.weights)
        return {"batch_weight": sums.numpy()[steps % self.per_epoch]}

    def _complete(
        self, values: dict[str, Floats], given: Mapping[str, Floats]
    ) -> dict[str, Floats]:
        """Add position, bookkeeping and what the charts draw."""
        experiment = self.experiment
        shape = values["loss"].shape
        index = np.arange(shape[1])
        sizes = np.full(self.per_epoch, float(self.size))
        sizes[-1] = self.data.rows - (self.per_epoch - 1) * self.size
        exact = {
            "step": index + 1.0,
            "epoch": index // self.per_epoch + 1.0,
            "batch_rows": sizes[index % self.per_epoch],
            **self._batch_weights(index),
            **given,
        }
        if experiment.schedule.follows_losses:
            seen = values["loss"] * exact["batch_rows"]
            exact |= loss_sums(seen, index // self.per_epoch + 1)
        values |= {name: np.broadcast_to(value, shape) for name, value in exact.items()}
        evidence = get_layout(self.view.layout).evidence(self.view)
        values |= verdict.quantities(experiment, self.limits, evidence, values)
        values["plot.loss"] = clipped.drawn_loss(values["loss"], self.view.formats_ago > 0)
        return values
