"""The two ways of the data that docs/architecture.md tells: as a run goes them, no room twice."""

from __future__ import annotations

import re
import sys
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from click.testing import CliRunner

from tests.package_map import PACKAGE
from xlsgd.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"
STOOD_ON = {"base", "formula", "processes"}
"""Rooms that others call at any time; a way may end in one."""
MOST_LINES = 10


def told(heading: str) -> list[list[str]]:
    """Return the functions that each line of a numbered list names: ``cli.verify.verify``."""
    after = PAGE.read_text("utf-8").split(heading, 1)[1].lstrip()
    items = re.split(r"^\d+\. ", after.split("\n\n", 2)[1], flags=re.MULTILINE)[1:]
    return [re.findall(r"`(\w+(?:\.\w+){2,})`", item) for item in items]


def calls(*words: object) -> list[str]:
    """Return the functions of the package that a command calls, in order, each time anew."""
    found: list[str] = []
    arguments = [str(word) for word in words]
    names: dict[Any, str | None] = {}

    def name_of(frame: FrameType) -> str | None:
        code = frame.f_code
        path = Path(code.co_filename)
        # A module and a class are called when they are imported.
        if not code.co_flags & 1 or PACKAGE not in path.parents:
            return None
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        return ".".join((*parts, code.co_qualname.removesuffix(".__init__")))

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            code = frame.f_code
            if code not in names:
                names[code] = name_of(frame)
            name = names[code]
            if name is not None:
                found.append(name)

    # What is imported the first time is imported before.
    assert CliRunner().invoke(main, arguments, catch_exceptions=False).exit_code == 0
    sys.setprofile(note)
    try:
        CliRunner().invoke(main, arguments, catch_exceptions=False)
    finally:
        sys.setprofile(None)
    return found


def room(function: str) -> str:
    return function.split(".", 1)[0]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ways") / "book.xlsx"


@pytest.fixture(scope="module")
def generated(written: Path) -> list[str]:
    small = ("--points", 5, "--epochs", 2, "--optimizer", "sgd", "--force")
    return calls("generate", "graddesc", *small, "-o", written)


@pytest.fixture(scope="module")
def verified(generated: list[str], written: Path) -> list[str]:
    return calls("verify", written)


HEADINGS = {"generate": "`xlsgd generate` goes", "verify": "`xlsgd verify` goes"}


@pytest.mark.parametrize("command", HEADINGS)
def test_the_ways_are_those_that_a_run_goes(
    command: str, generated: list[str], verified: list[str]
) -> None:
    made = generated if command == "generate" else verified
    lines = told(HEADINGS[command])
    functions = [function for line in lines for function in line]
    assert all(lines)
    assert 8 <= len(lines) <= MOST_LINES
    rooms = [room(function) for function in functions]
    assert len(set(rooms)) == len(rooms), "no room twice"
    assert set(functions) <= set(made)
    firsts = [made.index(function) for function in functions]
    assert all(one < next for one, next in pairwise(firsts)), functions
    assert {room(name) for name in made if "." in name} - STOOD_ON == set(rooms) - STOOD_ON


def test_nothing_is_drawn_any_more_once_it_is_calculated(generated: list[str]) -> None:
    calculating = generated.index("engines.formulas.FormulasEngine.calculate")
    packing = generated.index("xlsx.package.package")
    later = {room(name) for name in generated[calculating:]}
    assert later.isdisjoint({"training", "tabs", "verdict", "sheets"})
    assert "engines" not in {room(name) for name in generated[packing:]}
