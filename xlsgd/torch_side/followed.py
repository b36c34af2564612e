"""The rates of a schedule that follows the losses of the run itself.

torch's scheduler is told the mean loss of every epoch, that of all members of an ensemble; the rate
is one for all of them. Where rounding decides, a sheet's number may say on which side it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from xlsgd.torch_side.ensemble import Ensemble
from xlsgd.torch_side.rates import (
    live_optimizer,
    rates_now,
    scheduled_of_steps,
    steady_rates,
)
from xlsgd.training.experiment import Experiment

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Followed", "given_in_sheet", "loss_sums"]

Floats = NDArray[np.float64]
Given = dict[str, Floats]


class Followed:
    """The rate of every step of a run, and what its schedule remembers.

    rows: of data.   seen: by step, what a sheet has for the number that decides; nan for nothing.
    """

    def __init__(
        self, experiment: Experiment, ensemble: Ensemble, rows: int, seen: Floats | None = None
    ) -> None:
        self._ensemble, self._rows = ensemble, rows
        self._experiment = experiment
        self._optimizer, self._scheduler = _live(experiment)
        self._seen = np.empty(0) if seen is None else seen
        self._total: Tensor | float = 0.0
        self._count = 0
        self._given: list[dict[str, Any]] = []

    def rates(self) -> dict[str, float]:
        """Return the rates of the next step, and take note of them."""
        self._given.append(_shown(self._experiment, self._optimizer, self._scheduler))
        return {name: float(self._given[-1][name]) for name in steady_rates(self._experiment)}

    def look(self, losses: Tensor) -> None:
        """Take notice of the losses of the step's rows, shape (members, rows)."""
        import torch

        self._total = self._total + losses.sum(-1)
        self._count += losses.shape[-1]
        if self._count < self._rows:
            return
        step = len(self._given)
        seen = float(self._seen[step]) if step < len(self._seen) else np.nan
        own = torch.tensor([seen], dtype=torch.float64)
        self._scheduler.told(
            self._total / self._rows, lambda gain: self._ensemble.on_its_side(gain, own)
        )
        self._total, self._count = 0.0, 0

    def given(self, steps: NDArray[np.int64]) -> Given:
        """Return what the schedule gave to some steps, shape (steps,) or (members, steps) each.

        steps: their numbers, from 1.
        """
        found = {}
        for name, first in self._given[0].items():
            values = [self._given[i][name] for i in steps - 1]
            if not isinstance(first, float):
                values = [_of_members(value, self._ensemble.members) for value in values]
            found[name] = np.stack(values, -1)
        return found


def given_in_sheet(
    experiment: Experiment,
    ensemble: Ensemble,
    sheet: Mapping[str, Floats],
    place: Mapping[str, NDArray[np.int64]],
    rows: int,
    losses: Floats,
) -> Given:
    """Return what the schedule gives to each row of a sheet's table of steps, shape (rows,) or
    (members, rows) each; where it follows losses, from what the sheet has in the row above.

    sheet: its numbers.   place: step and epoch of every row.   rows: of data.
    losses: that a row has seen, added up, shape (members, rows).
    """
    if not experiment.schedule.follows_losses:
        return scheduled_of_steps(experiment, place["step"])
    given = _followed_each(experiment, ensemble, sheet, place["epoch"], rows)
    return given | loss_sums(losses, place["epoch"], sheet["loss_sum"])


def _followed_each(
    experiment: Experiment,
    ensemble: Ensemble,
    sheet: Mapping[str, Floats],
    epochs: NDArray[np.int64],
    rows: int,
) -> Given:
    import torch

    schedule, members = experiment.schedule, ensemble.members
    found = {}
    for name, begin in _shown(experiment, *_live(experiment)).items():
        above = sheet[name][:-1]
        if isinstance(begin, float):  # one for all members
            found[name] = np.concatenate(([begin], above))
        else:
            first = _of_members(begin, members)[:, np.newaxis]
            found[name] = np.concatenate((first, ensemble.copies(above).numpy()), 1)
    for i in np.flatnonzero(np.diff(epochs, prepend=epochs[:1])):
        optimizer, scheduler = _live(experiment)
        names = steady_rates(experiment)
        for group, rate in zip(optimizer.param_groups, names, strict=True):
            group["lr"] = float(sheet[rate][i - 1])
        for name, key in schedule.shown.items():
            above = found[name][..., i]
            setattr(scheduler, key, torch.from_numpy(above.copy()) if above.ndim else float(above))
        own = torch.from_numpy(sheet[schedule.decides_by][i : i + 1].copy())
        loss = ensemble.copies(sheet["loss_sum"][i - 1]) / rows
        scheduler.told(loss, lambda gain, own=own: ensemble.on_its_side(gain, own))
        for name, value in _shown(experiment, optimizer, scheduler).items():
            found[name][..., i] = value if found[name].ndim == 1 else _of_members(value, members)
    return found


def loss_sums(
    losses: Floats, epochs: NDArray[np.int64], before: Floats | None = None
) -> dict[str, Floats]:
    """Return the losses of every epoch added up, row by row of the table of steps.

    losses: that a row has seen, shape (members, rows).   epochs: of every row.
    before: what a sheet has, shape (rows,): then each row goes on from the one above it there.
    """
    total = np.empty_like(losses)
    begins = np.diff(epochs, prepend=epochs[:1] - 1) > 0
    with np.errstate(all="ignore"):
        for i, begin in enumerate(begins):
            so_far = total[:, i - 1] if before is None else before[i - 1]
            total[:, i] = (0.0 if begin else so_far) + losses[:, i]
    return {"loss_sum": total}


def _live(experiment: Experiment) -> tuple[Any, Any]:
    """Return an optimizer at the learning rate, and the scheduler for it."""
    schedule = experiment.schedule
    optimizer = live_optimizer(experiment)
    keys = (given.key for given in schedule.hyperparameters)
    hyper = {key: experiment.hyperparameter(key) for key in keys}
    return optimizer, schedule.torch_scheduler(optimizer, hyper)


def _shown(experiment: Experiment, optimizer: Any, scheduler: Any) -> dict[str, Any]:
    """Return the rates and what the scheduler remembers: numbers, or a tensor (members,)."""
    shown = experiment.schedule.shown
    found = {name: getattr(scheduler, key) for name, key in shown.items()}
    return {
        **rates_now(experiment, optimizer),
        **{name: float(v) if isinstance(v, int) else v for name, v in found.items()},
    }


def _of_members(value: Any, members: int) -> Floats:
    found: Floats = np.broadcast_to(np.asarray(value, dtype=np.float64), (members,))
    return found
