"""Annealing: jump at random, always stay where it is lower, and now and then where it is higher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xlsgd.base.columns import Column, Input
from xlsgd.training.optimizers.optimizer import Optimizer, column
from xlsgd.training.random_numbers import MODULUS, drawn, first_draw, next_draw, seed_input

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from xlsgd.training.functions.function import Function
    from xlsgd.training.functions.landscape import Landscape

__all__ = ["SEARCH", "Annealing"]

_TORCH = "if u < torch.exp(-rise / temperature): p = trial"


class Annealing(Optimizer):
    """A jump of up to learning_rate is tried. Downhill it is kept; uphill, where the function rises
    by ΔS, with the chance P = exp(−ΔS/T). The temperature T falls by the share ``cooling`` a step.

    It asks for no slope. The draws are columns that follow from a seed in a cell.
    Source: Metropolis et al. 1953; Kirkpatrick, Gelatt and Vecchi 1983.
    """

    name = "annealing"
    order = 3
    summary = "jump up to learning_rate; stay if u < exp(−ΔS/T), T = temperature·cooling^(step − 1)"
    torch_line = "a small torch.optim.Optimizer that evaluates the function where it jumps to"
    hyperparameters = (
        Input("temperature", 1.0, "rises of this size are often kept at first", minimum=0,
              positive=True, label="T at first"),
        Input("cooling", 0.95, "share of the temperature that is left after a step", minimum=0,
              below=1, positive=True),
        seed_input("jump_seed", "seed of the draws: another one, other jumps"),
    )  # fmt: skip
    of_function = True
    uses_weight = True
    scales = False
    counts_steps = True
    steps_apart = True

    # Sheet side

    def function_columns(self, parameters: Sequence[str], function: Function) -> list[Column]:
        def of_step(quantity: str, formula: str, paper: str, note: str, **more: Any) -> Column:
            return column(quantity, formula, paper, note, _TORCH, **more)

        draws: list[Column] = []
        before = "{prev.luck_drawn}"
        for name, what, symbol in (
            *((f"jump_drawn.{p}", f"where to jump with {p}", "draw") for p in parameters),
            ("luck_drawn", "whether to stay though it is higher", "luck"),
        ):
            first = next_draw(before) if draws else first_draw("{jump_seed}")
            draws.append(
                of_step(
                    name,
                    f"={next_draw(before)}",
                    f"16807·x mod {MODULUS}",
                    f"a number drawn for {what}: it follows from the one drawn before",
                    first=f"={first}",
                    symbol=symbol,
                )
            )
            before = f"{{{name}}}"
        trials = [
            of_step(
                f"trial.{p}",
                f"={{param.{p}}}+{{learning_rate}}*(2*{{jump_drawn.{p}}}/{MODULUS}-1)",
                f"{p} + learning_rate·(2u − 1)",
                f"where it jumps to, to have a look: {p} and up to learning_rate more or less",
                symbol="trial",
            )
            for p in parameters
        ]
        there = function.at({p: f"{{trial.{p}}}" for p in parameters})
        return [
            *draws,
            *trials,
            of_step(
                "trial_loss",
                f"={there}",
                "f there",
                "the function where it jumps to",
                symbol="f there",
            ),
            of_step(
                "rise", "={trial_loss}-{loss}", "ΔS", "how much higher it is there", symbol="ΔS"
            ),
            of_step(
                "heat",
                "={temperature}*{cooling}^({step}-1)",
                "T",
                "the temperature of this step: it falls from step to step",
                symbol="T",
            ),
            of_step(
                "chance",
                "=IF({rise}<=0,1,EXP(-{rise}/{heat}))",
                "P = exp(−ΔS/T)",
                "the chance that it stays there: 1 where that is lower",
                symbol="P",
            ),
            of_step(
                "accepted",
                f"=IF({{luck_drawn}}/{MODULUS}<{{chance}},1,0)",
                "u < P",
                "1 where it stays there, 0 where it goes back",
            ),
        ]

    def columns(self, p: str, g: str) -> list[Column]:
        return [
            column(
                f"new.{p}",
                f"=IF({{accepted}}=1,{{trial.{p}}},{{param.{p}}})",
                paper=f"trial {p} if accepted",
                note=f"{p} after this step: where it has jumped to, or where it was",
                torch_line=_TORCH,
            )
        ]

    # Torch side

    def torch_optimizer(
        self, parameters: list[Tensor], learning_rate: float, hyper: Mapping[str, float]
    ) -> torch.optim.Optimizer:
        import torch

        rule = self

        class Jumping(torch.optim.Optimizer):
            landscape: Landscape

            @torch.no_grad()
            def step(self, closure: object = None) -> None:  # type: ignore[override]
                for group in self.param_groups:
                    params = group["params"]
                    self.state[params[0]]["step"] += 1
                    step = self.state[params[0]]["step"].reshape(1)
                    rate = torch.tensor(group["lr"], dtype=torch.float64)
                    found = rule.seen_of_function(self.landscape, params, step, rate, group)
                    trials = self.landscape.like(
                        params, [found[f"trial.{name}"] for name in self.landscape.names]
                    )
                    for p, trial in zip(params, trials, strict=True):
                        stays = found["accepted"]
                        new = torch.where(stays == 1, trial, p)
                        p.copy_(torch.where(stays.isnan(), torch.nan, new))

        return Jumping(parameters, {"lr": learning_rate, **hyper})

    def seen_of_function(
        self,
        landscape: Landscape,
        weights: Sequence[Tensor],
        steps: Tensor,
        rates: Tensor,
        hyper: Mapping[str, float],
    ) -> dict[str, Tensor]:
        import torch

        own, steps = landscape.by_name(weights), steps.double()
        count = len(landscape.names)
        numbers = steps.long().cpu().numpy()
        every = drawn(int(hyper["jump_seed"]), int(numbers.max()), count + 1)[:, numbers - 1]
        draws = torch.from_numpy(every.copy()).to(own[0].device)
        found = {f"jump_drawn.{p}": draws[i] for i, p in enumerate(landscape.names)}
        found["luck_drawn"] = draws[count]
        trials = [weight + rates * (2 * draws[i] / MODULUS - 1) for i, weight in enumerate(own)]
        found |= {f"trial.{p}": trial for p, trial in zip(landscape.names, trials, strict=True)}
        found["trial_loss"] = landscape.value(trials)
        found["rise"] = rise = found["trial_loss"] - landscape.value(own)
        found["heat"] = heat = hyper["temperature"] * hyper["cooling"] ** (steps - 1)
        found["chance"] = chance = torch.where(rise <= 0, 1.0, torch.exp(-rise / heat))
        stays = (draws[count] / MODULUS < chance).double()
        found["accepted"] = torch.where(rise.isnan(), torch.nan, stays)
        return found


SEARCH = Annealing()
