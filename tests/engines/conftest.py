"""Every test of an engine begins with nothing compiled."""

from __future__ import annotations

import pytest

from xlsgd.engines.formulas import ENGINE


@pytest.fixture(autouse=True)
def _nothing_compiled() -> None:
    ENGINE.forget()
