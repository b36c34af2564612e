"""Programs say themselves how they treat numbers, and what they give says so too."""

from __future__ import annotations

import pytest

from xlsgd.engines import engines
from xlsgd.engines.stored import habits_of

OF_PROGRAMS = ("libreoffice", "gnumeric")


@pytest.mark.parametrize("name", OF_PROGRAMS)
def test_an_engine_that_was_made_has_the_habits_of_its_kind(name: str) -> None:
    engine = engines()[name]
    assert engine.habits
    assert engine.habits == type(engine).habits


def test_no_two_programs_have_the_same_habits() -> None:
    assert len({engines()[name].habits for name in OF_PROGRAMS}) == len(OF_PROGRAMS)


def test_what_a_program_saved_has_its_habits() -> None:
    assert habits_of("LibreOffice/7.4") == engines()["libreoffice"].habits
