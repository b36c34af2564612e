"""What a folder holds: every spreadsheet is checked or named, and so is what others left there."""

from __future__ import annotations

import json
import os
import shutil
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from click.testing import Result

from tests.verify.books import step_cell
from xlsgd.base.errors import SpecError
from xlsgd.engines.libreoffice import convert, find_soffice
from xlsgd.many.folder import choose

pytestmark = pytest.mark.usefixtures("warm")

Run = Callable[..., Result]
APPLE_DOUBLE = bytes.fromhex("00051607000200004d6163204f53205820202020")
"""How a file ._x begins, in which macOS notes what other systems have no place for."""


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a sound workbook that xlsgd has nothing to do with."""
    path = tmp_path_factory.mktemp("foreign") / "budget.xlsx"
    book = openpyxl.Workbook()
    book.active["A1"] = "rent"
    book.active["B1"] = "=1+1"
    book.save(path)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "class"
    path.mkdir()
    return path


def names(run: Result, folder: Path) -> list[str]:
    """Return the names of the files that have a line."""
    return [line.removeprefix(f"{folder}{os.sep}").partition(": ")[0]
            for line in run.stdout.splitlines()]  # fmt: skip


def test_workbooks_of_other_names_are_checked(run: Run, folder: Path, good: Path) -> None:
    for name in ("a.XLSX", "b.xlsm", "c.xlsx.bak", "d", "e.xltx", "f.Xlsx", "g.xlsx (1)"):
        shutil.copy(good, folder / name)
    (folder / "sub").mkdir()
    shutil.copy(good, folder / "sub" / "g.xlsm")
    result = run("verify", folder)
    assert result.exit_code == 0
    assert names(result, folder) == [
        *("a.XLSX", "b.xlsm", "c.xlsx.bak", "d", "e.xltx", "f.Xlsx", "g.xlsx (1)"),
        os.path.join("sub", "g.xlsm"),  # noqa: PTH118
    ]
    assert result.stderr.endswith("8 workbooks: 8 agree, 0 differ, 0 failed\n")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.numbers", "is a spreadsheet of Numbers, which is not read; save it as .xlsx"),
        ("A.NUMBERS", "is a spreadsheet of Numbers, which is not read; save it as .xlsx"),
        ("a.gnumeric", "is a spreadsheet of Gnumeric, which is not read; save it as .xlsx"),
        ("a.gsheet", "is a link to Google Sheets, which is not read; save it as .xlsx"),
        ("a.xls", ""),
        ("a.ods", ""),
    ],
)
def test_what_cannot_be_read_is_named_and_fails(
    run: Run, folder: Path, good: Path, name: str, words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Here LibreOffice is not installed; what else it opens is said to need it."""
    monkeypatch.setenv("PATH", "/nowhere")
    shutil.copy(good, folder / "b.xlsx")
    (folder / name).write_bytes(b"whatever it is")
    result = run("verify", folder)
    assert result.exit_code == 2
    first, second = result.stdout.splitlines()
    assert first.startswith(f"{folder / name}: FAILED, {words}")
    if not words:
        assert "which LibreOffice would read, and it is not installed; save it as .xlsx" in first
    assert second.startswith(f"{folder / 'b.xlsx'}: agrees with torch")


def test_a_numbers_file_that_is_a_folder(run: Run, folder: Path, good: Path) -> None:
    (folder / "a.numbers" / "Data").mkdir(parents=True)
    shutil.copy(good, folder / "a.numbers" / "Data" / "x.xlsx")
    assert choose([folder]).files == [folder / "a.numbers"]
    assert run("verify", folder).exit_code == 2


@pytest.mark.skipif(find_soffice() is None, reason="needs LibreOffice")
@pytest.mark.parametrize("suffix", [".ods"])
def test_libreoffice_reads_what_others_save(
    run: Run, folder: Path, good: Path, wrong: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xlsgd.engines import libreoffice

    monkeypatch.setitem(libreoffice.FILTERS, ".ods", "calc8")
    for path in (good, wrong):
        convert(path, folder / f"{path.stem}{suffix}")
    result = run("verify", folder)
    assert result.exit_code == 1
    first, second = result.stdout.splitlines()
    assert first.startswith(f"{folder / 'good'}{suffix}: agrees with torch, ")
    assert second.startswith(f"{folder / 'wrong'}{suffix}: DIFFERS, ")
    loss = step_cell(openpyxl.load_workbook(wrong)["sgd"], "loss", 2)
    assert f"first sgd!{loss} (loss): holds the constant" in second
    alone = run("verify", folder / f"wrong{suffix}")
    assert alone.exit_code == 1
    assert alone.stdout.startswith(f"{folder / 'wrong'}{suffix}: DIFFERS")
    (folder / f"torn{suffix}").write_bytes((folder / f"good{suffix}").read_bytes()[:3000])
    torn = run("verify", folder / f"torn{suffix}")
    assert (torn.exit_code, torn.stdout) == (2, "")
    assert torn.stderr.startswith(f"Error: {folder / 'torn'}{suffix}: ")
    assert "Traceback" not in torn.stderr


def test_leftovers_are_named_and_fail_nothing(run: Run, folder: Path, good: Path) -> None:
    shutil.copy(good, folder / "x.xlsx")
    (folder / "~$x.xlsx").write_bytes(b"\x05Ada L" + bytes(159))
    (folder / "._x.xlsx").write_bytes(APPLE_DOUBLE)
    (folder / ".~lock.x.xlsx#").write_text(",ada,laptop,01.01.2026 10:00,file;")
    (folder / "points.csv").write_text("x,y\n1,2\n")
    (folder / "notes.txt").write_text("nothing")
    (folder / "~$notes.docx").write_bytes(b"\x05Ada")
    result = run("verify", folder, "--json", folder / "r.json", "--junit", folder / "r.xml")
    assert result.exit_code == 0
    assert names(result, folder) == ["x.xlsx"]
    assert result.stderr.splitlines() == [
        f"passed over: {folder / '._x.xlsx'}: what macOS notes about a file",
        f"passed over: {folder / '.~lock.x.xlsx#'}: a lock file that LibreOffice left behind",
        f"passed over: {folder / 'points.csv'}: numbers without formulas",
        f"passed over: {folder / '~$x.xlsx'}: a lock file that Excel left behind",
        "1 workbook: 1 agrees, 0 differ, 0 failed, 4 passed over",
    ]
    report = json.loads((folder / "r.json").read_text())
    assert report["ok"] is True
    assert [Path(each["file"]).name for each in report["passed_over"]] == [
        "._x.xlsx", ".~lock.x.xlsx#", "points.csv", "~$x.xlsx"
    ]  # fmt: skip
    suites = ET.parse(folder / "r.xml").getroot()
    assert len(suites.findall("testsuite/testcase/skipped")) == 4
    quiet = run("verify", folder, "-q")
    assert (quiet.exit_code, quiet.stdout, quiet.stderr) == (0, "", "")


def test_a_workbook_under_a_leftovers_name_is_checked(run: Run, folder: Path, wrong: Path) -> None:
    for name in ("~$x.xlsx", "._x.xlsx"):
        shutil.copy(wrong, folder / name)
    result = run("verify", folder)
    assert result.exit_code == 1
    assert names(result, folder) == ["._x.xlsx", "~$x.xlsx"]


def test_a_folder_with_nothing_to_check_says_what_it_has(run: Run, folder: Path) -> None:
    (folder / "~$x.xlsx").write_bytes(b"\x05Ada")
    result = run("verify", folder)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"Error: {folder}: no workbook in this folder "
        "(~$x.xlsx is a lock file that Excel left behind)\n"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of Unix")
def test_what_is_no_file_holds_nobody_up(folder: Path, good: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "around").symlink_to(folder)
    (folder / "circle").symlink_to(folder / "circle")
    (folder / "zero.dat").symlink_to("/dev/zero")
    shutil.copy(good, folder / "x.xlsx")
    (folder / "y.xlsx").symlink_to(folder / "x.xlsx")
    assert [path.name for path in choose([folder]).files] == ["x.xlsx"]
    for name in "xy":
        (folder / f"{name}.xlsx").unlink()
    with pytest.raises(SpecError, match="no workbook in this folder"):
        choose([folder])


# Foreign workbooks


def test_a_foreign_workbook(run: Run, folder: Path, good: Path, foreign: Path) -> None:
    shutil.copy(good, folder / "a.xlsx")
    shutil.copy(foreign, folder / "b.xlsx")
    result = run("verify", folder)
    assert result.exit_code == 2
    line = result.stdout.splitlines()[1]
    assert line.startswith(f"{folder / 'b.xlsx'}: FAILED, is no workbook of xlsgd: ")
    assert line.endswith("; --skip-foreign passes over such files")
    result = run("verify", folder, "--skip-foreign")
    assert result.exit_code == 0
    assert f"{folder / 'b.xlsx'}: passed over, is no workbook of xlsgd" in result.stdout
    assert result.stderr == "1 workbook: 1 agrees, 0 differ, 0 failed, 1 passed over\n"
    several = ("--engine", "formulas", "--engine", "stored")
    assert run("verify", folder, *several).exit_code == 2
    result = run("verify", folder, *several, "--skip-foreign")
    assert result.exit_code == 0
    assert "is no workbook of xlsgd" in result.stderr


def test_a_foreign_workbook_alone(run: Run, foreign: Path) -> None:
    result = run("verify", foreign)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {foreign}: is no workbook of xlsgd: ")
    result = run("verify", foreign, "--skip-foreign")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith(f"passed over: {foreign}: is no workbook of xlsgd: ")


def test_resume_keeps_to_what_is_asked_now(run: Run, folder: Path, foreign: Path) -> None:
    shutil.copy(foreign, folder / "b.xlsx")
    lines = folder / "r.jsonl"
    assert run("verify", folder, "--jsonl", lines).exit_code == 2
    entry = json.loads(lines.read_text())
    assert (entry["status"], entry["reason"]) == ("failed", "foreign")
    again = ("verify", folder, "--jsonl", lines, "--resume")
    assert run(*again, "--skip-foreign").exit_code == 0
    assert run(*again).exit_code == 2
    assert len(lines.read_text().splitlines()) == 1


def test_a_workbook_whose_tabs_are_gone_is_not_foreign(run: Run, folder: Path, good: Path) -> None:
    """The data are there and the training is not: somebody deleted it."""
    book = openpyxl.load_workbook(good)
    for name in ("sgd", "compare"):
        del book[name]
    book.save(folder / "a.xlsx")
    assert run("verify", folder, "--skip-foreign").exit_code == 2
