"""Something is done in a process of its own, which is ended when it takes too much.

What is to be done goes on in a copy of this process, and this one only watches: it can end the
other one whatever that is busy with, and say why. multiprocessing has no limits, pebble none of
memory.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from threading import Thread
from typing import Any, TypeVar

from xlsgd.base.errors import XlsgdError
from xlsgd.base.progress import Progress
from xlsgd.processes.children import Copy, can_copy, end_started, how_it_ended
from xlsgd.processes.limits import PAUSE, Limits, Watch, out_of_memory

__all__ = ["LimitError", "in_own_process"]

Result = TypeVar("Result")

_GRACE = 30
"""Seconds after its limit at which the copy ends by itself, if nobody is left to end it."""
_TO_CLEAN_UP = 5.0
"""Seconds for a copy that has been told to stop."""


class LimitError(XlsgdError, RuntimeError):
    """A workbook takes more than it may, or the process that looks at it has died of it."""


_ADVICE = {
    "timeout": "--timeout allows more seconds",
    "memory": "--memory allows more MiB",
}


def in_own_process(
    work: Callable[[Progress], Result], limits: Limits, name: str, progress: Progress | None = None
) -> Result:
    """Return what work gives, having done it in a copy of this process.

    work: is called with what it may tell of its progress; its result must be picklable.
    name: of the workbook, for messages.
    Raises what work raises, LimitError if it takes more than it may, or if its process dies.
    """
    copy = None
    if can_copy():
        with contextlib.suppress(OSError):  # no room for another process
            copy = Copy(lambda tell: _limited(work, tell, limits))
    if copy is None:
        return _watched(work, limits, name, progress)
    watch = Watch(copy.pid, limits.seconds, limits.memory)

    def look() -> float:
        beyond = watch.beyond()
        if beyond is not None:
            raise LimitError(f"{name}: {limits.words(beyond)} and was given up; {_ADVICE[beyond]}")
        return watch.pause()

    try:
        result: Result = copy.result(progress, look)
        return result
    except ChildProcessError as error:
        how = how_it_ended(copy.exit_status)
        raise LimitError(
            f"{name}: the process that looked at it {how}; is there too little memory?"
        ) from error
    except KeyboardInterrupt:
        copy.end(_TO_CLEAN_UP)
        raise
    finally:
        copy.end()


def _limited(work: Callable[[Progress], Any], progress: Progress, limits: Limits) -> Any:
    """Do the work in the copy."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)  # it hears of Ctrl-C once, from the other process
    signal.setitimer(signal.ITIMER_REAL, limits.seconds + _GRACE)
    try:
        return work(progress)
    except XlsgdError:
        raise
    except Exception as error:
        if out_of_memory(error):  # what it was raised from does not travel
            raise MemoryError(str(error)) from error
        raise


def _watched(
    work: Callable[[Progress], Result], limits: Limits, name: str, progress: Progress | None
) -> Result:
    """Do the work here, where there can be no copy, and have a thread look after it."""
    watch, done = Watch(os.getpid(), limits.seconds, limits.memory), False

    def look() -> None:
        while not done:
            time.sleep(PAUSE)
            beyond = watch.beyond()
            if beyond is not None and not done:
                error = LimitError(f"{name}: {limits.words(beyond)}; {_ADVICE[beyond]}")
                print(f"Error: {error}", file=sys.stderr, flush=True)
                end_started(os.getpid())
                os._exit(2)

    with contextlib.suppress(RuntimeError):  # no room for a thread either
        Thread(target=look, daemon=True).start()
    try:
        return work(progress or (lambda what, at, total: None))
    finally:
        done = True
