"""Other learning rates, tried in torch: many at once to choose from, the chosen one for real."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.explaining.citation import Citation
from xlsgd.explaining.findings import Suggestion
from xlsgd.explaining.plateau import has_learned
from xlsgd.explaining.saturation import saturated_units
from xlsgd.explaining.training import BROKEN, Length, Training, train
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.view import View
from xlsgd.torch_side.rates import factors_of_steps
from xlsgd.torch_side.stability.border import verdicts_at
from xlsgd.torch_side.step_check import need_steps_that_scale
from xlsgd.torch_side.targets import columns_to_predict

__all__ = ["Tried", "better_run", "suggestion", "try_around", "try_rates"]

Floats = NDArray[np.float64]

_A_DECADE = 16
"""Rates tried between one and ten times as much: neighbours are 15 % apart."""
_DECADES = 3
"""Powers of ten looked at below and above the tab's own rate."""
_ALONE = 25
"""Rates tried where each has to be trained by itself."""
_MOST = 7
"""Powers of ten looked at below a limit, however small the tab's own rate is."""
_WIDER = 12
"""How often it is looked further out, as long as the best rate is the last one."""

_LESS = 0.95
"""A suggestion leaves at most this share of the error …"""
_WORTH = 0.001
"""… and takes away at least this share of what always predicting the mean of y gives: below that
nobody sees a difference."""

_LOOKED_AT, _SMALLER = 3, 1.5
"""Of the best rates so many are looked at. Where steps throw units out, all larger rates are left
out, and the next one is smaller by this factor."""

_SETTLING = ("converging", "converging slowly", "converged", "too slow")
"""Trends of runs that may go on as they do."""


@dataclass(frozen=True)
class Tried:
    """Learning rates in rising order, and how runs at them went.

    kinds: as ``Training.kind``.   mean_loss: of the last epoch.
    at_rest: the kind of a run at the rate 0: what is broken there is so through no fault of a rate.
    """

    rates: Floats
    kinds: tuple[str, ...]
    mean_loss: Floats
    at_rest: str = ""

    @property
    def holds(self) -> NDArray[np.bool_]:
        """Where nothing broke."""
        whole = [not self.broken(kind) for kind in self.kinds]
        return np.array(whole) & np.isfinite(self.mean_loss)

    def broken(self, kind: str) -> bool:
        """Return whether runs of a kind are broken by their rate."""
        return kind in BROKEN and kind != self.at_rest

    def and_also(self, other: Tried) -> Tried:
        """Return both together."""
        rates, first = np.unique(np.append(self.rates, other.rates), return_index=True)
        kinds, losses = self.kinds + other.kinds, np.append(self.mean_loss, other.mean_loss)
        return Tried(rates, tuple(kinds[i] for i in first), losses[first], self.at_rest)


def try_rates(view: View, data: Dataset, rates: Floats) -> Tried:
    """Train at some learning rates, all else as it is.

    rates: rising; of many only some, where each has to be trained by itself.
    """
    if not _together(view, data):
        some = np.unique(
            np.linspace(0, len(rates) - 1, min(len(rates), _ALONE)).round().astype(int)
        )
        length = Length(view.experiment.epochs * data.rows, view.experiment.epochs)
        runs = [train(view.at_rate(float(r)), data, length) for r in rates[some]]
        losses = np.array([run.mean_loss for run in runs])
        return Tried(rates[some], tuple(run.kind for run in runs), losses)
    watched = get_layout(view.layout).watched_weight(view)
    verdicts = verdicts_at(view.experiment, data, watched, rates)
    loss = verdicts.numbers["last_loss"]
    return Tried(rates, tuple(map(verdicts.kind, range(len(rates)))), loss)


def _together(view: View, data: Dataset) -> bool:
    """Return whether many rates can be trained at once: every step is the rate times something."""
    experiment = view.experiment
    try:
        need_steps_that_scale(experiment)
        if not experiment.schedule.steady:
            factors_of_steps(experiment, experiment.epochs * experiment.steps_per_epoch(data.rows))
    except SpecError:
        return False
    return True


def try_around(view: View, data: Dataset, limit: float | None) -> Tried:
    """Try rates around an experiment's own, and further out while that is better.

    limit: the largest stable rate, where there is one; none above it is tried.
    All rates have two digits, so that what is suggested is what was tried.
    """
    own = view.experiment.learning_rate
    at_rest = try_rates(view, data, np.zeros(1)).kinds[0]

    def between(low: float, high: float) -> Tried:
        return replace(try_rates(view, data, _grid(low, high)), at_rest=at_rest)

    if limit is not None:
        return between(max(min(own, limit) * 10.0**-_DECADES, limit * 10.0**-_MOST), limit)
    begin = own if own > 0 else 1e-3
    low, high = begin * 10.0**-_DECADES, begin * 10.0**_DECADES
    tried = between(low, high)
    for _ in range(_WIDER):
        if not tried.holds.any():
            low, top = low * 10.0**-_DECADES, low
            tried = tried.and_also(between(low, top))
        elif tried.holds[-1] and tried.mean_loss[-1] <= tried.mean_loss[tried.holds].min():
            bottom, high = high, high * 10.0**_DECADES
            tried = tried.and_also(between(bottom, high))
        else:
            break
    return tried


def better_run(training: Training, length: Length, tried: Tried) -> Training | None:
    """Return a run at the rate that does best among those tried.

    None where none does so much better that it is worth a word, see ``_LESS`` and ``_WORTH``. For a
    run that is broken only smaller rates count: where larger ones hold, they do so by luck.
    """
    own = training.experiment.learning_rate
    below = own if tried.broken(training.kind) else math.inf
    left = _LOOKED_AT
    for rate in _best(tried):
        if rate >= below:
            continue
        if rate == own or not left:
            break
        other = training.view.at_rate(rate)
        run = train(other, training.data, length)
        if _thrown_out(run):
            below = rate / _SMALLER
            continue
        if not tried.broken(run.kind) and _worth_it(training, run):
            return run
        left -= 1
    return None


def _thrown_out(run: Training) -> bool:
    """Return whether steps threw units so far out that they are saturated, and it has not learned:
    it has less loss perhaps, and comes to rest, but there is nothing that it could go on by."""
    experiment = run.experiment
    constant = experiment.loss.constant_of(
        columns_to_predict(experiment, run.data), **experiment.loss_options
    )
    if has_learned(run, constant):
        return False
    return any(unit.since > 1 for unit in saturated_units(run, Citation()))


def suggestion(run: Training, tried: Tried) -> Suggestion:
    """Return the suggestion to train as a run does."""
    rate = run.experiment.learning_rate
    return Suggestion(rate, run.rmse, run.mean_loss, run.epochs, run.verdict, len(tried.rates))


def _grid(low: float, high: float) -> Floats:
    """Return rates with two digits from low to high, both included where they have two digits."""
    count = round(np.log10(high / low) * _A_DECADE) + 1
    rates = [float(f"{rate:.1e}") for rate in np.geomspace(low, high, max(count, 2))]
    return np.array(sorted({rate for rate in rates if 0 < rate <= high}))


_ABOUT = 1.05
"""Mean losses up to this many times the least count as about as good."""


def _best(tried: Tried) -> list[float]:
    """Return the rates at which nothing broke, the best first; those that settle before others.

    Of rates that are about as good as the best, the largest comes first: it gets further still
    when trained for longer.
    """
    settling = np.array([kind in _SETTLING for kind in tried.kinds])
    good = tried.holds & settling
    least = tried.mean_loss[good].min() if good.any() else np.inf
    about = good & (tried.mean_loss <= _ABOUT * least)
    rank = np.where(about, -tried.rates, tried.mean_loss)
    order = np.lexsort((rank, ~about, ~settling))
    return [float(tried.rates[i]) for i in order if tried.holds[i]]


def _worth_it(training: Training, other: Training) -> bool:
    """Return whether the mean loss of another run is so much lower than what this one has reached.

    Of a run that explodes or ends above its start, the start's loss is all that it has reached.
    """
    start = training.number("start_loss")
    if not np.isfinite(start):
        return True
    lost = training.kind in ("exploded", "not finite") or not training.mean_loss <= start
    loss = training.experiment.loss
    constant = loss.constant_of(
        columns_to_predict(training.experiment, training.data), **training.experiment.loss_options
    )
    now, reached = loss.read(start if lost else training.mean_loss), loss.read(other.mean_loss)
    # Where nobody knows what one prediction for all rows leaves, the start has to do.
    scale = loss.read(start if constant is None else constant) or now
    if training.dead_since:
        # A net of dead units says the same of every row, and can do no better than the mean of y.
        # What ends no better than that is no advice, however low it came by the way.
        end = loss.read(float(other.mean_of(other.outputs([other.steps + 1])["loss"])[0]))
        if not max(reached, end) < scale:
            return False
    return reached <= _LESS * now and now - reached >= _WORTH * scale
