"""Thirty and more ways to write down small trainings, each with what is true of it."""

from __future__ import annotations

from functools import cache

from tests.foreign.plans import Way
from tests.foreign.ways import layouts, lines, matrices, nets, rules

__all__ = ["all_ways"]


@cache
def all_ways() -> dict[str, Way]:
    """Return every way by its name."""
    found = [way for module in (lines, rules, layouts, nets, matrices) for way in module.ways()]
    names = {way.name: way for way in found}
    assert len(names) == len(found)
    return names
