"""The examples run, and find what they say they find."""

from __future__ import annotations

import json
import re
import runpy
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts.gallery import figures_shown
from tests.verify.books import step_cell
from xlsgd.cli import main

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
RECIPE = EXAMPLES / "github-actions.yml"


def _run(name: str, *arguments: str) -> None:
    before = sys.argv
    sys.argv = [name, *arguments]
    try:
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    finally:
        sys.argv = before


def test_every_example_is_tested_here() -> None:
    """docs/learners.md shows and runs learning_rates.py as it is called without arguments."""
    names = {path.name for path in EXAMPLES.iterdir() if not path.name.startswith("_")}
    scripts = {"check_class.py", "learning_rates.py", "nets.py", "summary.py"}
    assert names == {*scripts, "github-actions.yml"}


@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_every_example_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        _run(name, "--help")
    assert left.value.code == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"usage: {name} ")
    assert len(shown.splitlines()) > 5


@pytest.mark.parametrize(
    "name",
    [
        "words",
        *(
            pytest.param(name, marks=pytest.mark.wide)
            for name in (
                *("xor-by-one", "xor-by-two", "three-flowers", "two-moons"),
                *("glyphs-by-convolution", "polynomial"),
            )
        ),
    ],
)
def test_nets(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run("nets.py", str(tmp_path), name)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split()[0] == name
    assert line.endswith(": agrees")
    assert (tmp_path / f"{name}.xlsx").is_file()
    weights, formulas = (
        int(text.replace(",", "")) for text in re.findall(r"([\d,]+) (?:weights|formulas)", line)
    )
    assert figures_shown()[name][:2] == (weights, formulas), "run: python scripts/gallery.py"


def test_check_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run("check_class.py", str(tmp_path / "class"))
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split()[:2] == ["student", "right"]
    words = {line.split()[0]: line.split()[1:] for line in lines if line}
    assert words["ada"][0] == "yes"
    assert words["ben"][0] == "no"
    assert "sgd!H20" in words["ben"]
    assert words["cleo"][0] == "no"
    assert "sgd!L23" in words["cleo"]
    assert lines[-1] == "1 of 3 are right"
    assert {p.name for p in (tmp_path / "class").iterdir()} == {
        "ada.xlsx", "ben.xlsx", "cleo.xlsx"
    }  # fmt: skip


def test_learning_rates(capsys: pytest.CaptureFixture[str]) -> None:
    _run("learning_rates.py", "graddesc", "momentum", "0.00001", "0.01")
    title, header, *lines = capsys.readouterr().out.splitlines()
    assert "learning rate" in title
    assert header.split()[:2] == ["learning_rate", "tab"]
    slow, fast = lines
    assert slow.split()[:2] == ["1e-05", "momentum"]
    assert "exploded" not in slow
    assert fast.split()[:2] == ["0.01", "momentum"]
    assert "exploded at step" in fast
    assert "DIFFERS" not in slow + fast


# The recipe


def _steps() -> list[str]:
    """Return the commands of the recipe's steps.

    A reader for the little YAML that it is: ``run: command``, or ``run: |`` with lines below that
    are further to the right.
    """
    lines = RECIPE.read_text(encoding="utf-8").splitlines()
    found = []
    for i, line in enumerate(lines):
        match = re.match(r"( *)(?:- )?run: (.+)$", line)
        if match is None:
            continue
        if match[2] != "|":
            found.append(match[2])
            continue
        deeper = f"{match[1]}  "
        script = []
        for below in lines[i + 1 :]:
            if not below.startswith(deeper):
                break
            script.append(below.removeprefix(deeper))
        found.append("\n".join(script))
    return found


def _commands() -> list[list[str]]:
    """Return the words of every xlsgd command in the recipe, without what the shell does to it."""
    found = []
    for script in _steps():
        for line in script.splitlines():
            words = shlex.split(line.split(">>")[0])
            if words and words[0] == "xlsgd":
                found.append(words[1:])
    return found


def _summary_command() -> list[str]:
    """Return the name and the words of the example that the recipe makes its summary with."""
    (line,) = (line for step in _steps() for line in step.splitlines() if "STEP_SUMMARY" in line)
    python, script, *words = shlex.split(line.split(">>")[0])
    assert (python, Path(script).parent.as_posix()) == ("python", "xlsgd/examples")
    return [Path(script).name, *words]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a small workbook, and the recipe's current folder."""
    (tmp_path / "workbooks").mkdir()
    monkeypatch.chdir(tmp_path)
    arguments = ["generate", "graddesc", "--optimizer", "sgd", "--epochs", "1", "--points", "9"]
    result = CliRunner().invoke(main, [*arguments, "-o", "workbooks/small.xlsx"])
    assert result.exit_code == 0
    return tmp_path


def _recipe() -> list[int]:
    """Run the recipe's xlsgd commands and return their exit statuses."""
    return [
        CliRunner().invoke(main, words, catch_exceptions=False).exit_code for words in _commands()
    ]


def _summary(most: int | None = None) -> str:
    """Run the recipe's last step as the runner does, in a process; return what it printed."""
    name, *words = _summary_command()
    limit = [] if most is None else ["--most", str(most)]
    command = [sys.executable, "-I", str(EXAMPLES / name), *words, *limit]
    done = subprocess.run(command, capture_output=True, timeout=60, check=True)
    return done.stdout.decode("utf-8")


def test_the_recipe_calculates_each_workbook_once() -> None:
    assert [words[0] for words in _commands()] == ["verify"]
    assert any("constraints.txt" in step for step in _steps())
    assert "\t" not in RECIPE.read_text(encoding="utf-8")


def test_the_recipe_passes_a_good_repository(repository: Path) -> None:
    assert _recipe() == [0]
    suites = ET.parse(repository / "report.xml").getroot()
    assert [suite.get("failures") for suite in suites] == ["0"]
    assert _summary().splitlines()[2] == "| workbooks/small.xlsx | agrees with torch |  |"


def test_the_recipe_fails_on_a_wrong_cell(repository: Path) -> None:
    from openpyxl import load_workbook

    path = repository / "workbooks" / "small.xlsx"
    book = load_workbook(path)
    pred = step_cell(book["sgd"], "pred", 3)
    book["sgd"][pred] = 100.0
    book.save(path)
    (repository / "workbooks" / "torn.xlsx").write_bytes(b"PK")
    assert _recipe() == [2]
    messages = [f.get("message") for f in ET.parse(repository / "report.xml").iter("failure")]
    assert any(f"sgd!{pred}" in (message or "") for message in messages)
    summary = _summary()
    rows = [line.split(" | ") for line in summary.splitlines() if line.startswith("| workbooks/")]
    assert [row[0] for row in rows] == ["| workbooks/small.xlsx", "| workbooks/torn.xlsx"]
    assert f"sgd!{pred}: holds the constant 100.0" in rows[0][2]
    assert rows[1][1] == "could not be checked"
    assert "### workbooks/small.xlsx" in summary
    assert f"| sgd!{pred} | pred | 4 | 100.0 |" in summary


@pytest.mark.wide
def test_a_summary_of_ten_broken_workbooks_fits(repository: Path) -> None:
    """Each with forty thousand wrong cells and a long name: the report is some 150 MB."""
    wrong = {"sheet": "sgd", "quantity": "loss", "step": 1, "sheet_value": 1e300,
             "torch_value": -1.2345678901234567e-300, "reason": "differs from torch | ≠ " * 9,
             "formula": "=IF(" + "A1+" * 80}  # fmt: skip
    lost = [{"file": f"{i}.xlsx", "ok": False, "error": "is damaged " * 99} for i in range(2000)]
    for most, cells in ((1_000_000, 40_000), (20_000, 4_000)):
        differences = [{**wrong, "cell": f"S{i}"} for i in range(cells)]
        book = json.dumps(
            {"file": f"workbooks/NUMBER{'ü' * 120}.xlsx", "ok": False, "cells_differing": cells,
             "first_difference": differences[0], "sheets": [{"differences": differences}]}
        )  # fmt: skip
        books = [book.replace("NUMBER", str(i), 1) for i in range(10)]
        text = f'{{"workbooks": [{", ".join([*books, *map(json.dumps, lost)])}]}}'
        (repository / "report.json").write_text(text, encoding="utf-8")
        summary = _summary(most)
        assert most * 0.9 < len(summary.encode()) <= most < 1 << 20
        for i in range(10):
            assert f"\n### workbooks/{i}ü" in summary
        assert re.search(r"… and [\d,]+ more lines: the report has all of them\.\n$", summary)
