"""What stands on an images tab: an image of the data, and what a net makes of it, twice.

Once by the weights from which training starts, and once by those that it ends with. Every number
is a field, called after the moment and the number: ``before.pred``.
"""

from __future__ import annotations

from collections.abc import Sequence

from xlsgd.base.columns import Input
from xlsgd.tabs.images.grids import Shape, image_of, stages_of
from xlsgd.training.experiment import Experiment
from xlsgd.training.nets import Network
from xlsgd.training.nets.layer import Scattered
from xlsgd.training.nets.place import Place, is_number, map_nested

__all__ = [
    "AFTER",
    "BEFORE",
    "MARKED",
    "MOMENTS",
    "SHAPE",
    "SHOWN",
    "image",
    "read_shape",
    "results",
    "said_of",
    "shape_field",
    "targets",
    "values",
    "weights",
]

MARKED = "images tab, format 1"
SHOWN, SHAPE = "shown_row", "image_size"
BEFORE, AFTER = "before", "after"
MOMENTS = {BEFORE: "before training", AFTER: "after training"}
_LONG = 4
"""Neighbours from which on a weighted sum is written as SUMPRODUCT."""


def shape_field(shape: Shape) -> Input:
    """Return the field that says how large an image is."""
    return Input(SHAPE, f"{shape[0]} × {shape[1]}", "rows and columns of pixels", fixed=True)


def read_shape(text: str, pixels: int) -> Shape | None:
    """Return the size of an image from its field, None for what is none of so many pixels."""
    height, _, width = (part.strip() for part in text.partition("×"))
    if not (height.isdecimal() and width.isdecimal()) or int(height) * int(width) != pixels:
        return None
    return int(height), int(width)


def image(network: Network) -> dict[str, str]:
    """Return the formulas of the pixels, by their names."""
    return {f"image.{n}": f"=SUM(INDEX({{data.{n}}},{{{SHOWN}}}))" for n in network.input_names}


def targets(experiment: Experiment) -> list[Input]:
    """Return what the image shows."""
    return [
        Input(
            f"target.{y}",
            f"=SUM(INDEX({{data.{y}}},{{{SHOWN}}}))",
            "what it is, from the data",
            label=f"what it is, {y}",
        )
        for y in experiment.targets
    ]


def results(experiment: Experiment) -> list[Input]:
    """Return what the prediction costs, at both moments."""
    loss = experiment.loss
    found = []
    for moment, words in MOMENTS.items():
        preds = [f"{{{moment}.{name}}}" for name in experiment.network.predictions]
        formula = loss.of_row(preds, [f"{{target.{y}}}" for y in experiment.targets])
        for given in loss.hyperparameters:
            formula = formula.replace(f"{{{given.key}}}", f"{{@{experiment.id}.{given.key}}}")
        note = f"{loss.name} of this image, {words}"
        found.append(Input(f"{moment}.loss", f"={formula}", note, label=f"loss {words}"))
    return found


def weights(experiment: Experiment, moment: str) -> dict[str, str]:
    """Return the formulas of the weights at a moment, by the names of their fields."""
    where = f"@{experiment.id}.{'init' if moment == BEFORE else 'last.new'}"
    return {f"{moment}.{p}": f"={{{where}.{p}}}" for p in experiment.network.parameters}


def values(experiment: Experiment, shape: Shape, moment: str) -> dict[str, str]:
    """Return the formulas of what comes out of every layer at a moment."""
    network = experiment.network
    near = _Neighbours(network, shape, moment)
    found = {}
    for place in network.places:
        for name, text in zip(place.outputs, _outputs(network, place, near), strict=True):
            found[f"{moment}.{name}"] = f"={text}"
    return found


def said_of(experiment: Experiment, shape: Shape) -> dict[str, str]:
    """Return every formula of the pictures, in order of calculation."""
    found = image(experiment.network)
    for moment in MOMENTS:
        found |= weights(experiment, moment) | values(experiment, shape, moment)
    return found


class _Neighbours:
    """Which numbers stand side by side on the tab, so that one range holds them all."""

    def __init__(self, network: Network, shape: Shape, moment: str) -> None:
        self._network, self._moment = network, moment
        pictures = [image_of(network, shape)]
        pictures += [p for s in stages_of(network, shape) for line in s.lines for p in line]
        self._at = {
            name: (i, r, c)
            for i, picture in enumerate(pictures)
            for r, row in enumerate(picture)
            for c, name in enumerate(row)
        }

    def template(self, name: str) -> str:
        """Return the template of a number, by its name."""
        if is_number(name):
            return f"({name})" if name.startswith("-") else name
        head = "image" if name in self._network.input_names else self._moment
        return f"{{{head}.{name}}}"

    def block(self, names: Sequence[str]) -> tuple[int, int] | None:
        """Return the size of the block of cells that holds these and no others, row by row."""
        places = [self._at.get(name) for name in names]
        if None in places:
            return None
        known = [place for place in places if place is not None]
        picture, top, left = known[0]
        _, bottom, right = known[-1]
        whole = [(picture, r, c) for r in range(top, bottom + 1) for c in range(left, right + 1)]
        return (bottom - top + 1, right - left + 1) if whole == known else None

    def range_of(self, names: Sequence[str]) -> str:
        """Return the template of a block of cells."""
        first, last = self.template(names[0]), self.template(names[-1])
        return f"{first[:-1]}:{last[1:]}"


def _outputs(network: Network, place: Place, near: _Neighbours) -> list[str]:
    """Return the expressions of what comes out of a layer."""
    if place.layer.weighs_inputs:
        bias = place.parameters.get("bias", [])
        found = []
        for unit, names in enumerate(place.parameters["weight"]):
            terms = _weighted(names, place.inputs, near)
            terms += [near.template(name) for name in bias[unit : unit + 1]]
            found.append("+".join(terms) or "0")
        return found
    nested = {kind: map_nested(near.template, own) for kind, own in place.parameters.items()}
    return place.layer.forward(Scattered(map(near.template, place.inputs)), nested)


def _weighted(names: Sequence[str], inputs: Sequence[str], near: _Neighbours) -> list[str]:
    """Return the terms of a weighted sum: of whole pictures where they lie over each other, as an
    image and the weights of its pixels, or a filter and a part of an image."""
    terms, at = list[str](), 0
    while at < len(names):
        for end in _ends(at, len(names)):
            size = near.block(names[at:end])
            if size is not None and size == near.block(inputs[at:end]):
                blocks = near.range_of(inputs[at:end]), near.range_of(names[at:end])
                terms.append(f"SUMPRODUCT({','.join(blocks)})")
                at = end
                break
        else:
            if inputs[at] != "0":  # around the edges of a convolution is nothing but zeros
                terms.append(f"{near.template(inputs[at])}*{near.template(names[at])}")
            at += 1
    return terms


def _ends(begin: int, end: int) -> range:
    """Return where a block that begins there may end, the longest first."""
    return range(end, begin + _LONG - 1, -1)
