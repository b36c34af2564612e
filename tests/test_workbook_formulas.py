"""The formulas in the files: what every spreadsheet program reads, and reads alike."""

from __future__ import annotations

import re

import openpyxl
import pytest

from tests.builders import LESSONS
from tests.test_workbook_file import everything, formula_cells, formulas

# What Excel 2010, Google Sheets, LibreOffice, Gnumeric and the formulas library all have.
FUNCTIONS = {
    *("ABS", "AND", "AVERAGEIF", "COUNT", "COUNTIF", "EXP", "IF", "INDEX", "ISNUMBER", "MATCH"),
    *("ACOS", "ATAN", "ATANH", "COS", "LEFT", "LEN", "LN", "SUMIFS", "MOD", "PI", "SIGN", "SIN"),
    *("MAX", "MIN", "NA", "OR", "ROUNDUP", "SQRT", "SUM", "TANH"),
    *(
        "AVERAGE",
        "COUNTA",
        "COUNTBLANK",
        "COUNTIFS",
        "DEVSQ",
        "INT",
        "LOG10",
        "MID",
        "MMULT",
        "ROUND",
        "SLOPE",
        "SUMSQ",
        "ROWS",
        "SUMPRODUCT",
    ),
}
VOLATILE = {"RAND", "RANDBETWEEN", "NOW", "TODAY", "OFFSET", "INDIRECT", "CELL", "INFO"}


@pytest.fixture(scope="module", params=[*LESSONS, "everything"])
def texts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Every formula of a workbook by its cell, text in quotes removed."""
    if request.param == "everything":
        workbook = openpyxl.load_workbook(everything(tmp_path_factory.getbasetemp()))
    else:
        workbook = formulas(request.param)
    return {
        f"{sheet}!{cell.coordinate}": re.sub(r'"[^"]*"', '""', cell.value)
        for sheet, cell in formula_cells(workbook)
        if isinstance(cell.value, str)
    } | {
        f"{sheet}!{cell.coordinate}": "array entry"
        for sheet, cell in formula_cells(workbook)
        if not isinstance(cell.value, str)
    }


def test_formulas_use_what_every_program_has(texts: dict[str, str]) -> None:
    used = {name for text in texts.values() for name in re.findall(r"([A-Za-z.]+)\(", text)}
    assert used <= FUNCTIONS, "say of a new function that all the programs have it"
    assert not used & VOLATILE


def test_matrices_need_no_array_entry(texts: dict[str, str]) -> None:
    """INDEX and SUMPRODUCT take a matrix as it is; a matrix alone in a cell would spill."""
    products = [text for text in texts.values() if "MMULT(" in text]
    taken = re.compile(r"=(IF\(ISNUMBER\()?(SUM\(INDEX\(MMULT\(|SUMPRODUCT\(\(MMULT\()")
    assert all(taken.match(text) for text in products)


def test_index_stands_where_a_range_may_stand(texts: dict[str, str]) -> None:
    """INDEX gives a cell, which may be a range: elsewhere Excel writes an @ before it."""
    found = [text for text in texts.values() if "INDEX(" in text]
    assert len(found) > 2
    assert [t for t in found if re.search(r"(?<!SUM\()(?<!AVERAGE\()\bINDEX\(", t)] == []


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("array entry", r"^array entry$|^\{|_xlfn|_xlws|ANCHORARRAY"),
        ("structured reference", r"\[|\]"),
        # Some programs read 1E-5 alone, others 1e-5, and others neither without a sign.
        ("exponent", r"(?<![A-Za-z$])[0-9.]+[eE][-+]?[0-9]"),
        ("power of a power", r"\^[^-+*/,()<>=]*\^"),
        ("minus before a power", r"(?<![A-Za-z0-9)])-[A-Za-z$0-9.]+\^"),
        ("semicolon or decimal comma", r";"),
        ("other workbook", r"\.xls|file:"),
        ("implicit intersection or spill", r"@|#"),
        ("whole column or row", r"\$?[A-Z]{1,3}:\$?[A-Z]{1,3}(?![0-9A-Z])"),
    ],
)
def test_formulas_avoid(what: str, pattern: str, texts: dict[str, str]) -> None:
    assert texts
    hits = {cell: text for cell, text in texts.items() if re.search(pattern, text)}
    assert hits == {}, what


def test_patterns_above_find_what_they_are_for() -> None:
    bad = {
        r"(?<![A-Za-z$])[0-9.]+[eE][-+]?[0-9]": ("=A1+1E5", "=1e300*A1", "=2.5E3", "=1E-05"),
        r"\^[^-+*/,()<>=]*\^": ("=2^3^2", "=A1^B1^C1"),
        r"(?<![A-Za-z0-9)])-[A-Za-z$0-9.]+\^": ("=-A1^2", "=3*(-2^2)"),
    }
    good = ("=A1+10^-5", "=10^300*A1", "=AE5+B2", "=$AE5^2", "=A1^2+B1^2", "=A1-B1^2")
    for pattern, examples in bad.items():
        assert all(re.search(pattern, text) for text in examples)
        assert not any(re.search(pattern, text) for text in good)


def test_formulas_are_not_longer_than_excel_takes(texts: dict[str, str]) -> None:
    assert max(map(len, texts.values())) < 8192
