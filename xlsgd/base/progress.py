"""How work tells how far it has come."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress"]

Progress = Callable[[str, int, int], None]
"""Called now and then with what is being done, how much of it is done, and of how much."""
