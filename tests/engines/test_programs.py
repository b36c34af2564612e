"""Engines that are programs or libraries: they calculate anew, end in time, and leave nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

import xlsgd
from tests.verify.books import field_cell
from xlsgd.base.cells import Book, CellError, Formula, Grid, Scalar, Uncomputed, WorkbookFile
from xlsgd.base.errors import EngineError, NoStoredValuesError
from xlsgd.engines import Engine, engine_names, engines, get_engine
from xlsgd.engines.gnumeric import GnumericEngine
from xlsgd.engines.libreoffice import LibreOfficeEngine
from xlsgd.engines.programs import run_program, saved_values
from xlsgd.xlsx.reader import read_workbook

pytestmark = pytest.mark.every

CALCULATING = [name for name in engine_names() if name != "stored"]


@pytest.fixture(params=CALCULATING)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Every engine that calculates."""
    found = get_engine(request.param)
    missing = found.missing()
    if missing is not None:
        pytest.skip(f"{found.name}: {missing}")
    return found


def book_file(path: Path, cells: dict[str, object]) -> Path:
    """Write a workbook with openpyxl, which stores no values."""
    from openpyxl import Workbook

    book = Workbook()
    for address, content in cells.items():
        book.active[address] = content
    book.active.title = "cells"
    book.save(path)
    return path


def values(engine: Engine, path: Path) -> dict[tuple[int, int], Scalar | Uncomputed]:
    return engine.recalculate(read_workbook(path)).values["cells"]


def patched(source: Path, target: Path, part: str, old: bytes, new: bytes) -> Path:
    """Write a workbook with other bytes in one of its parts, and all stored values kept."""
    with zipfile.ZipFile(source) as package, zipfile.ZipFile(target, "w") as changed:
        for name in package.namelist():
            content = package.read(name)
            if name == part:
                assert content.count(old) == 1
                content = content.replace(old, new)
            changed.writestr(name, content)
    return target


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "small.xlsx"
    return xlsgd.generate("graddesc", path, optimizers=["sgd"], epochs=1)


def test_a_changed_start_weight_gives_other_results(
    engine: Engine, small: Path, tmp_path: Path
) -> None:
    before = engine.recalculate(read_workbook(small)).values["sgd"]
    place = field_cell(openpyxl.load_workbook(small)["sgd"], "init.a")
    with zipfile.ZipFile(small) as package:
        content = package.read("xl/worksheets/sheet3.xml")
    at = content.index(f'<c r="{place}"'.encode())
    cell = content[at : content.index(b"</c>", at)]
    new = cell.replace(b"<v>1</v>", b"<v>2</v>")
    assert new != cell
    path = patched(small, tmp_path / "stale.xlsx", "xl/worksheets/sheet3.xml", cell, new)
    after = engine.recalculate(read_workbook(path)).values["sgd"]
    assert read_workbook(path).stored == read_workbook(small).stored
    assert sum(before[p] != after[p] for p in before) > 300
    assert xlsgd.verify(path, "stored").ok is False


def test_every_formula_has_a_value_or_says_why_not(engine: Engine, tmp_path: Path) -> None:
    path = book_file(
        tmp_path / "odd.xlsx",
        {
            "A1": "=B1+1", "A2": "=1/0", "A3": "=NO.SUCH.FUNCTION(1)", "A4": "=A4+1",
            "A5": '=""', "A6": "=1=1", "A7": "=Z99", "A8": '="#NUM!"', "A9": "=A1*2", "B1": 2.5,
        },
    )  # fmt: skip
    found = values(engine, path)
    assert set(found) == {(row, 1) for row in range(1, 10)}
    assert found[1, 1] == 3.5
    assert found[9, 1] == 7.0
    assert isinstance(found[2, 1], CellError)
    assert isinstance(found[3, 1], CellError | Uncomputed)
    assert not isinstance(found[5, 1], float)
    assert found[6, 1] is True
    assert found[8, 1] == "#NUM!" or isinstance(found[8, 1], CellError)


def test_stdout_and_the_folder_stay_clean(
    engine: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = book_file(tmp_path / "-rf.xlsx", {"A1": "=1+1"})
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    assert values(engine, path) == {(1, 1): 2.0}
    assert capfd.readouterr() == ("", "")
    assert list(folder.iterdir()) == []
    assert [p.name for p in tmp_path.iterdir()] == ["-rf.xlsx", "temporary"]


# What can go wrong


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a shell script in the place of soffice and ssconvert."""

    def install(script: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir(exist_ok=True)
        for name in ("soffice", "ssconvert"):
            program = folder / name
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        monkeypatch.setattr(
            "xlsgd.engines.programs.program_version", lambda program, name: f"{name} 1.0"
        )

    return install


PROGRAMS = {"LibreOffice": LibreOfficeEngine, "Gnumeric": GnumericEngine}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo no such thing; exit 3", r"failed \(status 3\): no such thing"),
        ("kill -SEGV $$", r"failed \(SIGSEGV\)"),
        ("exit 0", "wrote no xlsx file"),
        ("sleep 60 & sleep 60", r"took longer than 0\.5 s and was stopped"),
    ],
    ids=["fails", "crashes", "writes nothing", "hangs"],
)
def test_a_program_that_does_not_do_it(
    name: str, script: str, words: str, fake: Callable[[str], None], small: Path
) -> None:
    fake(f'case "$1" in --version) echo 1.0;; *) {script};; esac')
    begun = time.monotonic()
    with pytest.raises(EngineError, match=words) as caught:
        PROGRAMS[name](time_limit=0.5).recalculate(read_workbook(small))
    assert name in str(caught.value)
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("system", ["with groups", "without groups"])
def test_all_that_a_program_has_started_is_ended(
    tmp_path: Path, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows knows no groups of processes."""
    if system == "without groups":
        monkeypatch.delattr("os.killpg")
        monkeypatch.delattr("os.getpgid")
    file = tmp_path / "child"
    with pytest.raises(EngineError, match="took longer"):
        run_program("It", ["sh", "-c", f"sleep 60 & echo $! > {file}; wait"], 0.5)
    child = int(file.read_text())
    deadline = time.monotonic() + 5
    while Path(f"/proc/{child}/stat").exists() and time.monotonic() < deadline:
        if Path(f"/proc/{child}/stat").read_text().split()[2] == "Z":
            break
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{child}").exists()


def test_a_program_that_is_done_needs_no_groups_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.killpg")
    assert run_program("It", ["echo", "done"], 10) == "done"
    with pytest.raises(EngineError, match="status 3"):
        run_program("It", ["sh", "-c", "exit 3"], 10)


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(EngineError, match="cannot be started"):
        run_program("It", ["/no/such/program"])


@pytest.mark.parametrize("name", [name for name in CALCULATING if name != "formulas"])
def test_an_engine_that_is_missing_says_how_to_get_it(
    name: str, monkeypatch: pytest.MonkeyPatch, small: Path
) -> None:
    monkeypatch.setenv("PATH", "")
    for library in ("ironcalc", "formualizer", "formulon"):
        monkeypatch.setattr(f"xlsgd.engines.{library}.package_version", lambda name: None)
    monkeypatch.setattr("xlsgd.engines.libreoffice.find_soffice", lambda: None)
    missing = get_engine(name).missing()
    assert missing is not None
    assert "install" in missing
    with pytest.raises(EngineError) as caught:
        xlsgd.verify(small, name)
    assert missing in str(caught.value)


DEEP = {
    "parentheses": "=" + "(" * 4000 + "1" + ")" * 4000,
    "long": "=1" + "+1" * 5000,
    "signs": "=" + "-" * 8000 + "1",
    "spaced signs": "=" + "- " * 4000 + "1",
    "percent": "=1" + "%" * 8000,
    "braces": "=" + "{" * 4000,
    "signs in parentheses": "=" + "(-" * 70 + "1" + ")" * 70,
}


@pytest.mark.parametrize("name", ["ironcalc", "hyperformula"])
def test_who_is_handed_cells_is_spared_what_would_end_the_process(name: str) -> None:
    found = get_engine(name)
    if (missing := found.missing()) is not None:
        pytest.skip(f"{name}: {missing}")
    sheets: dict[str, Grid] = {
        what: {(1, 1): Formula(text), (2, 1): Formula("=A1+1"), (3, 1): Formula("=1+1")}
        for what, text in DEEP.items()
    }
    values = found.recalculate(WorkbookFile(Path("deep.xlsx"), Book(sheets), {})).values
    for what in DEEP:
        assert isinstance(values[what][1, 1], Uncomputed), what
        assert values[what][2, 1] == CellError("#N/A"), what
        assert values[what][3, 1] == 2.0, what


@pytest.mark.parametrize("name", ["formualizer", "formulon"])
def test_a_reader_of_files_has_no_value_for_what_is_too_deep(name: str, tmp_path: Path) -> None:
    found = get_engine(name)
    if (missing := found.missing()) is not None:
        pytest.skip(f"{name}: {missing}")
    cells = {f"A{row}": text for row, text in enumerate(DEEP.values(), start=1)}
    got = values(found, book_file(tmp_path / "deep.xlsx", {**cells, "B1": "=1+1"}))
    assert got.pop((1, 2)) == 2.0
    for (row, _), value in got.items():
        right = row == list(DEEP).index("signs in parentheses") + 1 and value == 1.0
        assert right or isinstance(value, CellError | Uncomputed), list(DEEP)[row - 1]


# What was saved


def test_a_formula_without_a_saved_value_is_not_computed() -> None:
    grid: Grid = {(1, 1): Formula("=1"), (2, 1): Formula("=2"), (3, 1): Formula("=3")}
    saved = WorkbookFile(Path("x"), Book(), {"s": {(1, 1): 1.0, (2, 1): None}})
    found = saved_values(Book({"s": grid, "t": {(1, 1): Formula("=4")}}), saved, "It")
    assert found["s"][1, 1] == 1.0
    for value in (found["s"][2, 1], found["s"][3, 1], found["t"][1, 1]):
        assert value == Uncomputed("It saved no value")


def test_stored_values_name_the_program_that_saved_them(small: Path) -> None:
    file = read_workbook(small)
    stored = get_engine("stored")
    assert stored.recalculate(file).habits == frozenset()
    for saved_by, habits in (
        ("LibreOffice/7.4.7.2", {"fifteen digits", "near zero"}),
        ("Microsoft Excel 16.0300", {"near zero"}),
        ("gnumeric 1.12.55", {"more digits"}),
        ("something", set()),
    ):
        found = stored.recalculate(replace(file, saved_by=saved_by))
        assert found.habits == habits
        assert found.program == f"stored values, saved by {saved_by}"
        assert found.values["sgd"] == file.stored["sgd"]


def test_a_file_that_stores_nothing_has_no_stored_values(tmp_path: Path) -> None:
    path = book_file(tmp_path / "empty.xlsx", {"A1": "=1+1"})
    with pytest.raises(NoStoredValuesError, match="stores no values"):
        get_engine("stored").recalculate(read_workbook(path))


# Finding them


def test_looking_for_engines_loads_none_of_them() -> None:
    code = (
        "import sys; from xlsgd.engines import engines\n"
        "for engine in engines().values(): engine.missing()\n"
        "large = {'formulas', 'ironcalc', 'formualizer', 'formulon', 'wasmtime', 'numpy', 'lxml'}\n"
        "loaded = (large | {'openpyxl', 'torch'}) & {*sys.modules}\n"
        "sys.exit(', '.join(loaded) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_engine_says_what_it_is() -> None:
    for name, engine in engines().items():
        assert engine.name == name
        assert engine.summary


# What a program saves is still the workbook


@pytest.mark.parametrize("name", ["libreoffice", "gnumeric"])
def test_tabs_formulas_and_charts_are_still_there(
    name: str, small: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if name == "libreoffice":
        saved = request.getfixturevalue("libreoffice_convert")(small, "xlsx", tmp_path)
    else:
        saved = request.getfixturevalue("gnumeric_convert")(small, tmp_path / "saved.xlsx")
    ours, theirs = read_workbook(small), read_workbook(saved)
    assert list(theirs.book.sheets) == list(ours.book.sheets)
    for sheet, cells in ours.stored.items():
        assert theirs.stored[sheet].keys() == cells.keys()
    assert theirs.saved_by.lower().startswith(name)
    charts = []
    for file in (ours, theirs):
        with zipfile.ZipFile(file.path) as package:
            charts.append(sum("/charts/chart" in part for part in package.namelist()))
    assert charts[0] == charts[1] > 3
