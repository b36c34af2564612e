"""Dead units: which step threw them out, and what stands still since."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from xlsgd.explaining.citation import Citation
from xlsgd.explaining.findings import DeadUnit
from xlsgd.explaining.training import Training
from xlsgd.torch_side.stability import curvature_along_gradient
from xlsgd.training.nets import Network
from xlsgd.training.nets.place import Place

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
    silenced = _silenced(network, unit, training.dead_since)
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
        still=tuple(p for p in training.still if p in silenced),
        cell=where.step(unit, training, since) or where.step(f"awake.{unit}", training, since),
    )


def own_weights(network: Network, unit: str) -> tuple[str, ...]:
    """Return the weights that make what goes into a unit, in the layer right before it."""
    return _around(network, unit)[0]


def _silenced(network: Network, unit: str, dead: Collection[str]) -> set[str]:
    """Return the weights that no derivative reaches while a unit is silent.

    Those into it and out of it; and, where all units beside it are dead as well, all weights of
    the layers before those that lead into it.
    """
    into, out_of = _around(network, unit)
    found = {*into, *out_of}
    at = next(i for i, place in enumerate(network.places) if unit in place.outputs)
    if not network.is_graph and set(network.places[at].outputs) <= set(dead):
        weights = [set(place.weights) for place in network.places[:at] if place.parameters]
        found |= set().union(*weights[:-1])
    return found


def _around(network: Network, unit: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the weights of the nearest layers that lead into a unit and out of it; none in a
    graph, where they may lead past it."""
    if network.is_graph:
        return (), ()
    at = next(i for i, place in enumerate(network.places) if unit in place.outputs)
    number = network.places[at].outputs.index(unit)
    before, after = _nearest(network.places[:at][::-1]), _nearest(network.places[at + 1 :])
    into: list[str] = []
    if before is not None:
        into += before.parameters["weight"][number]
        into += [before.parameters["bias"][number]] if "bias" in before.parameters else []
    out_of = [] if after is None else [row[number] for row in after.parameters["weight"]]
    return tuple(into), tuple(out_of)


def _nearest(places: Sequence[Place]) -> Place | None:
    """Return the first layer with weights, None where a layer before it mixes what passes."""
    for place in places:
        if place.parameters:
            return place
        if len(place.inputs) != len(place.outputs):
            return None
    return None
