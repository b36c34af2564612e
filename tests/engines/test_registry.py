"""Engines are found in their folder, and finding them costs nothing."""

import subprocess
import sys

import pytest

from xlsgd.base.errors import SpecError
from xlsgd.engines import engine_names, get_engine


def test_formulas_is_there() -> None:
    assert "formulas" in engine_names()
    engine = get_engine("formulas")
    assert engine.name == "formulas"
    assert engine.version().startswith("formulas 1.")


def test_an_unknown_engine_is_answered_with_those_there_are() -> None:
    with pytest.raises(SpecError, match="excel") as caught:
        get_engine("excel")
    for name in engine_names():
        assert name in str(caught.value)


def test_looking_for_engines_does_not_load_the_library() -> None:
    code = (
        "import sys; from xlsgd.engines import engine_names, get_engine;"
        "engine_names(); get_engine('formulas').version(); "
        "sys.exit(any(m in sys.modules for m in ('formulas', 'schedula', 'scipy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
