"""How a mean loss is read, where there is a number that says more: its root, in units of y."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["Reading"]


@dataclass(frozen=True)
class Reading:
    """A number made of a mean loss, with both its sides and the words for it.

    key: its quantity in the table of epochs; ``last_`` before it in the panel.
    word: as sentences have it, ``RMSE``.   of: torch side: the numbers for mean losses.
    formula: sheet side: the expression of ``{mean_loss}``.   paper, note, torch: as of a Column.
    panel, beside: the notes in the panel, and where runs stand side by side.
    """

    key: str
    word: str
    formula: str
    of: Callable[[Floats], Floats]
    paper: str
    note: str
    torch: str
    panel: str
    beside: str
