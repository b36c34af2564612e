"""Where an epoch is a linear map: a prediction linear in the weights, under a squared error."""

from __future__ import annotations

from xlsgd.base.errors import SpecError
from xlsgd.torch_side import load_torch
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses import Loss
from xlsgd.training.nets.linear_in_weights import linear_in_weights

__all__ = ["NoLimitError", "need_linear"]


class NoLimitError(SpecError):
    """There is no largest stable learning rate; the message is a sentence that says why."""


def need_linear(experiment: Experiment) -> None:
    """Raise NoLimitError unless every row's loss is a parabola in the weights."""
    network = experiment.network
    if not network.parameters:
        raise NoLimitError(f"the network {network} has no weights to train")
    if not linear_in_weights(network):
        raise NoLimitError(
            f"the network {network} is not linear in its weights: how strongly its loss bends "
            "changes as they change, and with it the largest stable learning rate"
        )
    if not is_parabola(experiment.loss):
        raise NoLimitError(
            f"the loss {experiment.loss.name} is no parabola: how strongly it bends depends on how "
            "far off the prediction is"
        )


def is_parabola(loss: Loss) -> bool:
    """Return whether the loss is a number times (pred - y)², as tried from 0.0001 to 10,000."""
    torch = load_torch()
    off = torch.logspace(-4, 4, 33, dtype=torch.float64)
    off = torch.cat((-off, off))
    y = torch.tensor([-2.0, 0.0, 1.0], dtype=torch.float64).repeat_interleave(len(off))
    pred = y + off.repeat(3)
    share = loss.module()(pred, y) / (pred - y).square()
    return bool(share[0] > 0 and torch.allclose(share, share[0], rtol=1e-6, atol=0.0))
