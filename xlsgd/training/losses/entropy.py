"""What is left to be surprised by when only the shares of the classes are known, in nats."""

from __future__ import annotations

import math
from collections.abc import Iterable

__all__ = ["entropy"]


def entropy(shares: Iterable[float]) -> float:
    """Return -Σ p·ln p of shares that add up to 1."""
    return -sum(share * math.log(share) for share in shares if share > 0)
