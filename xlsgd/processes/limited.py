"""Something is done in a process of its own, which is ended when it takes too much.

What is to be done goes on in a copy of this process, and this one only watches: it can end the
other one whatever that is busy with, and say why.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from threading import Thread

from xlsgd.base.errors import XlsgdError
from xlsgd.processes.children import end_started, end_with
from xlsgd.processes.limits import PAUSE, Limits, Watch

__all__ = ["LimitError", "apart"]

_GRACE = 30
"""Seconds after its limit at which the copy ends by itself, if nobody is left to end it."""
_TO_CLEAN_UP = 5.0
"""Seconds for a copy that has been told to stop."""


class LimitError(XlsgdError, RuntimeError):
    """A workbook takes more than it may, or the process that looks at it has died of it."""


def apart(work: Callable[[], int], limits: Limits, name: str) -> int:
    """Return what work returns, an exit status, having done it in a copy of this process.

    What it prints is printed.   name: of the workbook, for messages.
    Raises LimitError if it takes more than it may, or if its process dies.
    """
    if not hasattr(os, "fork") or sys.platform == "darwin":  # Apple's libraries survive none
        return _watched(work, limits, name)
    parent = os.getpid()
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        child = os.fork()
    except OSError:  # no room for another process
        os.close(reading)
        os.close(writing)
        return _watched(work, limits, name)
    if not child:
        os.close(reading)
        _do(work, limits, parent)
    os.close(writing)
    try:
        beyond = _wait(reading, Watch(child, limits.seconds, limits.memory))
    except KeyboardInterrupt:
        # It is in a group of its own, so that it hears of it once, and cleans up, and says so.
        return _stop(child, reading)
    finally:
        os.close(reading)
    if beyond is not None:
        _end(child)
        raise LimitError(f"{name}: {limits.words(beyond)} and was given up; {_ADVICE[beyond]}")
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        try:
            how = signal.Signals(-code).name
        except ValueError:
            how = f"signal {-code}"
        raise LimitError(
            f"{name}: the process that looked at it was ended by {how}; is there too little memory?"
        )
    return code


_ADVICE = {
    "timeout": "--timeout allows more seconds",
    "memory": "--memory allows more MiB",
}


def _do(work: Callable[[], int], limits: Limits, parent: int) -> None:
    """Do the work in the copy, and end it."""
    status = 1
    end_with(parent)
    try:
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        signal.setitimer(signal.ITIMER_REAL, limits.seconds + _GRACE)
        status = work()
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        import traceback

        traceback.print_exc()
    try:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = 2  # what was to be said did not get through
    finally:
        os._exit(status)


def _wait(pipe: int, watch: Watch) -> str | None:
    """Wait until a pipe is closed at its other end; return what is too much before that, if so."""
    while not select.select([pipe], [], [], watch.pause())[0]:
        beyond = watch.beyond()
        if beyond is not None:
            return beyond
    return None


def _stop(child: int, pipe: int) -> int:
    """Have a copy stop, and return its exit status."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGINT)
    with contextlib.suppress(KeyboardInterrupt):  # who insists does not want to wait
        if select.select([pipe], [], [], _TO_CLEAN_UP)[0]:
            _, status = os.waitpid(child, 0)
            return max(os.waitstatus_to_exitcode(status), 2)
    _end(child)
    return 2


def _end(child: int) -> None:
    end_started(child)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _watched(work: Callable[[], int], limits: Limits, name: str) -> int:
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
        return work()
    finally:
        done = True
