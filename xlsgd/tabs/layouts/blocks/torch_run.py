"""The torch side of the layout with blocks: tables of steps and of rows, without any formula.

As in xlsgd.tabs.layouts.rows.torch_run there are two ways to fill them: ``run`` lets torch train
alone, batch by batch, ``steps`` takes the weights of every step from a sheet. And as there,
everything is done several times over, by an ensemble that rounds differently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd import verdict
from xlsgd.data import Dataset
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.layouts.blocks.columns import block_name
from xlsgd.tabs.layouts.rows.torch_run import derived_quantities, with_limits
from xlsgd.torch_side import Noise, SideBySide, TorchNet, load_torch, start_state, step_each
from xlsgd.torch_side.rates import rates_of_steps
from xlsgd.training.experiment import Experiment
from xlsgd.training.quantities import clipped
from xlsgd.training.quantities.accuracy import right
from xlsgd.training.schedules import RATE
from xlsgd.training.trace import MEMBERS, Trace, Traces

if TYPE_CHECKING:
    from torch import Tensor

    Tensors = dict[str, Tensor]

__all__ = ["run", "runs", "steps"]

Floats = NDArray[np.float64]


def run(
    experiment: Experiment,
    data: Dataset,
    members: int = MEMBERS,
    progress: Callable[[int, int], None] | None = None,
) -> Traces:
    """Train from the start values, ``loss.mean().backward()`` batch by batch, and return what
    happens.

    members: 1 for the run alone.
    """
    return runs([experiment], data, members, progress)[0]


def runs(
    experiments: Sequence[Experiment],
    data: Dataset,
    members: int = MEMBERS,
    progress: Callable[[int, int], None] | None = None,
) -> list[Traces]:
    """Train several experiments side by side and return what happens to each; see ``run``.

    Raises ValueError for experiments that differ in more than start, optimizer and learning rate.
    """
    torch = load_torch()
    work = _Work(experiments[0], data, members)

    def gradients(weights: Tensor, batch: int) -> Tensor:
        parameters = dict(zip(names, weights, strict=True))
        found = work.batch_gradients(parameters, work.batch(batch))
        stacked: Tensor = torch.stack([found[p] for p in names])
        return stacked

    names = experiments[0].network.parameters
    together = SideBySide(experiments, work.noise, lambda weights: gradients(weights, 0))
    total = experiments[0].epochs * work.per_epoch
    followed = []
    for step in range(total):
        followed.append(gradients(together.weights, step % work.per_epoch))
        together.step(followed[-1])
        if progress is not None:
            progress(step + 1, total)
    weights, slopes = together.weights_seen(), torch.stack(followed, -1)
    found = []
    for i, experiment in enumerate(experiments):
        known = {name: values[:, 1:] for name, values in together.memory_seen(i).items()}
        known |= {f"new.{p}": weights[k, :, i, 1:] for k, p in enumerate(names)}
        known |= {f"grad.{p}": slopes[k, :, i] for k, p in enumerate(names)}
        begins = {p: weights[k, :, i, :-1] for k, p in enumerate(names)}
        traces = _Work(experiment, data, members).tables(begins, known)
        starts = {name: value.numpy() for name, value in together.starts[i].items()}
        found.append({**traces, "steps": Trace(traces["steps"].values, starts)})
    return found


def steps(
    experiment: Experiment,
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
    work = _Work(experiment, data, members)
    names = experiment.network.parameters
    noise = work.noise
    parameters = {p: noise.copies(sheet[f"param.{p}"]) for p in names}
    count = len(sheet[f"param.{names[0]}"])
    traces = work.tables(parameters, {}, blocks or {})
    gradients = {p: torch.from_numpy(traces["steps"].values[f"grad.{p}"].copy()) for p in names}
    kept = {}
    for name in experiment.state_names:
        begin = start_state(experiment, name, {p: g[:, :1] for p, g in gradients.items()})
        kept[name] = torch.cat((begin.unsqueeze(1), noise.copies(sheet[name][:-1])), 1)
    numbers = np.arange(1, count + 1)
    stepped, remembered = step_each(experiment, parameters, kept, numbers, gradients)
    found = {f"new.{p}": v for p, v in stepped.items()} | remembered
    found |= derived_quantities(experiment, found, numbers)
    values = {**traces["steps"].values, **{k: v.detach().numpy() for k, v in found.items()}}
    # Where a step lands is where the next one must start.
    for p in names:
        first = noise.copies([experiment.start.get(p, 0.0)]).numpy()
        values[f"param.{p}"] = np.concatenate((first, values[f"new.{p}"][:, :-1]), 1)
    return {**traces, "steps": Trace(values)}


class _Work:
    """What both ways share: the data once for every member, and how batches lie in it."""

    def __init__(self, experiment: Experiment, data: Dataset, members: int) -> None:
        self.experiment, self.data = with_limits(experiment, data), data
        self.noise = Noise(members)
        self.net = TorchNet(experiment, self.noise)
        names = experiment.network.input_names
        self.x = self.noise.copies(np.array([data.inputs[name] for name in names]).T)
        self.y = self.noise.targets(experiment.loss, data.y)
        self.size = experiment.batch_size
        self.per_epoch = -(-data.rows // self.size)

    def batch(self, number: int) -> slice:
        """Return the rows of data of a batch, counted from 0 in its epoch."""
        return slice(number * self.size, (number + 1) * self.size)

    def batch_gradients(self, parameters: Tensors, rows: slice) -> Tensors:
        """Return the derivative of the batch's mean loss, shape (members, runs) each.

        parameters: shape (members, runs) each.
        """
        import torch

        leaves = {p: v.detach().requires_grad_() for p, v in parameters.items()}
        x, y = self.x[:, rows], self.y[:, rows]
        shape = (*next(iter(leaves.values())).shape, y.shape[1])
        x = x.unsqueeze(1).expand(*shape, x.shape[-1])
        y = y.unsqueeze(1).expand(shape)
        with torch.enable_grad():
            spread = {p: v.unsqueeze(-1).expand(shape).reshape(-1) for p, v in leaves.items()}
            evaluate = self.net.evaluate(x.reshape(-1, x.shape[-1]), y.reshape(-1))
            loss = evaluate(spread)["loss"].reshape(shape).mean(-1)
        # The loss of a run of a member depends on its own weights alone.
        gradients = torch.autograd.grad(loss.sum(), list(leaves.values()))
        return dict(zip(leaves, gradients, strict=True))

    def tables(
        self,
        parameters: Tensors,
        known: Mapping[str, Tensor],
        seen: Mapping[str, Mapping[str, Floats]] | None = None,
    ) -> Traces:
        """Return the blocks, and the table of steps as far as it follows from the weights.

        parameters: shape (members, steps) each.   known: what of the steps is known already.
        seen: what a sheet has in its blocks.
        """
        import torch

        blocks: Traces = {}
        sums: dict[str, list[Tensor]] = {}
        for epoch in range(self.experiment.epochs):
            these = slice(epoch * self.per_epoch, (epoch + 1) * self.per_epoch)
            name = block_name(epoch + 1)
            values, means = self._epoch(
                {p: v[:, these] for p, v in parameters.items()}, (seen or {}).get(name, {})
            )
            blocks[name] = Trace({k: v.numpy() for k, v in values.items()})
            for quantity, mean in means.items():
                sums.setdefault(quantity, []).append(mean)
        steps = {f"param.{p}": v for p, v in parameters.items()}
        steps |= {name: torch.cat(parts, 1) for name, parts in sums.items()}
        steps |= self._moved_weights(parameters)
        steps |= known
        if known:
            count = next(iter(parameters.values())).shape[1]
            steps |= derived_quantities(self.experiment, steps, np.arange(1, count + 1))
        done = {name: value.detach().numpy() for name, value in steps.items()}
        return {**blocks, "steps": Trace(self._complete(done))}

    def _epoch(self, parameters: Tensors, sheet: Mapping[str, Floats]) -> tuple[Tensors, Tensors]:
        """Return what the rows of an epoch come to, and what each of its batches does.

        parameters: shape (members, batches).   sheet: its numbers, if it has any.
        Returned: shapes (members, rows) and (members, batches).
        """
        import torch

        experiment, x, y = self.experiment, self.x, self.y
        batch = torch.arange(y.shape[1]) // self.size
        shape = y.shape
        flat = {p: v[:, batch].reshape(-1) for p, v in parameters.items()}
        seen = {n: torch.from_numpy(sheet[n].copy()) for n in self.net.outputs if n in sheet}
        evaluate = self.net.evaluate(x.reshape(-1, x.shape[-1]), y.reshape(-1), seen)
        found = {k: v.detach() for k, v in evaluate(flat).items()}
        numerical, backprop = experiment.rules
        found |= backprop.quantities(evaluate, flat, experiment.h)
        chosen = experiment.watched_parameter
        for way, sign in numerical.shifts.items():
            h = experiment.h if sign == "+" else -experiment.h
            moved = {p: v + h if p == chosen else v for p, v in flat.items()}
            found[f"loss_{way}"] = evaluate(moved)["loss"].detach()
        values = {name: value.reshape(shape) for name, value in found.items()}

        def mean(rows: Tensor) -> Tensor:
            return self.noise.mean(rows, batch, self.per_epoch)

        means = {name: mean(values[name]) for name in values if name.startswith("loss")}
        gradients = {f"grad.{p}": mean(values.pop(f"grad.{p}")) for p in parameters}
        moved_losses = {way: means[f"loss_{way}"] for way in numerical.shifts}
        means["grad_num"] = numerical.slope_of(means["loss"], moved_losses, experiment.h)
        means["grad_of"] = gradients[f"grad.{chosen}"]
        size = means["grad_num"].abs() + means["grad_of"].abs() + 1e-300
        means["grad_diff"] = (means["grad_num"] - means["grad_of"]).abs() / size
        for unit, silence in experiment.network.silences.items():
            largest = torch.full((shape[0], self.per_epoch), -torch.inf, dtype=torch.float64)
            signal = silence.signal_of(values[unit])
            means[f"signal.{unit}"] = largest.scatter_reduce(1, batch.expand(shape), signal, "amax")
        if experiment.classifies:
            # The labels as they are: one moved by a unit in the last place is no label any more.
            labels = np.array(self.data.y)
            pred, cut = values["pred"], experiment.loss.cut
            if "pred" in seen:
                pred = self.noise.on_its_side(pred.reshape(-1), seen["pred"], cut).reshape(shape)
            values["correct"] = torch.from_numpy(right(pred.numpy(), labels, cut))
            means["accuracy"] = mean(values["correct"])
        return values, gradients | means

    def _moved_weights(self, parameters: Tensors) -> Tensors:
        experiment, moved = self.experiment, {}
        for way, sign in experiment.rules[0].shifts.items():
            for p, value in parameters.items():
                h = experiment.h if p == experiment.watched_parameter else 0.0
                moved[f"{way}.{p}"] = value + h if sign == "+" else value - h
        return moved

    def _complete(self, values: dict[str, Floats]) -> dict[str, Floats]:
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
            RATE: rates_of_steps(experiment, index + 1),
        }
        values |= {name: np.broadcast_to(value, shape) for name, value in exact.items()}
        watched = get_layout(experiment.layout).watched(experiment)
        values |= verdict.quantities(experiment, watched, values)
        values["plot.loss"] = clipped.clip_loss(values["loss"])
        return values
