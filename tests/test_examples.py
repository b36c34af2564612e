"""The examples run, and find what they say they find."""

from __future__ import annotations

import re
import runpy
import shlex
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from click.testing import CliRunner

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
    assert names == {"check_class.py", "learning_rates.py", "github-actions.yml"}


def test_check_class(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run("check_class.py", str(tmp_path / "class"))
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split()[:2] == ["student", "right"]
    words = {line.split()[0]: line.split()[1:] for line in lines if line}
    assert words["ada"][0] == "yes"
    assert words["ben"][0] == "no"
    assert "sgd!R9" in words["ben"]
    assert words["cleo"][0] == "no"
    assert "sgd!AE12" in words["cleo"]
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


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a small workbook, and the recipe's current folder."""
    (tmp_path / "workbooks").mkdir()
    monkeypatch.chdir(tmp_path)
    arguments = ["generate", "graddesc", "--optimizer", "sgd", "--epochs", "1"]
    result = CliRunner().invoke(main, [*arguments, "-o", "workbooks/small.xlsx"])
    assert result.exit_code == 0
    return tmp_path


def _recipe(repository: Path) -> list[int]:
    """Run the recipe's xlsgd commands and return their exit statuses."""
    return [
        CliRunner()
        .invoke(
            main,
            [word.replace("$workbook", "workbooks/small.xlsx") for word in words],
            catch_exceptions=False,
        )
        .exit_code
        for words in _commands()
    ]


def test_the_recipe_has_steps() -> None:
    assert [words[0] for words in _commands()] == ["verify", "diff"]
    assert any("constraints.txt" in step for step in _steps())
    assert "\t" not in RECIPE.read_text(encoding="utf-8")


def test_the_recipe_passes_a_good_repository(repository: Path) -> None:
    assert _recipe(repository) == [0, 0]
    suites = ET.parse(repository / "report.xml").getroot()
    assert [suite.get("failures") for suite in suites] == ["0"]
    assert (repository / "report.json").is_file()


def test_the_recipe_fails_on_a_wrong_cell(repository: Path) -> None:
    from openpyxl import load_workbook

    path = repository / "workbooks" / "small.xlsx"
    book = load_workbook(path)
    book["sgd"]["R9"] = 100.0
    book.save(path)
    assert _recipe(repository) == [1, 1]
    messages = [f.get("message") for f in ET.parse(repository / "report.xml").iter("failure")]
    assert any("sgd!R9" in (message or "") for message in messages)
