"""What all tests of the Titanic share."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module", autouse=True)
def _trained_once(trained_once: None) -> None:
    """Most workbooks here are the same but for a cell."""
