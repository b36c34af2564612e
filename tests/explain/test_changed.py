"""A tab whose formulas have been changed is not explained as if torch trained the same net."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import xlsgd
from tests.titanic.books import generated
from tests.verify.books import (
    SIX_POINTS,
    Workbook,
    edited,
    field_cell,
    header_row,
    letter_of,
    retyped,
    step_cell,
)
from xlsgd.explaining import Explanation
from xlsgd.explaining.rendering import explanation_data, explanation_lines

EVERY = slice(None)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("changed") / "book.xlsx"
    return xlsgd.generate("graddesc", path, optimizers=("sgd", "adam"), epochs=2, data=SIX_POINTS)


@pytest.fixture
def change(book: Path, tmp_path: Path) -> Callable[..., tuple[Path, list[str]]]:
    def changed(quantity: str, old: str, new: str, places: slice = EVERY) -> tuple[Path, list[str]]:
        return retyped(book, tmp_path / "changed.xlsx", "sgd", quantity, places, old, new)

    return changed


Change = Callable[..., tuple[Path, list[str]]]


def words(found: Explanation) -> str:
    return " ".join(found.tabs[0].sentences)


def test_weight_decay_is_named_and_its_run_not_told(change: Change) -> None:
    path, cells = change("new.a", "[grad_used.a]", "([grad_used.a]+0.1*[param.a])")
    found = xlsgd.explain(path)
    sgd, adam = found.tabs
    assert [(c.quantity, c.cells, c.cell) for c in sgd.changed] == [
        ("new.a", len(cells), f"sgd!{cells[0]}")
    ]
    assert "0.1*" in sgd.changed[0].content
    assert not sgd.followed
    assert "xlsgd verify names every such cell" in words(found)
    assert f"new.a (sgd!{cells[0]} and {len(cells) - 1} more" in words(found)
    # Nothing of torch's run is told as if it were the tab's.
    for told in ("Tried in torch", "largest stable", "The mean loss", "It turned"):
        assert told not in words(found)
    assert (sgd.turn, sgd.suggestion, sgd.twin, sgd.limit.value) == (None, None, None, None)
    assert next(iter(explanation_lines(found, 200))) == "sgd: its formulas have been changed"
    # The other tab is as it was.
    assert adam.changed == ()
    assert adam.followed
    assert "Tried in torch" in " ".join(adam.sentences)


def test_one_changed_cell_is_enough(change: Change) -> None:
    path, cells = change("new.b", "[grad_used.b]", "2*[grad_used.b]", slice(3, 4))
    (sgd, _) = xlsgd.explain(path).tabs
    assert [(c.quantity, c.cells, c.cell) for c in sgd.changed] == [("new.b", 1, f"sgd!{cells[0]}")]
    assert not sgd.followed


def test_a_wrong_derivative_that_drives_the_run(change: Change, tmp_path: Path) -> None:
    path, _ = change("grad.a", "[x]", "[x]*2")

    def backprop(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        sheet[field_cell(sheet, "gradient")] = "backprop"

    (sgd, _) = xlsgd.explain(edited(path, tmp_path / "driven.xlsx", backprop)).tabs
    assert {c.quantity for c in sgd.changed} == {"grad.a"}
    assert not sgd.followed


def test_what_does_not_touch_the_weights_is_named_and_the_run_told(
    change: Change, tmp_path: Path
) -> None:
    path, _ = change("grad.a", "[x]", "[x]*2")

    def numerical(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        sheet[field_cell(sheet, "gradient")] = "numerical"

    found = xlsgd.explain(edited(path, tmp_path / "idle.xlsx", numerical), ["sgd"])
    (sgd,) = found.tabs
    assert sgd.followed
    assert sgd.sentences[0].startswith(
        "Formulas of this tab have been changed. Not xlsgd's: grad.a"
    )
    assert (
        "the weights are those" in sgd.sentences[1] or "Its weights are those" in sgd.sentences[1]
    )
    assert "Tried in torch" in words(found)


def test_a_number_typed_over_a_formula(book: Path, tmp_path: Path) -> None:
    cell = step_cell(openpyxl.load_workbook(book)["sgd"], "new.a", 4)

    def edit(workbook: Workbook) -> None:
        workbook["sgd"][cell] = 12.5

    (sgd, _) = xlsgd.explain(edited(book, tmp_path / "typed.xlsx", edit)).tabs
    assert [(c.quantity, c.content) for c in sgd.changed] == [("new.a", "12.5")]
    assert not sgd.followed


def test_an_input_of_the_passengers(tmp_path: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["passengers"]
        cell = f"{letter_of(sheet, 'age_n', 'Age')}{header_row(sheet, 'Age', 'age_n') + 2}"
        sheet[cell] = f"2*{sheet[cell].value[1:]}".join(("=", ""))

    found = xlsgd.explain(edited(generated(), tmp_path / "inputs.xlsx", edit), ["training"])
    (tab,) = found.tabs
    assert [(c.quantity, c.cells) for c in tab.changed] == [("age_n", 1)]
    assert tab.changed[0].cell.startswith("passengers!")
    assert not tab.followed


def test_many_changed_columns_are_counted(book: Path, tmp_path: Path) -> None:
    def edit(workbook: Workbook) -> None:
        sheet = workbook["sgd"]
        for quantity in ("pred", "loss", "grad.a", "grad.b", "new.a", "new.b"):
            sheet[step_cell(sheet, quantity, 2)] = "=1+1"

    (sgd, _) = xlsgd.explain(edited(book, tmp_path / "many.xlsx", edit)).tabs
    assert len(sgd.changed) == 6
    assert "; 2 more. xlsgd verify" in sgd.sentences[0]


def test_untouched_tabs_have_nothing_changed(book: Path) -> None:
    found = xlsgd.explain(book)
    assert [(tab.changed, tab.followed) for tab in found.tabs] == [((), True)] * 2
    assert "Formulas of this tab" not in words(found)


def test_in_json(change: Change) -> None:
    path, cells = change("new.a", "[grad_used.a]", "([grad_used.a]+0.1*[param.a])")
    sgd: Any = explanation_data(xlsgd.explain(path))["tabs"][0]
    assert sgd["followed"] is False
    assert sgd["changed"][0]["quantity"] == "new.a"
    assert sgd["changed"][0]["cell"] == f"sgd!{cells[0]}"
    assert sgd["suggestion"] is None
