"""Noise: every slope is off by a number drawn at random, as that of a few rows out of many is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from xlsgd.base.columns import Column, Input
from xlsgd.training.random_numbers import MODULUS, drawn, first_draw, next_draw, seed_input
from xlsgd.training.transforms.transform import Transform

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

__all__ = ["TRANSFORM", "Noise"]


class Noise(Transform):
    """g + slope_noise · (2u − 1), u drawn anew for every weight at every step, evenly from 0 to 1.

    The draws are a column that follows from a seed in a cell: see xlsgd.training.random_numbers.
    """

    name = "noise"
    order = 0
    summary = "g + slope_noise·(2u − 1), u drawn from 0 to 1 at every step"
    torch_line = "p.grad += slope_noise * (2 * u - 1)  # u: drawn[step]"
    hyperparameters = (
        Input("slope_noise", 1.0, "how far a slope may be off, up or down", minimum=0),
        seed_input("noise_seed", "seed of the draws: another one, other draws"),
    )
    gives = "noisy"
    counts_steps = True
    of_each = ("drawn",)

    # Sheet side

    def columns(self, parameters: Sequence[str], g: Mapping[str, str]) -> list[Column]:
        found = []
        for i, p in enumerate(parameters):
            before = f"{{drawn.{parameters[i - 1]}}}" if i else f"{{prev.drawn.{parameters[-1]}}}"
            new = next_draw(before)
            draw = self.column(
                f"drawn.{p}",
                # The rows of a batch are one step.
                f"=IF({{step}}={{prev.step}},{{prev.drawn.{p}}},{new})",
                paper=f"16807·x mod {MODULUS}",
                note=f"a number drawn for {p}: it follows from the one drawn before",
                symbol="draw",
            )
            first = f"={new}" if i else f"={first_draw('{noise_seed}')}"
            noisy = self.column(
                f"noisy.{p}",
                f"={{{g[p]}}}+{{slope_noise}}*(2*{{drawn.{p}}}/{MODULUS}-1)",
                paper="g + slope_noise·(2u − 1)",
                note=f"derivative for {p}, off by up to slope_noise up or down",
                symbol=f"noisy {p}′",
            )
            found.append((replace(draw, first=first), noisy))
        return [draw for draw, _ in found] + [noisy for _, noisy in found]

    # Torch side

    def quantities(
        self,
        slopes: Tensor,
        weights: Tensor,
        hyper: Mapping[str, float],
        steps: int | NDArray[np.int64] | None = None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        import numpy as np
        import torch

        if steps is None:
            return slopes, {}
        numbers = np.atleast_1d(np.asarray(steps))
        every = drawn(int(hyper["noise_seed"]), int(numbers.max()), len(slopes))
        draws = torch.from_numpy(every[:, numbers - 1].copy()).to(slopes.device)
        # Steps are the last of the axes where there are several; draws are the same on the others.
        draws = draws.reshape(len(slopes), *[1] * (slopes.dim() - 2), draws.shape[1])
        draws = draws.expand(slopes.shape)
        return slopes + hyper["slope_noise"] * (2 * draws / MODULUS - 1), {"drawn": draws}


TRANSFORM = Noise()
