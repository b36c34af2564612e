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
from xlsgd import Dataset, generate, made_data
from xlsgd.base.errors import SpecError
from xlsgd.lessons import Options
from xlsgd.many.writing import write_seeds
from xlsgd.sweeping import Sweep, sweep, write_sweep

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


# What the command line does, a library does


def points_file(folder: Path) -> Path:
    path = folder / "points.csv"
    path.write_text("x,y\n1,3\n2,5\n3,7.5\n")
    return path


def test_data_from_a_file(tmp_path: Path) -> None:
    source, received = points_file(tmp_path), list[Dataset]()
    asked: dict[str, Any] = {"optimizers": ("sgd",), "epochs": 1}
    path = generate(
        "graddesc", tmp_path / "a.xlsx", source=str(source), received=received.append, **asked
    )
    (data,) = received
    assert data.inputs["x"] == (1.0, 2.0, 3.0)
    other = generate("graddesc", tmp_path / "b.xlsx", data=data, **asked)
    assert path.read_bytes() == other.read_bytes()


def test_data_made_up_by_a_seed(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"optimizers": ("sgd",), "epochs": 1, "seed": 4}
    path = generate("graddesc", tmp_path / "a.xlsx", points=5, noise=2.0, **asked)
    other = generate("graddesc", tmp_path / "b.xlsx", data=made_data(5, 2.0, 4), **asked)
    assert path.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("also", [{"source": "a.csv"}, {"points": 3}, {"noise": 0.5}])
def test_data_is_asked_for_once(tmp_path: Path, also: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match=f"data and {next(iter(also))} exclude each other"):
        generate("graddesc", tmp_path / "a.xlsx", data=made_data(3, 0.0, 0), **also)
    assert not list(tmp_path.iterdir())


def test_the_data_is_not_overwritten(tmp_path: Path) -> None:
    source = points_file(tmp_path).rename(tmp_path / "points.xlsx")
    with pytest.raises(SpecError, match="is read and would be overwritten"):
        generate("graddesc", source, source=str(source), force=True)


def test_a_workbook_for_every_seed(tmp_path: Path) -> None:
    asked: dict[str, Any] = {"optimizers": ("sgd",), "epochs": 1, "points": 3}
    written = write_seeds("graddesc", [5, 2], tmp_path, **asked)
    assert [one.path.name for one in written] == ["graddesc-5.xlsx", "graddesc-2.xlsx"]
    assert (written.status, [*written.notes()]) == (0, [])
    alone = generate("graddesc", tmp_path / "alone.xlsx", seed=2, **asked)
    assert alone.read_bytes() == (tmp_path / "graddesc-2.xlsx").read_bytes()


def test_a_sweep_with_its_files(tmp_path: Path) -> None:
    seen: list[Sweep] = []
    found = write_sweep(
        "graddesc", tmp_path / "s", x="learning_rate=1e-4:1:9", points=4, epochs=2, optimizer="sgd",
        per_side=1, seen=seen.append,
    )  # fmt: skip
    assert seen == [found.sweep]
    assert found.agrees
    assert len(found.checked or ()) == 2
    assert not list(tmp_path.iterdir())
    names = [path.name for path in found.write()]
    assert names == ["s.png", "s.csv", "s.xlsx"]
    assert sorted(names) == sorted(path.name for path in tmp_path.iterdir())
