"""Workbooks are calculated once, however often they are explained."""

from __future__ import annotations

import pytest

from tests.builders import RememberingEngine
from xlsgd.engines import get_engine

_remembering = RememberingEngine()


@pytest.fixture(autouse=True)
def remembering_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "xlsgd.verifying.opening.get_engine",
        lambda name: _remembering if name == "formulas" else get_engine(name),
    )
