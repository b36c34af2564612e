"""On a terminal lines are as wide as it is, and what matters has a colour."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
import tqdm.std

from xlsgd.cli.progress import ProgressBar
from xlsgd.report import Difference, Report, RunVerdict, SheetReport
from xlsgd.report.engines import EngineComparison, EngineRun, comparison_lines
from xlsgd.report.fit import fitted, painted
from xlsgd.report.terminal import report_lines

pytestmark = pytest.mark.usefixtures("warm")

COLUMNS = 72


def seen(*arguments: object, columns: int = COLUMNS, **variables: str) -> list[str]:
    """Run xlsgd on a terminal so many columns wide; return its lines."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    kept = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "xlsgd", *map(str, arguments)],
        stdout=theirs, stderr=subprocess.DEVNULL, env={**kept, **variables},
    )  # fmt: skip
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # Linux says so when the other side has hung up
        pass
    os.close(ours)
    process.wait(60)
    return shown.decode().splitlines()


def plain(line: str) -> str:
    return re.sub(r"\x1b\[\d+m", "", line)


def fits(line: str, columns: int = COLUMNS) -> bool:
    """Return whether a line fits, or has a single word that alone does not."""
    words = plain(line).split()
    return len(plain(line)) <= columns or len(words) <= 1 or max(map(len, words)) > columns // 2


@pytest.mark.parametrize(
    "words",
    [
        ("verify",),
        ("diff",),
        ("verify", "-j", "1"),
        ("verify", "--engine", "formulas", "--engine", "stored"),
    ],
)
def test_lines_fit(broken: Path, words: tuple[str, ...]) -> None:
    lines = seen(*words, broken)
    assert len(lines) > 2
    assert not [line for line in lines if not fits(line)]


def test_nothing_is_lost_where_lines_are_broken(broken: Path) -> None:
    narrow = " ".join(plain(line) for line in seen("verify", broken)).split()
    wide = " ".join(plain(line) for line in seen("verify", broken, columns=400)).split()
    assert narrow == wide


def test_colours(broken: Path) -> None:
    lines = seen("verify", broken)
    assert any("\x1b[31mDIFFERS\x1b[0m" in line for line in lines)
    assert any(line.startswith("  \x1b[31mFAIL\x1b[0m sgd: ") for line in lines)
    assert any(line.startswith("  \x1b[31mFAIL\x1b[0m compare: ") for line in lines)
    assert "\x1b" not in "".join(seen("verify", broken, NO_COLOR="1"))


def test_pipes_get_whole_lines_without_colours(broken: Path) -> None:
    command = [sys.executable, "-m", "xlsgd", "verify", str(broken)]
    piped = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    assert "\x1b" not in piped
    assert max(map(len, piped.splitlines())) > 100


def test_a_tab_that_fails_does_not_say_that_torch_agrees() -> None:
    verdict = RunVerdict("too slow", "too slow", ("too slow",), True, "too slow", None, None)
    wrong = [Difference("sgd", "S8", "loss", "step", "differs from torch")]
    fine = SheetReport("sgd", "training", formulas=3, verdict=verdict)
    failing = SheetReport("adam", "training", formulas=3, verdict=verdict, differences=wrong)
    lines = list(report_lines(Report("a.xlsx", "formulas", "", "", [fine, failing])))
    assert lines[2] == "       too slow; torch agrees"
    assert lines[3].startswith("  FAIL adam: ")
    assert lines[4] == "       too slow, in torch too"


def test_fitting() -> None:
    line = "  FAIL sgd: a word /a/very/long/path/that/cannot/be/broken/anywhere.xlsx and more"
    assert list(fitted([line], 40)) == [
        "  FAIL sgd: a word",
        "      /a/very/long/path/that/cannot/be/broken/anywhere.xlsx",
        "      and more",
    ]
    assert list(fitted(["short", "", "  in"], 40)) == ["short", "", "  in"]


def test_only_the_verdict_is_painted() -> None:
    assert painted("a FAIL b: DIFFERS, FAILED") == "a FAIL b: \x1b[31mDIFFERS\x1b[0m, FAILED"
    assert painted("a: agrees with torch, 3") == "a: \x1b[32magrees with torch\x1b[0m, 3"
    assert painted("  ok   sgd: 3") == "  \x1b[32mok\x1b[0m   sgd: 3"
    assert painted("no verdict here, ok") == "no verdict here, ok"


# Estimates


class Clock:
    """The time of tqdm, which passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("start", [0.0, 4.0])
@pytest.mark.parametrize("pieces", [12, 100])
def test_an_estimate_is_near_the_truth(
    start: float, pieces: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A job that needs a start and then 30 s of steady work."""
    clock = Clock()
    monkeypatch.setattr(tqdm.std, "time", clock)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    bar = ProgressBar(quiet=False)
    bar("verifying", 0, pieces)
    clock.now += start
    said = []
    for done in range(1, pieces):
        clock.now += 30 / pieces
        capsys.readouterr()
        bar("verifying", done, pieces)
        left = re.findall(r"(\d+):(\d+) left", capsys.readouterr().err)
        truth = 30 - 30 * done / pieces
        said += [(60 * int(m) + int(s), truth) for m, s in left]
    bar.clear()
    assert len(said) > pieces / 3
    assert all(abs(estimate - truth) <= 1 + truth / 10 for estimate, truth in said)


def test_a_short_job_is_given_no_estimate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Six seconds, most of them before the first piece is done."""
    clock = Clock()
    monkeypatch.setattr(tqdm.std, "time", clock)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    bar = ProgressBar(quiet=False)
    bar("recalculating", 0, 70_000)
    for done, seconds in ((4096, 4.4), (8192, 0.1), (40_000, 0.9), (70_000, 0.6)):
        clock.now += seconds
        bar("recalculating", done, 70_000)
    bar.clear()
    assert "left" not in capsys.readouterr().err


def test_no_library_for_bars_is_loaded_where_nobody_watches() -> None:
    code = (
        "import sys; from xlsgd.cli.progress import ProgressBar\n"
        "bar = ProgressBar(quiet=False); bar('verifying', 0, 2); bar('verifying', 2, 2)\n"
        "bar.clear(); print('tqdm' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_a_wide_table_of_engines_becomes_sentences() -> None:
    sheet = SheetReport("sgd", "training", formulas=1234, cells_compared=1234)
    runs = [EngineRun(name, name, 1.5, Report("a.xlsx", name, "", "", [sheet]))
            for name in ("formulas", "stored")]  # fmt: skip
    comparison = EngineComparison("a.xlsx", runs, [])
    (_, head, *_), (_, first, second) = (
        list(comparison_lines(comparison, width)) for width in (None, 40)
    )
    assert head.split()[:2] == ["engine", "sheet"]
    assert first == (
        "  engine formulas, sheet sgd, cells 1,234, agree 1,234, harmless 0, time 1.50 s"
    )
    assert second.startswith("  engine stored, ")
