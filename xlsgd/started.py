"""What a process has started: programs may have put themselves into sessions of their own."""

from __future__ import annotations

import contextlib

__all__ = ["end_started"]


def end_started(process: int) -> None:
    """End all processes that a process has started, and those that they have started."""
    import psutil

    with contextlib.suppress(psutil.Error):
        for each in psutil.Process(process).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                each.kill()
