"""What the tests cost and what they try: ``pytest -p tests.measure --measured FOLDER``.

Every process writes a file of what it ran, wall and CPU seconds by test and by fixture, and of
what was tried in it: workbooks verified, tabs in which something was found wrong, refusals,
formulas put to the oracle, programs started. ``python -m tests.measure FOLDER`` adds them up.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

_tests: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
_fixtures: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
_counts: Counter[str] = Counter()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--measured", metavar="FOLDER", help="where to write what the tests cost")


def pytest_configure(config: pytest.Config) -> None:
    folder = config.getoption("--measured")
    if folder is None:
        return
    from tests.engines import oracle
    from xlsgd.explaining import changed
    from xlsgd.verifying import opening, verification

    def compared(result: Any) -> None:
        _counts["formulas compared with the oracle"] += 1

    def verified(sheets: Any) -> None:
        _counts["workbooks verified"] += 1
        wrong = sum(sheet.first_difference is not None for sheet in sheets)
        _counts["tabs found wrong"] += wrong
        _counts["cells compared"] += sum(sheet.cells_compared for sheet in sheets)

    _watch(oracle, "by_formulas", compared)
    _watch(verification, "finish", verified)
    _watch(changed, "finish", verified)
    _watch(opening, "open_workbook", lambda _: None, "refusals")
    verification.open_workbook = opening.open_workbook
    began = subprocess.Popen.__init__

    def begin(self: Any, args: Any, *more: Any, **options: Any) -> None:
        program = args if isinstance(args, (str, os.PathLike)) else next(iter(args))
        _counts[f"started {Path(os.fspath(program)).name}"] += 1
        began(self, args, *more, **options)

    subprocess.Popen.__init__ = begin  # type: ignore[method-assign]


def _watch(home: Any, name: str, seen: Callable[[Any], None], failing: str = "") -> None:
    function = getattr(home, name)

    def watched(*args: Any, **options: Any) -> Any:
        try:
            result = function(*args, **options)
        except Exception:
            _counts[failing] += bool(failing)
            raise
        seen(result)
        return result

    setattr(home, name, watched)


def _cpu() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    wall, cpu = time.perf_counter(), _cpu()
    result = yield
    spent = _tests[item.nodeid]
    spent[0] += time.perf_counter() - wall
    spent[1] += _cpu() - cpu
    if len(_tests) % 50 == 0:
        _write(item.config)  # for those who cannot wait
    return result


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(fixturedef: Any) -> Generator[None, Any, Any]:
    wall, cpu = time.perf_counter(), _cpu()
    result = yield
    spent = _fixtures[f"{fixturedef.baseid}::{fixturedef.argname}"]
    spent[0] += time.perf_counter() - wall
    spent[1] += _cpu() - cpu
    spent[2] += 1
    return result


def pytest_sessionfinish(session: pytest.Session) -> None:
    _write(session.config)


def _write(config: pytest.Config) -> None:
    folder = config.getoption("--measured")
    if folder is not None and _tests:
        Path(folder).mkdir(parents=True, exist_ok=True)
        told = {"tests": _tests, "fixtures": _fixtures, "counts": _counts}
        Path(folder, f"{os.getpid()}.json").write_text(json.dumps(told))


def _added(folder: Path) -> tuple[dict[str, list[float]], dict[str, list[float]], Counter[str]]:
    tests: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    fixtures: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    counts: Counter[str] = Counter()
    for path in sorted(folder.glob("*.json")):
        told = json.loads(path.read_text())
        for node, (wall, cpu) in told["tests"].items():
            spent = tests[node.split("::")[0]]
            tests[node.split("::")[0]] = [spent[0] + wall, spent[1] + cpu, spent[2] + 1]
        for name, more in told["fixtures"].items():
            fixtures[name] = [a + b for a, b in zip(fixtures[name], more, strict=True)]
        counts.update(told["counts"])
    return tests, fixtures, counts


def _table(title: str, rows: dict[str, list[float]], least: float) -> Iterable[str]:
    wall, cpu, number = (sum(r[i] for r in rows.values()) for i in range(3))
    yield f"{'wall s':>9}{'CPU s':>9}{'number':>8}  {title}"
    for name, spent in sorted(rows.items(), key=lambda row: -row[1][1]):
        if spent[1] >= least:
            yield f"{spent[0]:9.1f}{spent[1]:9.1f}{spent[2]:8.0f}  {name}"
    yield f"{wall:9.1f}{cpu:9.1f}{number:8.0f}  all"


def main(folder: str) -> None:
    tests, fixtures, counts = _added(Path(folder))
    print("\n".join(_table("file", tests, 1)))
    print("\n".join(_table("fixture", fixtures, 3)))
    print("\n".join(f"{number:12,} {name}" for name, number in sorted(counts.items()) if name))


if __name__ == "__main__":
    main(sys.argv[1])
