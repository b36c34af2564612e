"""What a process has started, and what has started it; and copies of it that work something out.

Programs may have put themselves into sessions of their own, out of reach of what ends a group.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["Copy", "can_copy", "end_started", "end_with", "how_it_ended"]

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def end_started(process: int) -> None:
    """End all processes that a process has started, and those that they have started.

    multiprocessing, loky and pebble end a worker alone; the office program it waits for goes on.
    """
    import psutil

    with contextlib.suppress(psutil.Error):
        for each in psutil.Process(process).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                each.kill()


def end_with(parent: int) -> None:
    """Have the system end this process as soon as its parent is gone, where it can do that.

    A thread that waits for the parent, as loky has one, cannot run while C code works.
    """
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(2)


def how_it_ended(status: int) -> str:
    """Return the words for the exit status of a process; below 0 it is that of a signal."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


# Copies

Tell = Callable[..., None]
_TOLD, _DONE, _RAISED = "told", "done", "raised"


def can_copy() -> bool:
    """Return whether this process can be copied."""
    if not hasattr(os, "fork") or sys.platform == "darwin":  # Apple's libraries survive no fork
        return False
    from multiprocessing import current_process

    return not current_process().daemon  # a worker of Dask or of a pool may have no children


class Copy:
    """A copy of this process that works something out, and sends what comes of it.

    multiprocessing forks, pickles and waits. A pool, its own or another's, would have to start a
    Python (0.1 s, and all imports anew), where a copy is at work at once.
    """

    def __init__(self, work: Callable[[Tell], Any]) -> None:
        """work: is called with what it may tell of its progress; its result must be picklable.

        Raises OSError if there is no room for another process.
        """
        from multiprocessing import get_context

        fork = get_context("fork")
        self._pipe, answers = fork.Pipe(duplex=False)
        self._process = fork.Process(target=_answer, args=(work, answers, os.getpid()))
        try:
            self._process.start()
        finally:
            answers.close()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def exit_status(self) -> int:
        """Its exit status, once it is gone."""
        return self._process.exitcode or 0

    def result(self, tell: Tell | None, look: Callable[[], float | None] = lambda: None) -> Any:
        """Return what the work gives.

        tell: hears of the progress.   look: is called again and again; it says after how many
        seconds at the latest, and may raise what is to be raised instead.
        Raises what the work raises, and ChildProcessError if the copy ends without a result.
        """
        while True:
            while not self._pipe.poll(look()):
                pass
            try:
                kind, value = self._pipe.recv()
            except (EOFError, OSError):
                self._process.join()
                raise ChildProcessError("a process ended without a result") from None
            if kind != _TOLD:
                self._process.join()
                if kind == _RAISED:
                    raise value
                return value
            if tell is not None:
                tell(*value)

    def end(self, patience: float = 0.0) -> None:
        """End it, with all that it has started, if it is still at work.

        patience: seconds to clean up, after which it is ended.
        """
        if patience and self._process.is_alive():
            os.kill(self.pid, signal.SIGINT)
            with contextlib.suppress(KeyboardInterrupt):  # who insists does not want to wait
                self._process.join(patience)
        if self._process.is_alive():
            end_started(self.pid)
            self._process.kill()
        self._process.join()
        self._pipe.close()


def _answer(work: Callable[[Tell], Any], pipe: Any, parent: int) -> None:
    """Do the work in the copy, and send what comes of it."""
    end_with(parent)
    try:
        try:
            pipe.send((_DONE, work(lambda *told: pipe.send((_TOLD, told)))))
        except Exception as error:
            import traceback

            error.add_note(traceback.format_exc())
            pipe.send((_RAISED, error))
    except BaseException:
        os._exit(1)  # told to stop, nobody is listening any more, or no memory to say more
