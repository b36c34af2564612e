"""Whether the verdict in a sheet is one that rounding may lead to."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["agrees"]

_STEP = re.compile(r"(?<=step )\d+")


def agrees(shown: str, texts: Sequence[str | float]) -> bool:
    """Return whether a verdict is one of those that rounding may lead to.

    texts: of every member of the ensemble. Its words must be those of a member. The step in a
    clause must be that of a member; where the members do not agree on it, float64 does not say
    when it happens, and no step counts: just before a derivative freezes, its differences are a
    unit in the last place or none, as rounding has it.
    """
    members = [str(text) for text in texts]
    if shown in members:
        return True
    alike = [text for text in members if _STEP.sub("n", text) == _STEP.sub("n", shown)]
    if not alike:
        return False
    for clause in shown.split("; "):
        known = {c for text in alike for c in text.split("; ") if _same(c, clause)}
        if clause not in known and len(known) < 2:
            return False
    return True


def _same(one: str, other: str) -> bool:
    """Return whether two clauses say the same, but perhaps of other steps."""
    return _STEP.sub("n", one) == _STEP.sub("n", other)
