"""What test runs make once for all their processes: workbooks that take seconds to generate.

They are kept in the folder of pytest's cache from ``make test`` to ``make test-all``, as long as
no file of the package and of the tests is another one, nor any library: so nothing is looked at
that is not what would be generated now. ``make clean`` removes them.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import distributions
from pathlib import Path

__all__ = ["begin", "end", "made_once"]

ROOT = Path(__file__).resolve().parent.parent
MADE = ROOT / ".pytest_cache" / "made"
OLD = 6 * 3600
"""Seconds after which a folder for other files is removed."""

_FOLDER = "XLSGD_TESTS_FOLDER"
"""The variable that tells a run's processes their folder."""


def begin() -> bool:
    """Choose the folder of a run; return whether there was none yet, so that it is to be ended."""
    if _FOLDER in os.environ:
        return False
    os.environ[_FOLDER] = str(_chosen())
    return True


def end() -> None:
    """Keep the folder of a run for the next one."""
    os.environ.pop(_FOLDER, None)


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
    return Path(os.environ[_FOLDER]) if _FOLDER in os.environ else _chosen()


def _chosen() -> Path:
    """Return the folder for the files and libraries as they are; old ones are removed."""
    known = hashlib.sha256(sys.version.encode())
    for path in sorted(p for room in ("xlsgd", "tests") for p in (ROOT / room).rglob("*.py")):
        known.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    libraries = {f"{d.name} {d.version}" for d in distributions()}
    known.update("\n".join(sorted(libraries)).encode())
    folder = MADE / known.hexdigest()[:20]
    folder.mkdir(parents=True, exist_ok=True)
    for other in MADE.iterdir():
        with suppress(OSError):  # a run that is still going on keeps its own
            if time.time() - other.stat().st_mtime > OLD:
                shutil.rmtree(other)
    return folder


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
