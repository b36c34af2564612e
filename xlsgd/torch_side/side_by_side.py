"""Runs that train side by side: gradients in one go, a step of its own optimizer for each.

A step costs torch nearly the same for one number as for a hundred.  So the parameters of a run are
stacked into one tensor, or one for every group with options of its own, along which its optimizer
steps faster than along many, and the gradients of all runs are asked for together.
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
from xlsgd.torch_side.stacks import Stack, groups_of_stacks, put_together, stacks_of
from xlsgd.torch_side.stepper import Stepper, start_state
from xlsgd.torch_side.transformed import transformed
from xlsgd.training.experiment import Experiment

if TYPE_CHECKING:
    from torch import Tensor

    Tensors = dict[str, Tensor]

__all__ = ["SideBySide", "can_run_together"]

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
        self._stacks: list[list[Stack]] = []
        self._first = weights
        for i, experiment in enumerate(experiments):
            gradient = {p: g.unsqueeze(1) for p, g in zip(names, first[:, :, i], strict=True)}
            start = {
                name: start_state(experiment, name, gradient) for name in experiment.state_names
            }
            stacks = stacks_of(experiment)
            memory = {
                f"{kind}.{stack.name}": torch.stack([start[f"{kind}.{p}"] for p in stack.weights])
                for kind in experiment.optimizer.state
                for stack in stacks
            }
            parts = {stack.name: stack.of(weights[:, :, i]) for stack in stacks}
            stepper = Stepper(experiment, parts, groups_of_stacks(stacks))
            stepper.remember(memory, steps_done=weights.new_zeros(weights.shape[1]))
            self.starts.append(start)
            self._steppers.append(stepper)
            self._stacks.append(stacks)
        # By run: weights and memory before the first step, and after every one.
        self._seen: list[list[Tensors]] = [[self._now(stepper)] for stepper in self._steppers]

    @staticmethod
    def _now(stepper: Stepper) -> Tensors:
        weights = {name: value.detach().clone() for name, value in stepper.parameters.items()}
        return weights | stepper.memory()

    @property
    def weights(self) -> Tensor:
        """The weights as they are, shape (parameters, members, runs)."""
        import torch

        return torch.stack([self._weights_of(i) for i in range(len(self._steppers))], -1)

    def _weights_of(self, run: int) -> Tensor:
        parts = self._steppers[run].parameters
        return put_together(self._stacks[run], parts, self._first[:, :, run])

    def step(self, gradients: Tensor, losses: Callable[[], Tensor]) -> None:
        """Do one step of every run.

        gradients: shape (parameters, members, runs).
        losses: returns those of the step's rows, shape (members, runs, rows), where a schedule asks
            for them.
        """
        seen = losses() if self._followed else None
        for i, (stepper, given) in enumerate(zip(self._steppers, self._given, strict=True)):
            slopes, weights = gradients[..., i], self._weights_of(i)
            slopes, _ = transformed(self._experiments[i], slopes, weights, len(self._seen[i]))
            parts = {stack.name: stack.of(slopes) for stack in self._stacks[i]}
            if given is not None:
                stepper.step(parts, next(given))
            elif seen is not None:
                stepper.step(parts, self._followed[i].rates())
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

        each = [
            torch.stack([put_together(stacks, states, self._first[:, :, i]) for states in seen], -1)
            for i, (seen, stacks) in enumerate(zip(self._seen, self._stacks, strict=True))
        ]
        return torch.stack(each, 2)

    def memory_seen(self, run: int) -> Tensors:
        """Return what an optimizer has remembered, as ``velocity.a``, shape (members, 1 + steps)
        each."""
        import torch

        found = {}
        for kind in self._experiments[run].optimizer.state:
            for stack in self._stacks[run]:
                states = [states[f"{kind}.{stack.name}"] for states in self._seen[run]]
                for p, values in zip(stack.weights, torch.stack(states, -1), strict=True):
                    found[f"{kind}.{p}"] = values
        return found
