"""xlsgd engines, and verify with several of them: table, who disagrees, exit status, reports."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from click.testing import Result

import xlsgd
from tests.many.conftest import good as good
from tests.many.conftest import hanging as hanging
from tests.verify.books import field_cell, step_cell
from xlsgd.base.cells import WorkbookFile
from xlsgd.base.errors import EngineError, WorkbookError
from xlsgd.engines import Calculation, engine_names, engines, get_engine
from xlsgd.engines.gnumeric import GnumericEngine
from xlsgd.engines.ironcalc import IronCalcEngine

pytestmark = pytest.mark.usefixtures("warm")

Run = Callable[..., Result]
CHEAP = ("--engine", "formulas", "--engine", "ironcalc")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("engines") / "small.xlsx"
    return xlsgd.generate("graddesc", path, optimizers=["sgd"], epochs=1)


@pytest.fixture(scope="module")
def edited(small: Path) -> Path:
    """Return a workbook with 0^0 in it, which is 1 to formulas and an error to IronCalc."""
    book = openpyxl.load_workbook(small)
    sheet = book["sgd"]
    loss, y = step_cell(sheet, "loss", 3), step_cell(sheet, "y", 3)
    sheet[loss] = f"{sheet[loss].value}*({y}-{y})^0"
    path = small.with_name("edited.xlsx")
    book.save(path)
    return path


def test_engines_are_listed(run: Run) -> None:
    result = run("engines")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines[::2]] == engine_names()
    for line, summary, engine in zip(lines[::2], lines[1::2], engines().values(), strict=True):
        missing = engine.missing()
        state = engine.version() if missing is None else f"not here: {missing}"
        assert line.split(maxsplit=1)[1] == state
        assert summary.strip() == engine.summary


def test_what_is_missing_is_said(run: Run, monkeypatch: pytest.MonkeyPatch, small: Path) -> None:
    monkeypatch.setattr("xlsgd.engines.ironcalc.package_version", lambda name: None)
    assert "ironcalc     not here: pip install 'xlsgd[ironcalc]'" in run("engines").stdout
    result = run("verify", small, *CHEAP)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "Error: the engine 'ironcalc' is not installed; pip install 'xlsgd[ironcalc]'\n"
    )


@pytest.mark.parametrize("name", ["formualizer", "formulon", "hyperformula"])
def test_how_to_get_a_library_is_said(
    name: str, run: Run, monkeypatch: pytest.MonkeyPatch, small: Path
) -> None:
    for library in ("formualizer", "formulon"):
        monkeypatch.setattr(f"xlsgd.engines.{library}.package_version", lambda name: None)
    monkeypatch.setattr("xlsgd.engines.hyperformula.find_hyperformula", lambda: None)
    monkeypatch.setattr("xlsgd.engines.hyperformula.find_node", lambda: Path("node"))
    how = "npm install --global hyperformula" if name == "hyperformula" else ""
    how = how or f"pip install 'xlsgd[{name}]'"
    assert f"{name:<12} not here: {how}\n" in run("engines").stdout
    result = run("verify", small, "--engine", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"Error: the engine '{name}' is not installed; {how}\n"


def test_engines_that_agree(run: Run, small: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    result = run("verify", small, *CHEAP, "--engine", "stored", "--json", report)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"{small}: all agree with torch  (formulas 1.")
    assert lines[1].split()[:5] == ["engine", "sheet", "cells", "agree", "harmless"]
    names = [tuple(line.split()[:2]) for line in lines[2:]]
    tabs = ("sgd", "surface", "compare")
    assert names == [(e, s) for e in ("formulas", "ironcalc", "stored") for s in tabs]
    document = json.loads(report.read_text(encoding="utf-8"))
    assert document["ok"]
    assert [w["engine"] for w in document["workbooks"]] == ["formulas", "ironcalc", "stored"]
    (comparison,) = document["comparisons"]
    assert comparison["disagreements"] == []
    for engine in comparison["engines"]:
        assert [s["cells_agreeing"] for s in engine["sheets"]] == [
            s["cells_compared"] for s in engine["sheets"]
        ]
    assert run("verify", "-q", small, *CHEAP).output == ""


def test_engines_that_disagree(run: Run, edited: Path, tmp_path: Path) -> None:
    json_file, junit_file = tmp_path / "report.json", tmp_path / "report.xml"
    result = run("verify", edited, *CHEAP, "--json", json_file, "--junit", junit_file)
    assert (result.exit_code, result.stderr) == (1, "")
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"{edited}: DIFFERS")
    sheet = openpyxl.load_workbook(edited)["sgd"]
    cell, pred, y = (step_cell(sheet, quantity, 3) for quantity in ("loss", "pred", "y"))
    first = f"formulas and ironcalc disagree, first in sgd!{cell} (loss, step 4): formulas agrees"
    first += " with torch"
    at = lines.index(f"  {first}")
    assert lines[at + 1] == f"    formula =({pred}-{y})^2*({y}-{y})^0"
    assert lines[at + 2].split()[:3] == ["formulas", "342.9848527385615", "ironcalc"]
    assert "ironcalc #NUM!  torch 342.98485273" in lines[at + 2]
    assert any(line.split()[:2] == ["ironcalc", "sgd"] and "#NUM! " in line for line in lines)
    (comparison,) = json.loads(json_file.read_text(encoding="utf-8"))["comparisons"]
    (found,) = comparison["disagreements"]
    assert found["engines"] == ["formulas", "ironcalc"]
    assert (found["sheet"], found["cell"], found["step"]) == ("sgd", cell, 4)
    assert found["values"][1] == "#NUM!"
    assert found["values"][0] == pytest.approx(found["torch_value"])
    assert found["agree_with_torch"] == ["formulas"]
    suites = {suite.get("name"): suite for suite in ET.parse(junit_file).getroot()}
    assert list(suites) == [f"{edited} ({name})" for name in ("formulas", "ironcalc", "engines")]
    (case,) = suites[f"{edited} (engines)"]
    assert case.get("name") == "formulas and ironcalc"
    failure = case.find("failure")
    assert failure is not None
    assert failure.get("message") == first


def test_engines_wrong_in_the_same_way_do_not_disagree(small: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(small)
    sheet = book["sgd"]
    loss = step_cell(sheet, "loss", 3)
    sheet[loss] = f"{sheet[loss].value}+1"
    book.save(tmp_path / "wrong.xlsx")
    found = xlsgd.compare_engines(tmp_path / "wrong.xlsx", ["formulas", "ironcalc"])
    assert not found.ok
    assert found.disagreements == []
    assert {report.first_difference.cell for report in found.reports} == {loss}  # type: ignore[union-attr]


def test_stale_values_are_those_of_stored(small: Path, tmp_path: Path) -> None:
    from tests.engines.test_programs import patched

    path = patched(
        small,
        tmp_path / "stale.xlsx",
        "xl/worksheets/sheet3.xml",
        b"<v>0.0001</v>",
        b"<v>0.0002</v>",
    )
    found = xlsgd.compare_engines(path, ["stored", "formulas"])
    (disagreement,) = found.disagreements
    assert disagreement.agree_with_torch == ("formulas",)
    assert (disagreement.quantity, disagreement.step) == ("new.a", 1)


def test_all_leaves_out_stored_where_nothing_is_stored(
    edited: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("formualizer", "formulon", "hyperformula", "libreoffice", "gnumeric"):
        monkeypatch.setattr(type(get_engine(name)), "missing", lambda self: "left out here")
    found = xlsgd.compare_engines(edited)
    assert [run.engine for run in found.runs] == ["formulas", "ironcalc"]
    (note,) = found.notes
    assert note.startswith(f"the engine 'stored' was not asked: {edited}: stores no values")
    found = xlsgd.compare_engines(edited, ["formulas", "stored"])
    assert found.failed


@pytest.fixture
def broken_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, file: WorkbookFile, progress: object = None) -> Calculation:
        raise EngineError("IronCalc failed (PanicException: out of cheese)")

    monkeypatch.setattr(IronCalcEngine, "recalculate", fail)


@pytest.mark.usefixtures("broken_engine")
def test_an_engine_that_fails_does_not_stop_the_others(
    run: Run, small: Path, tmp_path: Path
) -> None:
    junit_file = tmp_path / "report.xml"
    result = run("verify", small, *CHEAP, "--junit", junit_file)
    assert result.exit_code == 2
    assert "  ironcalc: IronCalc failed (PanicException: out of cheese)" in result.stdout
    assert any(line.split()[:2] == ["formulas", "sgd"] for line in result.stdout.splitlines())
    error = ET.parse(junit_file).getroot().find("testsuite/testcase/error")
    assert error is not None
    alone = run("verify", small, "--engine", "ironcalc")
    assert (alone.exit_code, alone.stdout) == (2, "")
    assert alone.stderr == "Error: IronCalc failed (PanicException: out of cheese)\n"


def test_a_panic_is_an_error(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ironcalc = pytest.importorskip("ironcalc")
    monkeypatch.setattr(ironcalc, "create", lambda *arguments: ironcalc.test_panic())
    with pytest.raises(EngineError, match=r"small\.xlsx: IronCalc failed \(PanicException"):
        xlsgd.verify(small, "ironcalc")


@pytest.mark.parametrize("command", ["diff", "explain"])
def test_other_commands_take_one_engine(run: Run, small: Path, command: str) -> None:
    assert run(command, small, "--engine", "ironcalc").exit_code == 0
    result = run(command, small, "--engine", "all")
    assert result.exit_code == 2
    assert "unknown engine 'all'; " in result.stderr
    assert "are: formulas, ironcalc" in result.stderr
    wrong = run("verify", small, "--engine", "nonsense").stderr
    assert "unknown engine 'nonsense'; there are: formulas, ironcalc" in wrong
    assert "gnumeric, stored, all." in wrong


def test_lines_of_json_take_one_engine(run: Run, small: Path, tmp_path: Path) -> None:
    result = run("verify", str(small), *CHEAP, "--jsonl", tmp_path / "x.jsonl")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--jsonl takes one engine; got formulas, ironcalc" in result.stderr


def test_many_workbooks_and_several_engines(
    run: Run, small: Path, edited: Path, tmp_path: Path
) -> None:
    """Each workbook in a process of its own: the same words, and nobody notices the others."""
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "1 empty.xlsx").write_bytes(b"")
    alone = {}
    for name, book in (("2 edited.xlsx", edited), ("3 small.xlsx", small)):
        shutil.copy(book, folder / name)
        alone[name] = run("verify", folder / name, *CHEAP).stdout.splitlines()
    found = tmp_path / "report.json"
    result = run("verify", folder, *CHEAP, "-j", 2, "--timeout", 60, "--json", found)
    assert result.exit_code == 2
    lines = result.stdout.splitlines()
    expected = [
        f"{folder}/1 empty.xlsx: FAILED, is empty; need an .xlsx workbook",
        *alone["2 edited.xlsx"],
        *alone["3 small.xlsx"],
    ]
    assert [_timeless(line) for line in lines] == [_timeless(line) for line in expected]
    document = json.loads(found.read_text(encoding="utf-8"))
    assert [Path(c["file"]).name[0] for c in document["comparisons"]] == ["2", "3"]
    again = run("verify", folder / "3 small.xlsx", folder, *CHEAP, "-q").stdout.splitlines()
    assert sum("3 small.xlsx" in line for line in again) == 0
    assert sum("2 edited.xlsx" in line for line in again) == 1


def _timeless(line: str) -> str:
    return re.sub(r" +[0-9.]+ s$", "", line)


@pytest.mark.wide
def test_one_that_hangs_holds_no_other_up(run: Run, small: Path, hanging: Path) -> None:
    result = run("verify", hanging, small, *CHEAP, "--timeout", 8)
    assert result.exit_code == 2
    lines = result.stdout.splitlines()
    assert lines[0] == f"{hanging}: FAILED, timed out after 8 s"
    assert lines[1].startswith(f"{small}: all agree with torch")


def test_an_engine_that_fails_stops_no_other(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> str:
        raise EngineError("Gnumeric failed (status 1)")

    monkeypatch.setattr(GnumericEngine, "version", fails)
    monkeypatch.setattr(GnumericEngine, "missing", lambda self: None)
    monkeypatch.setattr(GnumericEngine, "recalculate", fails)
    found = xlsgd.compare_engines(small, ["formulas", "gnumeric"])
    assert [(run.engine, run.version, run.error) for run in found.runs][1] == (
        "gnumeric", "gnumeric", "Gnumeric failed (status 1)"
    )  # fmt: skip
    assert found.runs[0].report is not None
    assert found.runs[0].report.ok


def test_an_input_that_one_engine_cannot_calculate(small: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(small)
    place = book["sgd"][field_cell(book["sgd"], "learning_rate")]
    place.value = f"={'(' * 70}{place.value}{')' * 70}"
    book.save(tmp_path / "deep.xlsx")
    found = xlsgd.compare_engines(tmp_path / "deep.xlsx", ["formulas", "ironcalc"])
    assert found.runs[0].report is not None
    assert found.runs[1].error is not None
    assert "nested deeper" in found.runs[1].error
    (tmp_path / "none.xlsx").write_bytes(b"")
    with pytest.raises(WorkbookError):
        xlsgd.compare_engines(tmp_path / "none.xlsx", ["formulas", "ironcalc"])


def test_several_files_by_several_engines(run: Run, small: Path, edited: Path) -> None:
    result = run("verify", str(small), str(edited), "no.xlsx", *CHEAP)
    assert result.exit_code == 2  # which wins over 1
    assert f"{small}: all agree with torch" in result.stdout
    assert f"{edited}: DIFFERS" in result.stdout
    assert "no.xlsx: FAILED, no such file" in result.stdout
