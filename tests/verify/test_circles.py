"""Circular references through an input: the cells of the circle are named, whatever stands between
them, and the others are counted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner

import xlsgd
from tests.verify.books import (
    SIX_POINTS,
    Workbook,
    edited,
    field_cell,
    packed,
    part_name,
    parts_of,
    passes,
    step_cell,
)
from tests.verify.circular import (
    WAYS,
    assert_named,
    by_a_foreign_limit,
    cells_in,
    circle_through,
    circular,
    itself,
    over_the_panel,
    over_the_table,
)
from xlsgd.base.errors import WorkbookError
from xlsgd.checks.circles import listed
from xlsgd.cli import main
from xlsgd.data.passengers import made_passengers
from xlsgd.many.checking import compare
from xlsgd.processes.limited import in_own_process
from xlsgd.processes.limits import Limits
from xlsgd.verifying.opening import CircularError

Make = Callable[..., Path]

EXPLODING = 0.001


@pytest.fixture(scope="module")
def titanic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("titanic") / "titanic.xlsx"
    return xlsgd.generate("titanic", path, data=made_passengers(12), epochs=1)


# With the engine that verify uses by itself


@pytest.mark.parametrize("rate", [None, EXPLODING], ids=["converging", "exploding"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_the_circle_is_named(
    make: Make, target: Path, way: Callable[[Workbook], str], rate: float | None
) -> None:
    source = make("sgd", "momentum", **({} if rate is None else {"learning_rate": rate}))
    place = circular(source, target, way)
    assert_named(xlsgd.verify(target), target, place)


def test_the_input_comes_first(make: Make, target: Path) -> None:
    place = circular(make("sgd", "momentum"), target, over_the_table)
    first = xlsgd.verify(target).first_difference
    assert first is not None
    assert f"{first.sheet}!{first.cell}" == place
    assert first.quantity == "learning_rate"


def test_a_hyperparameter(make: Make, target: Path) -> None:
    def beta(workbook: Workbook) -> str:
        sheet = workbook["momentum"]
        cell = field_cell(sheet, "beta")
        sheet[cell] = f"={sheet[cell].value!r}+0*{step_cell(sheet, 'new.a', 5)}"
        return f"momentum!{cell}"

    place = circular(make("sgd", "momentum"), target, beta)
    assert_named(xlsgd.verify(target), target, place)


def test_the_rows_of_a_batch(tmp_path: Path, target: Path) -> None:
    source = xlsgd.generate(
        "graddesc", tmp_path / "b.xlsx", optimizers=("sgd",), epochs=2, data=SIX_POINTS,
        batch_size=2,
    )  # fmt: skip

    def batch(workbook: Workbook) -> str:
        sheet = workbook["sgd"]
        cell = field_cell(sheet, "batch_size")
        sheet[cell] = f"=2+0*{step_cell(sheet, 'new.a', 5)}"
        return f"sgd!{cell}"

    place = circular(source, target, batch)
    assert_named(xlsgd.verify(target), target, place)


@pytest.mark.parametrize("field", ["learning_rate", "init.a", "exploded_above"])
def test_an_input_that_waits_for_a_circle_elsewhere(make: Make, target: Path, field: str) -> None:
    """The circle is in one tab, the input that waits for it in another: it is counted only."""
    places: list[str] = []

    def edit(workbook: Workbook) -> None:
        first, second = workbook["sgd"], workbook["momentum"]
        wrong = step_cell(first, "new.a", 4)
        first[wrong] = f"{first[wrong].value}+0*{wrong}"
        cell = field_cell(second, field)
        second[cell] = f"=0.0001+0*sgd!{step_cell(first, 'new.a', -1)}"
        places.append(f"sgd!{wrong}")

    edited(make("sgd", "momentum"), target, edit)
    assert_named(xlsgd.verify(target), target, places[0])


def test_two_circles(make: Make, target: Path) -> None:
    places: list[str] = []

    def edit(workbook: Workbook) -> None:
        for tab in ("sgd", "momentum"):
            cell = field_cell(workbook[tab], "learning_rate")
            workbook[tab][cell] = f"={cell}*2"
            places.append(f"{tab}!{cell}")

    report = xlsgd.verify(edited(make("sgd", "momentum"), target, edit))
    assert [f"{d.sheet}!{d.cell}" for d in report.differences()] == places
    assert {f"circular reference: {place} needs itself" for place in places} <= set(report.notes)


def test_a_formula_that_only_looks_back(make: Make, target: Path) -> None:
    """A rate that follows from start weights and data is no circle, nor one that looks at another
    tab's result."""

    def edit(workbook: Workbook) -> None:
        first, second = workbook["sgd"], workbook["momentum"]
        first[field_cell(first, "learning_rate")] = (
            f"=0.0001+0*{step_cell(first, 'pred', 0)}+0*ROW({field_cell(first, 'learning_rate')})"
        )
        second[field_cell(second, "learning_rate")] = f"=0.0001+0*sgd!{step_cell(first, 'loss', 3)}"

    source = edited(make("sgd", "momentum"), target, edit)
    assert passes(xlsgd.verify(source))
    assert passes(xlsgd.verify(source, engine="ironcalc"))


def test_an_own_circle_that_nothing_looks_at(make: Make, target: Path) -> None:
    """Beside the tables a circle is the reader's own business, as any formula there."""

    def edit(workbook: Workbook) -> None:
        workbook["data"]["B40"] = "=B40+1"

    report = xlsgd.verify(edited(make("sgd"), target, edit))
    assert passes(report)
    assert "data!B40 needs itself" not in " ".join(report.notes)
    (sheet,) = (sheet for sheet in report.sheets if sheet.name == "data")
    assert "circular reference" in sheet.unchecked["B40"]


# In blocks


@pytest.mark.parametrize("field", ["learning_rate", "init.a1_male", "exploded_above"])
def test_blocks(titanic: Path, target: Path, field: str) -> None:
    def edit(workbook: Workbook) -> str:
        sheet = workbook["training"]
        cell = field_cell(sheet, field)
        end = field_cell(sheet, "exploded_step") if "above" in field else last_step(workbook)
        sheet[cell] = f"=0.5+0*{end}"
        return f"training!{cell}"

    place = circular(titanic, target, edit)
    assert_named(xlsgd.verify(target), target, place)


@pytest.mark.parametrize("column", ["Age", "Survived", "Embarked"])
def test_blocks_over_the_passengers(titanic: Path, target: Path, column: str) -> None:
    def edit(workbook: Workbook) -> str:
        sheet = workbook["passengers"]
        header = next(cell for row in sheet for cell in row if cell.value == column)
        cell = sheet.cell(header.row + 4, header.column)
        if isinstance(cell.value, str):
            cell.value = f'=IF(training!{last_step(workbook)}>0,"S","{cell.value}")'
        else:
            cell.value = f"={cell.value}+0*training!{last_step(workbook)}"
        return f"passengers!{cell.coordinate}"

    place = circular(titanic, target, edit)
    assert_named(xlsgd.verify(target), target, place)


def last_step(workbook: Workbook) -> str:
    return step_cell(workbook["training"], "new.a1_male", -1)


# In every way to ask


@pytest.mark.parametrize("engine", ["ironcalc", "stored"])
@pytest.mark.parametrize("way", [itself, over_the_panel, by_a_foreign_limit])
def test_other_engines_have_numbers_there(
    make: Make, tmp_path: Path, target: Path, way: Callable[[Workbook], str], engine: str
) -> None:
    """Some programs go round a few times, or store what was there before."""
    source = make("sgd", "momentum")
    place = circular(source, tmp_path / "without.xlsx", way)
    tab, _, cell = place.partition("!")
    text = str(openpyxl.load_workbook(tmp_path / "without.xlsx")[tab][cell].value).removeprefix("=")
    parts, name = parts_of(source), part_name(source, tab)
    kept = re.sub(
        rb'(<c r="%b"[^>]*?)( t="\w+")?>.*?</c>' % cell.encode(),
        rb"\1><f>%b</f><v>0.001</v></c>" % text.replace(">", "&gt;").encode(),
        parts[name],
        flags=re.DOTALL,
    )
    assert kept != parts[name]
    packed({**parts, name: kept}, target)
    assert_named(xlsgd.verify(target, engine=engine), target, place)


@pytest.mark.wide  # at first in a folder, as below
def test_all_engines_agree_on_it(make: Make, target: Path) -> None:
    place = circular(make("sgd", "momentum"), target, over_the_table)
    found = xlsgd.compare_engines(target, ("formulas", "ironcalc"))
    assert not found.failed
    assert not found.disagreements
    assert [run.engine for run in found.runs] == ["formulas", "ironcalc"]
    for report in found.reports:
        assert_named(report, target, place)


def command(*words: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, [str(word) for word in words], catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def test_the_command(make: Make, target: Path, tmp_path: Path) -> None:
    place = circular(make("sgd", "momentum"), target, over_the_panel)
    report = tmp_path / "report.json"
    status, text, _ = command("verify", target, "--json", report)
    assert status == 1
    circle, _ = circle_through(target, place)
    assert cells_in(next(line for line in text.splitlines() if "note: circular" in line)) == circle
    (written,) = json.loads(report.read_text())["workbooks"]
    found = (d for sheet in written["sheets"] for d in sheet["differences"])
    assert {f"{d['sheet']}!{d['cell']}" for d in found} == circle
    status, text, _ = command("diff", target)
    assert status == 1
    assert sum("circular reference" in line for line in text.splitlines()) == len(circle)


def test_a_folder(make: Make, target: Path) -> None:
    place = circular(make("sgd", "momentum"), target, itself)
    status, text, _ = command("verify", target.parent, "--jsonl", target.with_suffix(".jsonl"))
    assert status == 1
    first = f"DIFFERS, 1 cell, first {place} (learning_rate): circular reference: it needs itself"
    assert first in text
    found = compare(str(target), ["formulas", "ironcalc"], None, None)
    assert found is not None
    assert not found.failed
    for report in found.reports:
        assert [f"{d.sheet}!{d.cell}" for d in report.differences()] == [place]


def test_explain_refuses(make: Make, target: Path) -> None:
    for way in (itself, over_the_table, by_a_foreign_limit):
        place = circular(make("sgd", "momentum"), target, way)
        circle, _ = circle_through(target, place)
        with pytest.raises(WorkbookError, match="circular reference") as error:
            xlsgd.explain(target)
        assert circle <= cells_in(str(error.value))
        status, _, said = command("explain", target)
        assert status == 2
        assert place in said
    # The program reads a file in a copy of itself, from which an error comes as what it says.
    with pytest.raises(CircularError) as elsewhere:
        # A copy of a process of tests has all that earlier tests have left in memory.
        in_own_process(lambda tell: xlsgd.explain(target), Limits(memory=8000), str(target))
    assert str(elsewhere.value) == str(error.value)


# Many cells in few words


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ([(4, 2)], ["t!B4"]),
        ([(4, 2), (5, 2)], ["t!B4:B5"]),
        ([(4, 2), (6, 2)], ["t!B4", "t!B6"]),
        ([(4, 2), (4, 4)], ["t!B4", "t!D4"]),
        ([(r, c) for r in range(6, 9) for c in (3, 4, 5)], ["t!C6:E8"]),
        ([(1, 1), (2, 1), (2, 2), (3, 2)], ["t!A1:A2", "t!B2:B3"]),
    ],
)
def test_ranges(cells: list[tuple[int, int]], words: list[str]) -> None:
    assert list(listed([("t", cell) for cell in cells])) == words


def test_thousands_of_cells_in_ranges(tmp_path: Path, target: Path) -> None:
    source = xlsgd.generate(
        "graddesc", tmp_path / "long.xlsx", optimizers=("sgd",), epochs=30, data=SIX_POINTS
    )

    def edit(workbook: Workbook) -> str:
        sheet = workbook["sgd"]
        cell = field_cell(sheet, "learning_rate")
        sheet[cell] = f"=0.0001+0*{step_cell(sheet, 'new.a', -1)}"
        return f"sgd!{cell}"

    circular(source, target, edit)
    report = xlsgd.verify(target)
    assert report.cells_differing > 2000
    told = [note for note in report.notes if note.startswith("circular reference")]
    assert len(told) == 1
    assert len(told[0]) < 500
    assert cells_in(told[0]) == {f"{d.sheet}!{d.cell}" for d in report.differences()}
