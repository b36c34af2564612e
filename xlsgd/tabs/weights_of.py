"""Which weights of an experiment a tab shows: those after training, or those at its start."""

from __future__ import annotations

from xlsgd.base.columns import Input
from xlsgd.training.experiment import Experiment

__all__ = ["WEIGHTS_OF", "weight_formula"]

WEIGHTS_OF = Input(
    "weights_of",
    "trained",
    "which weights: after the last step of training, or at its start",
    choices=("trained", "start"),
    label="which weights",
)


def weight_formula(experiment: Experiment, p: str) -> str:
    """Return the formula of a weight at the top."""
    tab = f"@{experiment.id}"
    return f'=IF({{weights_of}}="start",{{{tab}.init.{p}}},{{{tab}.last.new.{p}}})'
