"""The data that was asked for by options: from a file, made up, or the lesson's own."""

from __future__ import annotations

from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.lessons import get_plan

__all__ = ["given_data"]


def given_data(
    lesson: str, source: str | None, points: int | None, noise: float | None, seed: int | None
) -> Dataset | None:
    """Return the data that was asked for, None for the lesson's own."""
    plan = get_plan(lesson)
    making = {"--points": points, "--noise": noise}
    if not plan.seeds_weights:
        making["--seed"] = seed
    given = [name for name, value in making.items() if value is not None]
    if not plan.takes_data and (given or source is not None):
        name = "--data" if source is not None else given[0]
        raise SpecError(f"{name}: the lesson '{lesson}' has data of its own, or none; leave it out")
    if source is not None:
        if given:
            raise SpecError(f"--data and {given[0]} exclude each other: data is read or made up")
        return plan.read_data(source)
    return plan.make_data(points, noise, seed) if given else None
