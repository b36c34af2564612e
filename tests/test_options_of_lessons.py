"""What may be asked of a lesson is listed in one place, whoever asks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.verify.books import field_cell
from xlsgd import generate
from xlsgd.lessons import Options
from xlsgd.sweeping import sweep

RESULT = {"progress"}


@pytest.mark.parametrize("function", [generate, sweep], ids=["generate", "sweep"])
def test_no_option_is_listed_twice(function: Callable[..., Any]) -> None:
    names = {field.name for field in fields(Options)}
    assert not names & inspect.signature(function).parameters.keys() - RESULT


def test_an_option_reaches_the_lesson(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"init": {"a": 0.25}, "h": 0.125, "epochs": 2}
    path = generate("graddesc", tmp_path / "a.xlsx", optimizers=("sgd",), **asked)
    sheet = openpyxl.load_workbook(path)["sgd"]
    assert [sheet[field_cell(sheet, key)].value for key in ("init.a", "h")] == [0.25, 0.125]
    found = sweep("graddesc", "init.b=-1:1:3", optimizer="sgd", **asked)
    assert (found.experiment.start["a"], found.experiment.h) == (0.25, 0.125)


@pytest.mark.parametrize("function", [generate, sweep], ids=["generate", "sweep"])
def test_an_unknown_option_is_an_error(function: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="momentun"):
        function("graddesc", momentun=0.5)
