"""Processes of xlsgd that have imported everything before they begin: a hundred need no torch anew.

Starting Python and importing torch takes a second and a half of work, and hundreds of tests start
xlsgd or its helpers as processes of their own. In tests that ask for the fixture ``warm`` one
process imports (tests/warm_python.py), and copies of it become the others. They are children of
the test like any other, with their own streams, signals, limits, session and environment; only the
start is left out. Those of another copy of the package come from a process that has imported the
libraries alone. What depends on the start is started as ever: other programs and scripts, options
and variables of Python; and so is everything where a process cannot be had this way.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import inspect
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import xlsgd

__all__ = ["cold", "patch"]

SCRIPT = Path(__file__).with_name("warm_python.py")
PACKAGE = "xlsgd"
_SUBREAPER = 36  # linux/prctl.h
_PLAIN = {
    "preexec_fn": None, "pass_fds": (), "executable": None, "shell": False, "umask": -1,
    "gid": None, "gids": None, "uid": None, "process_group": -1, "close_fds": True,
}  # fmt: skip
"""What subprocess says where nothing special is asked for."""

_AT_FIRST = frozenset(sys.path)
"""Where this process found what is installed, before any test changed it."""

_HEEDED = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")
_STREAMS = (("p2cread", 0), ("c2pwrite", 1), ("errwrite", 2))
_PIPES = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")

cold: Any = getattr(subprocess.Popen, "_execute_child", None)
"""How subprocess begins a process."""


def _begin(process: Any, *given: Any) -> None:
    """Do what ``Popen._execute_child`` does, by a copy where that can be."""
    asked = _asked(given)
    order = None if asked is None else _order(asked)
    copies = None if order is None else _copies(os.getpid(), order["whole"])
    if asked is None or order is None or copies is None:
        cold(process, *given)
        return
    streams = [own if asked[name] == -1 else asked[name] for name, own in _STREAMS]
    process.pid = copies.begin(order, streams)
    process._child_created = True
    process._close_pipe_fds(*(asked[name] for name in _PIPES))


@functools.cache
def _parameters() -> tuple[str, ...]:
    return tuple(inspect.signature(cold).parameters)[1:]


def _asked(given: tuple[Any, ...]) -> dict[str, Any] | None:
    """Return what a process is asked for, or None where this Python's subprocess is another."""
    names = _parameters()
    wanted = {"args", "cwd", "env", "start_new_session", *_PIPES, *_PLAIN} - {"process_group"}
    if sys.platform != "linux" or len(names) != len(given) or not wanted <= set(names):
        return None
    return dict(zip(names, given, strict=True))


def _order(asked: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a copy is to become, or None if it is to be started as ever."""
    if any(asked.get(name, plain) != plain for name, plain in _PLAIN.items()):
        return None
    if isinstance(asked["args"], (str, bytes, os.PathLike)):
        return None
    program, *words = map(os.fspath, asked["args"])
    safe = words[:1] == ["-P"]
    words = words[safe:]
    if program != sys.executable or words[:1] not in (["-m"], ["-c"]) or len(words) < 2:
        return None
    way, what, *arguments = words
    cwd = os.fsdecode(asked["cwd"] or Path.cwd())
    variables = os.environ if asked["env"] is None else asked["env"]
    if way == "-m" and what.partition(".")[0] != PACKAGE:
        return None
    whole = _same_package(cwd, safe, variables)
    if way == "-c" and whole:
        return None  # such programs tell what is imported when
    if not _start_alike(variables) or not Path(cwd).is_dir():
        return None
    return {
        "way": way,
        "what": what,
        "arguments": arguments,
        "safe": safe,
        "cwd": cwd,
        "environment": {os.fsdecode(k): os.fsdecode(v) for k, v in variables.items()},
        "whole": whole,
        "session": asked["start_new_session"],
        "parent": os.getpid(),
    }


def _start_alike(variables: Any) -> bool:
    """Return whether Python and its libraries start as here, as far as variables are concerned."""

    def of_the_start(given: Any) -> dict[str, str]:
        own = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC")
        return {k: v for k, v in given.items() if k.startswith(own) and k not in _HEEDED}

    return of_the_start(variables) == of_the_start(os.environ)


def _same_package(cwd: str, safe: bool, variables: Any) -> bool:
    """Return whether what would be imported is the package that is tested here, and finds nothing
    installed beside it that this process does not."""
    path = [entry for entry in variables.get("PYTHONPATH", "").split(os.pathsep) if entry]
    for folder in [*([] if safe else [cwd]), *path]:
        if (package := Path(folder, PACKAGE)).is_dir():
            here = package.resolve() == Path(xlsgd.__file__).resolve().parent
            more = [entry for entry in path if entry not in _AT_FIRST]
            return here and not any(list(Path(entry).glob("*.dist-info")) for entry in more)
    return True


class _Copies:
    """The process that has imported everything, or the libraries alone, and is copied."""

    def __init__(self, orders: socket.socket) -> None:
        self._lock = Lock()
        self._orders = orders

    @classmethod
    def begun(cls, whole: bool) -> _Copies:
        """Begin such a process."""
        orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        one_thread = dict.fromkeys(
            ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"
        )
        environment = {**os.environ, **one_thread}
        environment.pop("PYTHONPATH", None)
        if whole:
            environment["PYTHONPATH"] = os.pathsep.join(entry for entry in sys.path if entry)
        what = "whole" if whole else "libraries"
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-P", SCRIPT, what, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env=environment,
            )

        def end() -> None:
            orders.close()
            process.wait()

        atexit.register(end)
        return cls(orders)

    @property
    def ready(self) -> bool:
        return self._orders.recv(100) == b"ready"

    def begin(self, order: dict[str, Any], streams: list[int]) -> int:
        """Return the number of a process that becomes what is ordered.

        Who makes a copy ends at once, and this process takes the orphan on as its own child.
        """
        with self._lock:
            _take_on_orphans(True)
            try:
                socket.send_fds(self._orders, [pickle.dumps(order)], streams)
                return int(self._orders.recv(100))
            finally:
                _take_on_orphans(False)


def _take_on_orphans(wanted: bool) -> None:
    if ctypes.CDLL(None).prctl(_SUBREAPER, int(wanted), 0, 0, 0):
        raise OSError("this system gives orphans to nobody but its first process")


@functools.cache
def _copies(own: int, whole: bool) -> _Copies | None:
    """Return the process that this one has its copies from, begun when it is first needed."""
    if own in _given:
        return _given[own] if whole else None
    copies = _Copies.begun(whole)
    return copies if copies.ready else None


_given: dict[int, _Copies] = {}
"""By the number of a process that is a copy itself: the one that it has its copies from."""


def order_from(orders: socket.socket) -> None:
    """Have this process, a copy, begin its helpers as copies of the one that takes these orders."""
    _given[os.getpid()] = _Copies(orders)
    patch(setattr)


def patch(set_attribute: Callable[[Any, str, Any], None]) -> None:
    """Have subprocess begin warm processes, as long as an attribute stays set."""
    if cold is not None:
        set_attribute(subprocess.Popen, "_execute_child", _begin)
