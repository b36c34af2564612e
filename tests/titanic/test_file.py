"""The file of the Titanic lesson: what formulas are made of, and the same bytes every time."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

import xlsgd
from tests.openers.books import xml_of
from tests.titanic.books import EPOCHS, ROWS, START, generated, small, weights_of
from xlsgd.base.cells import Formula
from xlsgd.data.passengers import made_passengers

pytestmark = pytest.mark.every

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

# What Excel 2010, Google Sheets, LibreOffice, Gnumeric and the formulas library all have.
FUNCTIONS = {
    *(
        "ABS",
        "AND",
        "AVERAGE",
        "COUNT",
        "COUNTA",
        "COUNTBLANK",
        "COUNTIF",
        "COUNTIFS",
        "IF",
        "INDEX",
        "INT",
        "ISNUMBER",
    ),
    *(
        "LEFT",
        "LEN",
        "LOG10",
        "MATCH",
        "MAX",
        "MIN",
        "MID",
        "MMULT",
        "NA",
        "OR",
        "ROUND",
        "ROUNDUP",
        "ROWS",
        "SQRT",
        "SUM",
    ),
    "SUMPRODUCT",
}


def texts() -> dict[str, str]:
    """Return every formula without what stands in quotes."""
    return {
        f"{sheet}!{position}": re.sub(r'"[^"]*"', '""', content)
        for sheet, grid in small().book.sheets.items()
        for position, content in grid.items()
        if isinstance(content, Formula)
    }


def test_formulas_use_what_every_program_has() -> None:
    used = {name for text in texts().values() for name in re.findall(r"([A-Za-z.]+[0-9]*)\(", text)}
    assert used <= FUNCTIONS, "say of a new function that all the programs have it"
    assert {"SUMPRODUCT", "MMULT", "COUNTIFS", "LOG10"} <= used


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("array entry", r"^\{|_xlfn|_xlws|ANCHORARRAY"),
        ("structured reference", r"\[|\]"),
        ("bare exponent", r"(?<![A-Za-z$])[0-9.]+[eE][0-9]"),
        ("power of a power", r"\^[^-+*/,()<>=]*\^"),
        ("minus before a power", r"(?<![A-Za-z0-9)])-[A-Za-z$0-9.]+\^"),
        ("semicolon or decimal comma", r";"),
        ("other workbook", r"\.xls|file:"),
        ("implicit intersection or spill", r"@|#"),
        ("whole column or row", r"\$?[A-Z]{1,3}:\$?[A-Z]{1,3}(?![0-9A-Z])"),
        ("volatile", r"\b(RAND|RANDBETWEEN|NOW|TODAY|OFFSET|INDIRECT|CELL|INFO)\("),
        ("too long for Excel", r"(?s)^.{8192}"),
        ("error", r"#REF!|#N/A|#VALUE!"),
    ],
)
def test_formulas_avoid(what: str, pattern: str) -> None:
    hits = {cell: text for cell, text in texts().items() if re.search(pattern, text)}
    assert hits == {}, what


def test_no_formula_is_an_array_entry_and_every_value_says_its_type() -> None:
    formulas = 0
    with zipfile.ZipFile(generated()) as package:
        assert not any("table" in name or "calcChain" in name for name in package.namelist())
        for part in package.namelist():
            if not part.startswith("xl/worksheets/sheet"):
                continue
            for cell in ElementTree.fromstring(package.read(part)).iter(f"{MAIN}c"):
                formula = cell.find(f"{MAIN}f")
                if formula is None:
                    continue
                formulas += 1
                assert formula.get("t") in (None, "shared")
                value = cell.find(f"{MAIN}v")
                assert value is not None
                assert value.text
                assert cell.get("t", "n") in ("n", "str")
                if cell.get("t") is None:
                    float(value.text)
    assert formulas == len(texts()) > 1000


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_generating_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    again = xlsgd.generate(
        "titanic",
        tmp_path / "again.xlsx",
        data=made_passengers(ROWS),
        epochs=EPOCHS,
        init=weights_of(START),
    )
    assert digest(again) == digest(generated())


def test_another_process_gives_the_same_bytes(tmp_path: Path) -> None:
    code = (
        "import sys, xlsgd; from tests.titanic import books;"
        " from xlsgd.data.passengers import made_passengers;"
        " xlsgd.generate('titanic', sys.argv[1], data=made_passengers(books.ROWS),"
        " epochs=books.EPOCHS, init=books.weights_of(books.START))"
    )
    root = Path(xlsgd.__file__).resolve().parent.parent
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONHASHSEED": "4711", "LC_ALL": "C"}
    environment["TZ"] = "Pacific/Auckland"
    command = [sys.executable, "-c", code, str(tmp_path / "other.xlsx")]
    subprocess.run(command, check=True, cwd=root, env=environment)
    assert digest(tmp_path / "other.xlsx") == digest(generated())


def test_seeds_give_other_weights(tmp_path: Path) -> None:
    paths = [
        xlsgd.generate("titanic", tmp_path / f"{s}.xlsx", data=made_passengers(3), epochs=1, seed=s)
        for s in (0, 1)
    ]
    assert digest(paths[0]) != digest(paths[1])


def test_a_rule_that_colours_looks_at_one_table() -> None:
    """LibreOffice takes a rule with a formula for several areas to look at all cells between the
    first and the last: it took 1.1 of the 1.3 seconds that a change of the learning rate took."""
    seen = 0
    for name, root in xml_of(generated(), "xl/worksheets/").items():
        for formatting in root.iter(f"{MAIN}conditionalFormatting"):
            areas = formatting.get("sqref", "").split()
            kinds = {rule.get("type") for rule in formatting.iter(f"{MAIN}cfRule")}
            assert len(areas) == 1 or kinds == {"cellIs"}, f"{name}: {areas}"
            seen += 1
    assert seen > 10
