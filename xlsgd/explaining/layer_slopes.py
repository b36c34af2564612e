"""Vanishing and exploding gradients: how large derivatives are, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from xlsgd.explaining.citation import Citation
from xlsgd.explaining.findings import LayerSlopes
from xlsgd.explaining.training import GRADIENTS, Training
from xlsgd.explaining.ways import Ways, tensors
from xlsgd.torch_side.stability import slopes
from xlsgd.torch_side.stepper import Stepper
from xlsgd.training.experiment import Experiment
from xlsgd.training.nets.place import Place

__all__ = ["APART", "layer_slopes", "size_of"]

APART = 100.0
"""The derivatives of two layers are told of that are apart by this factor: all weights share one
learning rate, and at one that is right for one layer, the other needs a hundred times as many
steps. Factors of ten are usual: one sigmoid alone hands back at most 1/4, one tanh at most 1."""


def layer_slopes(training: Training, where: Citation) -> LayerSlopes | None:
    """Return how large the derivatives of the layers are, at the start weights and at the end.

    None unless all weights move by one rate, and those of the first layer and the last are apart
    by ``APART``. Biases do not count: a layer may have none.
    """
    network = training.experiment.network
    named = tensors(network)
    weighing = [place for place in network.places if place.layer.weighs_inputs]
    if training.experiment.frozen or training.experiment.rate_names:
        return None  # not all weights share one rate
    if len(named) < 2 or not Ways(network).reaches(weighing[0], weighing[-1]):
        return None
    end = training.steps + 1
    at_start, at_end = (_sizes(training, named, step) for step in (1, end))
    factors = [_factor(sizes) for sizes in (at_start, at_end)]
    if training.kind == "exploded":
        factors[1] = None
    if all(factor is None for factor in factors):
        return None
    now = slopes(training.experiment, training.data, training.before(1))
    largest = max(next(iter(named.values())), key=lambda p: abs(now[p]))
    step = 1 if factors[0] else training.steps
    cells = (where.step(f"{key}.{largest}", training, step) for key in GRADIENTS)
    first, last = (
        _input_size(training, p, 1 if factors[0] else end) for p in weighing[:: len(weighing) - 1]
    )
    return LayerSlopes(
        tensors=tuple(named),
        at_start=tuple(at_start),
        at_end=tuple(at_end),
        start_factor=factors[0],
        end_factor=factors[1],
        first_input=first,
        last_input=last,
        scales=_scales(training.experiment),
        cell=next(filter(None, cells), ""),
    )


def size_of(values: Sequence[float]) -> float:
    """Return the root mean square of some numbers."""
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.mean(np.square(values))))


def _sizes(training: Training, named: Mapping[str, Sequence[str]], step: int) -> list[float]:
    found = slopes(training.experiment, training.data, training.before(step))
    return [size_of([found[p] for p in names]) for names in named.values()]


def _factor(sizes: Sequence[float]) -> float | None:
    """Return the first size divided by the last, None where they are not far apart.

    Where one is exactly 0, weights stand still: that is told of by itself.
    """
    first, last = sizes[0], sizes[-1]
    if not (np.isfinite(sizes).all() and first and last):
        return None
    factor = first / last
    return factor if factor >= APART or factor <= 1 / APART else None


def _input_size(training: Training, place: Place, step: int) -> float:
    return size_of(training.values(place.inputs, [step]).ravel().tolist())


def _scales(experiment: Experiment) -> bool:
    """Return whether a derivative a hundred times as large makes a first step as much longer."""
    import torch

    stepper = Stepper(experiment, {"w": torch.zeros(2, dtype=torch.float64)})
    stepper.step({"w": torch.tensor([1e-4, 1e-2], dtype=torch.float64)})
    small, large = stepper.parameters["w"].abs().tolist()
    return bool(large > 50 * small)
