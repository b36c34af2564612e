"""Reports of verify: printed, written, and refused before anybody waits for them."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

pytestmark = pytest.mark.usefixtures("warm")

Run = Callable[..., Result]
SEVERAL = ("--engine", "formulas", "--engine", "ironcalc")


@pytest.mark.parametrize("options", [(), ("-j", 1), SEVERAL], ids=["one", "many", "engines"])
def test_json_is_printed_in_place_of_the_text(
    run: Run, broken: Path, tmp_path: Path, options: tuple[object, ...]
) -> None:
    file = tmp_path / "r.json"
    assert run("verify", broken, *options, "--json", file).exit_code == 1
    result = run("verify", broken, *options, "--json", "-")
    assert result.exit_code == 1
    printed, written = json.loads(result.stdout), json.loads(file.read_text())
    for report in (printed, written):
        for comparison in report["comparisons"]:
            for engine in comparison["engines"]:
                engine["seconds"] = None
    assert printed == written
    assert os.listdir(tmp_path) == ["r.json"]  # noqa: PTH208 - and no file called -


def test_junit_is_printed_in_place_of_the_text(run: Run, broken: Path, tmp_path: Path) -> None:
    file = tmp_path / "r.xml"
    assert run("verify", broken, "--junit", file).exit_code == 1
    result = run("verify", broken, "--junit", "-", "--json", tmp_path / "r.json")
    assert result.exit_code == 1
    assert result.stdout == file.read_text()
    assert ET.fromstring(result.stdout).tag == "testsuites"
    assert (tmp_path / "r.json").exists()


def test_only_one_report_is_printed(run: Run, good: Path) -> None:
    result = run("verify", good, "--json", "-", "--junit", "-")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "need a file each, got one for two" in result.stderr
    result = run("verify", good, "--jsonl", "-")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "it needs a file" in result.stderr


def test_a_file_that_cannot_be_checked_prints_its_report_too(run: Run, corrupt: Path) -> None:
    result = run("verify", corrupt, "--json", "-")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["workbooks"][0]["file"] == str(corrupt)


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "{good}", "--json", "{folder}"),
        ("verify", "{good}", "-j", "1", "--junit", "{folder}/no/r.xml"),
        ("verify", "{good}", "--json", "{folder}/" + 300 * "n"),
        ("verify", "{good}", *SEVERAL, "--json", "{folder}/no/r.json"),
        ("explain", "{good}", "--json", "{folder}"),
        ("explain", "{good}", "--json", "{folder}/no/r.json"),
    ],
)
def test_where_to_write_is_tried_before_the_work(
    run: Run, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("the work was begun")

    for work in (
        "xlsgd.verifying.verification.verify",
        "xlsgd.many.files.check_many",
        "xlsgd.many.checking.check_many",
        "xlsgd.verifying.engines.compare_engines",
        "xlsgd.explaining.workbook.explain",
    ):
        monkeypatch.setattr(work, never, raising=False)
    result = run(*(word.format(good=good, folder=tmp_path) for word in words))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {tmp_path}")
    assert not list(tmp_path.iterdir())


def test_an_old_report_stays_until_there_is_a_new_one(
    run: Run, corrupt: Path, tmp_path: Path
) -> None:
    file = tmp_path / "r.json"
    file.write_text("old")
    run("verify", corrupt, "--json", file, "--jsonl", tmp_path / "no" / "x")
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]
