"""On which side of a kink an ensemble is: on the sheet's, else all on that of the run itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd.report.tolerances import HORIZON
from xlsgd.torch_side.ensemble import Ensemble

if TYPE_CHECKING:
    from torch import Tensor

    from xlsgd.torch_side.net import TorchNet

    Tensors = dict[str, Tensor]

__all__ = ["Sides", "Together", "sides_of"]


Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sides:
    """Decides on which side of a kink numbers are that rounding leaves open.

    seen: what a sheet has for outputs of layers, shape (rows,), nan where it has nothing.
    held: in which rows the members keep together, shape (rows,); there those that the sheet's
        number does not explain are on the side of member 0, the run itself. None: in no row.
    """

    seen: Tensors = field(default_factory=dict)
    held: Tensor | None = None

    def decide(
        self, ensemble: Ensemble, name: str, values: Tensor, at: float | Tensor = 0.0
    ) -> Tensor:
        """Return the numbers that come to a kink, all members on one side where they may be.

        name: of the output.   values: shape (members · rows,), member by member.
        at: where the kink is, in all rows or in each.
        """
        import torch

        if name in self.seen:
            values = ensemble.on_its_side(values, self.seen[name], at)
        if self.held is None:
            return values
        members = values.detach().reshape(ensemble.members, -1)
        side = (members - at).sign()
        if (side == side[0]).all():
            return values  # as nearly always: a look is cheaper than a move
        own = torch.where(self.held, members[0], torch.nan)
        return ensemble.on_its_side(values, own, at)


class Together:
    """Watches whether the members of runs keep together, step by step.

    As long as they do, a kink is the only thing that could part them: whoever is on its other side
    is there by rounding. Once they have parted for another reason every member goes its own way.
    """

    def __init__(self) -> None:
        self._largest: Tensor | None = None
        self._seen: list[Tensor] = []

    def look(self, weights: Tensor) -> None:
        """Take notice of the weights of the next step, shape (parameters, members, runs)."""
        import torch

        own = weights[:, 0].abs()
        stray = (weights - weights[:, :1]).abs().amax(1)
        largest = own.amax(0)
        if self._largest is not None:
            largest = torch.maximum(largest, self._largest)
        self._largest = largest
        # As for the horizon: a weight on its way through 0 is measured against the largest so far.
        holds = (stray <= HORIZON * torch.maximum(own, largest)).all(0)
        self._seen.append(holds & self._seen[-1] if self._seen else holds)

    @property
    def now(self) -> Tensor:
        """Whether they have kept together so far, shape (runs,)."""
        return self._seen[-1]

    @property
    def always(self) -> Tensor:
        """The same for every step looked at, shape (runs, steps)."""
        import torch

        return torch.stack(self._seen, -1)


def sides_of(net: TorchNet, sheet: Mapping[str, Floats]) -> Tensors:
    """Return what a sheet has for the outputs of layers, which say where at a kink it is."""
    import torch

    return {name: torch.from_numpy(sheet[name].copy()) for name in net.outputs if name in sheet}
