"""Names that are longer than a disk takes, and names that are as long as it takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

import xlsgd
from xlsgd.base.errors import XlsgdError
from xlsgd.engines import libreoffice

pytestmark = pytest.mark.usefixtures("warm")

Run = Callable[..., Result]

ENDS = (".xlsx", ".ods", ".xlsm", ".numbers", "")
TOO_LONG = 300
LONGEST = 255


def name(length: int, end: str) -> str:
    return (length - len(end)) * "n" + end


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    "command",
    [
        ("verify", "{long}"),
        ("verify", "{long}", "--engine", "formulas", "--engine", "ironcalc"),
        ("diff", "{long}"),
        ("diff", "{good}", "{long}"),
        ("explain", "{long}"),
        ("generate", "graddesc", "-o", "{long}", "--epochs", "1"),
        ("generate", "graddesc", "-o", "{long}", "--epochs", "1", "--force"),
        ("generate", "graddesc", "-o", "{long}", "--epochs", "1", "--seeds", "1-2"),
        ("generate", "graddesc", "--data", "{long}", "-o", "{new}"),
        ("generate", "titanic", "--data", "{long}", "-o", "{new}"),
        ("verify", "{good}", "--json", "{long}"),
        ("verify", "{good}", "--junit", "{long}"),
        ("verify", "{good}", "--jsonl", "{long}"),
        ("verify", "{good}", "--jsonl", "{long}", "--resume"),
        ("explain", "{good}", "--json", "{long}"),
        ("sweep", "graddesc", "-o", "{long}"),
        ("sweep", "graddesc", "-o", "{new}", "--table", "{long}.csv"),
        ("sweep", "graddesc", "-o", "{new}", "--data", "{long}"),
    ],
    ids=" ".join,
)
def test_a_name_that_is_too_long(
    run: Run, good: Path, tmp_path: Path, command: tuple[str, ...], end: str
) -> None:
    names = {"long": tmp_path / name(TOO_LONG, end), "good": good, "new": tmp_path / "new.xlsx"}
    result = run(*(word.format(**names) for word in command))
    assert result.exit_code == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()[-1:]
    assert "Traceback" not in result.stderr
    assert line.startswith("Error: ")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "ask", [xlsgd.verify, xlsgd.explain, xlsgd.compare_engines, xlsgd.read_csv]
)
@pytest.mark.parametrize("end", ENDS)
def test_the_library(ask: Callable[[Path], object], tmp_path: Path, end: str) -> None:
    with pytest.raises(XlsgdError):
        ask(tmp_path / name(TOO_LONG, end))


def test_the_longest_name_that_can_be(run: Run, tmp_path: Path) -> None:
    book = tmp_path / name(LONGEST, ".xlsx")
    reports = [tmp_path / name(LONGEST, end) for end in (".json", ".xml", ".jsonl")]
    options = ("--points", 5, "--epochs", 1, "--optimizer", "sgd")
    assert run("generate", "graddesc", "-o", book, *options).exit_code == 0
    assert run("verify", book, "--json", reports[0], "--junit", reports[1]).exit_code == 0
    assert run("explain", book, "--json", reports[0]).exit_code == 0
    assert run("diff", book).exit_code == 0
    assert sorted(tmp_path.iterdir()) == sorted([book, *reports[:2]])


@pytest.mark.usefixtures("soffice")
def test_the_longest_name_that_can_be_converted(
    good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(libreoffice.FILTERS, ".ods", "calc8")
    short = libreoffice.convert(good, tmp_path / "short.ods")
    book = short.rename(tmp_path / name(LONGEST, ".ods"))
    assert xlsgd.verify(book).ok
