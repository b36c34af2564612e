"""How a run went that did not explode, in words: what the mean loss of its epochs does."""

from __future__ import annotations

from collections.abc import Iterator

from xlsgd.explaining.findings import TabExplanation
from xlsgd.explaining.level import Crawl
from xlsgd.explaining.moving_rate import moving_sentences, of_step
from xlsgd.explaining.training import Training
from xlsgd.explaining.words import number, percent, step_seen, times
from xlsgd.report.terminal import counted
from xlsgd.verdict import ONE_EPOCH

__all__ = ["trend_sentences"]


def _crawl(found: Crawl, tab: TabExplanation, share: str, training: Training) -> Iterator[str]:
    said = training.experiment.network.wording
    change = percent(abs(training.number("last_change")))
    bottom = "the bottom" if found.exact else "the bottom of the parabola that the loss is here"
    yield (
        f"It is slow, and not done: {share}, and though the last {said.epoch} changed it by no "
        f"more than {change}, the slope over all rows is still {number(found.slope)} long, and "
        f"{bottom} is at a {said.mean_loss} of {number(found.least)}."
    )
    yield (
        f"Most is left in a direction in which the loss bends by {number(found.bend)}, where it "
        f"bends by {number(found.steepest)} in the steepest, {times(found.steepest / found.bend)} "
        "times as much: the rate has to suit the steepest, and then it takes "
        f"{found.steps:,.0f} steps until 37 % of what is missing there is left. Inputs of one size "
        'around 0 make the bowl rounder, as --feature "standardised(…)" does.'
    )


def trend_sentences(tab: TabExplanation, training: Training) -> Iterator[str]:
    """Yield what the trend means, with its numbers."""
    trend, left = str(training.panel["trend"]), training.number("loss_left")
    said = training.experiment.network.wording
    mean_loss, epoch = said.mean_loss, said.epoch
    change = training.number("last_change")
    share = f"{percent(left)} of the start's {mean_loss} is left"
    if trend == ONE_EPOCH:
        yield f"One {epoch} shows no trend: train longer."
    elif trend == "too slow":
        pace = percent(training.number("pace"))
        text = f"It falls, but slowly: {share}"
        if tab.still is None and not tab.dead:
            text += (
                f", and the last {epoch} took away {pace} of what {said.an_epoch} takes away on "
                "average: "
                "the pace does not slacken, so there is more to be had"
            )
        yield f"{text}."
    elif trend == "oscillating":
        rises, falls = int(training.number("rises")), int(training.number("falls"))
        yield (
            f"The {mean_loss} goes up and down: it rose in {counted(rises, epoch)} and fell in "
            f"{falls}. Its lowest was {number(training.number('lowest_loss'))}, in the last "
            f"{epoch} it is {number(tab.mean_loss)}: the steps overshoot."
        )
    elif trend in ("diverging", "creeping up"):
        yield f"The {mean_loss} rises: in the last {epoch} by {percent(change)}."
    elif trend == "worse than at the start":
        yield f"The {mean_loss} ends {times(left)} times as high as it began."
    elif tab.crawl is not None:
        yield from _crawl(tab.crawl, tab, share, training)
    elif trend == "standing still":
        if tab.mean_loss == 0:
            yield "The loss is 0: there is nothing to find."
        elif training.experiment.learning_rate == 0:
            yield "learning_rate is 0: no weight moves."
        elif tab.still is None and not tab.dead:
            yield (
                f"The {mean_loss} is level and was so from the start: the learning rate is too "
                "small to see, or there is nothing to gain from here."
            )
    elif trend == "converged":
        yield f"It has settled: {share}, and the last {epoch} changed it by {percent(abs(change))}."
    elif trend in ("converging", "converging slowly"):
        yield f"It trains: {share}, and the last {epoch} took away {percent(abs(change))}."
    yield from moving_sentences(training)
    turn = tab.turn
    if turn is not None and not tab.dead:
        yield (
            f"It left in {step_seen(turn.step, turn.epoch, turn.cell, turn.rows, training)}: the "
            f"last step before which the {mean_loss}{said.rows(' over all rows')} was no greater "
            f"than at the start. It went from {number(turn.mean_loss_before)} to "
            f"{number(turn.mean_loss_after)} there; {of_step(training, turn.step)} times the "
            f"curvature along the slope was {times(turn.lr_times_curvature)}."
        )
