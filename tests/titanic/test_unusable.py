"""Workbooks that cannot be checked: a message that names the place, status 2, no traceback."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner

import xlsgd
from tests.titanic.books import EPOCHS, ROWS, FollowingEngine, Place, generated, small
from tests.verify.books import Workbook, edited
from xlsgd.base.cells import column_letters
from xlsgd.base.errors import WorkbookError
from xlsgd.cli import main
from xlsgd.sheets.maps import address

Change = Callable[[Workbook], None]


def cell(tab: str, quantity: str, table: str = "", row: int = 0) -> str:
    return address(small().position(Place(tab, quantity, table, row)))


def typed(tab: str, where: str, value: object) -> Change:
    def change(workbook: Workbook) -> None:
        workbook[tab][where] = value

    return change


def header(tab: str, quantity: str, table: str) -> str:
    """Return the cell with the header of a column."""
    found = small().tabs[tab].tables[table]
    return address((found.header_row, found.columns[quantity]))


def row_emptied(tab: str, table: str, row: int) -> Change:
    def change(workbook: Workbook) -> None:
        found = small().tabs[tab].tables[table]
        for number in found.columns.values():
            workbook[tab].cell(found.rows[row], number).value = None

    return change


def blocks_row_emptied(workbook: Workbook) -> None:
    for epoch in range(1, EPOCHS + 1):
        row_emptied("training", f"block.{epoch}", 5)(workbook)


def passenger_added(workbook: Workbook) -> None:
    sheet = workbook["passengers"]
    last = small().tabs["passengers"].tables["data"].rows[-1]
    for above in sheet[last]:
        if above.value is not None:
            value = above.value
            if isinstance(value, str) and value.startswith("="):
                value = value.replace(str(last), str(last + 1))
            sheet.cell(last + 1, above.column).value = value


def key_deleted(tab: str, key: str) -> Change:
    fields = small().tabs[tab].fields
    row, column = fields[key]
    # Above the words above it where fields stand beside each other, else left of it.
    at_top = "verdict" in fields and fields["verdict"][0] == row
    return typed(tab, address((row - 2, column) if at_top else (row, column - 1)), None)


SURVIVED, AGE, SEX = (cell("passengers", q, "data", 4) for q in ("Survived", "Age", "Sex"))
CHOSEN, SIZE = cell("training", "derivative_of"), cell("training", "batch_size")
WEIGHTS_OF = cell("model", "weights_of")

# What is changed, and words of the message.
UNUSABLE: dict[str, tuple[Change, str]] = {
    "Survived 2": (typed("passengers", SURVIVED, 2), f"passengers!{SURVIVED} (Survived): got 2"),
    "Survived yes": (typed("passengers", SURVIVED, "yes"), f"passengers!{SURVIVED} (Survived)"),
    "Age old": (typed("passengers", AGE, "old"), f"passengers!{AGE} (Age): got 'old', need a"),
    "Age empty": (typed("passengers", AGE, None), f"passengers!{AGE} (Age): got nothing"),
    "Age an error": (typed("passengers", AGE, "=1/0"), f"passengers!{AGE} (Age): got #DIV/0!"),
    "Sex 1": (typed("passengers", SEX, 1), f"passengers!{SEX} (Sex)"),
    "Sex empty": (typed("passengers", SEX, None), f"passengers!{SEX} (Sex): got nothing"),
    "derivative_of nonsense": (typed("training", CHOSEN, "nonsense"), f"training!{CHOSEN}"),
    "derivative_of a number": (typed("training", CHOSEN, 7), f"training!{CHOSEN}"),
    "weights_of nonsense": (typed("model", WEIGHTS_OF, "nonsense"), f"model!{WEIGHTS_OF}"),
    "batch_size 5": (typed("training", SIZE, 5), "'training'"),
    "batch_size too large": (typed("training", SIZE, ROWS + 1), f"training!{SIZE}"),
    "batch_size 0": (typed("training", SIZE, 0), f"training!{SIZE}"),
    "h 0": (typed("training", cell("training", "h"), 0), f"training!{cell('training', 'h')}"),
    "experiment of the model": (
        typed("model", cell("model", "experiment"), "nobody"),
        f"model!{cell('model', 'experiment')}",
    ),
    **{
        f"marker of {tab}": (key_deleted(tab, "xlsgd"), words)
        for tab, words in (
            ("passengers", "data tab"),
            ("training", "'training'"),
            ("linear", "'linear'"),
        )
    },
    **{
        f"field {key} of {tab}": (key_deleted(tab, key), f"no field '{key}'")
        for tab, key in (
            ("training", "derivative_of"),
            ("training", "dead_since.relu1"),
            ("model", "weights_of"),
            ("model", "all_zero"),
            ("matrix", "mean_loss_in_one"),
            ("passengers", "max_age"),
        )
    },
    **{
        f"header {quantity} of {table} on {tab}": (
            typed(tab, header(tab, quantity, table), None),
            quantity,
        )
        for tab, table, quantity in (
            ("training", "block.1", "lin1"),
            ("training", "block.1", "relu2"),
            ("training", f"block.{EPOCHS}", "lin1"),
            ("training", f"block.{EPOCHS}", "grad.lin2"),
            ("training", "steps", "grad_of"),
            ("training", "steps", "new.a2_male"),
            ("training", "epochs", "mean_loss"),
            ("passengers", "data", "Age"),
            ("passengers", "data", "log_fare"),
            ("model", "forward", "relu1"),
            ("model", "filled", "says"),
            ("model", "histogram", "y_1"),
            ("matrix", "product", "xw_2"),
        )
    },
    "row of blocks emptied": (blocks_row_emptied, f"blocks have {ROWS - 1} rows, the data {ROWS}"),
    "row of steps emptied": (row_emptied("training", "steps", 1), "got 1 steps, need 2"),
    "row of the model emptied": (row_emptied("model", "forward", 3), "'model'"),
    "row of the product emptied": (row_emptied("matrix", "product", 3), "'matrix'"),
    "passenger added": (passenger_added, f"{ROWS + 1}"),
    "no ones": (typed("matrix", cell("matrix", "one.2"), 2), "'matrix'"),
}


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recalculate only what has been changed."""
    module = import_module("xlsgd.verifying.opening")
    monkeypatch.setattr(module, "get_engine", lambda name: FollowingEngine())


@pytest.mark.parametrize("what", UNUSABLE)
def test_the_place_is_named(what: str, tmp_path: Path) -> None:
    change, words = UNUSABLE[what]
    path = edited(generated(), tmp_path / "bad.xlsx", change)
    with pytest.raises(WorkbookError) as caught:
        xlsgd.verify(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert words in str(caught.value)


@pytest.mark.parametrize("what", ["Survived 2", "passenger added", "marker of training"])
def test_on_the_command_line(what: str, tmp_path: Path) -> None:
    change, words = UNUSABLE[what]
    path = edited(generated(), tmp_path / "bad.xlsx", change)
    result = CliRunner().invoke(main, ["verify", str(path)], catch_exceptions=False)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""


@pytest.mark.parametrize("tab", ["model", "matrix"])
def test_a_tab_without_its_marker_is_said_to_be_unchecked(tab: str, tmp_path: Path) -> None:
    path = edited(generated(), tmp_path / "bad.xlsx", key_deleted(tab, "xlsgd"))
    try:
        report = xlsgd.verify(path)
    except WorkbookError as error:
        assert tab in str(error)  # noqa: PT017
        return
    sheet = next(sheet for sheet in report.sheets if sheet.name == tab)
    assert len(sheet.unchecked) == sheet.formulas > 0


def test_cells_that_are_nobodys_are_left_alone(tmp_path: Path) -> None:
    def notes(workbook: Workbook) -> None:
        sheet = workbook["passengers"]
        below = sheet.max_row + 3
        sheet[f"A{below}"] = "my sums"
        age = column_letters(small().position(Place("passengers", "Age", "data"))[1])
        sheet[f"{age}{below}"] = f"=SUM({age}6:{age}{below - 3})"
        workbook["training"]["A90"] = "my note"
        workbook["model"]["A90"] = "=1+1"

    report = xlsgd.verify(edited(generated(), tmp_path / "mine.xlsx", notes))
    assert report.ok
    assert sum(len(sheet.unchecked) for sheet in report.sheets) == 2
