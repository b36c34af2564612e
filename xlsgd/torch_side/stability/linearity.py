"""Where an epoch is a linear map: a prediction linear in the weights, under a loss that is a
parabola."""

from __future__ import annotations

from xlsgd.base.errors import SpecError
from xlsgd.training.experiment import Experiment
from xlsgd.training.sums_of_weights import adds_up

__all__ = ["NoLimitError", "need_linear"]


class NoLimitError(SpecError):
    """There is no largest stable learning rate; the message is a sentence that says why."""


def need_linear(experiment: Experiment) -> None:
    """Raise NoLimitError unless every row's loss is a parabola in the weights."""
    network = experiment.network
    if not experiment.schedule.steady:
        raise NoLimitError(
            f"the learning rate follows the schedule {experiment.schedule.name}: it is another one "
            "from step to step"
        )
    if experiment.param_groups or experiment.frozen:
        raise NoLimitError(
            "not all weights move by the same rate and options, and no limit is known for that"
        )
    if experiment.transforms:
        names = " and ".join(each.name for each in experiment.transforms)
        change = "changes" if len(experiment.transforms) == 1 else "change"
        raise NoLimitError(
            f"{names} {change} the slopes before {experiment.optimizer.name} sees them, and no "
            "limit is known for that"
        )
    if not network.parameters:
        raise NoLimitError(f"the network {network} has no weights to train")
    if len(network.predictions) > 1:
        raise NoLimitError(
            f"the network {network} makes several predictions; a limit is known for one only"
        )
    if not adds_up(network):
        raise NoLimitError(
            f"the network {network} is not linear in its weights: how strongly its loss bends "
            "changes as they change, and with it the largest stable learning rate"
        )
    if not (experiment.loss.curvature or 0) > 0:
        raise NoLimitError(
            f"the loss {experiment.loss.name} is no parabola: how strongly it bends depends on how "
            "far off the prediction is"
        )
