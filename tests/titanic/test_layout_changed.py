"""Rows and columns inserted, tabs renamed, saved again by other programs: verify passes still."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import xlsgd
from tests.titanic.books import EPOCHS, Place, generated, small
from tests.verify.books import edited, first_wrong, passes
from xlsgd.base.cells import CellError, column_letters
from xlsgd.report import Report

Edit = Callable[..., Path]
Edits = list[tuple[Any, ...]]
TABS = ["lesson", "passengers", "linear", "model", "matrix", "training", "adam", "compare"]


@pytest.fixture(scope="module")
def untouched() -> Report:
    return xlsgd.verify(generated())


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "edited.xlsx"


@dataclass(frozen=True)
class At:
    """A row or a column by what stands there, looked up when it is needed."""

    way: str
    place: Place

    def number(self) -> int:
        return small().position(self.place)[("row", "column").index(self.way)]


def row(tab: str, quantity: str, table: str = "", place: int = 0) -> At:
    return At("row", Place(tab, quantity, table, place))


def column(tab: str, quantity: str, table: str = "", place: int = 0) -> At:
    return At("column", Place(tab, quantity, table, place))


def placed(edits: Iterable[tuple[Any, ...]]) -> Edits:
    """Return edits with the numbers of rows and columns."""
    return [tuple(x.number() if isinstance(x, At) else x for x in edit) for edit in edits]


def counts(report: Report) -> list[tuple[str, int, int]]:
    return [(sheet.kind, sheet.formulas, sheet.cells_compared) for sheet in report.sheets]


ROWS_INSERTED = {
    "around the tables": [
        # From the bottom up, so that numbers count from the workbook as it was.
        ("training", row("training", "last_loss")),
        ("training", 1),
        ("linear", row("linear", "step", "steps", 0)),
        ("adam", row("adam", "epoch", "epochs", 0)),
        ("passengers", 2),
        ("model", row("model", "loss", "forward", -1)),
        ("model", row("model", "y_0", "histogram", 3)),
        ("model", row("model", "pred", "filled")),
        ("model", row("model", "weight.a2_male")),
        ("model", 1),
        ("matrix", row("matrix", "one.1")),
        ("matrix", 2),
        ("compare", 42),
        ("lesson", 3),
    ],
}


@pytest.mark.parametrize("where", ROWS_INSERTED)
def test_rows_inserted(where: str, untouched: Report, target: Path, libreoffice_edit: Edit) -> None:
    edits = placed(("insert_row", tab, number) for tab, number in ROWS_INSERTED[where])
    report = xlsgd.verify(libreoffice_edit(generated(), target, edits))
    assert passes(report)
    assert counts(report) == counts(untouched)


def test_columns_inserted(untouched: Report, target: Path, libreoffice_edit: Edit) -> None:
    places = [
        ("training", column("training", "pred", f"block.{EPOCHS}")),
        ("training", column("training", "lin1", "block.2")),
        ("training", column("training", "loss", "block.1")),
        ("training", column("training", "lin1", "block.1")),
        ("training", column("training", "grad_of", "steps")),
        ("training", column("training", "loss", "steps")),
        ("training", column("training", "step", "steps")),
        ("training", column("training", "mean_loss", "epochs")),
        ("training", 1),
        ("passengers", column("passengers", "max_age")),
        ("passengers", column("passengers", "sibsp", "data")),
        ("passengers", column("passengers", "Age", "data")),
        ("model", column("model", "y_0", "histogram")),
        ("model", column("model", "rows")),
        ("matrix", column("matrix", "pred", "product")),
        ("matrix", column("matrix", "mean_loss")),
        ("adam", 2),
        ("compare", 3),
    ]
    edits = placed(("insert_column", tab, number) for tab, number in places)
    report = xlsgd.verify(libreoffice_edit(generated(), target, edits))
    assert passes(report)
    assert counts(report) == counts(untouched)


# Where ranges of two tabs are multiplied cell by cell, one that grows has no partner any more: in
# every spreadsheet program the formula then shows an error. verify says so, and where.
BREAKS: dict[str, tuple[tuple[Any, ...], str]] = {
    "between two steps": (
        ("insert_row", "training", row("training", "step", "steps", 1)),
        "training",
    ),
    "between two inputs": (
        ("insert_column", "passengers", column("passengers", "male", "data")),
        "linear",
    ),
    "in W": (("insert_row", "matrix", row("matrix", "weight.a1_pclass_1")), "matrix"),
}


@pytest.mark.parametrize("where", BREAKS)
def test_a_range_without_its_partner_is_found(
    where: str, target: Path, libreoffice_edit: Edit
) -> None:
    edit, tab = BREAKS[where]
    report = xlsgd.verify(libreoffice_edit(generated(), target, placed([edit])))
    first = report.first_difference
    assert first is not None
    assert (first.sheet, first.sheet_value) == (tab, CellError("#VALUE!"))


def test_an_empty_row_among_the_passengers(target: Path, libreoffice_edit: Edit) -> None:
    number, _ = small().position(Place("passengers", "Age", "data", 5))
    edits = [("insert_row", "passengers", number)]
    report = xlsgd.verify(libreoffice_edit(generated(), target, edits))
    (difference,) = report.differences()
    assert (difference.sheet, difference.cell) == ("passengers", f"B{number}")
    assert f"row {number} is an empty row among the passengers" in difference.reason


def test_a_passenger_cleared(target: Path) -> None:
    number, _ = small().position(Place("passengers", "Age", "data", 5))

    def edit(workbook: Any) -> None:
        for cell in workbook["passengers"][number][:23]:
            cell.value = None

    with pytest.raises(xlsgd.XlsgdError, match=rf"passengers!B{number}: row {number} is an empty"):
        xlsgd.verify(edited(generated(), target, edit))


def test_a_mistake_after_insertions_is_found_where_it_is_now(
    target: Path, libreoffice_edit: Edit
) -> None:
    place = Place("training", "relu1", "block.2", 6)
    below, right = small().position(place)
    cell = f"{column_letters(right + 2)}{below + 1}"
    edits: Edits = [
        ("insert_column", "training", column("training", "lin1", "block.1")),
        ("insert_column", "training", 1),
        ("insert_row", "training", 1),
        ("rename", "training", "my net"),
        ("set_value", "my net", cell, 0.123),
    ]
    report = xlsgd.verify(libreoffice_edit(generated(), target, placed(edits)))
    assert first_wrong(report) == f"my net!{cell}"


def test_tabs_renamed_and_inputs_set(
    untouched: Report, target: Path, libreoffice_edit: Edit
) -> None:
    below, right = small().position(Place("passengers", "Age", "data", 2))
    edits: Edits = [
        ("set_value", "passengers", f"{column_letters(right)}{below}", 71),
        *(("rename", tab, f"It's {tab} #{i}") for i, tab in enumerate(TABS)),
    ]
    report = xlsgd.verify(libreoffice_edit(generated(), target, edits))
    assert passes(report)
    assert counts(report) == counts(untouched)
    assert [sheet.name for sheet in report.sheets] == [f"It's {t} #{i}" for i, t in enumerate(TABS)]


def test_saved_again_by_libreoffice(
    untouched: Report, tmp_path: Path, libreoffice_saved: Callable[..., Path]
) -> None:
    report = xlsgd.verify(libreoffice_saved(generated(), "xlsx", tmp_path / "saved"))
    assert passes(report)
    assert report.notes == []
    assert counts(report) == counts(untouched)


def test_saved_again_by_gnumeric(
    untouched: Report, target: Path, gnumeric_convert: Callable[..., Path]
) -> None:
    report = xlsgd.verify(gnumeric_convert(generated(), target))
    assert passes(report)
    assert counts(report) == counts(untouched)
