"""Where results cannot be written, or the run is interrupted: exit status 2 and a plain word."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from click.testing import Result

import xlsgd
from tests.verify.books import SIX_POINTS
from xlsgd.base.errors import SpecError
from xlsgd.base.files import write_whole
from xlsgd.report.formats.jsonl import ResultsFile

Run = Callable[..., Result]
FULL = Path("/dev/full")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="devices and signals of Unix")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("output") / "small.xlsx"
    return xlsgd.generate("graddesc", path, epochs=1, data=SIX_POINTS, optimizers=("sgd",))


def started(*arguments: object, **streams: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "xlsgd", *map(str, arguments)],
        text=True,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **streams,
    )


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
@pytest.mark.parametrize("command", [("list",), ("--help",), ("engines",)])
def test_a_full_disk(command: tuple[str, ...]) -> None:
    with FULL.open("w") as full:
        process = started(*command, stdout=full.fileno())
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "Traceback" not in stderr


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
def test_a_full_disk_is_named(run: Run, small: Path, tmp_path: Path) -> None:
    with FULL.open("w") as full:
        process = started("verify", small, stdout=full.fileno())
        _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (2, "Error: cannot write: No space left on device\n")
    result = run("verify", small, "--json", FULL)
    assert result.exit_code == 2
    assert result.stderr == "Error: /dev/full: cannot write there (No space left on device)\n"
    assert stat.S_ISCHR(FULL.stat().st_mode)
    (tmp_path / "lines").symlink_to(FULL)
    result = run("verify", small, "--jsonl", tmp_path / "lines", "--force")
    assert result.exit_code == 2
    assert "cannot write there (" in result.stderr


def test_no_memory(run: Run, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("xlsgd.verifying.verification.open_workbook", fails)
    result = run("verify", small)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: out of memory; end other programs")


def test_nobody_reads_on(small: Path) -> None:
    reading, writing = os.pipe()
    process = started("verify", small, stdout=writing)
    os.close(writing)
    os.close(reading)
    _, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (2, "")


@pytest.mark.sampled(1)
@pytest.mark.parametrize("engines", [(), ("--engine", "formulas", "--engine", "stored")])
def test_interrupted(engines: tuple[str, ...]) -> None:
    workbook = Path(__file__).parents[2] / "workbooks" / "titanic.xlsx"
    process = started("verify", workbook, *engines, stdout=subprocess.PIPE)
    time.sleep(4)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=10)
    assert (process.returncode, stdout, stderr) == (2, "", "Interrupted\n")
    assert not psutil.wait_procs(children, timeout=5)[1]


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_an_interruption_within_a_callback_is_not_lost(number: str) -> None:
    """Nothing can be raised out of the end of an object: Python says so, and goes on."""
    program = f"""
import os, signal, time
from xlsgd.cli.common import errors_as_text, stop_when_told

class Ending:
    def __del__(self):
        os.kill(os.getpid(), signal.{number})
        time.sleep(0.005)

stop_when_told()
with errors_as_text():
    Ending()
    time.sleep(20)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "Interrupted\n")


def test_what_is_no_file_is_written_into(tmp_path: Path) -> None:
    target, link = tmp_path / "target.json", tmp_path / "link.json"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_whole(link, b"new", force=True)
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    reading, writing = os.pipe()
    write_whole(Path(f"/dev/fd/{writing}"), b"through a pipe", force=True)
    assert os.read(reading, 100) == b"through a pipe"
    os.close(reading)
    os.close(writing)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.json", "target.json"]


@pytest.mark.parametrize("tail", ["", "\n", "\n{"])
def test_a_file_that_is_not_ours_stays_as_it_is(tail: str, tmp_path: Path) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text(f'{{\n  "mine": 1,\n  "last": 2}}{tail}')
    before = mine.read_bytes()
    with pytest.raises(SpecError), ResultsFile(mine, resume=True) as results:
        list(results.read())
    assert mine.read_bytes() == before


@pytest.mark.parametrize("below", ["", "sub"])
def test_a_folder_that_is_a_file(run: Run, small: Path, below: str) -> None:
    before = small.read_bytes()
    result = run("generate", "graddesc", "--seeds", "1-3", "-o", small / below)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {small / below}: cannot be made a folder (")
    assert small.read_bytes() == before
