"""Two things at once: something is computed in a process of its own while this one does another.

A workbook is recalculated without torch, and importing torch takes as long as recalculating: on a
machine with two cores one of them can be had for nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from xlsgd.processes.children import Copy, can_copy

__all__ = ["in_parallel", "two_cores"]

Result = TypeVar("Result")
Tell = Callable[[int, int], None]

_TO_CLEAN_UP = 2.0
"""Seconds for a process that has nobody left to work for."""


def two_cores() -> bool:
    """Return whether another process can be had beside this one, and would have a core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    return cores > 1 and can_copy()


def in_parallel(
    work: Callable[[Tell], Result], meanwhile: Callable[[], None], tell: Tell | None = None
) -> Result:
    """Return what work gives in a copy of this process, while this one does something else.

    work: is called with what it may tell of its progress; its result must be picklable.
    meanwhile: what is done here.   tell: what hears of the progress, once meanwhile is over.
    Raises what work raises, and ChildProcessError if its process ends without a result.
    """
    copy = Copy(work)
    try:
        meanwhile()
        result: Result = copy.result(tell)
        return result
    finally:
        copy.end(_TO_CLEAN_UP)
