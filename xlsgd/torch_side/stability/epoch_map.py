"""What one epoch does to the distance from the solution, as a matrix, for many learning rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.data import Dataset
from xlsgd.torch_side import data_tensors
from xlsgd.torch_side.plain import one_thread
from xlsgd.torch_side.stability.curvature import row_hessians
from xlsgd.torch_side.stability.linear_step import LinearStep, linear_step
from xlsgd.torch_side.stability.linearity import NoLimitError, need_linear
from xlsgd.training.experiment import Experiment

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["EpochMap"]

_AT_ONCE = 2**16
"""Numbers of a matrix times matrices worked on at once: what fits a processor's cache."""


@dataclass(frozen=True)
class EpochMap:
    """The map that one epoch applies to weights and memory, measured from the solution.

    steepest: the largest curvature that any step sees. Rates are learning rates times this, so
        that numbers are of order 1 whatever the units of the data.
    batches: for every step of an epoch a matrix R, shape (…, directions), such that RᵀR is the
        Hessian of the loss that the step sees, divided by steepest.
    step: the optimizer's.
    """

    steepest: float
    batches: tuple[Tensor, ...]
    step: LinearStep

    @classmethod
    def of(cls, experiment: Experiment, data: Dataset) -> EpochMap:
        """Return the map of an experiment on data.

        Raises NoLimitError if an epoch is no linear map, or no weight changes any loss.
        """
        import torch

        need_linear(experiment)
        step = linear_step(experiment)
        rows = _directions(_slopes(experiment, data))
        batches = []
        for batch in torch.split(rows, experiment.batch_size):
            batch = batch if experiment.loss.is_summed else batch / len(batch) ** 0.5
            # Of more rows than directions, a triangle has the same RᵀR.
            tall = batch.shape[0] > batch.shape[1]
            batches.append(torch.linalg.qr(batch, mode="r")[1] if tall else batch)
        steepest = max(float(torch.linalg.matrix_norm(batch, 2)) for batch in batches) ** 2
        return cls(steepest, tuple(batch / steepest**0.5 for batch in batches), step)

    def hardest(self) -> EpochMap:
        """Return a smaller map that becomes unstable at the same rate.

        Where every step sees the same rows, no direction acts on another: the steepest decides.
        """
        if len(self.batches) > 1:
            return self
        return EpochMap(self.steepest, (self.batches[0].new_ones(1, 1),), self.step)

    @property
    def size(self) -> int:
        """Rows of the matrix: every direction has its weight and its memories."""
        return self.batches[0].shape[1] * (1 + len(self.step.taken))

    @property
    def effort(self) -> int:
        """About how many numbers have to be multiplied for one rate."""
        directions = self.batches[0].shape[1]
        work = sum(2 * batch.shape[0] + 6 for batch in self.batches) * directions * self.size
        return work + 20 * self.size**3

    def eigenvalues(self, rates: Tensor) -> Tensor:
        """Return the eigenvalues of the map, less 1 each, shape (rates, size).

        Less 1, because next to 1 there is no room for small numbers: one epoch may bring a weight
        nearer to the solution by 1e-20 of its distance. Infinite where the map overflows.
        rates: learning rates times steepest, shape (rates,).
        """
        import torch

        if not len(rates):
            return torch.empty(0, self.size, dtype=torch.complex128)
        chunks = torch.split(rates, max(1, _AT_ONCE // self.size**2))
        with one_thread():
            return torch.cat([self._eigenvalues(chunk) for chunk in chunks])

    def growth(self, rates: Tensor) -> Tensor:
        """Return the square of the spectral radius, less 1: below 0 is stable.

        An eigenvalue 1 + e has the size √(1 + 2 Re e + |e|²), in which no digits are lost.
        """
        eigenvalues = self.eigenvalues(rates)
        return (2 * eigenvalues.real + eigenvalues.abs().square()).amax(-1)

    def _eigenvalues(self, rates: Tensor) -> Tensor:
        import torch

        step, memories, directions = self.step, len(self.step.taken), self.batches[0].shape[1]
        # Memory counts in units of the rate, which changes no eigenvalue. Two axes for the matrix,
        # what has become of each number by what it was at the start, and one for the rates.
        start = torch.eye(self.size, dtype=torch.float64)[..., None]
        moved = torch.zeros(directions, self.size, len(rates), dtype=torch.float64)
        memory = start[directions:].reshape(memories, directions, self.size, 1)
        memory = memory.repeat(1, 1, 1, len(rates))
        for batch in self.batches:
            at_start = torch.tensordot(batch, start[:directions], 1)
            pulled = torch.tensordot(batch, moved, 1).add_(at_start).mul_(rates)
            gradient = torch.tensordot(batch.T, pulled, 1)
            moved.add_(gradient, alpha=step.from_gradient)
            if memories:
                moved.add_(torch.tensordot(step.from_memory, memory, 1))
                memory = torch.tensordot(step.kept, memory, 1)
                memory.add_(step.taken[:, None, None, None] * gradient)
        memory = memory.reshape(-1, self.size, len(rates)).sub_(start[directions:])
        change = torch.cat((moved, memory))
        change = change.movedim(-1, 0)
        finite = change.isfinite().all(-1).all(-1)
        eigenvalues = torch.linalg.eigvals(torch.where(finite[:, None, None], change, 0.0))
        return torch.where(finite[:, None], eigenvalues, torch.inf)


def _slopes(experiment: Experiment, data: Dataset) -> Tensor:
    """Return for every row a vector f such that f·fᵀ is its Hessian, shape (rows, weights).

    The Hessians are found by differentiating torch's loss twice, at two places: they must be the
    same, and of rank 1, since a row has one prediction.
    """
    import torch

    x, y = data_tensors(experiment, data)
    count = torch.arange(1.0, 1 + len(experiment.network.parameters), dtype=torch.float64)
    here, there = (
        row_hessians(experiment, x, y, w) for w in (torch.cos(count), 3 * torch.sin(count))
    )
    sizes = here.diagonal(dim1=-2, dim2=-1).clamp(min=0).sqrt()
    largest, at = sizes.max(-1, keepdim=True)
    column = here.gather(-1, at[..., None].expand(-1, here.shape[1], 1))[..., 0]
    slopes = torch.where(largest > 0, column / largest, 0.0)
    if not (here.isfinite().all() and slopes.isfinite().all()):
        raise NoLimitError("the inputs are too large: their squares are no 64-bit numbers any more")
    allowed = 1e-9 * sizes[:, :, None] * sizes[:, None, :] + 1e-300
    for hessian in (slopes[:, :, None] * slopes[:, None, :], there):
        if not ((hessian - here).abs() <= allowed).all():
            raise NoLimitError(
                f"the loss of {experiment.network} bends differently at different weights"
            )
    return slopes


def _directions(slopes: Tensor) -> Tensor:
    """Return the slopes within the directions in which some row's loss changes.

    Along all other directions no weight ever moves: an eigenvalue of 1 that decides nothing.
    slopes: shape (rows, weights).   Returns shape (rows, directions).
    """
    import torch

    if not slopes.any():
        raise NoLimitError(
            "no weight changes any loss (every number that a weight is multiplied by is 0), so no "
            "learning rate moves anything"
        )
    scale = slopes.abs().max()
    _, sizes, basis = torch.linalg.svd(slopes / scale, full_matrices=False)
    rounding = torch.finfo(torch.float64).eps * max(slopes.shape)
    within: Tensor = slopes @ basis[sizes > sizes[0] * rounding].T
    return within
