"""The command line run in this process, and workbooks to run it on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner, Result

import xlsgd
from tests.verify.books import EPOCHS, SIX_POINTS, edited, step_cell
from xlsgd.cli import main

Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """Return a function that runs xlsgd.  What it does not catch itself comes through."""

    def command(*arguments: object) -> Result:
        words = [str(argument) for argument in arguments]
        return CliRunner().invoke(main, words, prog_name="xlsgd", catch_exceptions=False)

    return command


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workbook in which nothing is wrong."""
    path = tmp_path_factory.mktemp("cli") / "good.xlsx"
    return xlsgd.generate(
        "graddesc", path, epochs=EPOCHS, data=SIX_POINTS, optimizers=("sgd", "adam")
    )


@pytest.fixture(scope="session")
def broken_cell(good: Path) -> str:
    """Return the cell that is wrong in ``broken``."""
    return step_cell(openpyxl.load_workbook(good)["sgd"], "loss", 12)


@pytest.fixture(scope="session")
def broken(good: Path, broken_cell: str) -> Path:
    """Return a workbook with a number typed over a loss."""

    def edit(workbook: Any) -> None:
        workbook["sgd"][broken_cell] = 1e5

    return edited(good, good.with_name("broken.xlsx"), edit)


@pytest.fixture(scope="session")
def corrupt(good: Path) -> Path:
    """Return a file that is half a workbook."""
    path = good.with_name("corrupt.xlsx")
    path.write_bytes(good.read_bytes()[:5000])
    return path
