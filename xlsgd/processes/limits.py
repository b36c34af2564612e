"""What one workbook may take: the limits, told in one place, and whether a process is beyond them.

Files come from strangers, and a small one can ask for hours or for all memory. Some of it is seen
before anything is done (xlsgd.xlsx.guard, xlsgd.xlsx.parts); the rest is seen by whoever looks at
the process from outside: C code that is at work for long lets no thread of its own process run.
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from xlsgd.base.errors import SpecError, XlsgdError

__all__ = ["PAUSE", "Limits", "Watch", "out_of_memory", "refuse_too_little", "resident"]

PAUSE = 0.03
"""Seconds between two looks at a process."""

LEAST = 256
"""MiB of addresses below which not even NumPy is loaded without mishap."""


@dataclass(frozen=True)
class Limits:
    """What one workbook may take.

    seconds: for all that is done about it.   memory: MiB that a process at work on it may have,
    Python and torch, which take about 300, among them.
    """

    seconds: float = 300.0
    memory: int = 950  # below 1 GB; the largest lesson takes some 750

    @classmethod
    def given(cls, seconds: float | None, memory: int | None) -> Limits:
        """Return the limits that were asked for; None is what holds if nobody asks."""
        asked = {"seconds": seconds, "memory": memory}
        return cls(**{name: value for name, value in asked.items() if value is not None})  # type: ignore[arg-type]

    def __post_init__(self) -> None:
        # Not "seconds <= 0": nan is none of both.
        if not 0 < self.seconds <= 1e6:
            raise SpecError(f"--timeout: got {self.seconds:g}, need seconds from above 0 to 1e+06")
        if not 64 <= self.memory <= 1 << 30:
            raise SpecError(f"--memory: got {self.memory}, need 64 MiB or more")

    def words(self, kind: str) -> str:
        """Return what is said of a workbook that takes too much ``timeout`` or ``memory``."""
        if kind == "timeout":
            return f"timed out after {self.seconds:g} s"
        return f"needs more than {self.memory:,} MiB of memory"


class Watch:
    """Whether a process, or one that it has started, takes more than it may.

    memory: MiB for each of them, None for no limit.
    """

    def __init__(self, process: int, seconds: float, memory: int | None) -> None:
        self._process = process
        self._end = time.monotonic() + seconds
        self._memory = None if memory is None else memory << 20

    def pause(self) -> float:
        """Return how long to wait until the next look."""
        return max(min(PAUSE, self._end - time.monotonic()), 0.0)

    def beyond(self) -> str | None:
        """Return ``timeout`` or ``memory`` if it takes more, None if it does not."""
        if time.monotonic() >= self._end:
            return "timeout"
        if self._memory is not None and any(
            resident(each) > self._memory for each in _with_descendants(self._process)
        ):
            return "memory"
        return None


def refuse_too_little() -> None:
    """Raise XlsgdError where the system lets this process have less memory than LEAST.

    What fails with so little fails anyhow: libraries in C crash, or raise errors without a reason.
    """
    try:
        import resource
    except ImportError:  # there are no such limits on Windows
        return
    allowed, _ = resource.getrlimit(resource.RLIMIT_AS)
    if allowed != resource.RLIM_INFINITY and allowed < LEAST << 20:
        raise XlsgdError(
            f"memory: the system lets this process have {allowed >> 20} MiB; NumPy needs {LEAST}, "
            "PyTorch 1,000 and more. Raise the limit: ulimit -v unlimited"
        )


def resident(process: int) -> int:
    """Return the bytes of memory that a process has, 0 if it is gone."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_bytes().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        pass
    import psutil

    with suppress(psutil.Error):
        return int(psutil.Process(process).memory_info().rss)
    return 0


def _with_descendants(process: int) -> Iterator[int]:
    """Yield a process and those that it has started, as far as the system tells without effort."""
    yield process
    with suppress(OSError):
        for thread in Path(f"/proc/{process}/task").iterdir():
            with suppress(OSError):
                for child in (thread / "children").read_text().split():
                    yield from _with_descendants(int(child))


_WORDS = (
    "can't allocate memory",  # torch, which has a RuntimeError for it
    "cannot allocate memory",
    "memory allocation failed",
    "failed to map segment",  # a library that finds no room
    "can't start new thread",
)


def out_of_memory(error: BaseException | None) -> bool:
    """Return whether an error, or what it was raised from, is that there is no more memory."""
    while error is not None:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) == errno.ENOMEM:
            return True
        text = str(error).lower()
        if any(word in text for word in _WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False
