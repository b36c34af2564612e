"""Seeded changes in every column and field: each mistake is found, and each rewording passes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.workbook.defined_name import DefinedName

import xlsgd
from tests.verify.books import Workbook, edited, passes
from tests.verify.rewordings import REWORDINGS, mistakes, named_cells
from xlsgd import Dataset
from xlsgd.data.passengers import made_passengers
from xlsgd.verifying.opening import open_workbook

POINTS = Dataset("four points", {"x": (14.0, 86.0, 28.0, 51.0)}, (58.0, 202.0, 86.0, 132.0))
BOOKS: dict[str, tuple[str, dict[str, Any]]] = {
    "graddesc": ("graddesc", {"data": POINTS, "optimizers": ("momentum", "adam")}),
    "two-neuron": ("two-neuron", {"data": POINTS}),
    "titanic": ("titanic", {"data": made_passengers(14)}),
    "learning-rates": ("learning-rates", {"data": POINTS}),
}
SEED = 11
LEFT_OUT = ("exploded_above", "chart_limit", "learning_rate")
"""Inputs: a formula of the reader's own is taken as it is, or refused if it gives no rate."""


FIRST = "two-neuron"
"""The one that is tried at first, with some of its mistakes."""


@pytest.fixture(
    scope="module",
    params=[FIRST, *(pytest.param(b, marks=pytest.mark.wide) for b in BOOKS if b != FIRST)],
)
def book(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    lesson, options = BOOKS[request.param]
    path = tmp_path_factory.mktemp("seeded") / f"{request.param}.xlsx"
    return xlsgd.generate(lesson, path, epochs=2, **options)


def mistakes_in(path: Path) -> Iterator[tuple[str, str, str, str]]:
    """Yield tab, cell, kind of mistake and the formula with it: one in every column and field."""
    known = open_workbook(path, "formulas").found.maps
    training = list(known.training.values())
    pick = random.Random(SEED)
    # Of runs that differ in a number only, some.
    tabs = [known.data, *training[:2], *training[-1:]]
    tabs += [
        tab for kind in ("compare", "model", "matrix", "surface") for tab in known.of(kind).values()
    ]
    workbook = openpyxl.load_workbook(path)
    for tab in tabs:
        sheet, blocks = workbook[tab.sheet], "block.1" in tab.tables
        places = [(place, False) for key, place in tab.fields.items() if key not in LEFT_OUT]
        for name, table in tab.tables.items():
            for column in table.columns.values():
                row = pick.choice(table.rows[1:] or table.rows)
                places.append(((row, column), name == "steps" and not blocks))
        for (row, column), filled in sorted(set(places)):
            cell = sheet.cell(row, column)
            if cell.data_type == "f":
                # In blocks another cell may be one that is calculated later: a circle.
                kind, formula = pick.choice(
                    [
                        (kind, formula)
                        for kind, formula in mistakes(cell.value, filled)
                        if not (blocks and kind == "another cell")
                    ]
                )
                yield tab.sheet, cell.coordinate, kind, formula


@pytest.mark.both
def test_every_mistake_is_found(
    book: Path, tmp_path: Path, share: Callable[..., list[tuple[str, str]]]
) -> None:
    # All in one workbook: each cell must be named, whatever follows from the others.
    every = {(tab, cell): (kind, formula) for tab, cell, kind, formula in mistakes_in(book)}
    assert len(every) >= 150
    kinds = Counter(kind for kind, _ in every.values())
    assert len(kinds) >= 8, kinds
    made = {place: every[place] for place in share([*every], len(every) // 5)}

    def edit(workbook: Workbook) -> None:
        for (tab, cell), (_, formula) in made.items():
            workbook[tab][cell] = formula

    report = xlsgd.verify(edited(book, tmp_path / "mistakes.xlsx", edit))
    told = {(d.sheet, d.cell) for d in report.differences()}
    missed = {place: made[place] for place in made.keys() - told}
    assert not missed, f"{len(missed)} of {len(made)} not found: {missed}"


def test_every_rewording_passes(book: Path, tmp_path: Path) -> None:
    # Reworded formulas beside others in every column, each in one of all the ways.
    pick = random.Random(SEED)
    made: Counter[str] = Counter()

    def edit(workbook: Workbook) -> None:
        for sheet in workbook:
            for cell in (cell for cells in sheet.iter_rows() for cell in cells):
                for name, place in named_cells(cell.value).items() if cell.data_type == "f" else ():
                    named = DefinedName(name, attr_text=f"'{sheet.title}'!{place}")
                    sheet.defined_names[name] = named
                if cell.data_type == "f" and pick.random() < 0.7:
                    kind, before = pick.choice(list(REWORDINGS)), cell.value
                    cell.value = REWORDINGS[kind](before, sheet.title)
                    made[kind] += cell.value != before

    report = xlsgd.verify(edited(book, tmp_path / "reworded.xlsx", edit))
    assert passes(report)
    assert made.keys() == REWORDINGS.keys()
    assert min(made.values()) >= 5, made
    assert not any("written otherwise" in note for note in report.notes)
