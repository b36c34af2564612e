"""Random numbers that a sheet can draw: the same ones whenever it is calculated.

RAND() is drawn anew at every look. Here each number follows from the one before, and the first from
a seed in a cell: x after x is 16807·x mod 2147483647, which a cell of 15 digits holds exactly.
Source: Park and Miller 1988, "Random number generators: good ones are hard to find".
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from xlsgd.base.columns import Input

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MODULUS", "drawn", "first_draw", "next_draw", "seed_input", "share_of"]

MODULUS = 2_147_483_647
_TIMES, _OF_SEED = 16_807, 742_938_285
"""The second is for seeds, which are small: their first numbers are to be all over the range."""


def seed_input(key: str, note: str) -> Input:
    """Return the cell from which all numbers follow."""
    return Input(key, 1.0, note, minimum=1, below=10_000_000, whole=True)


# Sheet side


def first_draw(seed: str) -> str:
    """Return the expression of the first number.  seed: the template of its cell."""
    return f"MOD({_OF_SEED}*{seed},{MODULUS})"


def next_draw(before: str) -> str:
    """Return the expression of a number.  before: that of the one before."""
    return f"MOD({_TIMES}*{before},{MODULUS})"


def share_of(drawn_number: str) -> str:
    """Return the expression of a number between 0 and 1."""
    return f"{drawn_number}/{MODULUS}"


# Torch side


@lru_cache(maxsize=64)
def drawn(seed: int, steps: int, each: int) -> NDArray[np.float64]:
    """Return whole numbers, shape (each, steps): of every step as many, one after the other."""
    import numpy as np

    number = _OF_SEED * seed % MODULUS
    found = np.empty(steps * each)
    for i in range(steps * each):
        found[i] = number
        number = _TIMES * number % MODULUS
    table = found.reshape(steps, each).T
    table.flags.writeable = False
    return table
