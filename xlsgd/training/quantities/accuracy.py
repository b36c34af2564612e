"""Accuracy: the share of rows in which a prediction above 0.5 stands for y = 1, and others for 0.

Two sides: the formula, and the same over numbers that torch computed. What is no number is right
for nobody.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["CUT", "NOTE", "PAPER", "TORCH", "accuracy", "right"]

CUT = 0.5
"""Where predictions for y = 1 begin, above it."""
PAPER = "share predicted right"
NOTE = (
    "share of the rows in which a prediction above 0.5 stands for y = 1, or one of at most 0.5 "
    "for y = 0"
)
TORCH = "((pred > 0.5) == (y == 1)).double().mean()"


def accuracy(pred: str, y: str, rows: str) -> str:
    """Sheet side: return the expression.

    pred, y: the templates of their cells.   rows: of how many they are.
    """
    return f'(COUNTIFS({pred},">0.5",{y},1)+COUNTIFS({pred},"<=0.5",{y},0))/{rows}'


def right(pred: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Torch side: return 1 for every row that is right, and 0 for the others."""
    with np.errstate(invalid="ignore"):
        found: NDArray[np.bool_] = ((pred > CUT) & (y == 1)) | ((pred <= CUT) & (y == 0))
    found &= np.isfinite(pred)
    return found.astype(np.float64)
