"""Runs that train side by side: gradients in one go, a step of its own optimizer for each.

A step costs torch nearly the same for one number as for a hundred.  So the parameters of a run are
stacked into one tensor, along which its optimizer steps faster than along many, and the gradients
of all runs are asked for together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd.torch_side.ensemble import Ensemble
from xlsgd.torch_side.followed import Followed
from xlsgd.torch_side.rates import scheduled, scheduled_of_steps
from xlsgd.torch_side.sides import Together
from xlsgd.torch_side.stepper import Stepper, start_state
from xlsgd.torch_side.transformed import transformed
from xlsgd.training.experiment import Experiment
from xlsgd.training.schedules.schedule import RATE

if TYPE_CHECKING:
    from torch import Tensor

    Tensors = dict[str, Tensor]

__all__ = ["SideBySide", "can_run_together"]

_ALL = "all"
"""All parameters of a run, stacked."""

_SHARED = ("network", "loss", "loss_options", "rules", "gradient", "h", "batch_size", "epochs")


def can_run_together(one: Experiment, other: Experiment) -> bool:
    """Return whether two can train side by side: only start, optimizer, learning rate, its
    schedule and transforms may differ."""
    return all(getattr(one, key) == getattr(other, key) for key in _SHARED)


class SideBySide:
    """Weights and optimizers of some runs, and what they have been after every step.

    starts: by run, what its optimizer remembered before the first step, shape (members,) each.
    together: whether the members of the runs keep together.
    """

    def __init__(
        self,
        experiments: Sequence[Experiment],
        ensemble: Ensemble,
        gradients: Callable[[Tensor, Tensor], Tensor],
        rows: int,
        seen: NDArray[np.float64] | None = None,
    ) -> None:
        """Begin at the start weights.

        rows: of data.   seen: as for ``Followed``.
        gradients: returns the gradients at weights, from which a state may start; both of the
        shape (parameters, members, runs). It is told of which runs the members keep together.
        Raises ValueError for runs that differ in more than start, optimizer and learning rate.
        """
        import torch

        if not all(can_run_together(experiments[0], experiment) for experiment in experiments):
            raise ValueError("these experiments cannot be run together")
        self._experiments = experiments
        self.names = names = experiments[0].network.parameters
        starts = [[e.start.get(p, 0.0) for e in experiments] for p in names]
        weights = torch.stack([ensemble.copies(start) for start in starts])
        self.together = Together()
        self.together.look(weights)
        first = gradients(weights, self.together.now)
        self._given = [
            None if experiment.schedule.follows_losses else scheduled(experiment)
            for experiment in experiments
        ]
        # Made where they are needed: they draw random numbers of the ensemble.
        self._followed = {
            i: Followed(experiment, ensemble, rows, seen)
            for i, experiment in enumerate(experiments)
            if experiment.schedule.follows_losses
        }
        self.starts: list[Tensors] = []
        self._steppers: list[Stepper] = []
        for i, experiment in enumerate(experiments):
            gradient = {p: g.unsqueeze(1) for p, g in zip(names, first[:, :, i], strict=True)}
            start = {
                name: start_state(experiment, name, gradient) for name in experiment.state_names
            }
            memory = {
                f"{kind}.{_ALL}": torch.stack([start[f"{kind}.{p}"] for p in names])
                for kind in experiment.optimizer.state
            }
            stepper = Stepper(experiment, {_ALL: weights[:, :, i]})
            stepper.remember(memory, steps_done=weights.new_zeros(weights.shape[:2]))
            self.starts.append(start)
            self._steppers.append(stepper)
        # By run: weights and memory before the first step, and after every one.
        self._seen: list[list[Tensors]] = [[self._now(stepper)] for stepper in self._steppers]

    @staticmethod
    def _now(stepper: Stepper) -> Tensors:
        return {_ALL: stepper.parameters[_ALL].detach().clone()} | stepper.memory()

    @property
    def weights(self) -> Tensor:
        """The weights as they are, shape (parameters, members, runs)."""
        import torch

        return torch.stack([stepper.parameters[_ALL] for stepper in self._steppers], -1)

    def step(self, gradients: Tensor, losses: Callable[[], Tensor]) -> None:
        """Do one step of every run.

        gradients: shape (parameters, members, runs).
        losses: returns those of the step's rows, shape (members, runs, rows), where a schedule asks
            for them.
        """
        seen = losses() if self._followed else None
        for i, (stepper, given) in enumerate(zip(self._steppers, self._given, strict=True)):
            slopes, weights = gradients[..., i], stepper.parameters[_ALL]
            slopes, _ = transformed(self._experiments[i], slopes, weights, len(self._seen[i]))
            if given is not None:
                stepper.step({_ALL: slopes}, next(given))
            elif seen is not None:
                stepper.step({_ALL: slopes}, {RATE: self._followed[i].rate()})
                self._followed[i].look(seen[:, i])
            self._seen[i].append(self._now(stepper))
        self.together.look(self.weights)

    def given(self, run: int, steps: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
        """Return what the schedule of a run gave to some steps, shape (…, steps) each.

        steps: their numbers, from 1.
        """
        if run in self._followed:
            return self._followed[run].given(steps)
        return scheduled_of_steps(self._experiments[run], steps)

    def weights_seen(self) -> Tensor:
        """Return the weights before the first step and after every one, shape (parameters,
        members, runs, 1 + steps)."""
        import torch

        each = [torch.stack([states[_ALL] for states in seen], -1) for seen in self._seen]
        return torch.stack(each, 2)

    def memory_seen(self, run: int) -> Tensors:
        """Return what an optimizer has remembered, as ``velocity.a``, shape (members, 1 + steps)
        each."""
        import torch

        found = {}
        for kind in self._experiments[run].optimizer.state:
            states = [states[f"{kind}.{_ALL}"] for states in self._seen[run]]
            for p, values in zip(self.names, torch.stack(states, -1), strict=True):
                found[f"{kind}.{p}"] = values
        return found
