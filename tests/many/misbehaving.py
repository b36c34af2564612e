"""What a workbook could make a helper process do. Called there, by name."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from xlsgd.base.errors import WorkbookError


def behave(number: int) -> dict[str, Any]:
    """Do what is asked, and say by which process."""
    return {"number": number, "process": os.getpid()}


def environment() -> dict[str, Any]:
    """Return what a helper process finds around it."""
    return {
        "folder": str(Path.cwd()),
        "threads": os.environ["OMP_NUM_THREADS"],
        "on the path": "" in sys.path or str(Path.cwd()) in sys.path,
    }


def do(what: str) -> Any:
    """Misbehave."""
    return {"nothing": lambda: 1, **MISBEHAVIOURS}[what]()


def _leave() -> None:
    os._exit(0)


def _read_nowhere() -> None:
    ctypes.string_at(0)


def _hang_in_c() -> None:
    # PyDLL keeps Python's lock: no thread, no signal handler of Python runs any more.
    ctypes.PyDLL(None).sleep(1000)


def _hang_in_python() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        try:
            time.sleep(1000)
        except Exception:
            continue


def _eat_memory() -> None:
    eaten = []
    while True:
        eaten.append(bytearray(1 << 24))


def _eat_memory_in_torch() -> None:
    import torch

    torch.empty(1 << 40)


def _answer_at_length() -> str:
    return "x" * (160 << 20)  # there is room for it once, and not for its pickle as well


def _wrap_memory_error() -> None:
    try:
        _eat_memory()
    except MemoryError as error:
        raise WorkbookError("cannot be read") from error


def _raise() -> None:
    raise KeyError("what")


def _refuse() -> None:
    raise WorkbookError("no workbook")


def _take_as_long_as_allowed() -> None:
    time.sleep(random.uniform(0.0170, 0.0200))


def _get_killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _exit() -> None:
    sys.exit(3)


def _print() -> str:
    print("a line for stdout")
    os.write(1, b"more, past Python")
    return sys.stdin.read()


def _leave_a_process() -> None:
    # As spreadsheet programs are started: a session of its own, out of reach of the helper's group.
    child = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(1000)"], start_new_session=True
    )
    Path("process").write_text(str(child.pid))
    time.sleep(1000)


MISBEHAVIOURS = {
    "leave": _leave,
    "segfault": _read_nowhere,
    "hang in C": _hang_in_c,
    "hang in Python": _hang_in_python,
    "eat memory": _eat_memory,
    "eat memory in torch": _eat_memory_in_torch,
    "answer at length": _answer_at_length,
    "wrap the error": _wrap_memory_error,
    "as long as allowed": _take_as_long_as_allowed,
    "raise": _raise,
    "refuse": _refuse,
    "get killed": _get_killed,
    "exit": _exit,
    "print": _print,
    "leave a process": _leave_a_process,
}
