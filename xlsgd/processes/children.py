"""What a process has started, and what has started it.

Programs may have put themselves into sessions of their own, out of reach of what ends a group.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys

__all__ = ["end_started", "end_with"]

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_started(process: int) -> None:
    """End all processes that a process has started, and those that they have started."""
    import psutil

    with contextlib.suppress(psutil.Error):
        for each in psutil.Process(process).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                each.kill()


def end_with(parent: int) -> None:
    """Have the system end this process as soon as its parent is gone, where it can do that."""
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(2)
