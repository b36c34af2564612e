"""A sweep and all that comes with it: data, runs recalculated as a workbook, files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xlsgd.base.errors import SpecError
from xlsgd.base.progress import Progress
from xlsgd.data import Dataset
from xlsgd.engines import get_engine
from xlsgd.lessons.given import data_for, keep_source
from xlsgd.sweeping.check import CheckedRun, can_be_checked, check_sweep
from xlsgd.sweeping.grid import Sweep
from xlsgd.sweeping.lesson import sweep
from xlsgd.sweeping.outputs import Outputs

__all__ = ["SweepWritten", "write_sweep"]


@dataclass(frozen=True)
class SweepWritten:
    """A sweep, and what is there to be written of it.

    checked: the runs that were recalculated as a workbook, None where that cannot be or was not
        asked for.   not_checked: why it cannot be.
    """

    sweep: Sweep
    checked: list[CheckedRun] | None
    not_checked: str | None
    _outputs: Outputs = field(repr=False)

    @property
    def agrees(self) -> bool:
        """Whether the workbook says of every run what the sweep says."""
        return self.checked is None or all(one.agree for one in self.checked)

    def write(self) -> Iterator[Path]:
        """Write picture, table and workbook; yield the path of each once it is there."""
        yield from self._outputs.write(self.sweep, self.checked)


def write_sweep(
    lesson: str,
    stem: Path | None = None,
    *,
    table: Path | None = None,
    source: str | None = None,
    points: int | None = None,
    noise: float | None = None,
    per_side: int = 2,
    check_seed: int = 0,
    engine: str = "formulas",
    force: bool = False,
    progress: Progress | None = None,
    received: Callable[[Dataset], None] | None = None,
    seen: Callable[[Sweep], None] | None = None,
    **options: Any,
) -> SweepWritten:
    """Sweep a lesson, recalculate some of its runs as a workbook, and return what is to be written.

    stem, table, force: as in Outputs; LESSON-sweep by default.
    source, points, noise, received: as in ``xlsgd.generate``.
    per_side: how many runs from each side of the border are recalculated, 0 for none.
    check_seed: of the lot that draws them.   engine: what recalculates them.
    seen: is given every look at the border, the last one too.   options: as in ``xlsgd.sweep``.
    Raises SpecError for what makes no sense, OutputExistsError if a file exists; both before
    anything is trained.
    """
    for name, number in (("--check", per_side), ("--check-seed", check_seed)):
        if number < 0:
            raise SpecError(f"{name}: got {number}, need a whole number, 0 or greater")
    get_engine(engine)
    outputs = Outputs(Path(f"{lesson}-sweep") if stem is None else stem, table, force)
    keep_source(source, *outputs.paths)
    data = data_for(lesson, options, source, points, noise)
    if data is not None and received is not None:
        received(data)
    found = sweep(lesson, **{**options, "data": data}, progress=progress, seen=seen)
    if seen is not None:
        seen(found)
    checked, why = None, None
    if per_side and not can_be_checked(found):
        why = "a workbook has one learning rate for all layers"
    elif per_side:
        checked = check_sweep(found, per_side, check_seed, progress, engine)
    return SweepWritten(found, checked, why, outputs)
