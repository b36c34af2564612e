"""How wide the tests are: some of every kind (``make test``), the rest of them, or all.

Every test function is tried by ``make test``, with one of its cases, drawn by their names; of two
cases, which are two kinds such as either side of a border, with both. Marks say otherwise:

``every``: all cases, because each stands for a kind of thing, or because they are quick.
``sampled(n)``: n of the cases; without a number as many as it takes for every value of every
parameter to be tried once.
``of_each(n)``: n cases of everything that has several, whose names differ in the last word alone:
with ``of_each(1)`` one of ``adam beta1`` and ``adam eps``, and one of ``sgd learning_rate``.
``wide``: this test, or these cases, at full width only.
``both``: this test does some of what it does at each width (by the fixture ``share``); cases that
are ``wide`` as well do all of it at full width.

Of ``every``, ``sampled`` and ``of_each`` the closest counts: a function's before its file's.

What is drawn follows from the names alone: it is the same on every machine, in every process, and
``rest`` is exactly what ``some`` has left out. A test named on the command line is always run.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import pytest

__all__ = [
    "MARKS",
    "WIDTHS",
    "add_options",
    "allow_none",
    "choose",
    "share",
    "share_of_each",
    "some",
]

K = TypeVar("K")
T = TypeVar("T")

WIDTHS = ("some", "rest", "all")
PAIR = 2
"""Cases of a function that are both tried; of more, one is."""

MARKS = {
    "of_each(n)": "so many of the cases whose names differ in the last word alone",
    "wide": "at full width only",
    "every": "all cases, at any width",
    "sampled(n)": "so many of the cases, unless at full width",
    "both": "does some of what it does, and at full width the rest",
}


def add_options(parser: pytest.Parser) -> None:
    parser.addoption(
        "--width",
        choices=WIDTHS,
        default="all",
        help="some: of every kind a few; rest: what that leaves out; all (the default)",
    )
    parser.addoption(
        "--part",
        default="1/1",
        metavar="K/N",
        help="of the files of a width, those of the K-th of N parts that together are all",
    )


def choose(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave only the tests of the width that was asked for."""
    width = config.getoption("--width")
    if any("::" in named for named in config.args):
        return
    _leave_to_other_parts(config, items)
    if width == "all":
        return
    chosen = {item.nodeid for item in some(items)}
    kept, left = [], []
    for item in items:
        begun = _has(item, "both") and not _has(item, "wide")
        wanted = (item.nodeid in chosen) == (width == "some") or begun
        (kept if wanted else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def _leave_to_other_parts(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave only the tests of the part that was asked for: whole files, drawn by their names."""
    part, parts = map(int, config.getoption("--part").split("/"))

    def mine(item: pytest.Item) -> bool:
        name = hashlib.sha256(item.nodeid.partition("::")[0].encode()).digest()
        return int.from_bytes(name[:8], "big") % parts == part % parts

    left = [item for item in items if not mine(item)]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if mine(item)]


def allow_none(session: pytest.Session, status: int) -> None:
    """Let files that somebody names have nothing left for the rest."""
    config = session.config
    named = config.args_source == config.ArgsSource.ARGS
    if status == pytest.ExitCode.NO_TESTS_COLLECTED and config.getoption("--width") == "rest":
        session.exitstatus = pytest.ExitCode.OK if named else status


def share(config: pytest.Config, name: str, things: Sequence[T], kept: int = 1) -> list[T]:
    """Return those of some things that a test tries at the width that was asked for.

    name: of the test, by which as many as are kept are drawn; all others are the rest.
    """
    width = config.getoption("--width")
    if width == "all" or any("::" in named for named in config.args):
        return list(things)
    first = hashlib.sha256(name.encode()).digest()[0]
    drawn = {(first + i) % len(things) for i in range(kept)}
    return [thing for i, thing in enumerate(things) if (i in drawn) == (width == "some")]


def share_of_each(config: pytest.Config, kinds: Mapping[K, object]) -> list[K]:
    """Return the things that a test tries at the width that was asked for: one of each kind, or
    all others.   kinds: of every thing."""
    width = config.getoption("--width")
    firsts = {kind: thing for thing, kind in reversed(kinds.items())}
    drawn = set(firsts.values())
    if width == "all" or any("::" in named for named in config.args):
        return list(kinds)
    return [thing for thing in kinds if (thing in drawn) == (width == "some")]


def some(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return the tests of every kind of thing, in the order they came in."""
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    chosen: set[str] = set()
    for item in items:
        if _has(item, "wide"):
            continue
        if _how(item) == "every" or not hasattr(item, "callspec"):
            chosen.add(item.nodeid)
        elif _how(item) == "of_each":
            name, _, case = item.nodeid.partition("[")
            cases[f"{name} {case.rpartition(' ')[0]}"].append(item)
        else:
            cases[item.nodeid.partition("[")[0]].append(item)
    for of_one in cases.values():
        chosen |= {item.nodeid for item in _drawn(of_one)}
    return [item for item in items if item.nodeid in chosen]


def _drawn(cases: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Return the sample of one function's cases."""
    shuffled = sorted(cases, key=lambda item: hashlib.sha256(item.nodeid.encode()).digest())
    how = _how(shuffled[0])
    mark = shuffled[0].get_closest_marker(how) if how else None
    if mark is None:
        return shuffled[: PAIR if len(shuffled) <= PAIR else 1]
    if mark.args:
        return shuffled[: mark.args[0]]
    seen: set[tuple[int, str]] = set()
    drawn = []
    for item in shuffled:
        values = _values(item)
        if values - seen:
            seen |= values
            drawn.append(item)
    return drawn


def _values(item: Any) -> set[tuple[int, str]]:
    """Return the names of a case's values, each with the number of its parameter.

    Names, for what repr says of a function is another thing in every process.
    """
    return set(enumerate(item.callspec._idlist))


def _how(item: pytest.Item) -> str:
    """Return the mark that says which cases are drawn, "" if none does."""
    found = (m.name for m in item.iter_markers() if m.name in ("every", "sampled", "of_each"))
    return next(found, "")


def _has(item: pytest.Item, mark: str) -> bool:
    return item.get_closest_marker(mark) is not None
