"""How large a rate may be near some weights, of any network and loss: by the curvature there.

Next to some weights a loss is about a parabola. Small steps that see all rows settle on it as long
as the rate times its largest curvature stays below a number that is the optimizer's: 2 for gradient
descent. Further away the loss bends otherwise, and so the limit is one for small steps only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from xlsgd.data import Dataset
from xlsgd.torch_side.stability.curvature import sharpness
from xlsgd.torch_side.stability.limit import step_border
from xlsgd.torch_side.stability.linear_step import linear_step
from xlsgd.torch_side.stability.linearity import NoLimitError
from xlsgd.torch_side.transformed import transformed
from xlsgd.training.experiment import Experiment
from xlsgd.training.param_groups import LEARNING_RATE
from xlsgd.training.schedules.constant import SCHEDULE as CONSTANT

__all__ = ["LocalLimit", "border_of_steps", "local_limit", "slopes_seen"]


@dataclass(frozen=True)
class LocalLimit:
    """The largest stable rate for small steps that see all rows, or why there is none.

    sharpness: the largest curvature of the mean loss over all rows; nan where it is no number.
    seen: the same as the optimizer sees it: with weight decay it is larger by that, and where
        groups have rates of their own, every weight counts by its rate's share of learning_rate.
    factor: at which rate times curvature a step is stable no more; 2 for gradient descent.
    value: factor / seen.   reason: why there is no limit; "" where there is one.
    """

    sharpness: float
    seen: float
    factor: float | None = None
    value: float | None = None
    reason: str = ""


def local_limit(
    experiment: Experiment,
    data: Dataset,
    weights: Mapping[str, float],
    momentum: float | None = None,
) -> LocalLimit:
    """Return how large a rate may be near some weights.

    momentum: of the step, where it moves with the rate.   weights, errors: as for ``sharpness``.
    """
    bends = counted = sharpness(experiment, data, weights, range(data.rows))
    try:
        times, more = slopes_seen(experiment.of_group(None))
        factor = border_of_steps(experiment.of_group(None), momentum)
        if experiment.param_groups:
            counted = _as_rates_count(experiment, data, weights, more)
    except NoLimitError as reason:
        return LocalLimit(bends, bends, reason=str(reason))
    seen = times * counted + more
    if not seen > 0:
        return LocalLimit(
            bends, seen, factor, reason="the loss bends upwards in no direction there"
        )
    return LocalLimit(bends, seen, factor, factor / seen)


def _as_rates_count(
    experiment: Experiment, data: Dataset, weights: Mapping[str, float], decay: float
) -> float:
    """Return the largest curvature where every weight counts by its rate's share of the rate for
    all: that of the loss in units in which all weights have the same rate.

    decay: so many times the weight is in what the optimizer sees of a slope.
    Raises NoLimitError where groups differ in more than their rates.
    """
    others = {key for g in experiment.param_groups for key in g.keys} - {LEARNING_RATE}
    if others or decay or experiment.learning_rate == 0:
        what = " and ".join(sorted(others)) or ("weight decay" if decay else "a learning rate of 0")
        raise NoLimitError(
            f"groups of weights have rates or options of their own, with {what}, and no limit for "
            "all of them together is known for that"
        )
    shares = list(map(experiment.share_of, experiment.network.parameters))
    return sharpness(experiment, data, weights, range(data.rows), shares)


def border_of_steps(experiment: Experiment, momentum: float | None = None) -> float:
    """Return at which rate times curvature the optimizer's steps are stable no more.

    As found by trying torch's optimizer on a parabola of one weight.
    Raises NoLimitError if there is no such number, as for all that adapt their steps.
    """
    rule, moved = experiment.optimizer, experiment.schedule.moved(experiment.optimizer)
    own = {given.key: experiment.hyperparameter(given.key) for given in rule.hyperparameters}
    own |= experiment.loss_options
    if moved and momentum is not None:
        own[moved] = momentum
    plain = replace(experiment, schedule=CONSTANT, transforms=(), hyper=own)
    return step_border(linear_step(plain))


def slopes_seen(experiment: Experiment) -> tuple[float, float]:
    """Return what the optimizer sees of a slope: so many times the slope, and so many times the
    weight on top of it.

    As found by trying what is done to slopes before.   Raises NoLimitError if it is something else.
    """
    import torch

    if not experiment.transforms:
        return 1.0, 0.0
    size = len(experiment.network.parameters)
    random = torch.Generator().manual_seed(0)  # any numbers will do; the same ones every time
    slopes, weights = torch.randn(2, size, 100, generator=random, dtype=torch.float64)
    lengths = 10 ** torch.linspace(-6, 6, 100, dtype=torch.float64)
    slopes, weights = slopes * lengths, weights * lengths
    one, none = torch.ones(size, 1, dtype=torch.float64), torch.zeros(size, 1, dtype=torch.float64)
    small = 1e-9
    times = float(transformed(experiment, small * one, none)[0][0, 0]) / small
    more = float(transformed(experiment, none, small * one)[0][0, 0]) / small
    seen = transformed(experiment, slopes, weights)[0]
    names = " and ".join(each.name for each in experiment.transforms)
    change = "changes" if len(experiment.transforms) == 1 else "change"
    if not torch.allclose(seen, times * slopes + more * weights, rtol=1e-9, atol=0):
        raise NoLimitError(
            f"{names} {change} the slopes before {experiment.optimizer.name} sees them, and how "
            "much depends on how steep they are"
        )
    if times <= 0:
        raise NoLimitError(f"with {names} steps do not lead downhill at any learning rate")
    return times, more
