"""PyTorch, set up to round the way a spreadsheet does."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType

__all__ = ["first_import", "load_torch", "one_thread"]


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

    _leave_compiler_out(torch)
    return torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch work on one processor: on small numbers, threads mostly wait for each other."""
    torch = load_torch()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def first_import() -> Callable[[], None] | None:
    """Return what imports torch, which takes as long as recalculating a workbook; None if that
    has been done."""
    if "torch" in sys.modules:
        return None

    def import_all() -> None:
        load_torch()
        import torch.func
        import torch.optim  # noqa: F401

    return import_all


def _leave_compiler_out(torch: ModuleType) -> None:
    """Keep torch.optim from importing torch's compiler, which nothing here uses.

    These methods are marked as not to be compiled, and their first call imports the compiler,
    0.8 s of work, in order to say so to it.  It is not asked where the method itself is noted down
    as what to call instead.  Where a release of torch does it in another way, nothing is changed
    but the time it takes.
    """
    for name in ("add_param_group", "zero_grad", "state_dict", "load_state_dict"):
        method = getattr(getattr(torch.optim.Optimizer, name), "__wrapped__", None)
        if method is not None:
            setattr(method, "__dynamo_disable", method)
