"""What a test run makes once for all its processes: workbooks that take seconds to generate."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["begin", "end", "made_once"]

_FOLDER = "XLSGD_TESTS_FOLDER"
"""The variable that tells a run's processes their folder."""


def begin() -> bool:
    """Make the folder of a run; return whether there was none yet, so that it is to be ended."""
    if _FOLDER in os.environ:
        return False
    os.environ[_FOLDER] = tempfile.mkdtemp(prefix="xlsgd-tests-")
    return True


def end() -> None:
    """Remove the folder of a run."""
    shutil.rmtree(os.environ.pop(_FOLDER), ignore_errors=True)


def made_once(name: str, make: Callable[[Path], object]) -> Path:
    """Return a file of the run's folder; who asks first makes it, all others wait for that."""
    path = _folder() / name
    with _alone(path):
        if not path.exists():
            begun = path.with_name(f"{os.getpid()}-{name}")
            make(begun)
            begun.replace(path)
    return path


@functools.cache
def _folder() -> Path:
    if _FOLDER in os.environ:
        return Path(os.environ[_FOLDER])
    folder = tempfile.mkdtemp(prefix="xlsgd-tests-")  # outside of pytest
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from making the same file meanwhile."""
    try:
        import fcntl
    except ImportError:  # Windows: here each process waits for none, and the last rename counts
        yield
        return
    with path.with_name(f"lock-{path.name}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
