"""How large the learning rate may be: a limit that is calculated, or a border that is tried."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from xlsgd.explaining.findings import Bend, DeadUnit, RateLimit, Turn
from xlsgd.explaining.rates import Tried, try_rates
from xlsgd.explaining.training import Training
from xlsgd.torch_side.stability import local_limit, sharpness, spectral_radius, stability_limit
from xlsgd.torch_side.stability.border import rates_below

__all__ = ["bends_of", "border", "calculated_limit"]

_ABOVE, _WINDOWS = 10.0, 400
"""How far above a calculated limit windows of stable rates are looked for, and at how many rates:
neighbours are 0.6 % apart."""

_BREAKS = ("exploded", "dead")


def calculated_limit(training: Training) -> RateLimit:
    """Return the largest stable rate, where the network is linear in its weights; else why there
    is none, with no value."""
    experiment, data = training.experiment, training.data
    found = stability_limit(experiment, data)
    if found.value is None:
        return RateLimit(None, "none", found.reason)
    growth = float(spectral_radius(experiment, data, [experiment.learning_rate])[0])
    above = np.geomspace(found.value, _ABOVE * found.value, _WINDOWS + 1)[1:]
    stable = above[spectral_radius(experiment, data, list(above)) < 1]
    counted = "overshooting_rows" in training.panel
    return RateLimit(
        found.value,
        "linear",
        times_above=experiment.learning_rate / found.value,
        growth=growth,
        overshooting_rows=int(training.number("overshooting_rows")) if counted else None,
        growing_rows=int(training.number("growing_rows")) if counted else None,
        window=float(stable[0]) if len(stable) else None,
    )


def border(
    training: Training, why: str, tried: Tried, dead: Sequence[DeadUnit], turn: Turn | None
) -> RateLimit:
    """Return the smallest rate found at which a run from this start breaks: explodes, or loses a
    unit.

    why: why it cannot be calculated.   tried: at which rates it has been tried already.
    dead, turn: where units died, and where the run turned.
    If the run itself is broken, the curvature of the mean loss is looked at before the step in
    which that happened.
    """
    experiment, data = training.experiment, training.data
    own = {experiment.learning_rate: training.kind}
    known = _by_rate(tried) | own
    breaking = [kind for kind in _BREAKS if tried.broken(kind)]
    least = min((rate for rate, kind in known.items() if kind in breaking), default=None)
    breaks = training.kind in breaking
    if least is not None:
        known |= _by_rate(try_rates(training.view, data, rates_below(least))) | own
        least = min(rate for rate, kind in known.items() if kind in breaking)
    lost = [unit.step for unit in dead] if training.kind == "dead" else [turn.step if turn else 1]
    step = max(1, min(lost))
    bent = sharpness(experiment, data, training.before(step), range(data.rows)) if breaks else None
    return RateLimit(
        least,
        "none" if least is None else "tried",
        why,
        times_above=experiment.learning_rate / least if least else None,
        breaks=known[least] if least else "",
        local_step=step if breaks else None,
        sharpness=bent,
        window=_window(tried, least),
        local_limit=2 / bent if bent is not None and bent > 0 else None,
    )


def bends_of(training: Training) -> tuple[Bend, ...]:
    """Return how strongly the loss bends at the start weights, and at the end.

    Nothing of weights at which it is no number, and of the end of a run that exploded: where it has
    got to is no place to stay.
    """
    ends = (1,) if training.kind in ("exploded", "not finite") else (1, training.steps + 1)
    found = []
    for step in ends:
        done = min(step, training.steps)
        there = training.before(step)
        limit = local_limit(training.experiment, training.data, there, training.momentum(done))
        if math.isfinite(limit.sharpness):
            found.append(
                Bend(
                    step,
                    limit.sharpness,
                    limit.seen,
                    limit.factor,
                    limit.value,
                    training.rate(done),
                    limit.reason,
                )
            )
    return tuple(found)


def _window(tried: Tried, least: float | None) -> float | None:
    """Return the smallest rate tried above a limit at which nothing broke."""
    if least is None:
        return None
    above = tried.rates[tried.holds & (tried.rates > least)]
    return float(above[0]) if len(above) else None


def _by_rate(tried: Tried) -> dict[float, str]:
    return dict(zip(tried.rates.tolist(), tried.kinds, strict=True))
