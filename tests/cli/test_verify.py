"""xlsgd verify: exit status, what goes to stdout, to stderr and into reports."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import Result

import xlsgd
from tests.verify.books import SIX_POINTS, edited, field_cell, patched, step_cell, stored

pytestmark = pytest.mark.usefixtures("warm")

Run = Callable[..., Result]


def strict(constant: str) -> None:
    """Refuse what JSON does not have and Python reads all the same."""
    raise AssertionError(f"{constant} is no JSON")


def read_json(path: Path) -> dict[str, Any]:
    """Return a JSON report, read strictly."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"), parse_constant=strict)
    return found


# Exit status, stdout, stderr


def test_a_good_workbook(run: Run, good: Path) -> None:
    result = run("verify", good)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"{good}: agrees with torch  (formulas ")
    assert any(line.startswith("  ok   sgd: ") and ", 0 differ" in line for line in lines)
    assert "converging; torch agrees" in result.stdout
    assert lines[-1].endswith("compared with torch, 0 not checked; 0 cells differ")


def test_a_broken_workbook(run: Run, broken: Path, broken_cell: str) -> None:
    result = run("verify", broken)
    assert (result.exit_code, result.stderr) == (1, "")
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"{broken}: DIFFERS")
    at = next(i for i, line in enumerate(lines) if f"sgd!{broken_cell} (loss, step 13): " in line)
    assert "sheet 100000.0  torch " in lines[at + 1]
    assert "  off " in lines[at + 1]
    assert ", allowed " in lines[at + 1]


def test_a_file_that_is_none(run: Run, corrupt: Path) -> None:
    result = run("verify", corrupt)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {corrupt}: is no .xlsx workbook")
    assert result.stderr.count("\n") == 1


def test_quiet(run: Run, good: Path, broken: Path) -> None:
    result = run("verify", "-q", good)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    result = run("verify", "--quiet", good, broken)
    assert result.exit_code == 1
    assert str(good) not in result.stdout
    assert str(broken) in result.stdout


@pytest.fixture
def folder(tmp_path: Path, good: Path, broken: Path, corrupt: Path) -> Path:
    """Return a folder with a good, a broken and a corrupt workbook, and what is none of ours."""
    (tmp_path / "sub").mkdir()
    shutil.copy(good, tmp_path / "a good.xlsx")
    shutil.copy(broken, tmp_path / "sub" / "broken.xlsx")
    shutil.copy(corrupt, tmp_path / "sub" / "corrupt.xlsx")
    (tmp_path / "notes.txt").write_text("no workbook")
    return tmp_path


def test_a_folder(run: Run, folder: Path) -> None:
    result = run("verify", folder)
    assert result.exit_code == 2
    fine, wrong, unread = result.stdout.splitlines()
    assert fine.startswith(f"{folder / 'a good.xlsx'}: agrees with torch, ")
    assert wrong.startswith(f"{folder / 'sub' / 'broken.xlsx'}: DIFFERS, ")
    assert unread.startswith(f"{folder / 'sub' / 'corrupt.xlsx'}: FAILED, is no .xlsx workbook")
    assert result.stderr.splitlines() == [
        f"note: unchanged since xlsgd wrote it: {folder / 'a good.xlsx'}",
        "3 workbooks: 1 agrees, 1 differs, 1 failed",
    ]
    (folder / "sub" / "corrupt.xlsx").unlink()
    assert run("verify", folder).exit_code == 1
    (folder / "sub" / "broken.xlsx").unlink()
    result = run("verify", folder)
    assert (result.exit_code, result.stderr) == (0, "1 workbook: 1 agrees, 0 differ, 0 failed\n")


def test_a_folder_without_workbooks(run: Run, tmp_path: Path) -> None:
    result = run("verify", tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: {tmp_path}: no workbook in this folder\n"


def test_an_input_that_is_none_is_named(run: Run, good: Path, tmp_path: Path) -> None:
    cell = ""

    def edit(workbook: Any) -> None:
        nonlocal cell
        cell = field_cell(workbook["sgd"], "learning_rate")
        workbook["sgd"][cell] = "fast"

    path = edited(good, tmp_path / "text.xlsx", edit)
    result = run("verify", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"Error: {path}: sgd!{cell} (learning_rate): got 'fast', need a number; type one\n"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--rtol", "1e-9"), "rtol and atol belong together: give both or none"),
        (("--atol", "1e-9"), "rtol and atol belong together: give both or none"),
        (("--rtol", "-1", "--atol", "0"), "rtol: got -1, need a number of 0 or more"),
        (("--rtol", "0", "--atol", "nan"), "atol: got nan, need a number of 0 or more"),
    ],
)
@pytest.mark.parametrize("command", ["verify", "diff"])
def test_options_that_make_no_sense(
    run: Run, good: Path, command: str, options: tuple[str, ...], words: str
) -> None:
    result = run(command, good, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr


def test_tolerances_replace_the_built_in_ones(run: Run, good: Path, tmp_path: Path) -> None:
    cell = step_cell(openpyxl.load_workbook(good)["sgd"], "loss", 12)
    path = patched(good, tmp_path / "stale.xlsx", "sgd", cell, stored("1.5"))
    assert run("verify", path).exit_code == 1
    assert run("verify", path, "--rtol", 0.1, "--atol", 1e5).exit_code == 0
    assert run("verify", good, "--rtol", 0, "--atol", 0).exit_code in (0, 1)


def test_nothing_is_written_unasked(run: Run, good: Path, tmp_path: Path) -> None:
    path = tmp_path / "good.xlsx"
    shutil.copy(good, path)
    assert run("verify", tmp_path).exit_code == 0
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == good.read_bytes()


# JSON and JUnit


def test_json(run: Run, good: Path, broken: Path, broken_cell: str, corrupt: Path,
              tmp_path: Path) -> None:  # fmt: skip
    file = tmp_path / "report.json"
    result = run("verify", good, broken, corrupt, "--json", file)
    assert result.exit_code == 2
    report = read_json(file)
    assert report["schema"] == "xlsgd.verify/1"
    assert report["ok"] is False
    fine, wrong, unread = report["workbooks"]
    assert [w["file"] for w in report["workbooks"]] == [str(good), str(broken), str(corrupt)]
    assert [w["ok"] for w in report["workbooks"]] == [True, False, False]
    assert unread["error"].startswith(f"{corrupt}: ")
    assert fine["engine"] == "formulas"
    assert fine["first_difference"] is None
    named = {"name", "ok", "cells_compared", "cells_differing", "first_difference", "verdict"}
    for sheet in (*fine["sheets"], *wrong["sheets"]):
        assert named <= sheet.keys()
        assert sheet["cells_differing"] == len(sheet["differences"])
    first = wrong["first_difference"]
    assert {"cell", "formula", "quantity", "sheet_value", "torch_value"} <= first.keys()
    assert (first["sheet"], first["cell"], first["quantity"]) == ("sgd", broken_cell, "loss")
    assert (first["step"], first["sheet_value"], first["formula"]) == (13, 1e5, None)
    assert isinstance(first["torch_value"], float)
    assert first["difference"] > first["allowed"]
    assert wrong["cells_differing"] == sum(s["cells_differing"] for s in wrong["sheets"])
    verdict = next(s["verdict"] for s in fine["sheets"] if s["name"] == "sgd")
    assert verdict == {
        "sheet": "converging", "torch": "converging", "agree": True, "kind": "converging",
        "step": None, "cell": None, "rule": None,
    }  # fmt: skip


@pytest.mark.parametrize("value", ["0.01", "1e300"])
def test_json_of_a_run_that_explodes(run: Run, good: Path, tmp_path: Path, value: str) -> None:
    # The stored values are those of another rate: everything differs, nearly nothing is finite.
    cell = field_cell(openpyxl.load_workbook(good)["sgd"], "learning_rate")
    path = patched(good, tmp_path / "stale.xlsx", "sgd", cell, stored(value))
    file = tmp_path / "report.json"
    assert run("verify", path, "--json", file).exit_code == 1
    sheet = next(s for s in read_json(file)["workbooks"][0]["sheets"] if s["name"] == "sgd")
    assert sheet["verdict"]["kind"] == "exploded"
    assert sheet["verdict"]["step"] >= 1
    assert sheet["verdict"]["cell"]


def test_json_of_a_difference_beyond_what_a_number_holds(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "huge.xlsx"
    options = {"epochs": 1, "data": SIX_POINTS, "optimizers": ("sgd",)}
    xlsgd.generate("graddesc", path, init={"a": 9e152}, **options)
    cell = step_cell(openpyxl.load_workbook(path)["sgd"], "loss", 0)
    patched(path, path, "sgd", cell, stored("-1.7E+308"))
    assert run("verify", path, "--json", tmp_path / "report.json").exit_code == 1
    first = read_json(tmp_path / "report.json")["workbooks"][0]["first_difference"]
    assert (first["cell"], first["sheet_value"]) == (cell, -1.7e308)


def test_junit(run: Run, good: Path, broken: Path, corrupt: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.xml"
    result = run("verify", good, broken, corrupt, "--junit", file, "-q")
    assert result.exit_code == 2
    root = ET.parse(file).getroot()
    assert root.tag == "testsuites"
    counts = [
        tuple(int(suite.attrib[key]) for key in ("tests", "failures", "errors")) for suite in root
    ]
    wrong = sum(not sheet.ok for sheet in xlsgd.verify(broken).sheets)
    assert counts == [(4, 0, 0), (4, wrong, 0), (1, 0, 1)]
    for suite, (tests, failures, errors) in zip(root, counts, strict=True):
        assert len(suite.findall("testcase")) == tests
        assert len(suite.findall("testcase/failure")) == failures
        assert len(suite.findall("testcase/error")) == errors
    assert [case.attrib["name"] for case in root[0]] == ["sgd", "adam", "surface", "compare"]


def test_reports_of_names_that_xml_and_json_must_quote(
    run: Run, good: Path, tmp_path: Path
) -> None:
    path = tmp_path / "<&\"'>.xlsx"

    def edit(workbook: Any) -> None:
        workbook["sgd"].title = '<&">'
        workbook['<&">']["R18"] = "]]>\x0b& <b>"[:3] + "& <b>"

    edited(good, path, edit)
    files = tmp_path / "r.json", tmp_path / "r.xml"
    assert run("verify", path, "--json", files[0], "--junit", files[1]).exit_code == 1
    assert read_json(files[0])["workbooks"][0]["file"] == str(path)
    assert ET.parse(files[1]).getroot()[0].attrib["name"] == str(path)


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes only names in UTF-8")
def test_reports_of_a_name_that_is_not_utf8(run: Run, good: Path, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.xlsx"))
    shutil.copy(good, path)
    files = tmp_path / "r.json", tmp_path / "r.xml"
    result = run("verify", tmp_path, "--json", files[0], "--junit", files[1])
    assert result.exit_code == 0
    assert read_json(files[0])["ok"] is True
    assert ET.parse(files[1]).getroot()[0].attrib["failures"] == "0"


def test_a_report_replaces_the_last_report(run: Run, good: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text("{}")
    assert run("verify", good, "-q", "--json", file).exit_code == 0
    assert read_json(file)["ok"] is True


@pytest.mark.parametrize("option", ["--json", "--junit"])
def test_a_report_never_replaces_a_workbook(
    run: Run, good: Path, tmp_path: Path, option: str
) -> None:
    path = tmp_path / "good.xlsx"
    shutil.copy(good, path)
    result = run("verify", path, option, path)
    assert path.read_bytes() == good.read_bytes()
    assert result.exit_code == 2


@pytest.mark.parametrize("option", ["--json", "--junit"])
def test_a_report_that_cannot_be_written(run: Run, good: Path, tmp_path: Path, option: str) -> None:
    result = run("verify", good, option, tmp_path / "no" / "report")
    assert result.exit_code == 2
    missing = tmp_path / "no"
    words = f"there is no folder {missing}; make it first"
    assert result.stderr == f"Error: {missing / 'report'}: {words}\n"
    result = run("verify", good, option, tmp_path)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {tmp_path}: is a folder")


# Progress


def watched(*arguments: object) -> tuple[int, str, str]:
    """Run xlsgd with a terminal as its stderr; return exit status, stdout, stderr."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "xlsgd", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
    )
    os.close(theirs)
    seen = b""
    try:
        while piece := os.read(ours, 65536):
            seen += piece
    except OSError:  # Linux says so when the other side has hung up
        pass
    finally:
        os.close(ours)
    stdout, _ = process.communicate(timeout=120)
    return process.returncode, stdout, seen.decode()


def test_progress_is_for_those_who_watch(good: Path) -> None:
    status, stdout, stderr = watched("verify", good)
    assert status == 0
    assert "\x1b" not in stdout
    assert "agrees with torch" in stdout
    assert f"recalculating [{' ' * 24}]   0%" in stderr
    assert re.search(r"training in torch \[\S{24}\] 100%", stderr)
    # The last of it is blanks: the bar is gone.
    assert not stderr.rstrip("\r").rpartition("\r")[2].strip()
    assert watched("verify", "-q", good) == (0, "", "")
