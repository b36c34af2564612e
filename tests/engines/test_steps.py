"""Every optimizer, every schedule and all that is done to slopes, by every engine."""

from __future__ import annotations

from pathlib import Path

import pytest

import xlsgd
from tests.builders import write_experiments
from tests.test_two_sides_of_steps import EVERYTHING
from tests.two_sides import with_optimizer
from xlsgd.engines import get_engine
from xlsgd.training.optimizers import optimizers


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook with a tab for each of them."""
    path = tmp_path_factory.mktemp("steps") / "steps.xlsx"
    others = [build(id=f"run{i}", epochs=2) for i, build in enumerate(EVERYTHING.values())]
    ours = [with_optimizer(name, id=name, epochs=2) for name in optimizers()]
    return write_experiments(path, *others, *ours)


@pytest.mark.wide
@pytest.mark.parametrize("engine", ["formulas", "ironcalc", "libreoffice", "gnumeric"])
def test_every_engine_trains_by_all_of_them(
    engine: str, workbook: Path, soffice: Path, ssconvert: Path
) -> None:
    if engine == "ironcalc":
        pytest.importorskip("ironcalc")
    assert get_engine(engine).missing() is None
    report = xlsgd.verify(workbook, engine)
    assert report.ok, report.first_difference
    assert len(report.sheets) > len(EVERYTHING) + len(optimizers())
    assert report.cells_compared == sum(sheet.formulas for sheet in report.sheets)
