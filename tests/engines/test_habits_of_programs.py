"""Programs say themselves how they treat numbers, and what they give says so too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.test_programs import book_file, values
from xlsgd.base.cells import CellError
from xlsgd.engines import ERRORS_LEFT_OUT, engines
from xlsgd.engines.stored import habits_of

OF_PROGRAMS = ("libreoffice", "gnumeric")


@pytest.mark.parametrize("name", OF_PROGRAMS)
def test_an_engine_that_was_made_has_the_habits_of_its_kind(name: str) -> None:
    engine = engines()[name]
    assert engine.habits
    assert engine.habits == type(engine).habits


def test_no_two_programs_have_the_same_habits() -> None:
    assert len({engines()[name].habits for name in OF_PROGRAMS}) == len(OF_PROGRAMS)


@pytest.mark.parametrize("name", ["ironcalc", "formualizer", "formulon", "hyperformula"])
def test_a_mean_with_an_error_in_it(name: str, tmp_path: Path) -> None:
    """Who has the habit of leaving errors out does so, and nobody else does."""
    engine = engines()[name]
    if (missing := engine.missing()) is not None:
        pytest.skip(f"{name}: {missing}")
    cells = {"A1": 1, "A2": 1, "A3": 2, "B1": 4, "B2": "=1/0", "B3": "=NA()"}
    cells |= {"C1": "=AVERAGEIF(A1:A3,1,B1:B3)", "C2": "=AVERAGEIF(A1:A3,2,B1:B3)"}
    found = values(engine, book_file(tmp_path / "mean.xlsx", cells))
    left_out = ERRORS_LEFT_OUT in getattr(engine, "habits", frozenset())
    assert found[1, 3] == (4.0 if left_out else CellError("#DIV/0!"))
    assert isinstance(found[2, 3], CellError)


def test_what_a_program_saved_has_its_habits() -> None:
    assert habits_of("LibreOffice/7.4") == engines()["libreoffice"].habits
