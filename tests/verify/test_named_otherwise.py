"""Cells that a formula calls by a name, or without dollars: the same cells, or others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl.workbook.defined_name import DefinedName

import xlsgd
from tests.verify.books import Workbook, edited, field_cell, first_wrong, passes, retyped
from tests.verify.test_written_otherwise import EVERYWHERE, notes

Make = Callable[..., Path]


@pytest.mark.parametrize("places", [slice(5, 6), EVERYWHERE], ids=["one cell", "column"])
@pytest.mark.parametrize("scope", ["sgd", None], ids=["of the tab", "of the workbook"])
@pytest.mark.parametrize("key", ["learning_rate", "h"])
def test_a_name_for_the_rate(
    make: Make, target: Path, key: str, scope: str | None, places: slice
) -> None:
    path, cells = retyped(make("sgd"), target, "sgd", "new.a", places, "[learning_rate]", "my_rate")

    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        column, row = (field := field_cell(sheet, key))[0], field[1:]
        name = DefinedName("My_Rate", attr_text=f"'sgd'!${column}${row}")
        (sheet if scope else workbook).defined_names.add(name)
        if key != "learning_rate":
            sheet[field_cell(sheet, key)] = sheet[field_cell(sheet, "learning_rate")].value

    report = xlsgd.verify(edited(path, target, edit))
    if key == "learning_rate":
        assert passes(report)
        assert notes(report) == []
    else:  # it gives the right number today
        assert first_wrong(report) == f"sgd!{cells[0]}"
        assert report.cells_differing == len(cells)


@pytest.mark.parametrize("key", ["exploded_step", "last_rmse", "steps_per_epoch", "verdict"])
def test_a_field_without_dollars(make: Make, target: Path, key: str) -> None:
    # Of a single cell they say nothing.
    def edit(workbook: Workbook) -> None:
        cell = workbook["sgd"][field_cell(workbook["sgd"], key)]
        cell.value = cell.value.replace("$", "")

    assert passes(xlsgd.verify(edited(make("sgd"), target, edit)))
