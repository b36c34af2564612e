"""Step rules that look at a function itself, not at its slope alone: for functions without data.

Each is an optimizer and one file with both its sides. What looks at the slope alone, and goes with
any net, is in ``optimizers``.
"""

from __future__ import annotations

from functools import cache
from typing import cast

from xlsgd.base.registry import find
from xlsgd.training.optimizers.optimizer import Optimizer

__all__ = ["searches"]


@cache
def searches() -> dict[str, Optimizer]:
    """Return every one of them by its name."""
    return cast(dict[str, Optimizer], find("xlsgd.training.searches", "SEARCH"))
