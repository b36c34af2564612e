"""Overfitting: rows that do not train cost more and more, while those that train cost less."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from xlsgd.explaining.citation import Citation
from xlsgd.explaining.findings import TabExplanation, Validated
from xlsgd.explaining.training import BROKEN, Training
from xlsgd.explaining.words import at, number, percent
from xlsgd.report.terminal import counted
from xlsgd.verdict.rules import CLEAR

__all__ = ["validated", "validation_sentences"]


def validated(training: Training, where: Citation) -> Validated | None:
    """Return what rows that do not train say of the weights after every epoch.

    None where there are no such rows, and for a run that is broken.
    """
    held, epochs = training.data.validation, training.epochs
    if held is None or epochs < 1 or training.kind in BROKEN:
        return None
    per_epoch = training.experiment.steps_per_epoch(training.data.rows)
    after = replace(training, weights=training.weights[: epochs * per_epoch + 1 : per_epoch])
    trains = after.mean_losses
    validates = replace(after, data=held).mean_losses
    if not (np.isfinite(trains).all() and np.isfinite(validates).all()):
        return None
    best = int(np.argmin(validates))
    return Validated(
        rows=held.rows,
        epochs=epochs,
        start=float(validates[0]),
        best_epoch=best,
        best=float(validates[best]),
        end=float(validates[-1]),
        train_at_best=float(trains[best]),
        train_at_end=float(trains[-1]),
        overfits=bool(
            validates[-1] > (1 + CLEAR) * validates[best]
            and trains[-1] < (1 - CLEAR) * trains[best]
        ),
        best_cell=where.epoch("validation_loss", best),
        end_cell=where.epoch("validation_loss", epochs),
    )


def validation_sentences(tab: TabExplanation) -> Iterator[str]:
    """Yield the same in words."""
    found = tab.validated
    if found is None:
        return
    rows = f"{counted(found.rows, 'row')} that {'does' if found.rows == 1 else 'do'} not train"
    best = f"after epoch {found.best_epoch}" if found.best_epoch else "at the start weights"
    end = f"{number(found.end)} after epoch {found.epochs}{at(found.end_cell)}"
    if found.overfits:
        share = percent(found.end / found.best - 1) if found.best > 0 else "from nothing"
        by = f"by {share}" if found.best > 0 else share
        yield (
            f"It overfits: on the {rows} the mean loss was lowest {best}, {number(found.best)}"
            f"{at(found.best_cell)}, and has risen to {end}, {by}; meanwhile on the "
            f"{counted(tab.rows, 'row')} that train it fell from {number(found.train_at_best)} to "
            f"{number(found.train_at_end)}."
        )
        advice = "train on more rows, use fewer weights, or let them decay (--weight-decay)"
        yield (
            f"What it learns after epoch {found.best_epoch} holds for the rows that train alone: "
            f"stop there (--epochs {found.best_epoch}), {advice}."
            if found.best_epoch
            else f"Nothing of what it learns from the rows that train helps with the others: "
            f"{advice}."
        )
    elif found.best_epoch == found.epochs:
        yield (
            f"On the {rows} the mean loss went from {number(found.start)} at the start weights to "
            f"{end}, its lowest: it does not overfit so far."
        )
    else:
        yield (
            f"On the {rows} the mean loss was {number(found.start)} at the start weights, lowest "
            f"{best}, {number(found.best)}{at(found.best_cell)}, and is {end}; on the rows that "
            f"train it went from {number(found.train_at_best)} to {number(found.train_at_end)} "
            "since: that is no overfitting."
        )
