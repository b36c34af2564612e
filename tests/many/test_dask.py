"""A Dask cluster: the same code, the same results."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tests.many.test_helpers import EXPECTED, HOME
from xlsgd.many import running
from xlsgd.many.calls import Limits, Work
from xlsgd.many.running import ClusterError, answers

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Return the address of a cluster of two processes on this machine."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def test_the_same_as_on_this_machine(
    run: Run, folder: Path, tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # workers stand elsewhere, and are told
    here, there = Path("here"), Path("there")
    options = [("-j", 1), ("--dask", address)]
    results: list[Any] = []
    for stem, option in zip((here, there), options, strict=True):
        result = run(
            "verify", "class", *option,
            "--jsonl", f"{stem}.jsonl", "--json", f"{stem}.json", "--junit", f"{stem}.xml",
        )  # fmt: skip
        lines = Path(f"{stem}.jsonl").read_text().splitlines()
        found = sorted(({**json.loads(line), "seconds": 0} for line in lines), key=str)
        reports = [Path(f"{stem}.{kind}").read_text() for kind in ("json", "xml")]
        results.append((result.exit_code, result.stdout, result.stderr, found, reports))
    assert results[0] == results[1]
    assert results[0][0] == 2


def test_misbehaviour_is_told_apart_there_too(address: str) -> None:
    work = Work(f"{HOME}:do", Limits(seconds=1, memory=256))
    whats = ["nothing", "segfault", "hang in C", "nothing", "eat memory", "nothing"]
    found = dict(answers(work, ({"what": what} for what in whats), dask=address))
    for place, what in enumerate(whats):
        assert (found[place].kind, found[place].message) == EXPECTED.get(what, ("done", ""))


def test_no_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_CONNECT", 0.5)
    with pytest.raises(ClusterError, match="--dask: got '', need the address of a scheduler"):
        next(answers(Work(f"{HOME}:do"), [{"what": "nothing"}], dask=""))
    with pytest.raises(ClusterError, match=r"--dask tcp://127\.0\.0\.1:9: no scheduler answers"):
        next(answers(Work(f"{HOME}:do"), [{"what": "nothing"}], dask="tcp://127.0.0.1:9"))


@pytest.mark.parametrize("address", ["nonsense", "carrier-pigeon://here:1", ""])
def test_addresses_that_are_none(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_CONNECT", 0.5)
    with pytest.raises(ClusterError):
        next(answers(Work(f"{HOME}:do"), [{"what": "nothing"}], dask=address))


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"pip install 'xlsgd\[dask\]'"):
        next(answers(Work(f"{HOME}:do"), [], dask="tcp://127.0.0.1:9"))
