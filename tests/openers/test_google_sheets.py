"""What Google documents of Google Sheets, which cannot be run here: limits, names, rules.

https://support.google.com/drive/answer/37603 (files that can be kept),
https://support.google.com/docs/answer/63175 (names of ranges).
"""

from __future__ import annotations

import re
from typing import Any

import openpyxl
import pytest

from tests.loaded import looked_at
from tests.openers.books import ALL, LARGEST, kind

CASES = [pytest.param(n, marks=pytest.mark.wide) if "short" in n else n for n in ALL]
of_every_kind = pytest.mark.parametrize("name", CASES, scope="module")
"""All that is looked at in a workbook comes in turn: it is read once."""

CELLS, COLUMNS, MEGABYTES, LETTERS = 10_000_000, 18_278, 100, 50_000
"""Of a spreadsheet, of a tab, of a file to be imported, of a cell."""


@pytest.mark.parametrize(
    "name", [*CASES, pytest.param(f"whole {LARGEST}", marks=pytest.mark.wide)], scope="module"
)
def test_size(name: str) -> None:
    path = kind(name)
    assert path.stat().st_size < MEGABYTES * 1_000_000
    sheets = looked_at(path).worksheets
    assert len(sheets) <= 200
    # Empty cells count, up to the last that holds anything.
    assert sum(sheet.max_row * sheet.max_column for sheet in sheets) < CELLS
    assert max(sheet.max_column for sheet in sheets) < COLUMNS
    for sheet in sheets:
        assert 0 < len(sheet.title) <= 100
        for row in sheet.iter_rows():
            for cell in row:
                assert not isinstance(cell.value, str) or len(cell.value) <= LETTERS


def names_of(name: str) -> list[str]:
    workbook = looked_at(kind(name))
    return [*workbook.defined_names, *(n for s in workbook.worksheets for n in s.defined_names)]


def is_good(name: str) -> bool:
    """Letters, digits and underscores; no digit first, no truth value, no cell in A1 or R1C1."""
    return (
        re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is not None
        and len(name) <= 250
        and name.lower() not in ("true", "false")
        and re.fullmatch(r"(?i)[a-z]{1,3}[0-9]+|r[0-9]*(c[0-9]*)?|c[0-9]*", name) is None
    )


@of_every_kind
def test_names_of_cells(name: str) -> None:
    found = names_of(name)
    assert (len(found) > 5) == (name != "sweep")
    assert [each for each in found if not is_good(each)] == []


def test_names_that_are_not_allowed_are_seen() -> None:
    for bad in ("init.a", "A1", "R1C1", "rc", "true", "1st", "a b", "é"):
        assert not is_good(bad)
    for good in ("learning_rate", "init_a", "h", "x1y", "_", "rate"):
        assert is_good(good)


@of_every_kind
def test_no_rule_has_a_number_format_but_for_large_negative_numbers(name: str) -> None:
    """Google Sheets leaves it out.  For these no format of a cell is right in all programs."""
    for sheet in looked_at(kind(name)).worksheets:
        for area in sheet.conditional_formatting:
            for rule in area.rules:
                if rule.dxf is not None and rule.dxf.numFmt is not None:
                    by_value = (rule.operator, rule.formula) == ("lessThanOrEqual", ["-100000"])
                    assert by_value or re.search(r"<=-100000\b", rule.formula[0]), rule.formula


def number_formats(name: str) -> dict[str, str]:
    """Return the format code of every cell with a formula that holds a long number."""
    workbook = looked_at(kind(name), data_only=True)
    return {
        f"{sheet.title}!{cell.coordinate}": cell.number_format
        for sheet in workbook.worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "n" and cell.value is not None and cell.value >= 1e15
    }


def test_large_numbers_are_short_by_the_format_of_their_cells() -> None:
    formats = number_formats("exploding")
    assert len(formats) > 100
    for cell, code in formats.items():
        assert code == "General" or re.match(r"(\[>=100(000)?\])?0\.0+E\+00", code), (
            f"{cell}: {code}"
        )
        # Without it LibreOffice and Gnumeric show negative numbers without their minus.
        assert code == "General" or ";" not in code or re.search(r";\[<0\]-[0.%]+;", code)


def test_negative_numbers_keep_their_minus(ssconvert: Any, soffice: Any, tmp_path: Any) -> None:
    import subprocess

    from xlsgd.sheets.style import NUMBER, shorten_large

    workbook = openpyxl.Workbook()
    sheet: Any = workbook.active
    for row, value in enumerate((-1.5e6, 1.5e6, -2.25, 2.25, -1e130), 1):
        sheet.cell(row, 1, value).number_format = NUMBER
    shorten_large(sheet, "A1:A5")
    sheet.column_dimensions["A"].width = 14
    workbook.save(tmp_path / "numbers.xlsx")
    wanted = ["-1.50E+06", "1.50E+06", "-2.2500", "2.2500", "-1.00E+130"]
    subprocess.run(
        [ssconvert, "-O", "format=preserve", tmp_path / "numbers.xlsx", tmp_path / "numbers.txt"],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    shown = (tmp_path / "numbers.txt").read_text().replace("\N{MINUS SIGN}", "-").split()
    assert shown == wanted
    profile = (tmp_path / "profile").as_uri()
    subprocess.run(
        [
            soffice, "--headless", f"-env:UserInstallation={profile}", "--convert-to", "pdf",
            "--outdir", tmp_path, tmp_path / "numbers.xlsx",
        ],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    done = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "numbers.pdf", "-"],
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.split()[: len(wanted)] == wanted
