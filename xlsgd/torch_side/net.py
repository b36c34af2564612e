"""The network in torch: PyTorch's own layers, every row of a table with parameters of its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from xlsgd.data import Dataset
from xlsgd.torch_side.batch_loss import over_targets
from xlsgd.torch_side.ensemble import Ensemble
from xlsgd.torch_side.plain import load_torch
from xlsgd.torch_side.sides import Sides
from xlsgd.torch_side.targets import to_predict
from xlsgd.training.experiment import Experiment
from xlsgd.training.nets.place import is_number, map_nested
from xlsgd.training.quantities import one_line

if TYPE_CHECKING:
    from torch import Tensor

    Tensors = dict[str, Tensor]

__all__ = ["TorchNet", "data_tensors"]


def data_tensors(experiment: Experiment, data: Dataset) -> tuple[Tensor, Tensor]:
    """Return x, shape (rows, inputs), and y, shape (rows,) or (rows, targets)."""
    torch = load_torch()
    columns = [data.inputs[name] for name in experiment.network.input_names]
    x = np.array(columns, dtype=np.float64).T.copy()
    return torch.from_numpy(x), torch.from_numpy(to_predict(experiment, data))


class TorchNet:
    """Forward pass and derivatives of an experiment's network, many rows at once.

    A sheet has the weights of every row in that row; so has this. ``torch.vmap`` runs PyTorch's
    layer once for every row, each time with the row's own parameters.
    """

    def __init__(self, experiment: Experiment, ensemble: Ensemble) -> None:
        self._experiment, self._ensemble = experiment, ensemble
        self._places = [(place, place.layer.module()) for place in experiment.network.places]
        self._options = experiment.loss_options
        self._loss = experiment.loss.module(**self._options)
        self.outputs = [name for place in experiment.network.places for name in place.outputs]

    def evaluate(
        self, x: Tensor, y: Tensor, sides: Sides | None = None
    ) -> Callable[[Tensors], Tensors]:
        """Return every layer's outputs and the loss as a function of the parameters.

        x: shape (rows, inputs).   y: shape (rows,), with several targets (rows, targets), as
        wherever y is spoken of here.   The function takes parameters of shape
        (…, rows) and returns tensors of the same shape.
        sides: decide on which side of a kink the members are, where parameters have the shape
            (members · rows,).
        """
        import torch
        from torch.autograd.graph import saved_tensors_hooks
        from torch.func import functional_call

        def evaluate(parameters: Tensors) -> Tensors:
            shape = next(iter(parameters.values())).shape
            flat = {name: value.reshape(-1) for name, value in parameters.items()}
            value = x.expand(*shape, x.shape[-1]).reshape(-1, x.shape[-1])
            if torch.is_grad_enabled():
                # Layers before the first weights have derivatives to show as well.
                value = value.detach().requires_grad_()
            network = self._experiment.network
            outputs: Tensors = {}
            known = dict(zip(network.input_names, value.unbind(-1), strict=True))
            known |= {name: flat[name] for name in network.free}
            given = network.input_names
            for place, module in self._places:
                own = {
                    kind: _stacked(map_nested(flat.__getitem__, names))
                    for kind, names in place.parameters.items()
                }
                if place.inputs != given:
                    one = next(iter(known.values()))
                    columns = [
                        torch.full_like(one, float(name)) if is_number(name) else known[name]
                        for name in place.inputs
                    ]
                    value = torch.stack(columns, -1)
                by_steps = place.layer.rounded(own, value, lambda t: self._rounded(t, shape))
                if by_steps is not None:
                    value = by_steps
                elif own:
                    layer = torch.vmap(lambda p, v, m=module: functional_call(m, p, (v,)))
                    value = layer(own, value)
                else:
                    # What backward needs of a result is rounded like the result itself: near 1,
                    # the last bit of y is most of what is left of 1 - y^2.
                    decided = value
                    if sides and len(shape) == 1 and len(place.inputs) == len(place.outputs):
                        for kink in place.layer.kinks:
                            decided = self._decided(decided, place.inputs, sides, kink)
                    with saved_tensors_hooks(lambda t: self._noisy(t, shape), lambda t: t):
                        result = module(decided)
                    stray = self._stray(partial(place.layer.by_steps, decided), shape)
                    result = result if stray is None else result + stray
                    if result.shape == value.shape:
                        # max(0, -inf) is 0 in torch; in a sheet what is no number spreads.
                        result = torch.where(value.isfinite(), result, torch.nan)
                    value = result
                columns = [self._rounded(column, shape) for column in value.unbind(-1)]
                silence = place.layer.silence
                if silence is not None:
                    columns = list(map(silence.kept, value.unbind(-1), columns))
                given = place.outputs
                outputs |= dict(zip(given, columns, strict=True))
                known |= dict(zip(given, columns, strict=True))
                value = torch.stack(columns, -1)
            columns = [outputs[name] for name in network.predictions]
            of_targets = y.shape[1:]
            expected = y.expand(*shape, *of_targets).reshape(-1, *of_targets)
            if sides and len(shape) == 1:
                columns = self._beside_jumps(columns, expected, sides)
            # One prediction has one number a row, several have one dimension more.
            pred = columns[0] if len(columns) == 1 else torch.stack(columns, -1)
            loss = self._loss(pred, expected)
            steps = self._experiment.loss.by_steps
            stray = self._stray(lambda t: steps(pred, expected, t, **self._options), shape)
            loss = loss if stray is None else loss + stray
            if of_targets and not self._experiment.loss.together:
                loss = over_targets(self._experiment.loss, self._noisy(loss, shape))
            outputs["loss"] = self._rounded(loss, shape)
            # Reshaped only where needed: autograd asks for the very tensors computed with.
            return outputs if len(shape) == 1 else {n: v.reshape(shape) for n, v in outputs.items()}

        return evaluate

    def _beside_jumps(
        self, columns: Sequence[Tensor], expected: Tensor, sides: Sides
    ) -> list[Tensor]:
        """Return predictions, all members on one side of where the slope of the loss jumps."""
        jump = self._experiment.loss.jumps_at
        if not jump:
            return list(columns)
        targets = expected.unbind(-1) if expected.dim() > 1 else [expected]
        decided = []
        for name, column, y in zip(
            self._experiment.network.predictions, columns, targets, strict=True
        ):
            own = y.reshape(self._ensemble.members, -1)[0]
            at = own if jump == "y" else self._options[jump]
            decided.append(sides.decide(self._ensemble, name, column, at))
        return decided

    def _decided(self, value: Tensor, names: Sequence[str], sides: Sides, kink: float) -> Tensor:
        import torch

        columns = [
            sides.decide(self._ensemble, name, column, kink)
            for name, column in zip(names, value.unbind(-1), strict=True)
        ]
        return torch.stack(columns, -1)

    def _stray(
        self,
        by_steps: Callable[[Callable[[Tensor], Tensor]], Tensor | None],
        shape: Sequence[int],
    ) -> Tensor | None:
        """Return how far rounding on the way leads, if it matters: 0 for the run itself, whose
        numbers are never moved."""
        from torch.autograd.graph import saved_tensors_hooks

        plain = by_steps(lambda t: t)
        if plain is None:
            return None
        rounding = False

        def noisy(value: Tensor) -> Tensor:
            nonlocal rounding
            rounding = True
            moved = self._noisy(value, shape)
            rounding = False
            return moved

        # What moves a number keeps by how much: that is none of the numbers to be moved.
        def kept(value: Tensor) -> Tensor:
            as_it_is = rounding or not value.is_floating_point()
            return value if as_it_is else self._noisy(value, shape)

        with saved_tensors_hooks(kept, lambda t: t):
            rounded = by_steps(noisy)
        assert rounded is not None
        return rounded - plain

    def _noisy(self, value: Tensor, shape: Sequence[int]) -> Tensor:
        import torch

        if not value.is_floating_point():
            return value
        if value.dim() == 1 and len(value) == math.prod(shape):
            return self._rounded(value, shape)
        if value.dim() != 2:
            return value
        return torch.stack([self._rounded(column, shape) for column in value.unbind(-1)], -1)

    def _rounded(self, column: Tensor, shape: Sequence[int]) -> Tensor:
        return self._ensemble.rounding(column.reshape(*shape)).reshape(-1)

    def gradients(
        self, parameters: Tensors, x: Tensor, y: Tensor, sides: Sides | None = None
    ) -> Tensors:
        """Return the derivative that drives the update.

        parameters, y: shape (members, rows).   x: shape (members, rows, inputs).
        sides: as for ``evaluate``.
        """
        experiment = self._experiment
        flat = {p: v.reshape(-1) for p, v in parameters.items()}
        evaluate = self.evaluate(x.flatten(0, 1), y.flatten(0, 1), sides)
        rule = next(rule for rule in experiment.rules if rule.choice == experiment.gradient)
        found = rule.quantities(evaluate, flat, experiment.h)
        return {p: found[f"{rule.gradient}.{p}"].reshape(x.shape[:2]) for p in parameters}

    def quantities(
        self, parameters: Tensors, x: Tensor, y: Tensor, sides: Sides | None = None
    ) -> Tensors:
        """Return forward pass, both derivatives, how far they are apart and which one is used.

        Shapes as for ``gradients``.   sides: as for ``evaluate``.
        """
        experiment, shape = self._experiment, x.shape[:2]
        flat = {p: v.reshape(-1) for p, v in parameters.items()}
        evaluate = self.evaluate(x.flatten(0, 1), y.flatten(0, 1), sides)
        found = evaluate(flat)
        for rule in experiment.rules:
            found |= rule.quantities(evaluate, flat, experiment.h)
        for p in parameters:
            numerical, backprop = found[f"grad_num.{p}"], found[f"grad.{p}"]
            size = numerical.abs() + backprop.abs() + 1e-300
            found[f"grad_diff.{p}"] = (numerical - backprop).abs() / size
            used = numerical if experiment.gradient == "numerical" else backprop
            found[f"grad_used.{p}"] = used
        found = {name: value.detach().reshape(shape) for name, value in found.items()}
        found |= {f"param.{p}": v for p, v in parameters.items()}
        if experiment.network.inputs == 1:
            found |= one_line.quantities(experiment.network, parameters, x[..., 0])
        return found


def _stacked(nested: object) -> Tensor:
    """Return nested lists of tensors (rows,) as one tensor (rows, …)."""
    import torch

    if isinstance(nested, list):
        return torch.stack([_stacked(item) for item in nested], 1)
    assert isinstance(nested, torch.Tensor)
    return nested
