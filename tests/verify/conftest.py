"""Workbooks that many tests of verify start from, generated once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import xlsgd
from tests.verify.books import EPOCHS, SIX_POINTS, Workbook
from xlsgd.report import Report

Make = Callable[..., Path]


@pytest.fixture(scope="module", autouse=True)
def _trained_once(trained_once: None) -> None:
    """Most workbooks here are the same but for a cell."""


@pytest.fixture(scope="session")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Return a function that generates a small workbook, once for the same options."""
    folder = tmp_path_factory.mktemp("books")
    made: dict[str, Path] = {}

    def generate(*optimizers: str, **options: Any) -> Path:
        key = f"{optimizers} {sorted(options.items())}"
        if key not in made:
            settings = {"epochs": EPOCHS, "data": SIX_POINTS, **options}
            path = folder / f"book{len(made)}.xlsx"
            made[key] = xlsgd.generate("graddesc", path, optimizers=optimizers, **settings)
        return made[key]

    return generate


@pytest.fixture(scope="session")
def small(make: Make) -> Path:
    """Return a workbook with the tabs sgd and adam, 24 steps each."""
    return make("sgd", "adam")


@pytest.fixture(scope="session")
def formulas(small: Path) -> Workbook:
    """Return ``small`` with its formulas, to look things up in."""
    return openpyxl.load_workbook(small)


@pytest.fixture(scope="session")
def values(small: Path) -> Workbook:
    """Return ``small`` with its stored values, to look things up in."""
    return openpyxl.load_workbook(small, data_only=True)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return a file to write to."""
    return tmp_path / "edited.xlsx"


@pytest.fixture(scope="session")
def untouched(small: Path) -> Report:
    """Return what verify finds in ``small`` as generated."""
    return xlsgd.verify(small)
