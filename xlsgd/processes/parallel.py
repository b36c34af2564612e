"""Two things at once: something is computed in a process of its own while this one does another.

A workbook is recalculated without torch, and importing torch takes as long as recalculating: on a
machine with two cores one of them can be had for nothing.
"""

from __future__ import annotations

import os
import pickle
import signal
import struct
import sys
import time
from collections.abc import Callable
from typing import Any, BinaryIO, TypeVar

from xlsgd.processes.children import end_started, end_with

__all__ = ["beside", "two_cores"]

Result = TypeVar("Result")
Tell = Callable[[int, int], None]

_TOLD, _DONE, _RAISED = b"t", b"d", b"r"
_NUMBERS = struct.Struct("<qq")


def two_cores() -> bool:
    """Return whether another process can be had beside this one, and would have a core."""
    # Apple's libraries do not survive a fork.
    if not hasattr(os, "fork") or sys.platform == "darwin":
        return False
    return len(os.sched_getaffinity(0)) > 1 if hasattr(os, "sched_getaffinity") else False


def beside(
    work: Callable[[Tell], Result], meanwhile: Callable[[], None], tell: Tell | None = None
) -> Result:
    """Return what work gives in a copy of this process, while this one does something else.

    work: is called with what it may tell of its progress; its result must be picklable.
    meanwhile: what is done here.   tell: what hears of the progress, once meanwhile is over.
    Raises what work raises, and ChildProcessError if its process ends without a result.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    child = os.fork()
    if not child:
        end_with(parent)
        os.close(reading)
        _answer(work, writing)
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as pipe:
            meanwhile()
            result: Result = _result(pipe, tell)
    except BaseException:
        _end(child)  # it has nobody left to work for
        raise
    os.waitpid(child, 0)
    return result


def _end(child: int) -> None:
    """End a process that is still at work, with all that it has started."""
    os.kill(child, signal.SIGINT)  # so that it can clean up
    for _ in range(20):
        if os.waitpid(child, os.WNOHANG) != (0, 0):
            return
        time.sleep(0.1)
    end_started(child)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _answer(work: Callable[[Tell], Any], writing: int) -> None:
    """Do the work and end this process."""
    try:
        with os.fdopen(writing, "wb") as pipe:

            def told(done: int, total: int) -> None:
                pipe.write(_TOLD + _NUMBERS.pack(done, total))
                pipe.flush()

            try:
                answer = _DONE + pickle.dumps(work(told), pickle.HIGHEST_PROTOCOL)
            except Exception as error:
                answer = _RAISED + pickle.dumps(error)
            pipe.write(answer)
    except BaseException:
        os._exit(1)  # nobody is listening any more
    os._exit(0)


def _result(pipe: BinaryIO, tell: Tell | None) -> Any:
    while (kind := pipe.read(1)) == _TOLD:
        done, total = _NUMBERS.unpack(pipe.read(_NUMBERS.size))
        if tell is not None:
            tell(done, total)
    if not kind:
        raise ChildProcessError("the process that recalculates ended without a result")
    found = pickle.loads(pipe.read())
    if kind == _RAISED:
        raise found
    return found
