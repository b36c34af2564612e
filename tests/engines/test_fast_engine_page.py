"""docs/fast-engine.md tells of every file, and of the loop that is really compiled.

What the page shows is run with that of the other pages.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from scripts.refresh_docs import ROOT, blocks
from tests.engines.books import calculate
from xlsgd.engines.fast import compiled

PAGE = ROOT / "docs" / "fast-engine.md"
FOLDER = Path(compiled.__file__).parent


def test_it_names_every_file_of_the_engine() -> None:
    files = {path.name for path in FOLDER.glob("*.py")} - {"__init__.py"}
    assert set(re.findall(r"`(\w+\.py)`", PAGE.read_text("utf-8"))) == files


def test_no_file_of_the_engine_is_long() -> None:
    long = {p.name for p in FOLDER.glob("*.py") if len(p.read_text("utf-8").splitlines()) > 400}
    assert not long


def test_the_loop_it_shows_is_the_one_that_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = PAGE.read_text("utf-8").splitlines()
    found = blocks(lines)
    table, shown = (
        next(
            "\n".join(lines[b.start : b.stop])
            for b in found
            if b.kind == kind and word in str(lines[b.start : b.stop])
        )
        for kind, word in (("python", "Book("), ("text", "def loop"))
    )
    names: dict[str, Any] = {}
    exec(table, names)
    made: list[str] = []

    def spy(text: str, *rest: str) -> object:
        made.append(text)
        return compile(text, *rest)

    monkeypatch.setattr(compiled, "compile", spy, raising=False)
    result = calculate(names["book"])
    assert len(result.values["sgd"]) == 400
    assert [text for text in made if shown in text]
