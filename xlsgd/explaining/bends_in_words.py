"""How strongly the loss bends at the start and at the end, and which rate that allows, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xlsgd.explaining.findings import Bend, TabExplanation
from xlsgd.explaining.training import Training
from xlsgd.explaining.words import compared, number, rate

__all__ = ["bend_sentences"]

_EDGE = (0.9, 1.1)
"""Shares of a limit between which a run is at its edge."""


def bend_sentences(tab: TabExplanation, training: Training) -> Iterator[str]:
    """Yield the curvatures that have not been told of, with the rates that they allow."""
    bends = [bend for bend in tab.bends if bend.step != tab.limit.local_step]
    if not bends:
        return
    said = training.experiment.network.wording
    texts = []
    for i, bend in enumerate(bends):
        texts.append(_one(bend, tab, training, bends[:i]))
    last = bends[-1]
    if any(bend.limit is not None for bend in bends):
        whole = training.experiment.batch_size >= training.data.rows
        if last.step > 1 and whole:
            texts += _edge(last)
        texts.append(
            "Such a limit holds for small steps around those weights: elsewhere the "
            f"{said.mean_loss} bends otherwise."
        )
        if not whole:
            texts.append("Steps here see fewer rows, whose loss may bend more.")
    elif last.why and last.seen > 0:
        texts.append(f"For {tab.optimizer} itself there is no such number: {last.why}.")
    yield " ".join(texts)


def _one(bend: Bend, tab: TabExplanation, training: Training, told: Sequence[Bend]) -> str:
    """Return what there is to say of one place.  told: those that came before: no word twice."""
    said = training.experiment.network.wording
    loss = "it" if told else f"the {said.mean_loss}{said.rows(' over all rows')}"
    text = f"{'At the start weights' if bend.step == 1 else 'At the end'} {loss} bends"
    if not bend.seen > 0:
        return f"{text} upwards in no direction, so its curvature limits no rate."
    text += f" by {number(bend.sharpness)} where it bends most"
    groups = training.experiment.param_groups
    if bend.seen != bend.sharpness:
        text += f", {number(bend.seen)} "
        text += "as the rates of groups count" if groups else "with the weight decay"
    short = any(other.seen > 0 for other in told)
    known, factor = bend.limit is not None and bend.factor is not None, bend.factor or 2.0
    limit = bend.limit if known and bend.limit is not None else factor / bend.seen
    steps = f"small steps of {tab.optimizer if known else 'gradient descent'}"
    steps += said.rows(" that see all rows") + (" are" if known else " would be") + " stable there"
    if known and groups:
        steps += ", the rates of groups keeping their share of learning_rate,"
    text += f"; {'that allows' if short else f'{steps} up to'} "
    text += f"{number(factor)} / {number(bend.seen)} = {rate(limit)}"
    return f"{text}, and {compared(bend.rate, limit)}." if known else f"{text}."


def _edge(bend: Bend) -> Iterator[str]:
    """Yield what it means for a run to end near its limit, or above it."""
    share = bend.rate / bend.limit if bend.limit else 0.0
    low, high = _EDGE
    if low <= share <= high:
        yield (
            "That is the edge of stability: what is wrong along that direction neither fades nor "
            "grows much from step to step."
        )
    elif share > high:
        yield (
            "Above it what is wrong along that direction grows from step to step: at this rate it "
            "cannot settle at these weights."
        )
