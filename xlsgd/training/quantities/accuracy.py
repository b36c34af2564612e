"""Accuracy: the share of rows in which a prediction above a cut stands for y = 1, and others for 0.

Two sides: the formula, and the same over numbers that torch computed. What is no number is right
for nobody. The cut is the loss's, see ``Loss.cut``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["PAPER", "accuracy", "note", "right", "torch_line"]

PAPER = "share predicted right"


def note(cut: float) -> str:
    """Return what it is, in a sentence."""
    return (
        f"share of the rows in which a prediction above {cut:g} stands for y = 1, or one of at "
        f"most {cut:g} for y = 0"
    )


def torch_line(cut: float) -> str:
    """Return the line of PyTorch that gives the same."""
    return f"((pred > {cut:g}) == (y == 1)).double().mean()"


def accuracy(pred: str, y: str, rows: str, cut: float) -> str:
    """Sheet side: return the expression.

    pred, y: the templates of their cells.   rows: of how many they are.
    """
    return f'(COUNTIFS({pred},">{cut:g}",{y},1)+COUNTIFS({pred},"<={cut:g}",{y},0))/{rows}'


def right(pred: NDArray[np.float64], y: NDArray[np.float64], cut: float) -> NDArray[np.float64]:
    """Torch side: return 1 for every row that is right, and 0 for the others."""
    with np.errstate(invalid="ignore"):
        found: NDArray[np.bool_] = ((pred > cut) & (y == 1)) | ((pred <= cut) & (y == 0))
    found &= np.isfinite(pred)
    return found.astype(np.float64)
