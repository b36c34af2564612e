"""Weights that fit the data as well as torch can make them: what Excel's Solver is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from xlsgd.data import Dataset
from xlsgd.training.experiment import Experiment

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["STARTS", "random_weights", "solved_weights"]

STARTS = 30
"""Starts tried: a net with ReLUs has many valleys, and the first is rarely the deepest."""

_DIGITS = 6


def random_weights(names: Sequence[str], seed: int) -> dict[str, float]:
    """Return small random weights, between -0.5 and 0.5, with three decimals."""
    numbers = np.random.default_rng(seed).random(len(names)) - 0.5
    return {name: round(float(number), 3) for name, number in zip(names, numbers, strict=True)}


def solved_weights(
    experiment: Experiment,
    data: Dataset,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, float]:
    """Return the weights with the least mean loss that L-BFGS finds from several random starts.

    Rounded to six digits after the point: what is beyond differs from machine to machine, and
    changes the mean loss by less than 1e-9.
    """
    from xlsgd.torch_side import Ensemble, TorchNet, data_tensors, load_torch

    torch = load_torch()
    net = TorchNet(experiment, Ensemble(1))
    names = experiment.network.parameters
    x, y = data_tensors(experiment, data)
    evaluate = net.evaluate(x, y)

    def mean_loss(weights: Mapping[str, Tensor]) -> Tensor:
        return evaluate({p: w.expand(len(y)) for p, w in weights.items()})["loss"].mean()

    best: tuple[float, dict[str, float]] | None = None
    generator = np.random.default_rng(seed)
    for start in range(STARTS):
        begin = generator.random(len(names)) - 0.5
        leaves = {
            p: torch.tensor(float(w), dtype=torch.float64, requires_grad=True)
            for p, w in zip(names, begin, strict=True)
        }
        solver = torch.optim.LBFGS(
            list(leaves.values()),
            max_iter=2000,
            max_eval=4000,
            tolerance_grad=1e-10,
            tolerance_change=1e-14,
            history_size=20,
            line_search_fn="strong_wolfe",
        )

        def closure(leaves=leaves, solver=solver):  # type: ignore[no-untyped-def]
            solver.zero_grad()
            loss = mean_loss(leaves)
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        solver.step(closure)
        with torch.no_grad():
            loss = float(mean_loss(leaves))
        found = {p: round(float(w.detach()), _DIGITS) for p, w in leaves.items()}
        if np.isfinite(loss) and (best is None or loss < best[0]):
            best = loss, found
        if progress is not None:
            progress(start + 1, STARTS)
    assert best is not None, "no start gave a finite loss"
    return best[1]
