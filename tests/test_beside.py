"""Two things at once: what is computed beside comes back, and so does what goes wrong there."""

from __future__ import annotations

import os
import sys
import time

import pytest

from xlsgd.base.errors import EngineError
from xlsgd.processes.parallel import in_parallel, two_cores

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def nothing() -> None:
    """Do nothing meanwhile."""


def test_a_result_comes_from_another_process() -> None:
    done: list[str] = []
    pid, data = in_parallel(
        lambda tell: (os.getpid(), list(range(200_000))), lambda: done.append("meanwhile")
    )
    assert pid != os.getpid()
    assert data == list(range(200_000))
    assert done == ["meanwhile"]


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []

    def work(tell: object) -> str:
        for i in range(5):
            tell(i, 5)  # type: ignore[operator]
        return "over"

    assert in_parallel(work, nothing, lambda *at: told.append(at)) == "over"
    assert told == [(i, 5) for i in range(5)]


def test_an_error_is_raised_here() -> None:
    def work(tell: object) -> None:
        raise EngineError("no such engine")

    with pytest.raises(EngineError, match="no such engine"):
        in_parallel(work, nothing)


def test_a_process_that_ends_is_said() -> None:
    with pytest.raises(ChildProcessError, match="without a result"):
        in_parallel(lambda tell: os._exit(3), nothing)


def test_an_error_meanwhile_leaves_no_process_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[int] = []
    fork = os.fork

    def noted() -> int:
        child = fork()
        children.append(child)
        return child

    monkeypatch.setattr(os, "fork", noted)

    def fail() -> None:
        raise KeyboardInterrupt

    def work(tell: object) -> None:
        time.sleep(30)

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        in_parallel(work, fail)
    assert time.monotonic() - begun < 5
    (child,) = children
    with pytest.raises(ChildProcessError):
        os.waitpid(child, os.WNOHANG)  # it has been waited for already


def test_cores_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores in (1, 2, 8):
        monkeypatch.setattr(
            os, "sched_getaffinity", lambda _, n=cores: set(range(n)), raising=False
        )
        assert two_cores() == (cores > 1 and sys.platform != "darwin")
