"""Learning-rate schedules: the rate of every step, each one file with both its sides."""

from __future__ import annotations

from functools import cache
from typing import cast

from xlsgd.base.registry import find, pick
from xlsgd.training.schedules.formula import Formula, is_formula
from xlsgd.training.schedules.schedule import RATE, Schedule

__all__ = ["RATE", "Schedule", "get_schedule", "schedules"]


@cache
def schedules() -> dict[str, Schedule]:
    """Return every schedule by its name."""
    return cast(dict[str, Schedule], find("xlsgd.training.schedules", "SCHEDULE"))


def get_schedule(name: str) -> Schedule:
    """Return the schedule of that name, or that a formula such as ``learning_rate/step`` describes.

    Raises SpecError for an unknown name, and for a formula that cannot be read.
    """
    if is_formula(name):
        return Formula(name.strip())
    return cast(Schedule, pick("schedule", name, cast(dict[str, object], schedules())))
