"""xlsgd check: what it says, in which form, and with which exit status."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

import xlsgd
from tests.foreign.calculated import calculated, saved
from tests.foreign.plans import position
from tests.foreign.ways import all_ways
from tests.foreign.written import write
from tests.hostile.files import make
from tests.verify.books import part_name, parts_of
from xlsgd.base.cells import Book, Formula
from xlsgd.base.errors import WorkbookError, XlsgdError
from xlsgd.engines import libreoffice

pytestmark = pytest.mark.usefixtures("warm")

Run = Callable[..., Result]
ROWS, TABS = all_ways()["rows"], all_ways()["two tabs"]
WRONG = ROWS.truths[0].gradients[0][6]
"""The derivative in the first weight, in the seventh step: ``rows!J11``, say."""


def spoiled(book: Book, cell: str) -> Book:
    """Return a book with the other sign in the formula of a cell."""
    sheet, _, where = cell.rpartition("!")
    grid = dict(book.sheets[sheet])
    text = str(grid[position(where)])
    grid[position(where)] = Formula(f"=-({text.removeprefix('=')})")
    return replace(book, sheets={**book.sheets, sheet: grid})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("check")


@pytest.fixture(scope="module")
def right(folder: Path) -> Path:
    return saved(ROWS.book, folder / "right.xlsx")


@pytest.fixture(scope="module")
def wrong(folder: Path) -> Path:
    return saved(spoiled(ROWS.book, WRONG), folder / "wrong.xlsx")


@pytest.fixture(scope="module")
def second_wrong(folder: Path) -> Path:
    """Return a workbook with two trainings, of which the second has a wrong cell."""
    return saved(spoiled(TABS.book, TABS.truths[1].gradients[0][3]), folder / "tabs.xlsx")


@pytest.fixture(scope="module")
def untrained(folder: Path) -> Path:
    book = Book({"sums": {(1, 1): 1.0, (1, 2): 2.0, (1, 3): Formula("=A1+B1")}})
    return saved(book, folder / "sums.xlsx")


# In words


def test_nothing_wrong(run: Run, right: Path) -> None:
    result = run("check", right)
    assert (result.exit_code, result.stderr) == (0, "")
    head, _, rest = result.stdout.partition("\n\n")
    count = sum(isinstance(c, Formula) for c in ROWS.book.sheets["rows"].values())
    formulas = f"{count} formulas, recalculated to what the file stores"
    assert " ".join(head.split()) == f"{right}: nothing wrong {formulas}"
    truth = ROWS.truths[0]
    assert "rows: 2 weights, 12 steps of gradient descent" in rest
    assert f"rate       {truth.rate[0].partition('!')[2]}" in rest
    loss = re.search(r"loss +(\w+)", rest)
    assert loss is not None
    assert f"rows!{loss[1]}" in truth.losses
    for gradient in truth.gradients:
        column = gradient[0].partition("!")[2].rstrip("0123456789")
        assert re.search(rf"judged .*\b{column}\d", rest)


def test_the_first_wrong_cell_is_described(run: Run, wrong: Path) -> None:
    result = run("check", wrong)
    assert (result.exit_code, result.stderr) == (1, "")
    assert "WRONG" in "".join(result.stdout.split("\n")[:2])
    told = result.stdout.partition(f"First wrong cell: {WRONG}\n")[2]
    number = calculated(ROWS.book)["rows"][position(WRONG.partition("!")[2])]
    assert isinstance(number, float)
    content = spoiled(ROWS.book, WRONG).sheets["rows"][position(WRONG.partition("!")[2])]
    said = {line[4:14].strip(): line[15:] for line in told.splitlines()}
    assert said["formula"] == str(content)
    assert float(said["holds"]) == pytest.approx(-number, rel=1e-5)
    assert float(said["right is"]) == pytest.approx(number, rel=1e-5)
    assert said["nearest"]
    assert re.match(r"\d+ cells follow from it; once it is mended, all is right", said["then"])


def test_no_line_is_wider_than_a_terminal(run: Run, tmp_path: Path) -> None:
    name = "a tab with a long name, as teachers have"
    grid = spoiled(ROWS.book, WRONG).sheets["rows"]
    path = saved(Book({name: grid}), tmp_path / "long.xlsx")
    result = run("check", path)
    assert result.exit_code == 1
    assert name in " ".join(result.stdout.split())
    for line in result.stdout.splitlines():
        assert len(line) <= 80 or len(line.split()) == 1, line


def test_the_same_on_several_tabs_is_told_once(run: Run, tmp_path: Path) -> None:
    grid = spoiled(ROWS.book, WRONG).sheets["rows"]
    path = saved(Book({name: dict(grid) for name in ("one", "two", "three")}), tmp_path / "3.xlsx")
    result = run("check", path)
    assert result.exit_code == 1
    assert result.stdout.count("12 steps of gradient descent") == 1
    assert "one, two, three, each: 2 weights" in result.stdout
    assert f"First wrong cell: {WRONG.replace('rows', 'one')}\n" in result.stdout
    assert "    also on    two, three\n" in result.stdout
    assert "Wrong as well" not in result.stdout


def test_of_what_nothing_is_known_nothing_is_said_to_be_right(run: Run, untrained: Path) -> None:
    result = run("check", untrained)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "nothing judged:" in " ".join(result.stdout.split())
    assert "nothing wrong" not in result.stdout


def test_quiet(run: Run, right: Path, wrong: Path) -> None:
    result = run("check", "-q", right)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert "First wrong cell" in run("check", "-q", wrong).stdout


def test_a_tab_by_its_name(run: Run, second_wrong: Path) -> None:
    first, second = (truth.sheets[0] for truth in TABS.truths)
    result = run("check", second_wrong, "--sheet", first.upper())
    assert result.exit_code == 0
    assert f"{second}:" not in result.stdout
    result = run("check", second_wrong, "--sheet", second)
    assert result.exit_code == 1
    assert f"{first}:" not in result.stdout
    result = run("check", second_wrong, "--sheet", "nowhere")
    assert (result.exit_code, result.stdout) == (2, "")
    there = f"has no tab 'nowhere'; there are: {', '.join(TABS.book.sheets)}"
    assert result.stderr == f"Error: {second_wrong}: {there}\n"


# Several files, and files that cannot be checked


def test_what_cannot_be_read_does_not_stop_the_others(
    run: Run, right: Path, wrong: Path, untrained: Path, tmp_path: Path
) -> None:
    corrupt, missing = tmp_path / "corrupt.xlsx", tmp_path / "missing.xlsx"
    corrupt.write_bytes(right.read_bytes()[:500])
    report = tmp_path / "r.xml"
    result = run("check", corrupt, right, missing, untrained, wrong, "--junit", report)
    assert result.exit_code == 2
    blocks = result.stdout.split("\n\n")
    heads = [line for line in result.stdout.splitlines() if line.startswith(str(right.parent))]
    assert [head.partition(":")[0] for head in heads] == [str(right), str(untrained), str(wrong)]
    assert blocks[0].startswith(f"{right}:")
    lines = result.stderr.splitlines()
    assert lines[0].startswith(f"Error: {corrupt}: is no .xlsx workbook, is damaged")
    assert lines[1] == f"Error: {missing}: no such file"
    assert lines[2] == "5 workbooks: 1 with nothing wrong, 1 wrong, 1 not recognised, 2 failed"
    root = ET.fromstring(report.read_text("utf-8"))
    became = {
        suite.get("name"): (suite.get("failures"), suite.get("errors"), suite.get("skipped"))
        for suite in root
    }
    assert became == {
        str(right): ("0", "0", None),
        str(untrained): ("0", "0", "1"),
        str(wrong): ("1", "0", None),
        str(corrupt): ("0", "1", None),
        str(missing): ("0", "1", None),
    }


def test_a_folder(run: Run, right: Path, tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(right.read_bytes())
    (tmp_path / "notes.csv").write_text("1,2\n")
    result = run("check", tmp_path)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{tmp_path / 'a.xlsx'}:")
    assert "notes.csv: numbers without formulas" in result.stderr


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.xlsx", b"", "is empty; need an .xlsx workbook"),
        ("text.xlsx", b"x,y\n1,2\n", "is no .xlsx workbook, is damaged"),
        ("locked.xlsx", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(4096), "protected by a pass"),
        ("sheet.numbers", b"PK\x03\x04", "is a spreadsheet of Numbers, which is not read; save"),
        ("none.xlsx", None, "no such file"),
    ],
)
def test_no_workbook(
    run: Run, tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    result = run("check", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {path}: ")
    assert words in result.stderr
    assert result.stderr.count("\n") == 1
    with pytest.raises(WorkbookError, match=re.escape(words)):
        xlsgd.check(path)


def test_a_package_made_to_choke(run: Run, right: Path, tmp_path: Path) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(right) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = parts[sheet].replace(b"<sheetData>", b"<sheetData>" + b" " * 30_000_000)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    result = run("check", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "such a file is not opened" in result.stderr


def test_damaged_parts_are_refused_in_words(run: Run, good: Path, tmp_path: Path) -> None:
    parts, tab = parts_of(good), part_name(good, "sgd")
    kinds = (
        *("reference", "row_number", "twice", "kind_of_cell", "no_such_text", "shared_formula"),
        *("tab_without_name", "relation", "defined_name", "document_type", "torn", "part_twice"),
    )
    for seed, name in enumerate(kinds):
        path = tmp_path / f"{name}.xlsx"
        make(name, parts, tab, seed, path)
        result = run("check", path)
        assert (result.exit_code, result.stdout) == (2, ""), name
        assert result.stderr.startswith(f"Error: {path}: "), name
        assert result.stderr.count("\n") == 1, name


def test_what_cannot_be_calculated_is_named_and_not_called_wrong(run: Run, tmp_path: Path) -> None:
    grid = dict(ROWS.book.sheets["rows"])
    strange = {
        "=AZ1+1": "depends on itself",
        "=+*/)(": "brackets do not match",
        "=FOO(A5)": "FOO",
        f"={'(' * 3000}1{')' * 3000}": "",
        "=[1]other!A1": "another workbook",
    }
    for row, text in enumerate(strange, start=1):
        grid[row, 52] = Formula(text)
    path = write(Book({"rows": grid}), calculated(ROWS.book), tmp_path / "strange.xlsx")
    result = run("check", path)
    assert (result.exit_code, result.stderr) == (0, "")
    told = " ".join(result.stdout.partition("Not judged:")[2].split())
    for row, (text, why) in enumerate(strange.items(), start=1):
        if why:
            assert f"rows!AZ{row}" in told, text
            assert why in told, text


def test_names_that_steer_a_terminal(run: Run, tmp_path: Path) -> None:
    grid = spoiled(ROWS.book, WRONG).sheets["rows"]
    path = saved(Book({"\x7f\u009b31m": grid}), tmp_path / "steer.xlsx")
    result = run("check", path)
    assert result.exit_code == 1
    assert re.search("[\x7f-\x9f]", result.stdout) is None


def test_macros_never_run(run: Run, right: Path, tmp_path: Path) -> None:
    path = tmp_path / "macros.xlsm"
    path.write_bytes(right.read_bytes())
    with zipfile.ZipFile(path, "a") as package:
        package.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 no such program")
    result = run("check", path)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{path}:")
    assert "12 steps of gradient descent" in result.stdout


def test_without_libreoffice_others_are_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xlsgd.engines.libreoffice.find_soffice", lambda: None)
    path = tmp_path / "sheet.ods"
    path.write_bytes(b"PK\x03\x04")
    result = run("check", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "which LibreOffice would read, and it is not installed; save it as" in result.stderr


def test_what_libreoffice_saves(
    run: Run, wrong: Path, tmp_path: Path, soffice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(libreoffice.FILTERS, ".ods", "calc8")
    path = libreoffice.convert(wrong, tmp_path / "wrong.ods")
    result = run("check", path)
    assert (result.exit_code, result.stderr) == (1, "")
    assert f"First wrong cell: {WRONG}\n" in result.stdout


# As data


def test_json(run: Run, wrong: Path, tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    assert run("check", wrong, "--json", file).exit_code == 1
    result = run("check", wrong, "--json", "-")
    assert (result.exit_code, result.stdout) == (1, file.read_text("utf-8"))
    document = json.loads(result.stdout)
    assert (document["schema"], document["ok"]) == ("xlsgd.check/1", False)
    (book,) = document["workbooks"]
    assert (book["file"], book["ok"]) == (str(wrong), False)
    finding = book["findings"][0]
    assert f"{finding['sheet']}!{finding['cell']}" == WRONG
    assert finding["holds"] == pytest.approx(-finding["expected"])
    (training,) = book["trainings"]
    assert (training["sheets"], training["steps"]) == (["rows"], 12)


@pytest.mark.parametrize("name", ["csv", "markdown", "table"])
def test_a_row_for_every_finding(run: Run, right: Path, wrong: Path, name: str) -> None:
    result = run("check", right, f"--{name}", "-")
    assert result.exit_code == 0
    nothing = len(result.stdout.splitlines())
    result = run("check", wrong, f"--{name}", "-")
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == nothing + 1
    if name == "csv":
        (row,) = csv.DictReader(io.StringIO(result.stdout))
        assert f"{row['sheet']}!{row['cell']}" == WRONG
        assert float(row["holds"]) == -float(row["right"])


def test_junit_names_tabs(run: Run, second_wrong: Path) -> None:
    result = run("check", second_wrong, "--junit", "-")
    assert result.exit_code == 1
    (suite,) = ET.fromstring(result.stdout)
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    first, second = (truth.sheets[0] for truth in TABS.truths)
    cases = {case.get("name"): case.find("failure") for case in suite}
    assert set(cases) == {first, second}
    assert cases[first] is None
    failure = cases[second]
    assert failure is not None
    assert TABS.truths[1].gradients[0][3] in str(failure.get("message"))


def test_where_to_write_is_tried_before_the_work(
    run: Run, right: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the work was begun")

    monkeypatch.setattr("xlsgd.foreign.check.check", never)
    for target in (tmp_path, tmp_path / "no" / "r.json"):
        result = run("check", right, "--json", target)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"Error: {tmp_path}")
    result = run("check", right, "--json", right)
    assert result.exit_code == 2
    result = run("check", right, "--json", "-", "--csv", "-")
    assert (result.exit_code, result.stdout) == (2, "")
    several = "--json, --junit, --table, --csv and --markdown: need a file each, got one for two"
    assert result.stderr == f"Error: {several}\n"


def test_the_library(wrong: Path) -> None:
    report = xlsgd.check(wrong)
    assert isinstance(report, xlsgd.CheckReport)
    assert not report.agrees
    assert report.findings[0].place == WRONG
    assert len(repr(report)) < 200
    assert WRONG in repr(report)
    with pytest.raises(XlsgdError, match="has no tab 'x'"):
        xlsgd.check(wrong, sheets=["x"])


def test_verify_points_here(run: Run, right: Path, tmp_path: Path) -> None:
    path = tmp_path / "my sheet.xlsx"
    path.write_bytes(right.read_bytes())
    result = run("verify", path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"xlsgd check '{path}' looks at workbooks of others" in result.stderr
