"""How large the learning rate may be, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator

from xlsgd.explaining.bends_in_words import bend_sentences
from xlsgd.explaining.findings import RateLimit, TabExplanation
from xlsgd.explaining.training import BROKEN, Training
from xlsgd.explaining.words import compared, number, percent, rate, times
from xlsgd.report.terminal import counted

__all__ = ["limit_sentences"]

_BREAKS = {"exploded": "explodes", "dead": "loses a unit"}


def limit_sentences(tab: TabExplanation, training: Training) -> Iterator[str]:
    """Yield what is known of the largest rate."""
    limit, said = tab.limit, training.experiment.network.wording
    if limit.kind == "linear":
        yield from _linear(limit, tab, training)
        return
    least = ""
    if limit.value is not None:
        least = (
            f"The smallest rate found, by trying, at which a run from this start "
            f"{_BREAKS[limit.breaks]} within {counted(tab.epochs, said.epoch)} is "
            f"{rate(limit.value)}"
        )
    if tab.kind not in BROKEN:
        yield from bend_sentences(tab, training)
        if limit.times_above is not None:
            yield f"{least}: this tab uses {percent(limit.times_above)} of it.{_window(limit)}"
        return
    bent = "summed loss" if training.experiment.loss.is_summed else said.mean_loss
    yield f"There is no single limit for the learning rate here: {limit.why}."
    if limit.local_limit is not None:
        yield (
            f"At the weights before step {limit.local_step} the {bent}"
            f"{said.rows(' over all rows')} bends by "
            f"{number(limit.sharpness)} where it bends most; a step of gradient descent"
            f"{said.rows(' that sees all rows')} would be stable there up to "
            f"2 / {number(limit.sharpness)} = {rate(limit.local_limit)}."
            f"{_rate_there(limit, training)}"
        )
    yield from bend_sentences(tab, training)
    if limit.value is not None:
        yield f"{least}; {compared(tab.learning_rate, limit.value)}.{_window(limit)}"


def _rate_there(limit: RateLimit, training: Training) -> str:
    """Return the rate of the step that a local limit is about, where it is not what is typed in."""
    if limit.local_step is None or training.experiment.schedule.steady:
        return ""
    return f" The rate of that step is {rate(training.rate(limit.local_step))}."


def _window(limit: RateLimit) -> str:
    """Return a sentence about rates above a limit: it is where explosions begin, and not where
    all that is larger explodes."""
    if limit.kind == "linear":
        if limit.window is None:
            return ""
        return (
            " All rates below it are stable; above it there are windows of stable rates as well, "
            f"such as at {rate(limit.window)}."
        )
    if limit.window is None:
        return " Above it there may be windows of rates at which it holds; none was found."
    return (
        " Above it there are windows of rates at which it holds again, such as at "
        f"{rate(limit.window)}."
    )


def _linear(limit: RateLimit, tab: TabExplanation, training: Training) -> Iterator[str]:
    assert limit.value is not None
    size = training.experiment.batch_size
    seen = "one row" if size == 1 else "all rows" if size >= tab.rows else f"{size} rows"
    used = compared(tab.learning_rate, limit.value)
    text = (
        f"The largest stable learning_rate for these data, {tab.optimizer} and steps that see "
        f"{seen} is {rate(limit.value)}, whatever the start; {used}."
    )
    if limit.growth is not None and 1 < limit.growth < math.inf:
        text += (
            f" In the long run every epoch makes the distance from the solution "
            f"{times(limit.growth)} times as large."
        )
    text += _window(limit)
    yield text
    if limit.overshooting_rows is not None and training.experiment.optimizer.step_is_slope:
        text = (
            f"learning_rate times curvature is above 1 for {limit.overshooting_rows} of "
            f"{counted(tab.rows, 'row')}"
        )
        if limit.overshooting_rows:
            text += ": their steps overshoot"
        if limit.growing_rows:
            text += (
                f". It is above 2 for {limit.growing_rows}: their steps make their own error larger"
            )
        yield f"{text}."
