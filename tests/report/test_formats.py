"""A report format is one file: dropped into the package, every command that can use it has it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import xlsgd
from tests.verify.books import SIX_POINTS
from xlsgd.many import check_files
from xlsgd.report.formats import Format, formats

pytestmark = pytest.mark.usefixtures("warm")

TAP = '''
"""The Test Anything Protocol: a line a tab."""

from xlsgd.report.formats.format import Format


class Tap(Format):
    """TAP 13."""

    name = "tap"
    title = "TAP"

    def outcome(self, found):
        lines = []
        for report in found.reports:
            for sheet in report.sheets:
                word = "ok" if sheet.ok else "not ok"
                lines.append(f"{word} {len(lines) + 1} - {report.engine}: {sheet.name}")
        for file, why in found.failures:
            lines.append(f"not ok {len(lines) + 1} - {why}")
        return "\\n".join(["TAP version 13", f"1..{len(lines)}", *lines, ""])

    def document(self, data):
        return f"TAP version 13\\n1..{len(data['tabs'])}\\n"

    def cells(self, rows):
        return "".join(f"# {row[0]}!{row[1]}\\n" for row in rows[1:])


FORMAT = Tap()
'''

LINES = '''
"""A word a workbook, as they are done."""

from xlsgd.report.formats.format import Format


class Words:
    def __init__(self, path):
        self._file = open(path, "w")

    def read(self):
        return iter(())

    def write(self, result):
        self._file.write(f"{result.status}\\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()


class Word(Format):
    name = "words"
    title = "a word per workbook"
    several_engines = False

    def lines(self, path, resume, force):
        return Words(path)


FORMAT = Word()
'''


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a copy of the package that has two formats more."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(Path(xlsgd.__file__).parent, folder / "xlsgd")
    for name, text in (("tap", TAP), ("words", LINES)):
        (folder / "xlsgd" / "report" / "formats" / f"{name}.py").write_text(text)
    return folder


@pytest.fixture(scope="module")
def good(package: Path) -> Path:
    """Return a workbook in which nothing is wrong."""
    return xlsgd.generate(
        "graddesc", package / "good.xlsx", epochs=1, data=SIX_POINTS, optimizers=("sgd",)
    )


def ran(package: Path, *arguments: object) -> tuple[int, str, str]:
    """Return exit status, stdout and stderr of the command of a package."""
    done = subprocess.run(
        [sys.executable, "-m", "xlsgd", *map(str, arguments)],
        capture_output=True, text=True, timeout=120, cwd=package,
        env={**os.environ, "PYTHONPATH": str(package), "COLUMNS": "100"},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_every_command_offers_a_dropped_format(package: Path) -> None:
    _, verify, _ = ran(package, "verify", "--help")
    assert "--tap PATH         Write a report as TAP; - for standard output" in verify
    assert "--words PATH       Write a word per workbook, as they are done." in verify
    _, explain, _ = ran(package, "explain", "--help")
    assert "--tap PATH         Write the findings as TAP; - for standard output" in explain
    assert "--words" not in explain
    _, diff, _ = ran(package, "diff", "--help")
    assert "[table|csv|markdown|tap]" in diff


def test_a_dropped_format_is_used(package: Path, good: Path) -> None:
    status, said, told = ran(package, "verify", good, "--tap", "-")
    assert (status, told) == (0, "")
    lines = said.splitlines()
    assert lines[0] == "TAP version 13"
    assert lines[1] == f"1..{len(lines) - 2}"
    assert sum(line.endswith(" - formulas: sgd") for line in lines) == 1
    assert all(line.startswith("ok ") for line in lines[2:])
    (package / "broken.xlsx").write_bytes(good.read_bytes()[:3000])
    status, _, _ = ran(package, "verify", good, "broken.xlsx", "--tap", "r.tap", "--words", "w")
    assert status == 2
    assert (package / "w").read_text() == "agrees\nfailed\n"
    last = (package / "r.tap").read_text().splitlines()[-1]
    assert last.startswith(f"not ok {len(lines) - 1} - broken.xlsx: is no .xlsx workbook")


def test_what_a_dropped_format_cannot_show_is_refused(package: Path, good: Path) -> None:
    two = ("--engine", "formulas", "--engine", "stored")
    status, said, told = ran(package, "verify", good, *two, "--words", "w2")
    assert (status, said) == (2, "")
    assert told == "Error: --words takes one engine; got formulas, stored\n"
    status, said, told = ran(package, "verify", good, "--words", "w2", "--jsonl", "l2")
    assert (status, said) == (2, "")
    assert told == "Error: --jsonl and --words exclude each other\n"
    status, said, told = ran(package, "verify", good, "--tap", "same", "--junit", "same")
    assert told == "Error: --json, --junit, --tap, --jsonl and --words: need a file each, got " \
        "one for two\n"  # fmt: skip
    assert not [p.name for p in package.iterdir() if p.name in ("w2", "l2", "same")]


def test_every_format_can_show_something() -> None:
    assert {"json", "junit", "jsonl", "table", "csv", "markdown"} <= formats().keys()
    whats = ("outcome", "findings", "lines", "document", "cells")
    for name, format in formats().items():
        shown = [what for what in whats if format.shows(what)]
        assert shown, name
        assert format.title, name
    assert not any(Format().shows(what) for what in whats)


# The library behind the command


def test_files_are_checked_without_a_command(package: Path, good: Path) -> None:
    bad = package / "half.xlsx"
    bad.write_bytes(good.read_bytes()[:3000])
    told: list[tuple[str, int, int]] = []
    alone = check_files([good], progress=lambda *at: told.append(at))
    (one,) = alone
    assert (one.status, alone.status, alone.alone) == ("agrees", 0, True)
    assert one.lines()[0].startswith(f"{good}: agrees with torch  (")
    assert told
    assert list(alone.notes()) == []
    many = check_files([bad, good], reports={"json": package / "many.json"})
    found = [(each.file, each.status) for each in many]
    assert found == [(str(bad), "failed"), (str(good), "agrees")]
    assert many.status == 2
    assert [*many.notes()][-1] == "2 workbooks: 1 agrees, 0 differ, 1 failed"
    assert many.outcome.ok is False
    assert [report.ok for report in many.outcome.reports] == [True]
    assert list(many.write()) == []
    assert (package / "many.json").exists()
