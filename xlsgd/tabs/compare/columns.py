"""Experiments of a workbook side by side: loss per epoch, and how soon a loss is reached.

Two sides again: formulas that look at the training tabs, and the same in Python over traces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.columns import Column, Input
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.reading import Reading
from xlsgd.training.quantities.clipped import drawn_loss, loss_formula

__all__ = [
    "NEVER",
    "NOT_REACHED",
    "RunSummary",
    "common_rates",
    "common_reading",
    "losses_columns",
    "losses_quantities",
    "runs_columns",
    "runs_quantities",
    "target_input",
]

Floats = NDArray[np.float64]
NOT_REACHED, NEVER = "not reached", "never"


def target_input(value: float) -> Input:
    """Return the loss that the runs race to."""
    return Input("target_loss", value, "how soon do they reach this mean loss?", minimum=0)


# Sheet side


def losses_columns(experiments: Sequence[str], to_the_edge: bool = False) -> list[Column]:
    """Return the columns of the table with one row an epoch.

    to_the_edge: see ``clipped.loss_formula``.
    """

    def column(
        quantity: str, formula: str, paper: str, note: str, group: str, first: str | None = None
    ) -> Column:
        return Column(quantity, formula, paper, note, "loss.mean()", group, first, symbol=paper)

    columns = [column("epoch", "={prev.epoch}+1", "", "number of the epoch", "epochs", "1")]
    for e in experiments:
        looked_up = (
            f"SUM(INDEX({{@{e}.epochs.mean_loss}},MATCH({{epoch}},{{@{e}.epochs.epoch}},0)))"
        )
        columns.append(
            column(f"mean_loss.{e}", f"={looked_up}", e, f"mean loss of {e}", "mean loss")
        )
    for e in experiments:
        loss = f"{{mean_loss.{e}}}"
        reached = f"IF(ISNUMBER({loss}),IF({loss}<={{target_loss}},1,{{before}}),{{before}})"
        columns.append(
            column(
                f"reached.{e}",
                "=" + reached.replace("{before}", f"{{prev.reached.{e}}}"),
                e,
                f"1 from the epoch on in which {e} reached the target loss",
                "target loss reached",
                "=" + reached.replace("{before}", "0"),
            )
        )
    for e in experiments:
        columns.append(
            column(
                f"plot.{e}",
                "=" + loss_formula(f"{{mean_loss.{e}}}", to_the_edge),
                e,
                f"mean loss of {e}, as long as it is within 10^-12 … 10^12",
                "for the chart",
            )
        )
    return columns


def common_reading(experiments: Iterable[Experiment]) -> Reading | None:
    """Return how the losses of experiments are read, None if not all in one way."""
    readings = [experiment.loss.reading for experiment in experiments]
    return readings[0] if all(reading == readings[0] for reading in readings) else None


def common_rates(experiments: Iterable[Experiment]) -> tuple[str, ...]:
    """Return the inputs of groups of weights with rates of their own, as far as all experiments
    have them."""
    own = [tuple(e.group_rates) for e in experiments]
    return tuple(name for name in (own[0] if own else ()) if all(name in names for names in own))


def runs_columns(
    experiment: str,
    reading: Reading | None,
    learning_rate: float | None = None,
    rates: Sequence[str] = (),
) -> list[Column]:
    """Return the columns of the table with one row an experiment.

    reading, rates: those of all runs; rates are of groups of weights.
    learning_rate: where rates are typed in here, the one to begin with.
    """

    def column(quantity: str, formula: str, note: str) -> Column:
        return Column(quantity, formula, "", note, "", group="all runs")

    def there(quantity: str) -> str:
        return f"={{@{experiment}.{quantity}}}"

    reached = f"SUM({{losses.reached.{experiment}}})"
    epochs = f"COUNT({{losses.epoch}})-{reached}+1"
    return [
        column("experiment", experiment, "tab"),
        column("optimizer", there("optimizer"), "how it updates"),
        column("learning_rate", there("learning_rate"), "as set on its tab")
        if learning_rate is None
        else column("learning_rate", repr(learning_rate), "change me: its tab follows"),
        *(column(key, there(key), f"that of the group {key.partition('.')[2]}") for key in rates),
        column("last_loss", there("last_loss"), "mean loss of the last epoch"),
        *(
            (column(f"last_{reading.key}", there(f"last_{reading.key}"), reading.beside),)
            if reading
            else ()
        ),
        column(
            "epochs_to_target",
            f'=IF({reached}=0,"{NOT_REACHED}",{epochs})',
            "epochs until mean loss ≤ target loss",
        ),
        column(
            "steps_to_target",
            f'=IF({reached}=0,"{NOT_REACHED}",({epochs})*{{@{experiment}.steps_per_epoch}})',
            "updates until then",
        ),
        column(
            "not_finite_step",
            f'=IF({there("not_finite_step")[1:]}=0,"{NEVER}",{there("not_finite_step")[1:]})',
            "first step whose loss is beyond what a cell can hold",
        ),
        column("verdict", there("verdict"), "how the run went"),
    ]


# Torch side


@dataclass(frozen=True)
class RunSummary:
    """What the table of runs says of one experiment.

    mean_loss: per epoch of its tab.   panel: verdict.panel_values.
    rates: of groups of weights with their own, by the names of their inputs.
    """

    experiment: str
    optimizer: str
    learning_rate: float
    mean_loss: Floats
    panel: Mapping[str, float | str]
    rates: Mapping[str, float] = field(default_factory=dict)


def losses_quantities(
    runs: Sequence[RunSummary], epochs: int, target: float, to_the_edge: bool = False
) -> dict[str, Floats]:
    """Return the table of losses: quantity to numbers of shape (epochs,)."""
    found: dict[str, Floats] = {"epoch": np.arange(1, epochs + 1, dtype=float)}
    for run in runs:
        loss = np.full(epochs, np.nan)
        known = min(epochs, len(run.mean_loss))
        loss[:known] = run.mean_loss[:known]
        with np.errstate(invalid="ignore"):
            reached = np.maximum.accumulate(loss <= target)
        found[f"mean_loss.{run.experiment}"] = loss
        found[f"reached.{run.experiment}"] = reached.astype(float)
        found[f"plot.{run.experiment}"] = drawn_loss(loss, to_the_edge)
    return found


def runs_quantities(
    run: RunSummary,
    losses: Mapping[str, Floats],
    reading: Reading | None,
    rates: Sequence[str] = (),
) -> dict[str, float | str]:
    """Return one row of the table of runs.  reading, rates: those of all runs."""
    reached = losses[f"reached.{run.experiment}"]
    epochs: float | str = NOT_REACHED
    steps: float | str = NOT_REACHED
    if reached.any():
        epochs = float(np.argmax(reached) + 1)
        steps = epochs * float(run.panel["steps_per_epoch"])
    return {
        "optimizer": run.optimizer,
        "learning_rate": run.learning_rate,
        **{key: run.rates[key] for key in rates},
        "last_loss": run.panel["last_loss"],
        **({f"last_{reading.key}": run.panel[f"last_{reading.key}"]} if reading else {}),
        "epochs_to_target": epochs,
        "steps_to_target": steps,
        "not_finite_step": run.panel["not_finite_step"] or NEVER,
        "verdict": run.panel["verdict"],
    }
