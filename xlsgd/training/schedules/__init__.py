"""Learning-rate schedules: the rate of every step, each one file with both its sides."""

from __future__ import annotations

from functools import cache
from typing import cast

from xlsgd.base.registry import find, pick
from xlsgd.training.schedules.chain import Chain, is_chain, split
from xlsgd.training.schedules.formula import Formula, is_formula
from xlsgd.training.schedules.schedule import RATE, Schedule
from xlsgd.training.schedules.spelling import spelled

__all__ = ["RATE", "Schedule", "get_schedule", "schedules"]


@cache
def schedules() -> dict[str, Schedule]:
    """Return every schedule by its name."""
    return cast(dict[str, Schedule], find("xlsgd.training.schedules", "SCHEDULE"))


def get_schedule(name: str) -> Schedule:
    """Return the schedule of that name, which may be torch's, as ``CosineAnnealingLR``; or the one
    that a formula such as ``learning_rate/step`` describes, or a chain such as
    ``linear 5, cosine``.

    Raises SpecError for an unknown name, and for a formula or a chain that cannot be read.
    """
    if is_formula(name):
        return Formula(name.strip())
    if is_chain(name):
        joint, found = split(name)
        parts = tuple(_named(part) for part, _ in found)
        return Chain(parts, joint, tuple(counts for _, counts in found[:-1]))
    return _named(name)


def _named(name: str) -> Schedule:
    return pick("schedule", spelled(name, schedules()), schedules())
