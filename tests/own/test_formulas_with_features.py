"""Formulas as nets, whose inputs are columns and features made of columns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import xlsgd
from xlsgd.base.errors import SpecError
from xlsgd.lessons.lesson import Columns
from xlsgd.training.nets import parse_network

ROWS = "size,rooms,town,price\n50,1,a,1.0\n60,2,b,1.4\n80,2,a,1.6\n100,3,b,2.4\n"


@pytest.fixture
def houses(tmp_path: Path) -> str:
    path = tmp_path / "houses.csv"
    path.write_text(ROWS, encoding="utf-8")
    return str(path)


def written(formula: str, houses: str, rate: float = 0.01, **names: Any) -> Path:
    path = Path(houses).parent / "formula.xlsx"
    columns = replace(Columns(("price",)), **names)
    return xlsgd.generate(
        formula, path, source=houses, columns=columns, learning_rate=rate, epochs=2
    )


@pytest.mark.parametrize(
    ("formula", "inputs"),
    [
        ("c*(a*standardised_size+b)", ["standardised_size"]),
        # Columns are called in the formula as in the table, whatever stands beside them.
        ("a*standardised_size+b*rooms+c", ["rooms_value", "standardised_size"]),
        ("a*size+b*standardised_size", ["size_value", "standardised_size"]),
    ],
)
def test_columns_and_features_are_inputs(formula: str, inputs: list[str], houses: str) -> None:
    path = written(formula, houses, features=("standardised(size)",), rate=1e-5)
    report = xlsgd.verify(path)
    assert report.ok
    assert not any(sheet.unchecked for sheet in report.sheets)
    (line,) = (text for text in texts_of(path, "training") if text.startswith("Formula("))
    assert list(parse_network(line, inputs).input_names) == inputs


@pytest.mark.parametrize(
    ("formula", "options", "message"),
    [
        (
            "c*(a*size+b)",
            {"features": ("standardised(size)",)},
            "does not use standardised_size; write standardised_size into it, or leave the "
            "feature out",
        ),
        (
            "a*standardised_size+b",
            {"features": ("standardised(size)",), "inputs": ("rooms",)},
            "does not use rooms; name the inputs that it uses: --inputs standardised_size",
        ),
        (
            "a+b",
            {"features": ("standardised(size)",)},
            "the formula names no input; there are: size, rooms, town, standardised_size",
        ),
        ("a+b", {}, "the formula names no input; there are: size, rooms, town"),
        ("a*rooms+b", {"inputs": ("rooms", "size")}, "does not use size; name the inputs"),
    ],
)
def test_what_is_wrong_is_said_in_the_names_of_the_table(
    formula: str, options: dict[str, Any], message: str, houses: str
) -> None:
    with pytest.raises(SpecError) as caught:
        written(formula, houses, **options)
    assert message in str(caught.value)
    assert "value" not in str(caught.value)


def texts_of(path: Path, tab: str) -> list[str]:
    from openpyxl import load_workbook

    cells = (c.value for row in load_workbook(path)[tab].iter_rows() for c in row)
    return [value for value in cells if isinstance(value, str)]
