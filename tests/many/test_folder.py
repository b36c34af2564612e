"""A folder with files of all sorts: a line each, the right status, and nothing hangs."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import psutil
import pytest
from click.testing import Result

import xlsgd
from tests.verify.books import step_cell
from xlsgd.report.formats.jsonl import SCHEMA
from xlsgd.report.json_report import report_data, report_from
from xlsgd.report.terminal import report_lines

pytestmark = pytest.mark.usefixtures("warm")

Run = Callable[..., Result]


def lines_of(path: Path) -> dict[str, dict[str, Any]]:
    """Return a file of results, by the first word of the names of its files."""
    found = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    return {Path(line["file"]).stem.split()[0]: line for line in found}


def test_all_sorts(run: Run, folder: Path, wrong: Path, hanging: Path, tmp_path: Path) -> None:
    loss = step_cell(openpyxl.load_workbook(wrong)["sgd"], "loss", 2)
    shutil.copy(hanging, folder / "0 hanging.xlsx")
    files = tmp_path / "r.jsonl", tmp_path / "r.json", tmp_path / "r.xml"
    begun = time.perf_counter()
    result = run(
        "verify", folder, "-j", 2, "--timeout", 8,
        "--jsonl", files[0], "--json", files[1], "--junit", files[2],
    )  # fmt: skip
    assert time.perf_counter() - begun < 40
    assert result.exit_code == 2
    lines = [line.removeprefix(f"{folder}{os.sep}") for line in result.stdout.splitlines()]
    assert len(lines) == 6
    for line, expected in zip(
        lines,
        (
            "0 hanging.xlsx: FAILED, timed out after 8 s",
            "1 good.xlsx: agrees with torch, ",
            f"2 wrong.xlsx: DIFFERS, 26 cells, first sgd!{loss} (loss): holds the constant",
            "3 corrupt.xlsx: FAILED, is no .xlsx workbook, is damaged or protected by a password",
            "4 encrypted.xlsx: FAILED, is no .xlsx workbook, is damaged or protected by a password",
            "5 empty.xlsx: FAILED, is empty; need an .xlsx workbook",
        ),
        strict=True,
    ):
        assert line.startswith(expected)
    note, summary = result.stderr.splitlines()
    assert note.startswith("note: unchanged since xlsgd wrote it: ")
    assert summary == "6 workbooks: 1 agrees, 1 differs, 4 failed"
    kept = lines_of(files[0])
    assert [kept[n]["status"] for n in "012345"] == [
        "failed", "agrees", "differs", "failed", "failed", "failed"
    ]  # fmt: skip
    assert [kept[n]["reason"] for n in "012345"] == [
        "timeout", None, None, "refused", "refused", "refused"
    ]  # fmt: skip
    document = json.loads(files[1].read_text())
    named = [Path(entry["file"]).stem[0] for entry in document["workbooks"]]
    assert named == ["1", "2", "0", "3", "4", "5"]
    assert document["workbooks"][1] == kept["2"]["report"]
    suites = [suite.attrib for suite in ET.parse(files[2]).getroot()]
    assert [suite["failures"] for suite in suites] == ["0", "2", "0", "0", "0", "0"]
    assert [suite["errors"] for suite in suites] == ["0", "0", "1", "1", "1", "1"]


def test_the_same_as_in_this_process(run: Run, good: Path, wrong: Path, tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    result = run("verify", good, wrong, "--jsonl", file)
    assert result.exit_code == 1
    found = lines_of(file)
    for path in (good, wrong):
        report = xlsgd.verify(path)
        assert found[path.stem]["schema"] == SCHEMA
        assert found[path.stem]["report"] == report_data(report)
        again = report_from(found[path.stem]["report"])
        assert report_data(again) == report_data(report)
        assert list(report_lines(again)) == list(report_lines(report))
    # All is done: going on says the same at once.
    going_on = ("verify", good, wrong, "--jsonl", file, "--resume")
    assert run(*going_on).stdout == result.stdout
    quiet = run(*going_on, "-q")
    assert (quiet.exit_code, quiet.stderr) == (1, "")
    assert quiet.stdout == result.stdout.splitlines(keepends=True)[1]
    only = run("verify", good, "--jsonl", file, "--resume")
    assert (only.exit_code, len(only.stdout.splitlines())) == (0, 1)


def test_a_name_that_is_none_for_a_terminal(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a\nb\x1b[1m.xlsx").write_bytes(b"")
    result = run("verify", tmp_path, "-q")
    assert (
        result.stdout
        == f"{tmp_path}/a\\nb\\x1b[1m.xlsx: FAILED, is empty; need an .xlsx workbook\n"
    )


def test_each_file_once_in_the_order_given(run: Run, good: Path, wrong: Path) -> None:
    (good.parent / "around.xlsx").symlink_to("around.xlsx")  # a link to itself
    named = (wrong, good, wrong, good.parent / "around.xlsx", good)
    lines = run("verify", *named).stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == [str(path) for path in named[:2]] + [
        str(named[3])
    ]
    assert ": FAILED, " in lines[2]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-j", "-1"), "--jobs: got -1, need 1 or more"),
        (("--timeout", "0"), "--timeout: got 0, need seconds"),
        (("--memory", "3"), "--memory: got 3, need 64 MiB or more"),
        (("--resume",), "--resume is about the file of --jsonl"),
        (("--force",), "--force is about the file of --jsonl"),
        (("--json", "new", "--jsonl", "new"), "--json, --junit and --jsonl: need a file each"),
        (("--resume", "--force", "--jsonl", "new"), "--resume and --force exclude each other"),
    ],
)
def test_options_that_make_no_sense(
    run: Run, folder: Path, options: tuple[str, ...], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    result = run("verify", folder, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {words}")
    assert not [p for p in folder.parent.iterdir() if p != folder and p.stat().st_size]


# Interrupted


def started(*arguments: object, **options: Any) -> subprocess.Popen[bytes]:
    """Start xlsgd as a process of its own, as a terminal does.

    A shell without job control starts whatever ends in & deaf to Ctrl-C, and all its children too,
    by POSIX.  These tests may be run so; a process that is deaf does not show what they ask for.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "xlsgd", *map(str, arguments)],
        stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **options,
    )


def wait_for(what: Callable[[], Any], seconds: float = 30) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def busy(folder: Path, hanging: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Return a run over six files that has done five and hangs in the last."""
    shutil.copy(hanging, folder / "9 hanging.xlsx")
    file = tmp_path / "r.jsonl"
    process = started("verify", folder, "-j", 1, "--jsonl", file, stderr=subprocess.PIPE)
    try:
        wait_for(lambda: file.exists() and file.read_text().count("\n") == 5)
        yield process
    finally:
        process.kill()
        process.communicate()


def test_interrupted_and_continued(
    run: Run, folder: Path, tmp_path: Path, busy: subprocess.Popen[bytes]
) -> None:
    file = tmp_path / "r.jsonl"
    helpers = psutil.Process(busy.pid).children(recursive=True)
    begun = time.perf_counter()
    busy.send_signal(signal.SIGINT)
    stdout, stderr = busy.communicate(timeout=10)
    assert time.perf_counter() - begun < 5
    assert busy.returncode == 2
    assert stdout.count(b"\n") == 5
    assert stderr == b"Interrupted: 5 of 6 are done; the same command with --resume goes on\n"
    assert len(helpers) == 1
    assert not any(helper.is_running() for helper in helpers)
    before = file.read_bytes()
    file.write_bytes(before + before[:100])  # as if it had been killed in the middle of a line
    result = run("verify", folder, "--timeout", 0.5, "--jsonl", file, "--resume")
    assert result.exit_code == 2
    assert len(result.stdout.splitlines()) == 6
    note, summary = result.stderr.splitlines()
    assert note.startswith("note: unchanged since xlsgd wrote it: ")
    assert summary == "6 workbooks: 1 agrees, 1 differs, 4 failed"
    after = file.read_bytes()
    assert after.startswith(before)
    assert after.count(b"\n") == 6
    assert lines_of(file)["9"]["reason"] == "timeout"


def test_killed(tmp_path: Path, busy: subprocess.Popen[bytes]) -> None:
    helpers = psutil.Process(busy.pid).children(recursive=True)
    busy.kill()
    busy.wait()
    assert sorted(lines_of(tmp_path / "r.jsonl")) == list("12345")
    assert helpers
    assert not psutil.wait_procs(helpers, timeout=5)[1]


def test_progress_on_a_terminal(folder: Path) -> None:
    ours, theirs = pty.openpty()
    process = started("verify", folder / "5 empty.xlsx", folder / "4 encrypted.xlsx", stderr=theirs)
    os.close(theirs)
    stdout, _ = process.communicate(timeout=60)
    seen = os.read(ours, 10000).decode()
    os.close(ours)
    assert "verifying [                        ]   0%" in seen
    assert stdout.count(b"\n") == 2
    assert b"\x1b" not in stdout
