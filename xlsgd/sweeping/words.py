"""A sweep in words: the window, how many runs went how, the border, what was recalculated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xlsgd.sweeping.axes import Axis
from xlsgd.sweeping.border import border
from xlsgd.sweeping.check import CheckedRun
from xlsgd.sweeping.grid import Sweep

__all__ = [
    "axis_label",
    "border_words",
    "check_lines",
    "kind_counts",
    "place_words",
    "summary_lines",
    "sweep_title",
]

_LABELS = {"h": "h, how far a numerical derivative moves a weight"}


def sweep_title(sweep: Sweep) -> str:
    """Return what was swept."""
    count = sweep.experiment.epochs
    epochs = f"{count} epoch{'s' if count > 1 else ''}"
    return f"{sweep.view.title}: {sweep.runs:,} runs of {epochs}"


def axis_label(axis: Axis) -> str:
    """Return the words beside an axis."""
    rate, _, layer = axis.name.partition(".")
    if rate == "learning_rate" and layer:
        return f"learning rate of {'layer ' if layer.isdecimal() else ''}{layer}"
    if axis.name.startswith("init."):
        return f"{axis.name.removeprefix('init.')} at the start"
    return _LABELS.get(axis.name, axis.name.replace("_", " "))


def place_words(point: dict[str, float]) -> str:
    """Return where a run stands on the axes."""
    return ", ".join(f"{name} {value:.15g}" for name, value in point.items())


def kind_counts(sweep: Sweep) -> list[tuple[str, int]]:
    """Return how many runs there are of every kind, the most frequent first."""
    kinds, counts = np.unique(sweep.kinds.astype(str), return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [(str(kinds[i]), int(counts[i])) for i in order]


def border_words(sweep: Sweep) -> str:
    """Return where the border lies."""
    found = border(sweep)
    if found is None:
        return "no border in this window: all runs lie on one side of it"
    first, second = (sweep.point(run) for run in found)
    name = sweep.axes[0].name
    sides = " and ".join(
        f"{point[name]:.15g} ({_short(sweep.verdicts[run])})"
        for point, run in zip((first, second), found, strict=True)
    )
    where = "".join(f", at {axis.name} {first[axis.name]:.15g}" for axis in sweep.axes[1:])
    return f"between {name} {sides}{where}"


def summary_lines(sweep: Sweep) -> list[str]:
    """Return what the command line says of a sweep."""
    window = ", ".join(f"{a.name} {a.low:.15g} to {a.high:.15g}" for a in sweep.axes)
    counts = kind_counts(sweep)
    wide = max(len(f"{count:,}") for _, count in counts)
    return [
        sweep_title(sweep),
        f"window: {window}",
        *_scheduled(sweep),
        *(f"  {count:>{wide},} {kind}" for kind, count in counts),
        *_reached(sweep),
        f"border: {border_words(sweep)}",
    ]


def _reached(sweep: Sweep) -> list[str]:
    """Return how many runs ended below a loss, where that was asked."""
    if sweep.reach is None:
        return []
    count, epoch = sweep.reached
    when = "" if epoch is None else f"; half of these had been by epoch {epoch:,}"
    return [f"reached: {count:,} of {sweep.runs:,} runs ended below {sweep.reach:g}{when}"]


def _scheduled(sweep: Sweep) -> list[str]:
    """Return what a learning rate is here, where it moves from step to step."""
    schedule = sweep.experiment.schedule
    if schedule.steady:
        return []
    return [f"learning_rate is the one typed in: schedule {schedule.name}, {schedule.summary}"]


def check_lines(checked: Sequence[CheckedRun]) -> list[str]:
    """Return what the command line says of the runs that were recalculated."""
    agreeing = sum(one.agree for one in checked)
    lines = [
        f"recalculated as a workbook: {len(checked)} runs drawn by lot, "
        f"{agreeing} agree, {len(checked) - agreeing} differ"
    ]
    for one in checked:
        lines.append(
            f"  {'ok  ' if one.agree else 'FAIL'} {place_words(one.point)}: {_short(one.sheet)}"
        )
        if not one.agree:
            lines.append(f"       the sweep says: {one.sweep}")
            lines.append(f"       the sheet says: {one.sheet}; {one.cells_differing} cells differ")
            lines.append(f"       torch says:     {one.torch[0]}")
    return lines


def _short(verdict: str) -> str:
    """Return a verdict without its list of weights that do not move."""
    return "; ".join(part for part in verdict.split("; ") if not part.startswith("zero gradient"))
