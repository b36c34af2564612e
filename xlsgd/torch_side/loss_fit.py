"""A loss that takes something else than the network gives, and targets that it cannot give.

It is said before a workbook is written, and of a run that is explained.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlsgd.data import Dataset
from xlsgd.report.numbers import number
from xlsgd.report.terminal import counted
from xlsgd.torch_side.targets import columns_to_predict
from xlsgd.training.experiment import Experiment
from xlsgd.training.nets.place import Place

__all__ = ["fit_sentences", "notes_before"]

_TRIED = np.array([0.0, *(s * 10.0**e for s in (-1, 1) for e in np.arange(-2, 6.25, 0.25))])
"""Inputs of a layer at which it is tried how far its outputs reach."""
_FAR = 1e3
"""Beyond it an output that is bounded is at its bound."""
_ABOUT = 1e-9


@dataclass(frozen=True)
class _Reach:
    """What a prediction can be at all; ±inf where nothing bounds it."""

    name: str
    low: float
    high: float


Made = Callable[[], NDArray[np.float64]]
"""Gives predictions at some weights, shape (predictions, …)."""


def fit_sentences(
    experiment: Experiment, data: Dataset, made: Made, learned: bool = False
) -> Iterator[str]:
    """Yield what is to be said of the loss and of what the network ends in.

    made: see there.   learned: whether the run leaves so little that it need not be asked what
    holds it back.
    """
    ends = _ends(experiment)
    if experiment.unfit_loss and not _fits_all_the_same(experiment, made):
        words = experiment.unfit_loss.partition(": ")[2]
        yield f"{words[0].upper()}{words[1:]}."
    elif experiment.loss.takes == "logits":
        bound = next((r for r in ends.values() if math.isfinite(r.low + r.high)), None)
        bound = bound or next((r for r in ends.values() if r.low > -math.inf), None)
        if bound is not None:
            yield (
                f"The loss {experiment.loss.name} takes logits, which may be any numbers, and the "
                f"network ends in {bound.name}, which gives numbers {_between(bound)}: it cannot "
                "be sure of every answer. Leave that out."
            )
    if experiment.loss.by_target and not experiment.loss.takes and not learned:
        yield from _targets(experiment, data, ends)


def notes_before(experiment: Experiment, data: Dataset) -> list[str]:
    """Return the same of an experiment before it is trained, each with its name ahead."""

    def made() -> NDArray[np.float64]:
        from xlsgd.torch_side.ensemble import Ensemble
        from xlsgd.torch_side.net import TorchNet, data_tensors

        x, y = data_tensors(experiment, data)
        start = [experiment.start.get(p, 0.0) for p in experiment.network.parameters]
        weights = {
            p: x.new_full((len(x),), value)
            for p, value in zip(experiment.network.parameters, start, strict=True)
        }
        found = TorchNet(experiment, Ensemble(1)).evaluate(x, y)(weights)
        return np.stack([found[p].detach().numpy() for p in experiment.network.predictions])

    said = fit_sentences(experiment, data, made)
    return [f"'{experiment.id}': {words[0].lower()}{words[1:].removesuffix('.')}" for words in said]


def _targets(experiment: Experiment, data: Dataset, ends: Mapping[str, _Reach]) -> Iterator[str]:
    named = zip(experiment.targets, columns_to_predict(experiment, data), strict=False)
    for (name, column), reach in zip(named, ends.values(), strict=False):
        y = np.array(column)
        beyond = int(((y < reach.low - _ABOUT) | (y > reach.high + _ABOUT)).sum())
        if beyond:
            yield (
                f"{name} lies between {number(y.min())} and {number(y.max())}, and the network "
                f"ends in {reach.name}, which gives numbers {_between(reach)}: "
                f"{beyond} of {counted(len(y), 'row')} it can never reach. Leave that out, or "
                f"bring {name} to that scale."
            )
            return
    labels = {float(v) for column in columns_to_predict(experiment, data) for v in column}
    last = _last_places(experiment)
    if labels == {0.0, 1.0} and {place.layer.gives for place in last} == {"probabilities"}:
        name = last[0].layer.name
        better = (
            f"bce-with-logits, without the {name},"
            if len(experiment.network.predictions) == 1
            else f"cross-entropy, without the {name} and with the class as the one target,"
        )
        yield (
            f"The targets are labels, 0 and 1, and the loss {experiment.loss.name} comes after a "
            f"{name}: a derivative is multiplied by its slope, which is nearly 0 where the net is "
            "sure, and so a row that it is sure and wrong of hardly teaches it. The loss "
            f"{better} has no such factor."
        )


def _last_places(experiment: Experiment) -> list[Place]:
    made = {*experiment.network.predictions}
    return [p for p in experiment.network.places if not made.isdisjoint(p.outputs)]


def _ends(experiment: Experiment) -> dict[str, _Reach]:
    """Return how far every prediction reaches, by its name, in their order."""
    found: dict[str, _Reach] = {}
    for place in _last_places(experiment):
        reach = _reach_of(place)
        found |= dict.fromkeys(place.outputs, reach)
    network = experiment.network
    return {name: found[name] for name in network.predictions if name in found}


def _reach_of(place: Place) -> _Reach:
    """Return how far the outputs of a layer reach, as tried in torch where each follows from one
    input."""
    name = place.layer.name
    if place.layer.gives == "probabilities":
        return _Reach(name, 0.0, 1.0)
    if not place.one_to_one:
        return _Reach(name, -math.inf, math.inf)
    import torch

    with torch.no_grad():
        values: NDArray[np.float64] = place.layer.module()(torch.from_numpy(_TRIED)).numpy()
    near = values[np.abs(_TRIED) <= _FAR]
    if not np.isfinite(values).all():
        return _Reach(name, float(near.min()) if near.min() >= 0 else -math.inf, math.inf)
    low, high = float(values.min()), float(values.max())
    return _Reach(
        name,
        low if abs(near.min() - low) <= _ABOUT else -math.inf,
        high if abs(near.max() - high) <= _ABOUT else math.inf,
    )


def _between(reach: _Reach) -> str:
    if math.isinf(reach.high):
        return f"from {number(reach.low)} on"
    if math.isinf(reach.low):
        return f"up to {number(reach.high)}"
    return f"between {number(reach.low)} and {number(reach.high)}"


def _fits_all_the_same(experiment: Experiment, made: Made) -> bool:
    """Return whether predictions are what a loss takes, though no layer says so: a formula such as
    1/(1+exp(-x)) gives probabilities as well."""
    # One that weighs its inputs gives numbers beyond 0 and 1 at other weights, for sure.
    if any(p.layer.gives or p.layer.weighs_inputs for p in _last_places(experiment)):
        return False
    if experiment.loss.takes == "probabilities":
        found = made()
        return bool(((found >= 0) & (found <= 1)).all())
    if experiment.loss.takes == "log-probabilities":
        with np.errstate(all="ignore"):
            return bool(np.allclose(np.exp(made()).sum(0), 1, rtol=1e-9))
    return False
