"""Dead units: which step threw them out, and what stands still since."""

from __future__ import annotations

from xlsgd.explaining.citation import Citation
from xlsgd.explaining.findings import DeadUnit
from xlsgd.explaining.training import Training
from xlsgd.explaining.ways import Ways
from xlsgd.torch_side.stability import curvature_along_gradient
from xlsgd.training.nets import Network

__all__ = ["dead_units", "own_weights"]


def dead_units(training: Training, where: Citation) -> tuple[DeadUnit, ...]:
    """Return the units that were silent for a whole epoch and to the end.

    The step that threw a unit out is the last in which it was awake.
    """
    return tuple(_dead(training, unit, since, where) for unit, since in training.dead_since.items())


def _dead(training: Training, unit: str, since: int, where: Citation) -> DeadUnit:
    experiment, data = training.experiment, training.data
    step, end = since - 1, training.steps + 1
    around = (max(step, 1), step + 1, end)
    reached = training.awake(unit, training.outputs(around)[unit]).sum(-1)
    rows = training.rows(step) if step else range(0)
    curvature = (
        curvature_along_gradient(experiment, data, training.before(step), rows) if step else None
    )
    network = experiment.network
    own = own_weights(network, unit)
    silenced = Ways(network).silenced(unit, training.dead_since)
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
        rows_of_data=data.rows,
        still=tuple(p for p in training.still if silenced.issuperset(network.groups[p])),
        cell=where.step(unit, training, since) or where.step(f"awake.{unit}", training, since),
    )


def own_weights(network: Network, unit: str) -> tuple[str, ...]:
    """Return the weights that make what goes into a unit, of the nearest layers before it."""
    return Ways(network).into(unit)
