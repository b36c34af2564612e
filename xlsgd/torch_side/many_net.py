"""The network of many runs at once: every run with parameters of its own, nothing noted down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlsgd.torch_side.batch_loss import of_batch, over_targets
from xlsgd.training.experiment import Experiment
from xlsgd.training.nets.place import Place, is_number

if TYPE_CHECKING:
    from torch import Tensor

    Tensors = dict[str, Tensor]

__all__ = ["ManyNet"]


class ManyNet:
    """Forward pass and derivatives of an experiment's network for many runs at once.

    Where TorchNet maps PyTorch's layers over every row of a table, each layer says here itself
    how it computes many runs (``Layer.of_many``): there may be millions of them.

    weights: all parameters in order, shape (parameters, …).   x: shape (inputs, …).   y: shape
    (…), with several targets (targets, …).   The dots broadcast against each other: (runs,) and
    (1,) for a row of data, (runs, 1) and (1, rows) for a batch.
    """

    def __init__(self, experiment: Experiment, device: str = "cpu") -> None:
        import torch

        self._rule, self._h = experiment.rules[0], experiment.h
        silences = experiment.network.silences
        network = self._network = experiment.network
        # Looked up once: a run comes by here thousands of times.
        self._places = [
            (
                place,
                place.layer.module().to(device),
                place.layer.parameter_shapes(),
                [(i, n, silences[n]) for i, n in enumerate(place.outputs) if n in silences],
            )
            for place in network.places
        ]
        self._experiment, self._of = experiment, experiment.loss
        self._loss = experiment.loss.module(**experiment.loss_options).to(device)
        self._targets = len(experiment.targets)
        shapes = [shape for _, _, own, _ in self._places for shape in own.values()]
        self._sizes = [torch.Size(shape).numel() for shape in shapes]
        count = len(network.parameters)
        self._moves = self._h * torch.eye(count, dtype=torch.float64, device=device)
        # In a graph several layers may have the same weights.
        place_of = {name: i for i, name in enumerate(network.parameters)}
        self._order = (
            torch.tensor(
                [place_of[name] for place in network.places for name in place.weights],
                dtype=torch.long,
                device=device,
            )
            if network.is_graph
            else None
        )

    def evaluate(self, weights: Tensor, x: Tensor, y: Tensor) -> Tensors:
        """Return the loss, and what tells of units that can die whether they are silent, see
        Silence.signal_of; shape (…) each."""
        import torch

        network, runs = self._network, weights.shape[1:]
        # One cut for all layers: its way back is one operation too.
        used = weights if self._order is None else weights.index_select(0, self._order)
        parts = iter(used.split_with_sizes(self._sizes))
        known = dict(zip(network.input_names, x, strict=True)) if network.is_graph else {}
        known |= dict(zip(network.parameters, weights, strict=True)) if network.free else {}
        found: Tensors = {}
        value, given = x, network.input_names
        for place, module, shapes, units in self._places:
            own = {kind: next(parts).view(shape + runs) for kind, shape in shapes.items()}
            if place.inputs != given:
                value = self._taken(place, known)
            result = place.layer.of_many(module, own, value)
            if not own and result.shape == value.shape:
                # max(0, -inf) is 0 in torch; in a sheet what is no number spreads.
                result = torch.where(value.isfinite(), result, torch.nan)
            value, given = result, place.outputs
            if network.is_graph:
                known |= dict(zip(given, value, strict=True))
            for i, name, silence in units:
                found[name] = silence.signal_of(value[i])
        if given != network.predictions:
            value = torch.stack(torch.broadcast_tensors(*(known[n] for n in network.predictions)))  # type: ignore[no-untyped-call]
        if self._targets > 1 and self._of.apart:
            last = (each.movedim(0, -1) for each in (value, y.expand(value.shape)))
            found["loss"] = over_targets(self._of, self._loss(*last))
            return found
        if self._targets > 1 and not self._of.together:
            found["loss"] = over_targets(self._of, self._loss(value, y.expand(value.shape)), 0)
            return found
        if len(value) == 1:
            found["loss"] = self._loss(value[0], y.expand(value[0].shape))
            return found
        shape = value.shape[1:]
        flat = value.movedim(0, -1).reshape(-1, len(value))
        if self._of.together:
            beside = y.expand(value.shape).movedim(0, -1).reshape(-1, len(value))
        else:
            beside = y.expand(shape).reshape(-1)
        found["loss"] = self._loss(flat, beside).reshape(shape)
        return found

    def _taken(self, place: Place, known: Tensors) -> Tensor:
        """Return what a layer takes from anywhere before it, shape (inputs, …)."""
        import torch

        numbers = [
            torch.tensor(float(name), dtype=torch.float64, device=self._moves.device)
            if is_number(name)
            else known[name]
            for name in place.inputs
        ]
        return torch.stack(torch.broadcast_tensors(*numbers))  # type: ignore[no-untyped-call]

    def numerical(
        self,
        weights: Tensor,
        loss: Tensor,
        x: Tensor,
        y: Tensor,
        of: slice = slice(None),
        whole: bool = False,
    ) -> Tensor:
        """Return the numerical derivative of the loss for every parameter, shape (parameters, …).

        loss: at the weights as they are.   of: which parameters.
        whole: of the loss of a batch along the last dimension, which then has size 1.
        """
        moves = self._moves[:, of]
        moves = moves.view(*moves.shape, *(1 for _ in weights.shape[1:]))
        moved = {}
        targets = y if self._targets == 1 else y.unsqueeze(1)
        for way, sign in self._rule.shifts.items():
            # Shape (parameters, parameter moved, …): each of them moved by itself, all at once.
            there = weights.unsqueeze(1) + (moves if sign == "+" else -moves)
            losses = self.evaluate(there, x.unsqueeze(1), targets)["loss"]
            moved[way] = of_batch(self._experiment, losses, y, keepdim=True) if whole else losses
        return self._rule.slope_of(loss, moved, self._h)

    def backprop(self, weights: Tensor, x: Tensor, y: Tensor, whole: bool = False) -> Tensor:
        """Return PyTorch's own derivative of the loss for every parameter, shape as the weights'.

        whole: of the loss of a batch along the last dimension.
        """
        import torch

        leaves = weights.detach().requires_grad_()
        with torch.enable_grad():
            loss = self.evaluate(leaves, x, y)["loss"]
            # A run's loss depends on its own weights alone: the derivative of the sum holds that
            # of each.
            total = (of_batch(self._experiment, loss, y) if whole else loss).sum()
        return torch.autograd.grad(total, leaves)[0]
