"""Dead units: which step threw them out, and what stands still since."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from xlsgd.explaining.citation import Citation
from xlsgd.explaining.findings import DeadUnit
from xlsgd.explaining.training import Training
from xlsgd.explaining.ways import Ways
from xlsgd.torch_side.stability import curvature_along_gradient, slopes
from xlsgd.training.nets import Network

__all__ = ["dead_units", "own_weights"]


def dead_units(training: Training, where: Citation) -> tuple[DeadUnit, ...]:
    """Return the units that were silent for a whole epoch and to the end.

    The step that threw a unit out is the last in which it was awake.
    """
    dead = training.dead_since
    if not dead:
        return ()
    ways = Ways(training.experiment.network)
    held, still = ways.silenced(dead), _still(training)
    # Many units may have died in the same step.
    outputs = cache(lambda step: training.outputs([step]))
    bends = cache(lambda step: _bend(training, step))
    return tuple(
        replace(
            _dead(training, unit, since, where, outputs, bends),
            still=tuple(p for p in still if p in held[unit]),
        )
        for unit, since in dead.items()
    )


def _bend(training: Training, step: int) -> float:
    return curvature_along_gradient(
        training.experiment, training.data, training.before(step), training.rows(step)
    )


def _still(training: Training) -> tuple[str, ...]:
    """Return the weights whose derivative is 0 for good; where they are so many that the panel
    tells of them by tensors, those for which it is 0 at the end."""
    network = training.experiment.network
    if len(network.groups) == len(network.parameters):
        return training.still
    end = slopes(training.experiment, training.data, training.before(training.steps + 1))
    trained = {*training.experiment.trained}
    return tuple(p for p, slope in end.items() if slope == 0 and p in trained)


def _dead(
    training: Training,
    unit: str,
    since: int,
    where: Citation,
    outputs: Callable[[int], Mapping[str, NDArray[np.float64]]],
    bends: Callable[[int], float],
) -> DeadUnit:
    """Return what is known of a dead unit, but for the weights that it holds.

    outputs: what all units give before a step.   bends: the curvature along its slope.
    """
    step, end = since - 1, training.steps + 1
    around = (max(step, 1), step + 1, end)
    reached = [training.awake(unit, outputs(s)[unit]).sum() for s in around]
    rows = training.rows(step) if step else range(0)
    curvature = bends(step) if step else None
    own = own_weights(training.experiment.network, unit)
    before, after = (training.before(s) if step else {} for s in (step or 1, step + 1))
    return DeadUnit(
        unit=unit,
        since=since,
        step=step,
        epoch=training.epoch(step) if step else 0,
        rows=tuple(row + 1 for row in rows),
        curvature=curvature,
        lr_times_curvature=None if curvature is None else training.rate(step) * curvature,
        weights_before={p: w for p, w in before.items() if p in own},
        weights_after={p: w for p, w in after.items() if p in own},
        reached_before=int(reached[0]),
        reached_after=int(reached[1]),
        reached_at_end=int(reached[2]),
        rows_of_data=training.data.rows,
        still=(),
        cell=where.step(unit, training, since) or where.step(f"awake.{unit}", training, since),
    )


def own_weights(network: Network, unit: str) -> tuple[str, ...]:
    """Return the weights that make what goes into a unit, of the nearest layers before it."""
    return Ways(network).into(unit)
