"""Down (x² − 9)²: what a learner printed, what explodes, and which rate stays at the bottom."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest
import torch

import xlsgd
from tests.verify.books import Sheet, edited, field_cell, first_wrong, letter_of, passes, steps_rows
from xlsgd.sweeping import sweep


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return xlsgd.generate("one-weight", tmp_path_factory.mktemp("one") / "one.xlsx")


def column(book: Path, tab: str, quantity: str) -> list[float]:
    sheet: Sheet = openpyxl.load_workbook(book, data_only=True)[tab]
    letter = letter_of(sheet, quantity, "step", "loss")
    return [sheet[f"{letter}{row}"].value for row in steps_rows(sheet)]


def slope(x: float) -> float:
    return 4 * x * (x * x - 9)


def test_it_agrees_with_torch(book: Path) -> None:
    report = xlsgd.verify(book)
    assert passes(report)
    assert not any(sheet.unchecked for sheet in report.sheets)


def test_the_learners_print_digit_for_digit(book: Path, shared: Path) -> None:
    """The learner's program counted in float32, which prints every digit; a sheet counts in
    float64, which rounds two of the sixty the other way."""
    with (shared / "reference/seeds/gradients_never_cleared.csv").open() as file:
        printed = [(row["loss"], row["x"]) for row in csv.DictReader(file)]
    assert [tuple(as_printed(*step)) for step in uncleared(torch.float32)] == printed
    steps = zip(column(book, "uncleared", "loss"), column(book, "uncleared", "new.x"), strict=True)
    digits = [text for step in steps for text in as_printed(*step)]
    wanted = [text for step in printed for text in step]
    other = [pair for pair in zip(digits, wanted, strict=True) if pair[0] != pair[1]]
    assert other == [("2.1094", "2.1095"), ("1.0932", "1.0931")]


def as_printed(loss: float, x: float) -> tuple[str, str]:
    return f"{loss:.2f}", f"{x:.4f}"


def uncleared(kind: torch.dtype) -> list[tuple[float, float]]:
    weight = torch.tensor(1.0, dtype=kind, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=0.01)
    found = []
    for _ in range(30):
        loss = (weight**2 - 9) ** 2
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        found.append((loss.item(), weight.item()))
    return found


def test_forgetting_to_clear_is_what_torch_does_without_zero_grad(book: Path) -> None:
    expected = [x for _, x in uncleared(torch.float64)]
    assert column(book, "uncleared", "new.x") == pytest.approx(expected, rel=1e-12)


def test_at_a_rate_of_a_tenth_it_explodes(book: Path) -> None:
    x = column(book, "explodes", "new.x")
    expected = (6, -58.8, 81048.5088, -2.1295855e14, 3.8631825e42)
    assert x[:5] == pytest.approx(expected, rel=1e-7)


def test_at_a_hundredth_it_settles(book: Path) -> None:
    x, found = 1.0, []
    for _ in range(30):
        x -= 0.01 * slope(x)
        found.append(x)
    assert column(book, "settles", "new.x") == pytest.approx(found, rel=1e-12)
    assert found[-1] == pytest.approx(3, abs=5e-15)


def test_the_largest_rate_follows_the_bend(book: Path, tmp_path: Path) -> None:
    values = openpyxl.load_workbook(book, data_only=True)["curve"]
    assert values[field_cell(values, "bend")].value == 72
    assert values[field_cell(values, "largest_rate")].value == pytest.approx(2 / 72, rel=1e-15)

    def inside(workbook: openpyxl.Workbook) -> None:
        workbook["curve"][field_cell(workbook["curve"], "where")] = 1.0

    report = xlsgd.verify(edited(book, tmp_path / "inside.xlsx", inside))
    assert passes(report)
    (curve,) = (sheet for sheet in report.sheets if sheet.name == "curve")
    shown = {key: value for _, key, _, value, *_ in curve.fields}
    assert shown["bend"] == 12 - 36
    assert shown["largest_rate"] == "none"

    def typed(workbook: openpyxl.Workbook) -> None:
        workbook["curve"][field_cell(workbook["curve"], "largest_rate")] = "=2/{}".format(
            field_cell(workbook["curve"], "where")
        )

    wrong = xlsgd.verify(edited(book, tmp_path / "typed.xlsx", typed))
    assert first_wrong(wrong) == f"curve!{field_cell(values, 'largest_rate')}"


def test_72_is_where_it_stops_staying() -> None:
    """A hair below 2/72 a small error shrinks, a hair above it grows."""
    for rate, grows in ((2 / 72 * 0.99, False), (2 / 72 * 1.01, True)):
        x = 3 + 1e-6
        for _ in range(50):
            x -= rate * slope(x)
        assert (abs(x - 3) > 1e-6) is grows


def test_it_is_swept_and_takes_no_optimizer(tmp_path: Path) -> None:
    found = sweep("one-weight", "learning_rate=0.001:0.1:9:log", tab="settles")
    assert found.runs == 9
    with pytest.raises(xlsgd.XlsgdError, match="compares rules of its own"):
        xlsgd.generate("one-weight", tmp_path / "o.xlsx", optimizers=("adam",))
