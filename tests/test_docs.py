"""The docs are true: what they show is run, what they name is there, what there is they name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Any

import click
import numpy as np
import pytest
from click.testing import CliRunner

from scripts.refresh_docs import ROOT, Piece, alike, blocks, documents, pieces, rewritten
from tests.verify.books import step_cell
from xlsgd.cli import main
from xlsgd.data import default_data
from xlsgd.engines import engine_names
from xlsgd.lessons import Options, lesson_plans
from xlsgd.report.engines import Disagreement, EngineComparison, EngineRun
from xlsgd.report.formats.json import FORMAT as JSON
from xlsgd.report.outcome import Outcome
from xlsgd.report.report import Difference, Report, SheetReport
from xlsgd.training.gradients import CHOICES, gradient_rules
from xlsgd.training.losses import losses
from xlsgd.training.nets import layer_types
from xlsgd.training.optimizers import CONVENTIONS, optimizers
from xlsgd.training.schedules import schedules
from xlsgd.verdict import TRENDS

pytestmark = [pytest.mark.every, pytest.mark.usefixtures("warm")]

PAGES = [*documents(), ROOT / "CHANGELOG.md"]
REFRESH = "run: python scripts/refresh_docs.py"
LARGEST_PICTURE = 250_000
MOST_PICTURES = 18
"""Beside one for every lesson that asks a question."""


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def _prose(page: Path) -> str:
    """Return a page without its blocks."""
    return re.sub(r"^```.*?^```$", "", _text(page), flags=re.MULTILINE | re.DOTALL)


def test_there_are_docs() -> None:
    assert len(PAGES) >= 7


# What they show


LONG = (
    *("why-it-explodes.md", "learners.md", "architecture.md", "README.md"),
    *("own-nets.md", "command-line.md", "engines.md", "many-workbooks.md"),
)
"""Pages that take long; what they show is of the same kind as on the others."""


@pytest.mark.parametrize(
    "page",
    [pytest.param(p, marks=pytest.mark.wide if p.name in LONG else ()) for p in documents()],
    ids=lambda page: page.name,
)
def test_outputs_are_what_comes_out(page: Path) -> None:
    found = pieces(page)
    wrong = [piece for piece in found if not alike(piece.shown, piece.real)]
    report = "\n".join(
        f"{page.name}, line {piece.line}: $ {piece.what}\n"
        + "\n".join(unified_diff(piece.shown, piece.real, "shown", "real", lineterm="", n=1))[:3000]
        for piece in wrong
    )
    assert not wrong, f"{report}\n{REFRESH}"
    assert found, "nothing in it was run"


def test_numbers_compare_as_numbers() -> None:
    line = "  ok   sgd: {} cells compared, greatest difference {} in {}, relative 1e-10 in B3"
    assert alike([line.format("7,878", "2.3e-11", "V1")], [line.format("7,878", "4e-12", "AB2")])
    assert not alike([line.format("7,878", "1e-11", "V1")], [line.format("7,879", "1e-11", "V1")])
    assert alike(["(formulas 1.3.4, torch 2.13.0)"], ["(formulas 1.4, torch 2.14.1)"])
    assert alike(["torch 0.3000000000001"], ["torch 0.3"])
    assert not alike(["sheet 0.30001"], ["sheet 0.3"])
    assert not alike(["exploded at step 11"], ["exploded at step 12"])
    assert not alike(["sgd!R9 differs"], ["sgd!R10 differs"])


def test_dots_stand_for_any_lines() -> None:
    assert alike(["a", "...", "z"], ["a", "b", "c", "z"])
    assert alike(["a", "...", "z"], ["a", "z"])
    assert not alike(["a", "...", "z"], ["a", "b"])
    assert not alike(["a", "...", "z"], ["a"])
    assert alike(["..."], [])


def test_refreshing_keeps_what_surrounds_an_output() -> None:
    text = "one\n$ a\nold\n$ b\nhead\n...\ntail\nend\n"
    real = [f"line {i}" for i in range(9)]
    changed = [
        Piece("a", 2, 3, ["old"], ["new", "newer"]),
        Piece("b", 4, 7, ["head", "...", "tail"], real),
    ]
    expected = "one\n$ a\nnew\nnewer\n$ b\nline 0\n...\nline 8\nend\n"
    assert rewritten(text, changed) == expected


def test_a_block_without_end_is_no_block() -> None:
    with pytest.raises(ValueError, match="line 2"):
        blocks(["text", "```python", "1"])


# What they name


def _links(page: Path) -> Iterator[str]:
    yield from re.findall(r"\]\(([^()\s]+)\)", _prose(page))


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in _links(page):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {link}"
        assert target.is_relative_to(ROOT), f"{page.name}: {link}"
        if anchor:
            assert anchor in _anchors(target), f"{page.name}: {link}"


def test_pictures_are_shown_and_small() -> None:
    pictures = {p.resolve() for p in (ROOT / "docs" / "pictures").iterdir()}
    shown = {
        (page.parent / link).resolve() for page in PAGES for link in _links(page) if ".png" in link
    }
    assert pictures == shown
    of_lessons = {p for p in pictures if p.stem.removeprefix("lesson-") in lesson_plans()}
    assert len(pictures - of_lessons) <= MOST_PICTURES
    for picture in pictures:
        content = picture.read_bytes()
        assert content.startswith(b"\x89PNG"), picture.name
        assert len(content) <= LARGEST_PICTURE, picture.name


def test_make_commands_are_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z-]+):", _text(ROOT / "Makefile"), flags=re.MULTILINE))
    named = {t for page in PAGES for t in re.findall(r"\bmake\s+([a-z-]+)(?=`|  )", _text(page))}
    assert {"demo", "test", "test-all"} <= named <= targets


def test_scripts_and_examples_are_there() -> None:
    for page in PAGES:
        for name in re.findall(r"\b(?:examples|scripts)/[\w.-]+\w", _text(page)):
            assert (ROOT / name).is_file(), f"{page.name}: {name}"


def test_no_paths_of_a_machine() -> None:
    for page in PAGES:
        assert not re.search(r"(?<![\w.])/(home|root|tmp|work|usr|Users)/", _text(page)), page.name


# What there is


def _in_code(pages: list[Path]) -> set[str]:
    """Return everything that stands in backquotes, whole and word by word."""
    found = {code for page in pages for code in re.findall(r"`([^`\n]+)`", _prose(page))}
    return found | {word for code in found for word in re.split(r"[\s,()]+", code)}


def _everything() -> dict[str, list[str]]:
    lessons = lesson_plans()
    return {
        "lesson": list(lessons),
        "layer": list(layer_types()),
        "loss": list(losses()),
        "schedule": list(schedules()),
        "gradient rule": list(gradient_rules()),
        "gradient choice": list(CHOICES),
        "optimizer": list(optimizers()),
        "engine": engine_names(),
        "tab": [e.id for plan in lessons.values() for e in plan.build(Options()).experiments],
        "hyperparameter": [
            given.key
            for part in (*optimizers().values(), *losses().values())
            for given in part.hyperparameters
        ],
    }


@pytest.mark.parametrize("kind", _everything())
def test_everything_there_is_is_named(kind: str) -> None:
    names = _everything()[kind]
    code = _in_code(PAGES)
    text = " ".join(map(_text, PAGES))
    missing = [n for n in names if n not in code and not (kind == "hyperparameter" and n in text)]
    assert names
    assert not missing, f"{kind}: not in the docs: {missing}"


def test_conventions_are_named() -> None:
    page = _text(ROOT / "docs" / "conventions.md")
    for convention in CONVENTIONS:
        assert f"**{convention}**" in page


def test_every_command_and_option_is_named() -> None:
    assert isinstance(main, click.Group)
    page = ROOT / "docs" / "command-line.md"
    code, headings = _in_code([page]), _anchors(page)
    for name, command in main.commands.items():
        assert f"xlsgd-{name}" in headings
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                option = max(parameter.opts, key=len)
                assert option in code or option in {"--output", "--help"}, f"{name} {option}"
        assert f"$ xlsgd {name} --help" in _text(page)


def test_every_word_of_a_verdict_is_explained() -> None:
    page = _text(ROOT / "docs" / "conventions.md")
    assert len(TRENDS) >= 8
    for word in TRENDS:
        assert word in page, word


# The JSON report


def _field_tables(page: str = "verify.md") -> dict[str, list[str]]:
    """Return the fields that a page describes, by the name of their table."""
    tables: dict[str, list[str]] = {}
    name = None
    for line in _text(ROOT / "docs" / page).splitlines():
        mark = re.match(r"<!-- fields: (\w+) -->", line)
        if mark:
            name = mark[1]
        elif name and (field := re.match(r"\| `(\w+)` \|", line)):
            tables.setdefault(name, []).append(field[1])
        elif name and line.strip() and not line.startswith("|"):
            name = None
    return tables


def _parts_of_a_comparison() -> dict[str, dict[str, Any]]:
    """Return the parts of a report that only several engines, or a program with habits, give."""
    sheet = SheetReport("sgd", "training", formulas=1)
    sheet.harmless = {"near zero": [Difference("sgd", "A1", "loss", "step", "differs")]}
    report = Report("small.xlsx", "formulas", "formulas 1", "torch 2", [sheet])
    runs = [EngineRun("formulas", "formulas 1", 0.1, report)]
    disagreement = Disagreement(
        ("formulas", "stored"), "sgd", "A1", "loss", 1, "=1", (1.0, 2.0), 1.0, ("formulas",)
    )
    found = EngineComparison("small.xlsx", runs, [disagreement])
    document = json.loads(JSON.outcome(Outcome([report], comparisons=[found])))
    comparison = document["comparisons"][0]
    return {
        "harmless": document["workbooks"][0]["sheets"][0]["harmless"][0],
        "comparison": comparison,
        "engine": comparison["engines"][0],
        "engine_sheet": comparison["engines"][0]["sheets"][0],
        "disagreement": comparison["disagreements"][0],
    }


def test_every_field_of_the_json_report_is_described(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    report, good, bad = (tmp_path / name for name in ("report.json", "good.xlsx", "bad.xlsx"))
    runner = CliRunner()
    options = ["--optimizer", "sgd", "--lr", "0.0005", "--epochs", "1"]
    runner.invoke(main, ["generate", "graddesc", *options, "-o", str(good)], catch_exceptions=False)
    book = load_workbook(good)
    sheet = book["sgd"]
    sheet[step_cell(sheet, "pred", 2)] = 1
    sheet.cell(1, sheet.max_column + 2).value = "=1+1"
    book.save(bad)
    missing = str(tmp_path / "missing.xlsx")
    result = runner.invoke(
        main, ["verify", str(bad), missing, "--json", str(report)], catch_exceptions=False
    )
    assert result.exit_code == 2
    document = json.loads(report.read_text(encoding="utf-8"))
    workbook, failure = document["workbooks"]
    sheet = next(sheet for sheet in workbook["sheets"] if sheet["kind"] == "training")
    parts: dict[str, dict[str, Any]] = {
        "document": document,
        "workbook": workbook,
        "failure": failure,
        "sheet": sheet,
        "extreme": sheet["greatest_difference"],
        "verdict": sheet["verdict"],
        "difference": sheet["first_difference"],
        "unchecked": sheet["unchecked"][0],
        **_parts_of_a_comparison(),
    }
    assert _field_tables() == {name: list(part) for name, part in parts.items()}
    assert document["schema"] in _in_code([ROOT / "docs" / "verify.md"])


def test_every_field_of_a_check_is_described(tmp_path: Path) -> None:
    from tests.cli.test_check import ROWS, WRONG, spoiled
    from tests.foreign.calculated import saved

    path = saved(spoiled(ROWS.book, WRONG), tmp_path / "wrong.xlsx")
    report = tmp_path / "report.json"
    result = CliRunner().invoke(
        main, ["check", str(path), "--json", str(report)], catch_exceptions=False
    )
    assert result.exit_code == 1
    document = json.loads(report.read_text(encoding="utf-8"))
    (workbook,) = document["workbooks"]
    parts = {
        "document": document,
        "workbook": workbook,
        "training": workbook["trainings"][0],
        "finding": workbook["findings"][0],
    }
    assert _field_tables("check.md") == {name: list(part) for name, part in parts.items()}
    assert document["schema"] in _in_code([ROOT / "docs" / "check.md"])


def test_every_field_of_a_line_of_results_is_described() -> None:
    from xlsgd.many.calls import ANSWERS
    from xlsgd.many.checking import FOREIGN
    from xlsgd.report.formats.jsonl import SCHEMA, Result

    none = Result("", "failed", "bug", "", 0, None, "", "", None, None, 1, 1, None)
    tables = _field_tables("many-workbooks.md")
    assert tables["line"] == list(json.loads(none.to_json()))
    assert set(tables["reason"]) == {*ANSWERS, FOREIGN} - {"done", "stopped"}
    assert SCHEMA in _in_code([ROOT / "docs" / "many-workbooks.md"])


def test_the_limits_that_are_given_are_described() -> None:
    from xlsgd.many.calls import Limits

    page = _text(ROOT / "docs" / "many-workbooks.md")
    assert f"given up; {Limits().seconds:g} if you do not say" in page
    assert f"given up; {Limits().memory} if you do not say" in page


# Facts in words, on docs/learners.md and in the README


def test_the_border_for_one_neuron() -> None:
    page = _text(ROOT / "docs" / "learners.md")
    assert "0.000438" in page
    points = np.stack([np.array(default_data().inputs["x"]), np.ones(default_data().rows)], axis=1)

    def growth(rate: float) -> float:
        """Return by how much an epoch can stretch what the weights are off by."""
        epoch = np.eye(2)
        for point in points:
            epoch = (np.eye(2) - 2 * rate * np.outer(point, point)) @ epoch
        return float(np.abs(np.linalg.eigvals(epoch)).max())

    assert growth(0.000438) < 1 < growth(0.000439)


@pytest.mark.parametrize(("rate", "epoch"), [(0.00006, None), (0.00007, 7)])
def test_the_border_for_two_neurons(rate: float, epoch: int | None) -> None:
    from xlsgd.tabs.layouts.rows.torch_run import run
    from xlsgd.tabs.layouts.torch_limits import limits_of

    page = _text(ROOT / "docs" / "learners.md")
    assert f"{rate:.5f}" in page
    built = lesson_plans()["two-neuron"].build(Options())
    two = built.view("two").but(learning_rate=rate)
    trace = run(two, built.data, members=1)
    exploded = ~(trace["loss"] <= limits_of(two, built.data).exploded_above)
    assert (int(trace["epoch"][np.argmax(exploded)]) if exploded.any() else None) == epoch


def test_backprop_goes_on_to_num() -> None:
    from xlsgd.tabs.layouts.rows.torch_run import run

    assert "from step 31 on they say `#NUM!`" in _text(ROOT / "docs" / "learners.md")
    built = lesson_plans()["two-neuron"].build(Options())
    two = built.view("two")
    trace = run(two.but(gradient="backprop"), built.data, members=1)
    assert int(trace["step"][np.argmin(np.isfinite(trace["loss"]))]) == 31
