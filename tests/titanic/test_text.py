"""What a data file has in a cell arrives as text, whatever it looks like."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest

import xlsgd
from tests.verify.books import passes
from xlsgd.data.passengers import RAW_COLUMNS, read_passengers

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"

TEXTS = (
    '=HYPERLINK("http://x")',
    "+cmd|' /C calc'!A0",
    "@SUM(1)",
    "-2+3",
    "#N/A",
    "TRUE",
    "12",
    "1e5",
    "2024-01-02",
    "_x000D_",
    "_x0041_",
    "{=1+1}",
    "'quoted",
    '"<&>"',
    "=1+1",
)
"""One for the name, the ticket and the cabin of each passenger, shifted by one each."""

COLUMNS = ("Name", "Ticket", "Cabin")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("text")
    with (folder / "train.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(RAW_COLUMNS)
        for i, text in enumerate(TEXTS):
            name, ticket, cabin = text, TEXTS[i - 1], TEXTS[i - 2]
            sex, port = ("male", "female")[i % 2], "SCQ"[i % 3]
            row = (i + 1, i % 2, 1 + i % 3, name, sex, 20 + i, 0, 1, ticket, 7.5 + i, cabin, port)
            writer.writerow(row)
    data = read_passengers(folder / "train.csv")
    return xlsgd.generate("titanic", folder / "text.xlsx", data=data, epochs=1)


def text_in(element: ElementTree.Element) -> str:
    return "".join(t.text or "" for t in element.iter(f"{MAIN}t"))


@dataclass(frozen=True)
class Cells:
    """The cells below the headers of text, read from the parts of the file."""

    elements: dict[str, list[ElementTree.Element]]
    strings: list[str]

    @classmethod
    def of(cls, path: Path) -> Cells:
        book = openpyxl.load_workbook(path)
        sheet = book["passengers"]
        headers = {
            cell.column_letter: (str(cell.value), cell.row)
            for row in sheet.iter_rows()
            for cell in row
            if cell.value in COLUMNS
        }
        with zipfile.ZipFile(path) as package:
            number = book.sheetnames.index("passengers") + 1
            root = ElementTree.fromstring(package.read(f"xl/worksheets/sheet{number}.xml"))
            has_shared = "xl/sharedStrings.xml" in package.namelist()
            shared = package.read("xl/sharedStrings.xml") if has_shared else b"<sst/>"
        found: dict[str, list[ElementTree.Element]] = {name: [] for name in COLUMNS}
        for element in root.iter(f"{MAIN}c"):
            letters = element.get("r", "").rstrip("0123456789")
            name, header = headers.get(letters, ("", 0))
            if name and int(element.get("r", "")[len(letters) :]) > header + 1:
                found[name].append(element)
        items = ElementTree.fromstring(shared).iter(f"{MAIN}si")
        return cls(found, [text_in(item) for item in items])

    def text(self, element: ElementTree.Element) -> str:
        """Return what a program shows for a cell: _x000D_ in a file stands for one character."""
        value = element.find(f"{MAIN}v")
        text = text_in(element) if value is None else self.strings[int(value.text or "")]
        return re.sub("_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), text)


def assert_text(path: Path) -> None:
    cells = Cells.of(path)
    for shift, name in enumerate(COLUMNS):
        elements = cells.elements[name]
        assert {element.get("t") for element in elements} <= {"s", "inlineStr"}
        assert all(element.find(f"{MAIN}f") is None for element in elements)
        shown = [cells.text(element) for element in elements]
        assert shown == [TEXTS[i - shift] for i in range(len(TEXTS))], name


def test_text_is_text_in_the_file(path: Path) -> None:
    assert_text(path)


def test_a_cell_that_begins_like_a_formula_is_marked_as_text(path: Path) -> None:
    sheet = openpyxl.load_workbook(path)["passengers"]
    for element in Cells.of(path).elements["Name"]:
        assert sheet[element.get("r")].quotePrefix


def test_text_is_text_after_libreoffice(
    path: Path, tmp_path: Path, libreoffice_saved: Callable[..., Path]
) -> None:
    assert_text(libreoffice_saved(path, "xlsx", tmp_path / "saved"))


def test_verify_has_nothing_against_it(path: Path) -> None:
    assert passes(xlsgd.verify(path))


def test_no_link_leads_out_of_the_workbook(path: Path) -> None:
    with zipfile.ZipFile(path) as package:
        for name in package.namelist():
            if name.endswith(".rels"):
                assert b'TargetMode="External"' not in package.read(name)
