"""What is done in a copy of this process comes back, or what became of it instead."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import time
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest

import xlsgd
from xlsgd.base.errors import InputError, SpecError, WorkbookError, XlsgdError
from xlsgd.processes.children import can_copy
from xlsgd.processes.limited import LimitError, in_own_process
from xlsgd.processes.limits import Limits

pytestmark = pytest.mark.skipif(
    not hasattr(os, "fork") or sys.platform == "darwin", reason="no process can be copied here"
)
PLENTY = Limits(memory=16_000)
"""The process of the tests, which is copied, may be large itself."""
SHORT = Limits(seconds=1, memory=16_000)


def test_a_result_and_its_progress_come_back() -> None:
    told: list[tuple[str, int, int]] = []

    def work(tell: Any) -> tuple[int, str]:
        tell("counting", 1, 2)
        return os.getpid(), "x" * 1_000_000

    process, text = in_own_process(work, PLENTY, "a.xlsx", lambda *at: told.append(at))
    assert process != os.getpid()
    assert len(text) == 1_000_000
    assert told == [("counting", 1, 2)]


def fails(error: BaseException, cause: BaseException | None = None) -> Any:
    def work(tell: Any) -> None:
        raise error from cause

    return work


def test_an_error_comes_back_with_the_lines_it_came_from() -> None:
    with pytest.raises(SpecError, match="no such tab") as caught:
        in_own_process(fails(SpecError("no such tab", "tab")), PLENTY, "a.xlsx")
    assert caught.value.field == "tab"
    with pytest.raises(InputError, match="need a word") as given:
        in_own_process(fails(InputError("t!B4: need a word", ("t", (4, 2)))), PLENTY, "a.xlsx")
    assert given.value.place == ("t", (4, 2))
    with pytest.raises(KeyError) as unknown:
        in_own_process(fails(KeyError("what")), PLENTY, "a.xlsx")
    assert "in work\n    raise error from cause" in "".join(unknown.value.__notes__)


def every(kind: type[XlsgdError]) -> Iterator[type[XlsgdError]]:
    yield kind
    for other in kind.__subclasses__():
        yield from every(other)


def test_every_error_goes_from_one_process_to_another() -> None:
    for module in walk_packages(xlsgd.__path__, "xlsgd."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    found = list(every(XlsgdError))
    assert len(found) > 10
    for kind in found:
        error = pickle.loads(pickle.dumps(kind.__new__(kind, "what is wrong")))
        assert type(error) is kind
        assert str(error) == "what is wrong"


def test_no_memory_is_known_whatever_was_raised_from_it() -> None:
    with pytest.raises(MemoryError):
        in_own_process(fails(RuntimeError("it went wrong"), MemoryError()), PLENTY, "a.xlsx")
    with pytest.raises(WorkbookError, match="cannot be read"):
        in_own_process(fails(WorkbookError("cannot be read"), MemoryError()), PLENTY, "a.xlsx")


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda tell: time.sleep(60), "timed out after 1 s and was given up; --timeout"),
        (lambda tell: os.kill(os.getpid(), signal.SIGKILL), "was ended by SIGKILL; is there too"),
        (lambda tell: os._exit(3), "ended with status 3; is there too little memory?"),
    ],
    ids=["hangs", "killed", "ends"],
)
def test_what_became_of_it_instead(work: Any, words: str) -> None:
    begun = time.monotonic()
    with pytest.raises(LimitError) as caught:
        in_own_process(work, SHORT, "a.xlsx")
    assert str(caught.value).startswith("a.xlsx: ")
    assert words in str(caught.value)
    assert time.monotonic() - begun < 10
    assert not multiprocessing.active_children()


def test_a_worker_that_may_have_no_children_makes_no_copy() -> None:
    """Workers of Dask and of a pool are such; a workbook is verified there without a copy."""
    context = multiprocessing.get_context("fork")
    reading, writing = context.Pipe(duplex=False)
    worker = context.Process(target=lambda: writing.send(can_copy()), daemon=True)
    worker.start()
    assert reading.recv() is False
    worker.join()
    assert can_copy()
