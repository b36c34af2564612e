"""Where the loss of every row is a parabola in the weights, and a step sees one row."""

from __future__ import annotations

from xlsgd.training.experiment import Experiment
from xlsgd.training.nets.linear_in_weights import linear_in_weights

__all__ = ["rows_are_parabolas"]


def rows_are_parabolas(experiment: Experiment) -> bool:
    """Return whether each step has one row, and that row a curvature whatever the weights are."""
    return (
        linear_in_weights(experiment.network)
        and experiment.loss.curvature is not None
        and experiment.batch_size == 1
    )
