"""Helper processes: whatever happens in one is said of its call, and no other call notices."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from xlsgd.base.errors import SpecError
from xlsgd.many.calls import ANSWERS, Limits, Reply, Work
from xlsgd.many.helper import ask, end_helpers
from xlsgd.many.running import answers

HOME = "tests.many.misbehaving"
QUICK = Limits(seconds=1, memory=256)


def gone(process: int) -> bool:
    """Return whether a process has ended, or does so within seconds."""
    for _ in range(50):
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        status = Path(f"/proc/{process}/stat")
        if status.exists() and status.read_text().split()[2] == "Z":
            return True  # ended, and nobody has asked yet how
        time.sleep(0.1)
    return False


@pytest.fixture
def work() -> Iterator[Work]:
    """Return work that misbehaves when asked to; its processes end with the test."""
    work = Work(f"{HOME}:do", QUICK)
    yield work
    end_helpers(work)


EXPECTED = {
    "leave": ("crashed", "its process ended with status 0"),
    "segfault": ("crashed", "its process was ended by SIGSEGV"),
    "hang in C": ("timeout", "timed out after 1 s"),
    "hang in Python": ("timeout", "timed out after 1 s"),
    "eat memory": ("memory", "needs more than 256 MiB of memory"),
    "answer at length": ("memory", "needs more than 256 MiB of memory"),
    "wrap the error": ("memory", "needs more than 256 MiB of memory"),
    "raise": ("bug", "unexpected KeyError: 'what'"),
    "refuse": ("refused", "no workbook"),
    "get killed": ("crashed", "its process was ended by SIGKILL; is the machine out of memory?"),
    "exit": ("crashed", "its process ended with status 3"),
    "print": ("done", ""),
    "leave a process": ("timeout", "timed out after 1 s"),
}


@pytest.mark.every
@pytest.mark.parametrize("what", EXPECTED)
def test_what_is_said_and_that_it_goes_on(
    work: Work, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work(work.function, work.limits, folder=str(tmp_path))
    begun = time.perf_counter()
    answer = ask(work, {"what": what})
    assert (answer.kind, answer.message) == EXPECTED[what]
    assert answer.kind in ANSWERS
    assert time.perf_counter() - begun < 8
    assert answer.value == ("" if what == "print" else None)
    assert ask(work, {"what": "nothing"}).value == 1
    if what == "leave a process":
        assert gone(int((tmp_path / "process").read_text()))
    end_helpers(work)


def test_a_process_is_used_again(work: Work) -> None:
    again = Work(f"{HOME}:behave", QUICK)
    processes = {ask(again, {"number": n}).value["process"] for n in range(3)}
    end_helpers(again)
    assert len(processes) == 1
    assert processes != {os.getpid()}
    assert ask(again, {"number": 1}) == Reply("stopped")


def test_what_a_process_finds_around_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    around = Work(f"{HOME}:environment", QUICK, folder=str(tmp_path))
    answer = ask(around, {})
    end_helpers(around)
    assert answer.value == {"folder": str(tmp_path), "threads": "1", "on the path": False}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    nowhere = Work(f"{HOME}:behave", QUICK, folder=str(tmp_path / "nowhere"))
    answer = ask(nowhere, {"number": 1})
    assert answer.kind == "crashed"
    assert str(tmp_path / "nowhere") in answer.message


def test_a_helper_that_cannot_start() -> None:
    missing = Work("tests.many.no_such_module:do", QUICK)
    answer = ask(missing, {})
    end_helpers(missing)
    assert answer.kind == "crashed"
    assert "no helper process: ModuleNotFoundError" in answer.message


@pytest.mark.sampled(1)
@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_all_of_them_side_by_side(work: Work, jobs: int) -> None:
    whats = [w for w in EXPECTED if w not in ("leave a process", "hang in Python")]
    whats = [w for pair in zip(whats, ["nothing"] * len(whats), strict=True) for w in pair]
    found = dict(answers(work, ({"what": what} for what in whats), jobs))
    assert sorted(found) == list(range(len(whats)))
    for place, what in enumerate(whats):
        expected = EXPECTED.get(what, ("done", ""))
        assert (found[place].kind, found[place].message) == expected, what


def test_one_that_hangs_holds_nobody_up() -> None:
    slow = Work(f"{HOME}:do", Limits(seconds=4))
    begun = time.perf_counter()
    calls = [{"what": "hang in C"}] + [{"what": "nothing"}] * 50
    found = answers(slow, calls, 2)
    first = [next(found) for _ in range(50)]
    assert all(answer.value == 1 for _, answer in first)
    assert time.perf_counter() - begun < 4
    found.close()
    assert time.perf_counter() - begun < 4


def test_torch_without_memory() -> None:
    """torch has an error of its own for it, which is no bug of anybody."""
    work = Work(f"{HOME}:do", Limits(seconds=60, memory=1024))
    answer = ask(work, {"what": "eat memory in torch"})
    end_helpers(work)
    assert (answer.kind, answer.message) == ("memory", "needs more than 1,024 MiB of memory")


def test_an_answer_at_the_last_moment_costs_nobody_else_his_time() -> None:
    work = Work(f"{HOME}:do", Limits(seconds=0.02))
    kinds = set()
    for _ in range(100):
        kinds.add(ask(work, {"what": "as long as allowed"}).kind)
        other = ask(work, {"what": "nothing"})
        assert other.kind == "done" or other.seconds > 0.015
    end_helpers(work)
    assert kinds <= {"done", "timeout"}


def test_stopping_ends_the_processes() -> None:
    stopped = Work(f"{HOME}:behave", QUICK)
    found: Any = answers(stopped, ({"number": n} for n in range(1000)), 2)
    process = next(found)[1].value["process"]
    found.close()
    assert gone(process)


@pytest.mark.parametrize(
    ("limits", "word"),
    [({"seconds": 0}, "--timeout"), ({"seconds": float("nan")}, "--timeout"),
     ({"memory": 1}, "--memory")],
)  # fmt: skip
def test_limits_that_make_no_sense(limits: dict[str, Any], word: str) -> None:
    with pytest.raises(SpecError, match=word):
        Limits(**limits)


def test_jobs_that_make_no_sense(work: Work) -> None:
    with pytest.raises(SpecError, match="--jobs: got -1"):
        next(answers(work, [], -1))
