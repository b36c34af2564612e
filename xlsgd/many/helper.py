"""The side of a helper process that asks it: start it, give it a call, end it when it hangs.

A Python signal cannot interrupt C code. So each place that works has a process of its own, and only
waits for it: whatever happens in there, somebody outside is left to say so. No pool does that, as
tried with joblib 1.6 and pebble 5.2: loky and concurrent.futures lose the calls of all when one
process dies, and leave one that hangs; pebble ends it and not the office program that it started;
none has a limit of memory, and none but a plain process can be started in a Dask worker.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from threading import Event, Lock, Thread
from typing import Any

from xlsgd.many.calls import Reply, Work
from xlsgd.processes.children import end_started, how_it_ended
from xlsgd.processes.limits import Watch, resident

__all__ = ["ask", "end_helpers"]

_START = 120.0
"""Seconds within which a helper must have imported what it needs."""

_FULL = 0.6
"""Of the limit of memory: what a helper has kept from earlier workbooks, it is then ended for."""

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""Processes are what runs side by side here; threads in each would only be in each other's way."""


class _Helper:
    """One helper process."""

    def __init__(self, work: Work, folder: str) -> None:
        """folder: for temporary files, which one that is killed cannot remove."""
        self._work = work
        self._lock = Lock()
        self._asked = 0  # how many calls have been answered or given up
        self._beyond: str | None = None  # which limit, if it was ended for that
        # -P: a file json.py beside the workbooks is not to be imported by anyone.
        path = os.pathsep.join(entry for entry in sys.path if entry)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "xlsgd.many.helper_main"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=work.folder,
            env={**os.environ, **_ONE_THREAD, "PYTHONPATH": path, "TMPDIR": folder},
            # Ctrl-C is for whoever asked; and what a helper started ends with it.
            start_new_session=True,
        )

    def start(self) -> Reply | None:
        """Wait until it is ready.  Return what is in the way, if something is."""
        answer = self._talk((self._work.function, self._work.limits.memory), _START, None)
        if answer.kind == "ready":
            return None
        message = "took too long to start" if answer.kind == "timeout" else answer.message
        return Reply("crashed", message=f"no helper process: {message}", seconds=answer.seconds)

    def ask(self, arguments: dict[str, Any]) -> Reply:
        """Return the answer to a call, or what became of it instead."""
        limits = self._work.limits
        answer = self._talk((arguments, limits.seconds), limits.seconds, limits.memory)
        if answer.kind in ("timeout", "memory"):
            message = limits.words(answer.kind)
            self.end()
        elif answer.kind == "bug":
            message = f"unexpected {answer.message}"
        else:
            return answer
        return Reply(answer.kind, message=message, seconds=answer.seconds)

    def _talk(self, message: object, seconds: float, memory: int | None) -> Reply:
        begun = time.perf_counter()
        over = Event()
        watch = Watch(self._process.pid, seconds, memory)
        Thread(target=self._look, args=(self._asked, watch, over), daemon=True).start()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            pickle.dump(message, self._process.stdin)
            self._process.stdin.flush()
            kind, value, text = pickle.load(self._process.stdout)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            kind, value, text = "crashed", None, self._how_it_ended()
        finally:
            over.set()
            with self._lock:  # from here on the limit of this call has nothing to say
                self._asked += 1
        if kind == "crashed" and self._beyond is not None:
            kind = self._beyond
        return Reply(kind, value, text, time.perf_counter() - begun)

    def _look(self, call: int, watch: Watch, over: Event) -> None:
        """End it as soon as a call takes more than it may."""
        while not over.wait(watch.pause()):
            beyond = watch.beyond()
            if beyond is None:
                continue
            with self._lock:
                if call != self._asked:
                    return  # the answer came at the same moment
                self._beyond = beyond
            self.end()
            return

    def _how_it_ended(self) -> str:
        # It closes its pipes a moment before it is gone and has an exit status.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self.end()
        how = how_it_ended(self._process.returncode)
        return f"its process {how}{'; is the machine out of memory?' if 'SIGKILL' in how else ''}"

    @property
    def usable(self) -> bool:
        """Whether it can be asked again, with room for another workbook."""
        if self._beyond is not None or self._process.poll() is not None:
            return False
        return resident(self._process.pid) < _FULL * (self._work.limits.memory << 20)

    def end(self) -> None:
        """End it, and whatever it has started, and wait until it is gone."""
        if self._process.poll() is None:
            end_started(self._process.pid)
        if sys.platform != "win32":
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """End it and close its pipes.  To be called by nobody but who asks it."""
        self.end()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


class _Helpers:
    """The helpers of one work in this process: as many as are asked at the same time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._idle: list[_Helper] = []
        self._busy: set[_Helper] = set()
        self._ended = False
        self._folder = tempfile.mkdtemp(prefix="xlsgd-")

    def ask(self, work: Work, arguments: dict[str, Any]) -> Reply:
        """Return the answer of a helper, a new one if all are busy."""
        answer, fresh = self._ask(work, arguments)
        if answer.kind == "memory" and not fresh:
            # It may have been what earlier workbooks left.
            answer, _ = self._ask(work, arguments, fresh=True)
        return answer

    def _ask(
        self, work: Work, arguments: dict[str, Any], fresh: bool = False
    ) -> tuple[Reply, bool]:
        """Return the answer of a helper, and whether nobody has asked it anything before."""
        with self._lock:
            if self._ended:
                return Reply("stopped"), True
            helper = self._idle.pop() if self._idle and not fresh else None
            if helper is None:
                try:
                    helper = _Helper(work, self._folder)
                except OSError as error:
                    return Reply("crashed", message=f"no helper process: {error}"), True
                fresh = True
            else:
                fresh = False
            self._busy.add(helper)
        answer = (helper.start() if fresh else None) or helper.ask(arguments)
        with self._lock:
            self._busy.discard(helper)
            keep = not self._ended and answer.kind in ("done", "refused", "bug") and helper.usable
            if keep:
                self._idle.append(helper)
            ended = self._ended
        if not keep:
            helper.close()
        return Reply("stopped") if ended and answer.kind == "crashed" else answer, fresh

    def end(self) -> None:
        """End all helpers, the busy ones too; there will be no more."""
        with self._lock:
            self._ended = True
            busy, idle = list(self._busy), self._idle
            self._idle = []
        for helper in busy:
            helper.end()
        for helper in idle:
            helper.close()
        shutil.rmtree(self._folder, ignore_errors=True)


_ALL: dict[str, _Helpers] = {}
_LOCK = Lock()


def _helpers(work: Work) -> _Helpers:
    with _LOCK:
        if work.id not in _ALL:
            _ALL[work.id] = _Helpers()
        return _ALL[work.id]


def ask(work: Work, arguments: dict[str, Any]) -> Reply:
    """Have a helper process of this process do one call, within the limits.  Never raises."""
    return _helpers(work).ask(work, arguments)


def end_helpers(work: Work) -> None:
    """End the helper processes of a work: it is done, or to be stopped."""
    _helpers(work).end()
