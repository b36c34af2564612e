"""Whether the verdict in a sheet is one that rounding may lead to."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["agrees"]

_NUMBER = re.compile(r"(?<=step )\d+|\d+(?= of \d+ units)")
"""The number of a step, or of units."""


def agrees(shown: str, texts: Sequence[str | float]) -> bool:
    """Return whether a verdict is one of those that rounding may lead to.

    texts: of every member of the ensemble. Clause by clause: what all members say must be said,
    and what is said must be said by a member, with the step that a member has. Where the members
    do not agree on whether or when something happened, float64 does not say so, and no step
    counts: just before a derivative freezes, its differences are a unit in the last place or none,
    as rounding has it.
    """
    members = [_clauses(str(text)) for text in texts]
    said = _clauses(shown)
    if any(words not in said for words in members[0] if all(words in m for m in members)):
        return False
    for words, clause in said.items():
        known = [member.get(words) for member in members]
        unsure = len(set(known)) > 1
        if not any(known) or (clause not in known and not unsure):
            return False
    return True


def _clauses(text: str) -> dict[str, str]:
    """Return the clauses of a verdict, by their words without such numbers."""
    return {_NUMBER.sub("n", clause): clause for clause in text.split("; ")}
