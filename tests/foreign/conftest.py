"""Workbooks that are saved once for all tests of a file, and what check says of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.foreign.calculated import Numbers, calculated
from tests.foreign.written import write
from xlsgd.base.cells import Book

if TYPE_CHECKING:
    from xlsgd.foreign.findings import CheckReport

Checked = Callable[..., "CheckReport"]


@pytest.fixture(scope="session")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """Give what check says of a book, saved with its values: its own, unless they are given."""
    folder = tmp_path_factory.mktemp("checked")

    def report(book: Book, values: Numbers | None = None) -> CheckReport:
        from xlsgd.foreign.check import check

        path = write(
            book, calculated(book) if values is None else values, Path(folder, "book.xlsx")
        )
        return check(path)

    return report
