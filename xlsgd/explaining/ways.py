"""Which ways numbers take through a network: what makes a unit, and what is made of it.

A row of layers and a graph are walked alike. A derivative takes the same ways back: where every
way from a weight to the predictions leads through units that hand nothing back, it stands still.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cached_property

from xlsgd.training.nets import Network
from xlsgd.training.nets.graph import flat
from xlsgd.training.nets.place import Place
from xlsgd.training.operations.binary import Binary
from xlsgd.training.operations.dot import Dot
from xlsgd.training.operations.multiply import Multiply

__all__ = ["Ways", "factor", "one_to_one", "partner", "tensors"]


def one_to_one(place: Place) -> bool:
    """Return whether a layer has no weights and an output follows from the input in its place."""
    return place.one_to_one


class Ways:
    """The ways through a network."""

    def __init__(self, network: Network) -> None:
        self._network = network

    @cached_property
    def makers(self) -> dict[str, tuple[Place, int]]:
        """By the name of every number that a layer gives, the layer and which output it is."""
        places = self._network.places
        return {name: (place, i) for place in places for i, name in enumerate(place.outputs)}

    @cached_property
    def takers(self) -> dict[str, list[tuple[Place, int]]]:
        """By the name of every number that a layer takes, the layers and which input it is."""
        found: dict[str, list[tuple[Place, int]]] = {}
        for place in self._network.places:
            for i, name in enumerate(place.inputs):
                found.setdefault(name, []).append((place, i))
        return found

    def into(self, unit: str) -> tuple[str, ...]:
        """Return the weights that make what goes into a unit, of the nearest layers before it."""
        found: dict[str, None] = {}
        place, number = self.makers[unit]
        ahead, seen = list(_sources(place, number)), set[str]()
        while ahead:
            name = ahead.pop(0)
            if name in seen:
                continue
            seen.add(name)
            if name in self._network.free:
                found[name] = None
            elif name in self.makers:
                place, number = self.makers[name]
                found |= dict.fromkeys(_weights(place, number))
                ahead += [] if place.parameters else _sources(place, number)
        return tuple(found)

    def silenced(self, dead: Collection[str]) -> dict[str, set[str]]:
        """Return, for every dead unit, the weights that no derivative reaches because of it.

        dead: all units that are silent for every row.
        Of the weights that lead into it, and into what its 0 is multiplied by, the ones from which
        every way to the predictions leads through a dead unit or a product with its 0.
        """
        alive, zero = self._alive(dead), self._zero(dead)
        moving, lost = set[str](), list[tuple[str, str, str]]()  # weight, what it makes, its factor
        for place in self._network.places:
            for number, output in enumerate(place.outputs):
                for weight in _weights(place, number):
                    by = factor(place, number, weight)
                    if output in alive and by not in zero:
                        moving.add(weight)
                    else:
                        lost.append((weight, output, by))
        for weight in self._network.free:
            if weight in alive:
                moving.add(weight)
            else:
                lost.append((weight, weight, ""))
        found = {}
        for unit in dead:
            own = self._zero((unit,))
            beside = {partner(*at) for name in own for at in self.takers.get(name, ())} - {""}
            before = set().union(*map(self._before, (unit, *beside)))
            found[unit] = {w for w, made, by in lost if made in before or by in own} - moving
        return found

    def uses(self, weight: str) -> list[tuple[Place, int]]:
        """Return the layers that use a weight, and which of their outputs they make of it."""
        return [
            (place, number)
            for place in self._network.places
            if weight in place.inputs or weight in place.weights
            for number in range(len(place.outputs))
            if weight in (*_sources(place, number), *_weights(place, number))
        ]

    def onwards(self, output: str) -> Iterator[tuple[Place, int]]:
        """Yield the layers that a number goes through, and which of their inputs it comes to, as
        long as there is one way only; the first layer with weights is the last one."""
        while len(self.takers.get(output, ())) == 1:
            place, number = self.takers[output][0]
            if place.layer.weighs_inputs:
                yield place, number
                return
            if not one_to_one(place):
                return
            yield place, number
            output = place.outputs[number]

    def reaches(self, place: Place, other: Place) -> bool:
        """Return whether what a layer gives goes into another one, at once or by others."""
        before = set().union(*(self._before(name) for name in other.outputs))
        return not before.isdisjoint(place.outputs)

    def _before(self, unit: str) -> set[str]:
        """Return the names of all that a number follows from, itself among them."""
        found, ahead = {unit}, [unit]
        while ahead:
            name = ahead.pop()
            for source in _sources(*self.makers[name]) if name in self.makers else ():
                if source not in found:
                    found.add(source)
                    ahead.append(source)
        return found

    def _alive(self, dead: Collection[str]) -> set[str]:
        """Return the names of all numbers that a derivative reaches, as far as that is known."""
        zero = self._zero(dead)
        alive = set(self._network.predictions) - set(dead)
        for place in reversed(self._network.places):
            for number, output in enumerate(place.outputs):
                if output in alive:
                    alive |= {
                        place.inputs[i]
                        for i in _numbers(place, number)
                        if place.inputs[i] not in dead and partner(place, i) not in zero
                    }
        return alive

    def _zero(self, dead: Collection[str]) -> set[str]:
        """Return the names of dead units that give 0, and of what makes 0 of that."""
        silences = self._network.silences
        found = {name for name in dead if silences[name].at == (0.0,)}
        for place in self._network.places:
            if found.isdisjoint(place.inputs):
                continue
            if isinstance(place.layer, Multiply) or (one_to_one(place) and _keeps_0(place)):
                count = len(place.outputs)
                found |= {
                    place.outputs[i % count] for i, x in enumerate(place.inputs) if x in found
                }
        return found


def _numbers(place: Place, number: int) -> tuple[int, ...]:
    """Return which inputs an output follows from."""
    count = len(place.inputs)
    if one_to_one(place):
        return (number,)
    if isinstance(place.layer, Binary):
        return number, number + count // 2
    gains = None if place.parameters else place.layer.gains(count)
    return tuple(i for i in range(count) if gains is None or gains[number][i])


def _sources(place: Place, number: int) -> tuple[str, ...]:
    """Return the names of the inputs that an output follows from."""
    return tuple(place.inputs[i] for i in _numbers(place, number))


def _weights(place: Place, number: int) -> list[str]:
    """Return the weights of a layer that make one of its outputs."""
    if not place.layer.weighs_inputs:
        return place.weights
    biases = place.parameters.get("bias")
    return [*place.parameters["weight"][number], *([biases[number]] if biases else [])]


def factor(place: Place, number: int, weight: str) -> str:
    """Return what a weight of a layer is multiplied by, "" for a bias and where it is not known."""
    row = place.parameters["weight"][number] if place.layer.weighs_inputs else []
    return place.inputs[row.index(weight)] if weight in row else ""


def partner(place: Place, i: int) -> str:
    """Return what an input is multiplied by in a product of two, "" where there is none."""
    if not isinstance(place.layer, Multiply | Dot):
        return ""
    half = len(place.inputs) // 2
    return place.inputs[(i + half) % (2 * half)]


def _keeps_0(place: Place) -> bool:
    import torch

    at_0 = place.layer.module()(torch.zeros(len(place.inputs), dtype=torch.float64))
    return not bool(at_0.any())


def tensors(network: Network) -> dict[str, tuple[str, ...]]:
    """Return the names of the weights of every tensor that inputs are multiplied by, by what the
    tensor is called, in the order of the layers."""
    found: dict[str, tuple[str, ...]] = {}
    for place in network.places:
        if place.layer.weighs_inputs:
            names = tuple(flat(place.parameters["weight"]))
            found.setdefault(network.tensor_of(names[0]), names)
    return found
