"""The table with one row an epoch, both sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.columns import Column
from xlsgd.training.losses.reading import Reading
from xlsgd.training.quantities import clipped
from xlsgd.training.quantities.accuracy import PAPER, note, torch_line
from xlsgd.verdict.evidence import Evidence
from xlsgd.verdict.rules import changes_of

__all__ = ["ends_of_epochs", "epoch_columns", "epoch_quantities"]

Floats = NDArray[np.float64]


# Sheet side


def epoch_columns(evidence: Evidence, to_the_edge: bool = False) -> list[Column]:
    """Return the columns of the table with one row an epoch.

    to_the_edge: see ``clipped.loss_formula``.
    """

    def column(
        quantity: str, formula: str, paper: str, note: str, torch: str, first: str | None = None
    ) -> Column:
        return Column(quantity, formula, paper, note, torch, group="epoch by epoch", first=first)

    read, cut, said = evidence.reading, evidence.cut, evidence.wording
    number = said.rows("how often the data was begun") or "as many as steps: there is no data"
    found = [
        column("epoch", "={prev.epoch}+1", "1, 2, …", number, "epoch", "1"),
        column(
            "ends_at",
            "={epoch}*{steps_per_epoch}",
            "epoch · steps_per_epoch",
            f"the step with which the {said.epoch} ends" if said.has_rows else "this step",
            "epoch * steps_per_epoch",
        ),
        column(
            "mean_loss",
            f"={evidence.mean_loss}",
            "mean of the rows' losses" if said.has_rows else "loss",
            "mean loss over the epoch's rows, each before its own update"
            if said.has_rows
            else "loss of this step",
            "loss.mean()",
        ),
        *(
            (column(read.key, f"={read.formula}", read.paper, read.note, read.torch),)
            if read
            else ()
        ),
        column(
            "change",
            "=IF({prev.mean_loss}=0,0,{mean_loss}/{prev.mean_loss}-1)",
            "mean_loss / before − 1",
            f"by which share the {said.mean_loss} changed against the {said.epoch} before",
            "mean_loss / before - 1",
            "0",
        ),
        column(
            "lowest",
            "=IF(ISNUMBER({mean_loss}),IF(ISNUMBER({prev.lowest}),"
            "MIN({prev.lowest},{mean_loss}),{mean_loss}),{prev.lowest})",
            "lowest mean_loss so far",
            f"the lowest {said.mean_loss} of this and all earlier {said.epoch}s",
            "min(lowest, mean_loss)",
            "={mean_loss}",
        ),
    ]
    drawn = column(
        "plot.mean_loss",
        f"={clipped.loss_formula('{mean_loss}', to_the_edge)}",
        "mean_loss, up to 1E+12",
        f"the {said.mean_loss} for the chart: no less than 1E-12, as a log axis has no 0, and its "
        "line ends above 1E+12",
        "torch.where(mean_loss <= 1e12, mean_loss.clamp(min=1e-12), torch.nan)",
    )
    found.append(replace(drawn, symbol="drawn"))
    if evidence.accuracy is not None:
        found.append(column("accuracy", f"={evidence.accuracy}", PAPER, note(cut), torch_line(cut)))
    return found


# Torch side


def epoch_quantities(
    values: Mapping[str, Floats],
    epochs: int,
    reading: Reading | None,
    moves_of_means: Callable[[Floats], Floats] | None = None,
    to_the_edge: bool = False,
) -> dict[str, Floats]:
    """Return what the table holds.

    values: ``epoch``, ``loss`` and, where it has one, ``accuracy`` of every row of data as it
        comes by, shapes (…, rows); ``row_weight`` where rows do not all count alike.
    epochs: length of the table; epochs without rows give nan.   reading: of the loss.
    moves_of_means: gives by which share of the mean of their sizes means may be off, from how many
        numbers each has; None for means as they are.   to_the_edge: see ``clipped.loss_formula``.
    """
    numbers = np.arange(1, epochs + 1)
    loss = np.where(np.isfinite(values["loss"]), values["loss"], np.nan)
    epoch = np.broadcast_to(values["epoch"], loss.shape)

    def means(rows: Floats) -> Floats:
        return np.stack(
            [np.where(epoch == n, rows, 0.0).sum(-1) / (epoch == n).sum(-1) for n in numbers],
            axis=-1,
        )

    with np.errstate(all="ignore"):
        weighed = means(values["row_weight"]) if "row_weight" in values else 1.0
        mean_loss = means(loss) / weighed
        if moves_of_means is not None:
            of_one = epoch.reshape(-1, epoch.shape[-1])[0]
            counts = np.array([float((of_one == n).sum()) for n in numbers])
            mean_loss = mean_loss + moves_of_means(counts) * means(np.abs(loss)) / weighed
        mean_loss = np.where(np.isfinite(mean_loss), mean_loss, np.nan)
    found = {
        "epoch": np.broadcast_to(numbers.astype(float), mean_loss.shape),
        "mean_loss": mean_loss,
        "change": changes_of(mean_loss),
        "lowest": np.fmin.accumulate(mean_loss, axis=-1),
        "plot.mean_loss": clipped.drawn_loss(mean_loss, to_the_edge),
    }
    if reading is not None:
        with np.errstate(all="ignore"):
            found[reading.key] = reading.of(mean_loss)
    if "accuracy" in values:
        found["accuracy"] = means(values["accuracy"])
    return found


def ends_of_epochs(epochs: Floats, steps_per_epoch: int) -> Floats:
    """Return the steps with which epochs end.  epochs: their numbers, from 1; any shape."""
    ends: Floats = epochs * float(steps_per_epoch)
    return ends
