"""The pictures of an images tab as names of fields, and the keys by which each is found again."""

from __future__ import annotations

from typing import NamedTuple

from xlsgd.tabs.images.columns import MOMENTS
from xlsgd.tabs.images.grids import Picture, Shape, Stage, image_of, stages_of
from xlsgd.training.experiment import Experiment

__all__ = ["Block", "block_of", "heads_of", "image_fields", "pictures_of"]


class Block(NamedTuple):
    """All stages at one moment, their names those of fields."""

    moment: str
    stages: list[Stage]


def image_fields(experiment: Experiment, shape: Shape) -> Picture:
    """Return the pixels as names of fields."""
    return _called("image", image_of(experiment.network, shape))


def block_of(experiment: Experiment, shape: Shape, moment: str) -> Block:
    """Return all stages at a moment."""
    stages = [
        Stage(s.words, s.holds, [[_called(moment, p) for p in line] for line in s.lines])
        for s in stages_of(experiment.network, shape)
    ]
    return Block(moment, stages)


def pictures_of(experiment: Experiment, shape: Shape) -> list[Picture]:
    """Return every picture of the tab."""
    found = [image_fields(experiment, shape)]
    for moment in MOMENTS:
        stages = block_of(experiment, shape, moment).stages
        found += [picture for stage in stages for line in stage.lines for picture in line]
    return found


def heads_of(picture: Picture) -> list[str]:
    """Return the keys above the columns of a picture: the names of its first row, and what tells
    them from the names of fields."""
    return [f"↓ {name}" for name in picture[0]]


def _called(head: str, picture: Picture) -> Picture:
    return [[f"{head}.{name}" for name in row] for row in picture]
