"""Ways to make a circle in a workbook, and which cells it has, found by plain search."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import openpyxl
from openpyxl.formula import Tokenizer
from openpyxl.utils import range_boundaries

import xlsgd
from tests.verify.books import (
    Workbook,
    edited,
    field_cell,
    losses_cell,
    step_cell,
)

Cell = tuple[str, int, int]

# What forms a circle, found by plain search over what openpyxl reads


def looked_at(workbook: Workbook) -> dict[Cell, set[Cell]]:
    """Return which formula cells every formula cell names."""
    formulas = {
        (sheet.title, cell.row, cell.column): str(cell.value)
        for sheet in workbook
        for row in sheet
        for cell in row
        if cell.data_type == "f"
    }
    found: dict[Cell, set[Cell]] = {}
    for (tab, row, column), text in formulas.items():
        found[tab, row, column] = set()
        for token in Tokenizer(text).items:
            if token.subtype != "RANGE":
                continue
            name, _, area = token.value.rpartition("!")
            name = name.strip("'") or tab
            left, top, right, bottom = range_boundaries(area.replace("$", ""))
            found[tab, row, column] |= {
                cell
                for r in range(top, bottom + 1)
                for c in range(left, right + 1)
                if (cell := (name, r, c)) in formulas
            }
    return found


def reached(needs: dict[Cell, set[Cell]], start: Cell) -> set[Cell]:
    """Return what a cell looks at, directly or by way of others."""
    seen: set[Cell] = set()
    ahead = [*needs[start]]
    while ahead:
        cell = ahead.pop()
        if cell not in seen:
            seen.add(cell)
            ahead += needs[cell]
    return seen


def circle_through(path: Path, place: str) -> tuple[set[str], int]:
    """Return the cells of the circle that a cell is part of, and how many others wait for it."""
    tab, _, address = place.partition("!")
    workbook = openpyxl.load_workbook(path)
    cell = workbook[tab][address]
    needs = looked_at(workbook)
    start = tab, cell.row, cell.column
    backwards: dict[Cell, set[Cell]] = {cell: set() for cell in needs}
    for each, others in needs.items():
        for other in others:
            backwards[other].add(each)
    circle, later = reached(needs, start), reached(backwards, start)
    names = {f"{t}!{workbook[t].cell(r, c).coordinate}" for t, r, c in circle & later}
    return names, len(later - circle)


# Ways to make one: each returns the input that is part of it


def itself(workbook: Workbook) -> str:
    sheet = workbook["sgd"]
    cell = field_cell(sheet, "learning_rate")
    sheet[cell] = f"={cell}+1"
    return f"sgd!{cell}"


def over_the_table(workbook: Workbook) -> str:
    sheet = workbook["sgd"]
    cell = field_cell(sheet, "learning_rate")
    sheet[cell] = f"={sheet[cell].value!r}+0*{step_cell(sheet, 'new.a', 2)}"
    return f"sgd!{cell}"


def over_the_panel(workbook: Workbook) -> str:
    sheet = workbook["sgd"]
    cell = field_cell(sheet, "h")
    sheet[cell] = f"={sheet[cell].value!r}+0*{field_cell(sheet, 'last_loss')}"
    return f"sgd!{cell}"


def over_compare(workbook: Workbook) -> str:
    sheet = workbook["sgd"]
    cell = field_cell(sheet, "init.a")
    sheet[cell] = f"=1+0*compare!{losses_cell(workbook['compare'], 'mean_loss.sgd', 1)}"
    return f"sgd!{cell}"


def over_the_data(workbook: Workbook) -> str:
    workbook["data"]["B8"] = f"=86+0*sgd!{step_cell(workbook['sgd'], 'new.b', -1)}"
    return "data!B8"


def over_x(workbook: Workbook) -> str:
    workbook["data"]["A8"] = f"=28+0*sgd!{step_cell(workbook['sgd'], 'pred', 4)}"
    return "data!A8"


def by_a_foreign_limit(workbook: Workbook) -> str:
    sheet = workbook["sgd"]
    cell = field_cell(sheet, "exploded_above")
    sheet[cell] = f"=10^6+0*{field_cell(sheet, 'exploded_step')}"
    return f"sgd!{cell}"


def by_a_word(workbook: Workbook) -> str:
    sheet = workbook["sgd"]
    cell = field_cell(sheet, "gradient")
    sheet[cell] = f'=IF({step_cell(sheet, "new.a", 3)}>0,"backprop","numerical")'
    return f"sgd!{cell}"


WAYS = (
    itself,
    over_the_table,
    over_the_panel,
    over_compare,
    over_the_data,
    over_x,
    by_a_foreign_limit,
    by_a_word,
)


def circular(source: Path, target: Path, way: Callable[[Workbook], str]) -> str:
    """Save a workbook with a circle and return the input in it."""
    places: list[str] = []
    edited(source, target, lambda workbook: places.append(way(workbook)))
    return places[0]


def assert_named(report: xlsgd.Report, target: Path, place: str) -> None:
    circle, waiting = circle_through(target, place)
    assert not report.ok
    assert {f"{d.sheet}!{d.cell}" for d in report.differences()} == circle
    assert all(d.reason.startswith("circular reference") for d in report.differences())
    assert report.cells_differing == len(circle)
    assert [note for note in report.notes if note.startswith(f"{waiting:,} cell")]
    told = " ".join(note for note in report.notes if note.startswith("circular reference"))
    assert cells_in(told) == circle
    if len(circle) > 1:
        assert f"circular reference of {len(circle):,} cells: " in told
    every = sum(sheet.formulas for sheet in report.sheets)
    assert every == len(circle) + sum(len(sheet.unchecked) for sheet in report.sheets)


def cells_in(text: str) -> set[str]:
    """Return the cells that a note names, those in ranges one by one."""
    found = set()
    for tab, area in re.findall(r"(\w+)!([A-Z]+[0-9]+(?::[A-Z]+[0-9]+)?)", text):
        left, top, right, bottom = range_boundaries(area)
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                found.add(f"{tab}!{openpyxl.utils.get_column_letter(column)}{row}")
    return found
