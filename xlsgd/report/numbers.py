"""Numbers as sentences have them."""

from __future__ import annotations

import math

__all__ = ["number"]


def number(value: float | None) -> str:
    """Return a number with three or four digits that count."""
    if value is None or not math.isfinite(value):
        return "no number"
    if 1e3 <= abs(value) < 1e6:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 1e6 else f"{value:.4g}"
