"""Runs of a sweep, drawn by lot, written as a workbook and recalculated: do the verdicts agree?"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from xlsgd.base.progress import Progress
from xlsgd.engines.formulas import ENGINE
from xlsgd.lessons import Lesson
from xlsgd.sweeping.axes import RATE, changed
from xlsgd.sweeping.border import lost
from xlsgd.sweeping.grid import Sweep
from xlsgd.tabs.layouts.torch_limits import limits_of
from xlsgd.tabs.workbook import book_of, build_workbook
from xlsgd.verdict import agrees
from xlsgd.verifying.verification import verify
from xlsgd.xlsx.package import package

__all__ = ["CheckedRun", "can_be_checked", "check_sweep", "drawn"]


@dataclass(frozen=True)
class CheckedRun:
    """A run of a sweep beside the workbook that does the same.

    point: where it stands, by axis.   sweep, sheet: the two verdicts.
    torch: the verdicts that rounding may lead to.
    cells_differing: cells of its tab that are not what torch has.
    """

    run: int
    point: dict[str, float]
    sweep: str
    sheet: str
    torch: tuple[str, ...]
    cells_differing: int

    @property
    def agree(self) -> bool:
        """Whether sweep, sheet and torch all say the same, as far as float64 goes."""
        same = agrees(self.sweep, self.torch) and agrees(self.sheet, self.torch)
        return same and not self.cells_differing


def can_be_checked(sweep: Sweep) -> bool:
    """Return whether a workbook can do the same: layers have no rates of their own there, as groups
    of weights have."""
    keys = {given.key for given in sweep.experiment.hyperparameters}
    return not any(a.name.startswith(f"{RATE}.") and a.name not in keys for a in sweep.axes)


def drawn(sweep: Sweep, per_side: int, seed: int) -> list[int]:
    """Return so many runs from each side of the border."""
    random = np.random.default_rng(seed)
    beyond = lost(sweep)
    found: list[int] = []
    for side in (~beyond, beyond):
        runs = np.flatnonzero(side)
        found += random.choice(runs, min(per_side, len(runs)), replace=False).tolist()
    return sorted(found)


def check_sweep(
    sweep: Sweep,
    per_side: int = 2,
    seed: int = 0,
    progress: Progress | None = None,
    engine: str = "formulas",
) -> list[CheckedRun]:
    """Return runs drawn by lot from both sides of the border beside a workbook of them.

    Each gets a training tab of its own, as ``generate`` writes it; ``verify`` recalculates it.
    """
    runs = drawn(sweep, per_side, seed)
    if not runs:
        return []
    views = []
    for run in runs:
        one = replace(changed(sweep.experiment, sweep.point(run)), id=f"run {run}")
        named = replace(sweep.view, experiment=one, title=f"run {run} of a sweep", about="")
        views.append(replace(named, typed=asdict(limits_of(named, sweep.data))))
    lesson = Lesson(
        "sweep", "Runs of a sweep", (), (), (), sweep.data, tuple(views), target_loss=1.0
    )
    workbook = build_workbook(lesson)
    written = ENGINE.calculate(book_of(workbook), _named(progress, "calculating the drawn runs"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sweep.xlsx")
        path.write_bytes(package(workbook, written.values))
        report = verify(path, engine, progress=progress)
    sheets = {sheet.experiment: sheet for sheet in report.sheets if sheet.verdict is not None}
    found = []
    for run, view in zip(runs, views, strict=True):
        sheet = sheets[view.id]
        assert sheet.verdict is not None
        found.append(
            CheckedRun(
                run,
                sweep.point(run),
                str(sweep.verdicts[run]),
                sheet.verdict.sheet,
                sheet.verdict.torch_all,
                sheet.cells_differing,
            )
        )
    return found


def _named(progress: Progress | None, what: str) -> Callable[[int, int], None] | None:
    return None if progress is None else lambda done, total: progress(what, done, total)
