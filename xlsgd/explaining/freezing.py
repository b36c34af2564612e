"""Frozen numerical derivatives: a weight so large that h is lost beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from xlsgd.explaining.citation import Citation
from xlsgd.explaining.findings import Frozen
from xlsgd.explaining.training import Length, Training, train

__all__ = ["frozen_derivative"]


def frozen_derivative(training: Training, length: Length, where: Citation) -> Frozen | None:
    """Return since when the numerical derivatives are 0 because h is lost, None if they are not.

    Beside a weight w numbers of 64 bits lie ``numpy.spacing(w)`` apart: what is added counts for
    nothing if it is less than half of that.
    """
    since = int(training.number("frozen_since"))
    if not since:
        return None
    experiment = training.experiment
    weights, h = training.before(since), experiment.h
    largest = max(weights, key=lambda p: abs(weights[p]))
    shifts = {h if sign == "+" else -h for sign in experiment.rules[0].shifts.values()}
    place = training.last[since - 1]
    lost = tuple(p for p, w in weights.items() if all(w + shift == w for shift in shifts))
    # Where only one numerical derivative is shown, nothing is known of the others.
    shown = [p for p in weights if f"grad_num.{p}" in training.table]
    frozen = Frozen(
        since=since,
        weight=largest,
        value=weights[largest],
        h=h,
        spacing=float(np.spacing(abs(weights[largest]))),
        lost=lost,
        lost_in_loss=tuple(
            p for p in shown if p not in lost and training.table[f"grad.{p}"][place] != 0
        ),
        loss=float(training.table["loss"][place]),
        backprop=float(training.table[f"grad.{largest}"][place]),
        cell=where.step(f"grad_num.{largest}", training, since)
        or where.step("grad_num", training, since),
    )
    if experiment.gradient == "backprop":
        return frozen
    other = train(training.view.but(gradient="backprop"), training.data, length)
    return replace(frozen, backprop_verdict=other.verdict, backprop_rmse=other.rmse)
