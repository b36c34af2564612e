"""Watches for runs whose numerical derivative is frozen: since when has it been?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xlsgd.torch_side.many_net import ManyNet
from xlsgd.verdict import events

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["FrozenWatch", "Suspects"]

_MOST = 4
"""So many suspects for every run may wait to be looked at."""


@dataclass
class Suspects:
    """Runs that might be frozen in a step.

    runs: their numbers.   frozen: whether they are, if known.
    weights, x, y: where not: for a row of data, with all numerical derivatives 0.
    step: the step that it is about.
    """

    runs: Tensor
    frozen: Tensor | None = None
    weights: Tensor | None = None
    x: Tensor | None = None
    y: Tensor | None = None
    step: int = 0


class FrozenWatch:
    """Notes suspects and settles later whether they were frozen, many at once.

    Whether a derivative is frozen, only backprop can tell: without it, a derivative of 0 may be
    the end of the way. In most steps a few runs are suspected, and asking each time would take
    longer than the steps.
    """

    def __init__(self, net: ManyNet, h: float) -> None:
        self._net, self._h = net, h
        self._settled = 0
        self._waiting: list[Suspects] = []
        self._count = 0

    def note(self, step: int, suspects: Suspects | None, alive: Tensor) -> None:
        """Note the suspects of a step.  alive: as for ``settle``."""
        if suspects is None:
            return
        suspects.step = step
        self._waiting.append(suspects)
        self._count += len(suspects.runs)
        if self._count > _MOST * len(alive):
            self.settle(step, alive)

    def settle(self, step: int, alive: Tensor) -> None:
        """Bring up to date in which step runs were last not frozen.

        step: the last one so far.   alive: what to bring up to date, shape (runs,).
        """
        import torch

        before, self._settled = self._settled, step
        waiting, self._waiting, self._count = self._waiting, [], 0
        if not waiting:
            alive.fill_(step)
            return
        self._look(waiting)
        suspected = torch.zeros_like(alive, dtype=torch.bool)
        for one in waiting:
            suspected[one.runs] = True
        runs = suspected.nonzero()[:, 0]
        place = torch.zeros_like(suspected, dtype=torch.int64)
        place[runs] = torch.arange(len(runs), device=runs.device)
        # One line a step: its number where a run was not frozen in it, else 0.
        steps = torch.arange(before + 1, step + 1, dtype=alive.dtype, device=alive.device)
        free = steps.unsqueeze(1).repeat(1, len(runs))
        for one in waiting:
            assert one.frozen is not None
            line = free[one.step - before - 1]
            line[place[one.runs[one.frozen]]] = 0
        last, known = free.amax(0), alive[runs]
        alive.fill_(step)
        alive[runs] = torch.where(last > 0, last, known)

    def _look(self, waiting: list[Suspects]) -> None:
        """Find out about the suspects of whom it is not known yet."""
        import torch

        open_ones = [one for one in waiting if one.frozen is None]
        if not open_ones:
            return
        weights, x, y = [], [], []
        for one in open_ones:
            assert one.weights is not None and one.x is not None and one.y is not None
            weights.append(one.weights)
            x.append(one.x.expand(-1, len(one.runs)))
            y.append(one.y.expand(len(one.runs)))
        there = torch.cat(weights, 1)
        backprop = self._net.backprop(there, torch.cat(x, 1), torch.cat(y))
        frozen = events.frozen([torch.zeros_like(there[0])], backprop, there, self._h)
        sizes = [len(one.runs) for one in open_ones]
        for one, flags in zip(open_ones, frozen.split_with_sizes(sizes), strict=True):
            one.frozen = flags
