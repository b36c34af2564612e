"""Sweeps of a lesson: from the name of a lesson to how its runs went."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from xlsgd.base.errors import SpecError
from xlsgd.base.progress import Progress
from xlsgd.data import Dataset
from xlsgd.lessons import Lesson, Options, get_plan
from xlsgd.sweeping.axes import RATE, Axis, check_axes, parse_axis
from xlsgd.sweeping.border import closer
from xlsgd.sweeping.grid import Sweep, sweep_experiment
from xlsgd.training.experiment import Experiment
from xlsgd.training.optimizers import get_optimizer

__all__ = ["experiment_of", "sweep"]


def sweep(
    lesson: str,
    x: str | Axis = RATE,
    y: str | Axis | None = None,
    *,
    tab: str | None = None,
    zoom: int = 0,
    device: str = "cpu",
    optimizer: str | None = None,
    learning_rate: float | None = None,
    epochs: int | None = None,
    h: float | None = None,
    init: Mapping[str, float] | None = None,
    gradient: str | None = None,
    difference: str | None = None,
    convention: str = "torch",
    batch_size: int | None = None,
    schedule: str | None = None,
    start: str = "random",
    seed: int | None = None,
    data: Dataset | None = None,
    progress: Progress | None = None,
    seen: Callable[[Sweep], None] | None = None,
) -> Sweep:
    """Train a tab of a lesson at every point of a grid, and return how the runs went.

    x, y: what to vary, such as ``learning_rate=1e-5:1e-2:200``; see xlsgd.sweeping.axes.
    tab: its name; the first tab of the lesson, or the first with the optimizer, by default.
    zoom: how many times to look closer at the border between runs that explode and runs that do
        not; the closest look is returned.   seen: called with every look on the way.
    The others replace what the lesson would choose itself, as in ``generate``.
    Raises SpecError for arguments that make no sense.
    """
    if zoom < 0:
        raise SpecError(f"zoom: got {zoom}, need 0 or a number of closer looks")
    built = get_plan(lesson).build(
        Options(
            learning_rate=learning_rate,
            epochs=epochs,
            h=h,
            gradient=gradient,
            difference=difference,
            batch_size=batch_size,
            schedule=schedule,
            start=dict(init or {}),
            optimizers=() if optimizer is None else (optimizer,),
            convention=convention,
            start_from=start,
            seed=seed or 0,
            data=data,
            progress=progress,
        )
    )
    wanted = None if optimizer is None else get_optimizer(optimizer, convention).name
    experiment = experiment_of(built, tab, wanted)
    given = [axis for axis in (x, y) if axis is not None]
    axes: Sequence[Axis] = [
        axis if isinstance(axis, Axis) else parse_axis(axis, experiment, len(given))
        for axis in given
    ]
    check_axes(axes, experiment)
    found = sweep_experiment(experiment, built.data, axes, device, progress)
    for _ in range(zoom):
        if seen is not None:
            seen(found)
        found = sweep_experiment(experiment, built.data, closer(found), device, progress)
    return found


def experiment_of(lesson: Lesson, tab: str | None, optimizer: str | None = None) -> Experiment:
    """Return the experiment of a tab.

    tab: the first one by default, or the first one with an optimizer.
    Raises SpecError for a name that the lesson does not have.
    """
    fitting = [e for e in lesson.experiments if optimizer in (None, e.optimizer.name)]
    if tab is None:
        return replace(fitting[0], rate_elsewhere=False)  # its rate is the sweep's business
    by_id = {e.id: e for e in lesson.experiments}
    if tab not in by_id:
        raise SpecError(f"--tab {tab}: '{lesson.name}' has no such tab; there are: "
                        f"{', '.join(by_id)}")  # fmt: skip
    return replace(by_id[tab], rate_elsewhere=False)
