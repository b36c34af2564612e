"""A folder with workbooks of all sorts, and the command line to check them."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils import get_column_letter

import xlsgd
from tests.cli.conftest import run as run  # the fixture
from tests.verify.books import SIX_POINTS, edited, step_cell

OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(4096)
"""How a workbook with a password begins."""


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small workbook in which nothing is wrong."""
    path = tmp_path_factory.mktemp("many") / "good.xlsx"
    return xlsgd.generate("graddesc", path, epochs=1, data=SIX_POINTS, optimizers=("sgd",))


@pytest.fixture(scope="session")
def wrong(good: Path) -> Path:
    """Return the same with a number typed over a loss."""
    cell = step_cell(openpyxl.load_workbook(good)["sgd"], "loss", 2)

    def edit(workbook: Any) -> None:
        workbook["sgd"][cell] = 1e5

    return edited(good, good.with_name("wrong.xlsx"), edit)


@pytest.fixture(scope="session")
def hanging(good: Path) -> Path:
    """Return the same with formulas that look for text in some hundred million cells."""

    def edit(workbook: Any) -> None:
        sheet = workbook["sgd"]
        beside = sheet.max_column + 2
        begin, end = get_column_letter(beside + 10), get_column_letter(beside + 100)
        sheet[f"{end}2400"] = 1  # ranges are cut after the last cell in use
        for row in range(1, 2000):
            # Each is another formula with another range: nothing can be shared or remembered.
            first = 1 + row // 2
            cells = f"{begin}{first}:{end}{first + 1400}"
            sheet.cell(row, beside).value = f'=COUNTIF({cells},"*x?")+{row}'

    return edited(good, good.with_name("hanging.xlsx"), edit)


@pytest.fixture
def folder(tmp_path: Path, good: Path, wrong: Path) -> Path:
    """Return a folder with good, wrong, corrupt, encrypted and empty files, in this order."""
    folder = tmp_path / "class"
    folder.mkdir()
    shutil.copy(good, folder / "1 good.xlsx")
    shutil.copy(wrong, folder / "2 wrong.xlsx")
    (folder / "3 corrupt.xlsx").write_bytes(good.read_bytes()[:5000])
    (folder / "4 encrypted.xlsx").write_bytes(OLE)
    (folder / "5 empty.xlsx").write_bytes(b"")
    return folder
