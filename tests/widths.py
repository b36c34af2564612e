"""How wide the tests are: some of every kind (``make test``), the rest of them, or all.

Every test function is tried by ``make test``, with three of its cases where it has more, drawn by
their names. Marks say otherwise:

``every``: all cases, because each stands for a kind of thing, or because they are quick.
``sampled(n)``: n of the cases; without a number as many as it takes for every value of every
parameter to be tried once.
``wide``: this test, or these cases, at full width only.
``both``: this test does more at full width, and belongs to the rest too.

What is drawn follows from the names alone: it is the same on every machine, in every process, and
``rest`` is exactly what ``some`` has left out. A test named on the command line is always run.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

__all__ = ["MARKS", "WIDTHS", "add_options", "allow_none", "choose", "some"]

WIDTHS = ("some", "rest", "all")
MOST = 3
"""Cases of a function."""

MARKS = {
    "wide": "at full width only",
    "every": "all cases, at any width",
    "sampled(n)": "so many of the cases, unless at full width",
    "both": "does more at full width, and belongs to the rest too",
}


def add_options(parser: pytest.Parser) -> None:
    parser.addoption(
        "--width",
        choices=WIDTHS,
        default="all",
        help="some: of every kind a few; rest: what that leaves out; all (the default)",
    )


def choose(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave only the tests of the width that was asked for."""
    width = config.getoption("--width")
    if width == "all" or any("::" in named for named in config.args):
        return
    chosen = {item.nodeid for item in some(items)}
    kept, left = [], []
    for item in items:
        wanted = (item.nodeid in chosen) == (width == "some") or _has(item, "both")
        (kept if wanted else left).append(item)
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def allow_none(session: pytest.Session, status: int) -> None:
    """Let files that somebody names have nothing left for the rest."""
    config = session.config
    named = config.args_source == config.ArgsSource.ARGS
    if status == pytest.ExitCode.NO_TESTS_COLLECTED and config.getoption("--width") == "rest":
        session.exitstatus = pytest.ExitCode.OK if named else status


def some(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return the tests of every kind of thing, in the order they came in."""
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    chosen: set[str] = set()
    for item in items:
        if _has(item, "wide"):
            continue
        if _has(item, "every") or not hasattr(item, "callspec"):
            chosen.add(item.nodeid)
        else:
            cases[item.nodeid.partition("[")[0]].append(item)
    for of_one in cases.values():
        chosen |= {item.nodeid for item in _drawn(of_one)}
    return [item for item in items if item.nodeid in chosen]


def _drawn(cases: Iterable[pytest.Item]) -> list[pytest.Item]:
    """Return the sample of one function's cases."""
    shuffled = sorted(cases, key=lambda item: hashlib.sha256(item.nodeid.encode()).digest())
    mark = shuffled[0].get_closest_marker("sampled")
    if mark is None or mark.args:
        return shuffled[: MOST if mark is None else mark.args[0]]
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


def _has(item: pytest.Item, mark: str) -> bool:
    return item.get_closest_marker(mark) is not None
