"""PyTorch, set up to round the way a spreadsheet does."""

from __future__ import annotations

import os
from types import ModuleType

__all__ = ["load_torch"]


def load_torch() -> ModuleType:
    """Import torch so that it rounds after every operation, as a spreadsheet does.

    On processors that can, torch's vectorised kernels multiply and add in one go and round once:
    ``p - lr * g`` then differs from a cell's in the last bit, and from one machine to the next.
    ``ATEN_CPU_CAPABILITY=default`` is PyTorch's documented switch to kernels that do not.
    It only counts before torch is first imported; where that has happened already the last bit
    may differ, and the tolerances of verify allow for it.
    """
    os.environ.setdefault("ATEN_CPU_CAPABILITY", "default")
    import torch

    return torch
