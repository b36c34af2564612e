"""Every test of an engine begins with nothing compiled, and has loops for short tables too."""

from __future__ import annotations

import pytest

from xlsgd.engines.fast import calculation
from xlsgd.engines.formulas import ENGINE


@pytest.fixture(autouse=True)
def _nothing_compiled() -> None:
    ENGINE.forget()


@pytest.fixture(autouse=True)
def _loops_for_short_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of a few rows, which formulas itself calculates in no time, tries them as well."""
    monkeypatch.setattr(calculation, "WORTH_ALONE", 4)
