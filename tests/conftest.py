"""What all tests share: reference files, other spreadsheet programs, widths, no silent skips."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests import libreoffice, together, warm, widths
from xlsgd.engines.gnumeric import convert, find_ssconvert
from xlsgd.engines.libreoffice import find_soffice

ROOT = Path(__file__).resolve().parent.parent

# As load_torch has it. PyTorch reads the switch when it is imported, and some tests import it
# before the package does: other kernels round otherwise, and what a test says would depend on
# which ran before it.
os.environ.setdefault("ATEN_CPU_CAPABILITY", "default")


# Two processes try tests on two cores, and begin others. A second thread in each for sums over a
# hundred numbers waits more than it works: a sixth of the time of all tests. Who inherits this and
# loads torch or numpy heeds it, and so does this process, which has not loaded them yet.
for _library in ("OMP", "MKL", "OPENBLAS"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")


# Whatever the variable says: a hundred processes would compile the package and pytest would rewrite
# every test file in each of its own, half of the time that collecting tests takes.
sys.dont_write_bytecode = False


# A skip that nobody reads hides a test that never runs. On a learner's machine LibreOffice may be
# absent; where CI is set, everything is meant to be installed, and a skip is a failure.


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-skips",
        action="store_true",
        default=os.environ.get("CI", "").lower() in ("1", "true"),
        help="count a skipped test as a failure (the default where CI is true)",
    )
    widths.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    for mark, meaning in widths.MARKS.items():
        config.addinivalue_line("markers", f"{mark}: {meaning}")
    if together.begin():
        config.add_cleanup(together.end)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    widths.choose(config, items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Look for garbage seldom, and not among modules and tests: a sixth of the time of all tests.

    The package does the same in its helper processes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    widths.allow_none(session, exitstatus)


def _refuse_skip(report: pytest.TestReport | pytest.CollectReport, config: pytest.Config) -> None:
    """Turn a skip into a failure; an expected failure (which pytest also calls skipped) stays."""
    if config.getoption("--no-skips") and report.skipped and not hasattr(report, "wasxfail"):
        where = report.longrepr
        reason = where[2] if isinstance(where, tuple) else str(where)
        report.outcome = "failed"
        report.longrepr = f"{reason}\nNo test may be skipped here (--no-skips, or CI is true)."


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _refuse_skip(report, item.config)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _refuse_skip(report, collector.config)
    return report


# What tests ask for


@pytest.fixture
def share(request: pytest.FixtureRequest) -> Callable[..., list[Any]]:
    """Return what gives a test marked ``both`` its share of some things (tests/widths.py)."""
    if request.node.get_closest_marker("wide") is not None:  # nothing was done at first
        return lambda things, kept=1: list(things)
    return partial(widths.share, request.config, request.node.nodeid)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of reference numbers beside the repository."""
    folder = ROOT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no folder shared/ beside the repository: reference numbers are missing")
    return folder


@pytest.fixture(name="warm", scope="module")
def _warm() -> Iterator[None]:
    """Spare processes of xlsgd their start, in a whole file (tests/warm.py)."""
    with pytest.MonkeyPatch.context() as patch:
        warm.patch(patch.setattr)
        yield


@pytest.fixture(scope="module")
def trained_once() -> Iterator[None]:
    """Train in torch once for workbooks with the same inputs, in a whole file."""
    from tests.trained_once import patch as remember_runs

    with pytest.MonkeyPatch.context() as patch:
        remember_runs(patch.setattr)
        yield


@pytest.fixture(scope="session")
def soffice() -> Path:
    """LibreOffice's program."""
    program = find_soffice()
    if program is None:
        pytest.skip("LibreOffice is not installed (Debian: libreoffice-calc)")
    return program


@pytest.fixture(scope="session")
def ssconvert() -> Path:
    """Gnumeric's converter."""
    program = find_ssconvert()
    if program is None:
        pytest.skip("Gnumeric's ssconvert is not installed (Debian: gnumeric)")
    return program


@pytest.fixture(scope="session")
def gnumeric_convert(ssconvert: Path) -> Callable[[Path, Path], Path]:
    """xlsgd.engines.gnumeric.convert, where Gnumeric is installed."""
    return convert


@pytest.fixture(scope="session")
def libreoffice_convert(soffice: Path) -> Callable[..., Path]:
    """tests.libreoffice.libreoffice_convert, where LibreOffice is installed."""
    return libreoffice.libreoffice_convert


@pytest.fixture(scope="session")
def libreoffice_edit(soffice: Path) -> Callable[..., Path]:
    """tests.libreoffice.libreoffice_edit, where LibreOffice and python3-uno are installed."""
    if libreoffice.find_uno_python() is None:
        pytest.skip("no Python has LibreOffice's module uno (Debian: python3-uno)")
    return libreoffice.libreoffice_edit


@pytest.fixture(scope="session")
def libreoffice_saved(libreoffice_edit: Callable[..., Path]) -> Callable[..., Path]:
    """tests.libreoffice.libreoffice_saved, where LibreOffice and python3-uno are installed."""
    return libreoffice.libreoffice_saved
