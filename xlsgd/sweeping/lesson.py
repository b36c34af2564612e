"""Sweeps of a lesson: from the name of a lesson to how its runs went."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from xlsgd.base.errors import SpecError
from xlsgd.base.progress import Progress
from xlsgd.lessons import Lesson, Options, get_plan
from xlsgd.sweeping.axes import RATE, Axis, check_axes, parse_axis
from xlsgd.sweeping.border import closer
from xlsgd.sweeping.grid import Sweep, sweep_experiment
from xlsgd.tabs.view import View
from xlsgd.training.optimizers import get_optimizer

__all__ = ["sweep", "view_of"]


def sweep(
    lesson: str,
    x: str | Axis = RATE,
    y: str | Axis | None = None,
    *,
    tab: str | None = None,
    zoom: int = 0,
    device: str = "cpu",
    optimizer: str | None = None,
    reach: float | None = None,
    progress: Progress | None = None,
    seen: Callable[[Sweep], None] | None = None,
    **options: Any,
) -> Sweep:
    """Train a tab of a lesson at every point of a grid, and return how the runs went.

    x, y: what to vary, such as ``learning_rate=1e-5:1e-2:200``; see xlsgd.sweeping.axes.
    tab: its name; the first tab of the lesson, or the first with the optimizer, by default.
    zoom: how many times to look closer at the border between runs that explode and runs that do
        not; the closest look is returned.   seen: called with every look on the way.
    optimizer: for the lessons that have a tab per optimizer.
    reach: the loss below which a run has got there, where that is to be counted.
    options: replace what the lesson would choose itself; see ``xlsgd.lessons.Options``.
    Raises SpecError for arguments that make no sense.
    """
    if zoom < 0:
        raise SpecError(f"zoom: got {zoom}, need 0 or a number of closer looks")
    optimizers = () if optimizer is None else (optimizer,)
    asked = Options(optimizers=optimizers, progress=progress, **options)
    built = get_plan(lesson).build(asked)
    wanted = None if optimizer is None else get_optimizer(optimizer, asked.convention).name
    view = view_of(built, tab, wanted)
    given = [axis for axis in (x, y) if axis is not None]
    axes: Sequence[Axis] = [
        axis if isinstance(axis, Axis) else parse_axis(axis, view.experiment, len(given))
        for axis in given
    ]
    check_axes(axes, view.experiment)
    # Rows that validate say nothing of how a run goes.
    data = replace(built.data, validation=None)
    found = sweep_experiment(view, data, axes, device, progress, reach)
    for _ in range(zoom):
        if seen is not None:
            seen(found)
        found = sweep_experiment(view, data, closer(found), device, progress, reach)
    return found


def view_of(lesson: Lesson, tab: str | None, optimizer: str | None = None) -> View:
    """Return what a tab shows, its rate typed in there: that is the sweep's business.

    tab: the first one by default, or the first one with an optimizer.
    Raises SpecError for a name that the lesson does not have.
    """
    fitting = [v for v in lesson.views if optimizer in (None, v.experiment.optimizer.name)]
    if tab is None:
        return replace(fitting[0], rate_elsewhere=False)
    by_id = {view.id: view for view in lesson.views}
    if tab not in by_id:
        raise SpecError(f"--tab {tab}: '{lesson.name}' has no such tab; there are: "
                        f"{', '.join(by_id)}")  # fmt: skip
    return replace(by_id[tab], rate_elsewhere=False)
