"""One file alone is looked at under limits too, by every command, and what is said of it fits."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import xlsgd
from tests.hostile.files import packed
from tests.together import made_once
from tests.verify.books import SIX_POINTS, part_name, parts_of
from xlsgd.many.calls import Limits

XLSGD = [sys.executable, "-m", "xlsgd"]
AT_WORK = 1.0
"""Seconds of a processor after which a helper has imported what it needs."""
UNIX = pytest.mark.skipif(os.name != "posix", reason="signals and rights as Unix has them")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("limits") / "base.xlsx"
    return xlsgd.generate("graddesc", path, epochs=1, data=SIX_POINTS, optimizers=("sgd",))


def noted(base: Path, target: Path, rows: list[str]) -> Path:
    """Write a copy with rows of a stranger's own below everything."""
    parts, tab = parts_of(base), part_name(base, "sgd")
    more = "".join(rows).encode() + b"</sheetData>"
    parts[tab] = parts[tab].replace(b"</sheetData>", more, 1)
    target.write_bytes(packed(parts))
    return target


@pytest.fixture(scope="module")
def slow(base: Path) -> Path:
    """Return a workbook with formulas that take minutes, each another one."""
    rows = [
        f'<row r="{r}"><c r="AZ{r}"><f>REGEXTEST(REPT("a",{r}),"(a+)+b")</f></c></row>'
        for r in range(300, 310)
    ]
    return noted(base, base.with_name("slow.xlsx"), rows)


@pytest.fixture(scope="module")
def large(base: Path) -> Path:
    """Return a workbook with more numbers than fit in 200 MiB beside Python itself."""
    lot = random.Random(1)
    rows = [
        f'<row r="{r}">' + "".join(f"<c><v>{lot.random()}</v></c>" for _ in range(50)) + "</row>"
        for r in range(300, 7300)
    ]
    return noted(base, base.with_name("large.xlsx"), rows)


def calculating(process: subprocess.Popen[str]) -> list[Any]:
    """Return the processes that a command has started, once one of them is at work."""
    import psutil

    until = time.monotonic() + 60
    while time.monotonic() < until:
        started = psutil.Process(process.pid).children(recursive=True)
        if any(sum(one.cpu_times()[:2]) > AT_WORK for one in started):
            return started
        time.sleep(0.1)
    raise AssertionError("nothing was started")


def ran(*arguments: object, **how: object) -> tuple[int, str, float]:
    """Return exit status, what was said on stderr, and how long it took."""
    begun = time.perf_counter()
    done = subprocess.run(
        [*XLSGD, *map(str, arguments)], capture_output=True, text=True, timeout=120, **how  # type: ignore[call-overload]
    )  # fmt: skip
    return done.returncode, done.stderr, time.perf_counter() - begun


@pytest.mark.sampled(1)
@UNIX
@pytest.mark.parametrize("command", ["explain", "diff"])
def test_a_file_that_takes_too_long(slow: Path, command: str) -> None:
    status, said, seconds = ran(command, slow, "--timeout", "2", "-q")
    assert (status, said.strip()) == (
        2,
        f"Error: {slow}: timed out after 2 s and was given up; --timeout allows more seconds",
    )
    assert seconds < 20


@pytest.mark.sampled(1)
@UNIX
@pytest.mark.parametrize("command", ["explain", "diff"])
def test_a_file_that_takes_too_much_memory(large: Path, command: str) -> None:
    status, said, _ = ran(command, large, "--memory", "100", "-q")
    assert status == 2
    assert said == (
        f"Error: {large}: needs more than 100 MiB of memory and was given up; --memory allows "
        "more MiB\n"
    )


@UNIX
def test_verify_alone_has_the_limits_of_many(slow: Path, tmp_path: Path) -> None:
    """Without an option it is done in full detail, and ended at the limit all the same."""
    code = (
        "import xlsgd.processes.limits as a; a.Limits.__init__.__defaults__ = (2.0, 950)\n"
        "import sys; sys.argv = ['xlsgd', 'verify', sys.argv[1], '--json', sys.argv[2]]\n"
        "from xlsgd.cli import run; run()"
    )
    report = tmp_path / "report.json"
    done = subprocess.run(
        [sys.executable, "-c", code, slow, report], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "timed out after 2 s and was given up" in done.stderr
    assert "timed out after 2 s" in report.read_text()


def test_the_default_is_below_a_gigabyte() -> None:
    assert Limits().memory * 2**20 < 1e9
    assert Limits().seconds <= 300


@UNIX
@pytest.mark.parametrize("mebibytes", [150, 260, 400, 700])
def test_a_machine_without_memory(base: Path, mebibytes: int) -> None:
    command = f'ulimit -v {mebibytes << 10}; exec "$0" -m xlsgd verify "$1"'
    done = subprocess.run(
        ["bash", "-c", command, sys.executable, base], capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in done.stderr
    if done.returncode or mebibytes < 500:  # the most may be enough
        assert done.returncode == 2, done.stderr
        assert "memory" in done.stderr


@pytest.mark.sampled
@UNIX
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("many", [False, True], ids=["one", "many"])
def test_told_to_stop(slow: Path, tmp_path: Path, number: int, many: bool) -> None:
    """It says so, leaves nothing behind, and none of its processes goes on."""
    (tmp_path / "t").mkdir()
    options = ["-j", "1"] if many else []
    with subprocess.Popen(
        [*XLSGD, "verify", slow, *options],
        stderr=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(tmp_path / "t")},
    ) as process:  # fmt: skip
        calculating(process)
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "Interrupted" in said
    assert "Traceback" not in said
    assert list((tmp_path / "t").iterdir()) == []


@UNIX
def test_nothing_goes_on_when_it_is_killed(slow: Path) -> None:
    import psutil

    with subprocess.Popen(
        [*XLSGD, "verify", "-q", slow], stderr=subprocess.DEVNULL, text=True
    ) as process:
        started = calculating(process)
        process.kill()
    assert started
    gone, alive = psutil.wait_procs(started, timeout=5)
    assert not alive, gone


# Paths that cannot be


@UNIX
def test_paths_that_cannot_be(base: Path, tmp_path: Path) -> None:
    long, circle = "n" * 300, tmp_path / "circle"
    circle.symlink_to(circle)
    for arguments in (
        ["verify", f"{long}.xlsx"],
        ["verify", base, "--json", long],
        ["verify", base, "--jsonl", circle],
        ["explain", circle],
        ["diff", base, long],
        ["generate", "graddesc", "--epochs", "1", "-o", long],
        ["generate", "graddesc", "--epochs", "1", "-o", circle, "--force"],
        ["sweep", "graddesc", "--x", "learning_rate=1e-6:1e-3:3", "--check", "0", "-o", long],
    ):
        status, said, _ = ran(*arguments, cwd=tmp_path)
        assert status == 2, (arguments, said)
        assert said.startswith("Error: "), arguments
        assert said.count("\n") == 1, (arguments, said)
    assert circle.is_symlink()


def test_a_folder_that_may_not_be_read(base: Path, tmp_path: Path) -> None:
    from xlsgd.base.errors import SpecError
    from xlsgd.base.files import files_below

    shut = tmp_path / "shut"
    shut.mkdir()
    (tmp_path / "a.xlsx").write_bytes(base.read_bytes())
    walk = os.scandir

    def scandir(path: str) -> object:
        if str(path) == str(shut):  # rights say nothing to root
            raise PermissionError(13, "Permission denied", str(path))
        return walk(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        with pytest.raises(SpecError, match="shut: this folder cannot be read"):
            list(files_below(tmp_path))
    assert list(files_below(tmp_path)) == [tmp_path / "a.xlsx"]


# Python without its asserts


@pytest.mark.wide
@pytest.mark.parametrize("level", ["1", "2"])
def test_python_without_asserts_gives_the_same(tmp_path: Path, level: str) -> None:
    """formulas tells a date from other text by an assert."""
    optimized = tmp_path / "optimized.xlsx"
    environment = {**os.environ, "PYTHONOPTIMIZE": level}
    status, said, _ = ran(
        "generate", "learning-rates", "--epochs", "1", "-q", "-o", optimized, env=environment
    )
    assert status == 0, said
    plain = made_once("rates-1.xlsx", lambda path: xlsgd.generate("learning-rates", path, epochs=1))
    assert optimized.read_bytes() == plain.read_bytes()
    status, said, _ = ran("verify", "-q", plain, env=environment)
    assert (status, said) == (0, "")
