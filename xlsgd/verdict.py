"""How a run went: converging, exploded, a dead unit, a frozen derivative.

Like a layer or an optimizer, the verdict has two sides: live formulas in the sheet, and the same
rules in Python over the numbers that torch computed.

The rules
- exploded at step n: the first row whose loss is above ``exploded_above`` or is no number, if the
  mean loss of the last epoch is so as well: a run that comes back has not exploded.
- unit dead since step n: the output of a ReLU was last above 0 in step n - 1, and at least one
  whole epoch has passed since: every row of the data has been tried.
- numerical derivative frozen since step n: from step n to the end every numerical derivative is
  exactly 0 while backprop's are not, and h is lost against the size of the weights
  (h < 1E-15 · the largest weight: the weight plus h rounds to the weight).
- trend over the mean losses of complete epochs, where a rise or a fall is more than 1 %:
  oscillating (at least two rises and two falls), converging (a fall in the last epoch),
  diverging (a rise in the last epoch), crawling (still falling, by 0.01 to 1 % an epoch),
  creeping up (rising, by 0.01 to 1 %), converged (level now, fell earlier), standing still
  (level, never fell: at its minimum from the start, or learning_rate is too small to see).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xlsgd.accuracy import NOTE, PAPER, TORCH
from xlsgd.columns import Column, Input
from xlsgd.experiment import Experiment

__all__ = [
    "Verdict",
    "Watched",
    "agrees",
    "columns",
    "epoch_columns",
    "epoch_quantities",
    "panel",
    "panel_values",
    "quantities",
    "units",
]

Floats = NDArray[np.float64]

ONE_EPOCH = "one epoch: train longer to see a trend"
CLEAR, LEVEL = 0.01, 0.0001
"""A change of the mean loss by more than the first share is a rise or a fall; by less than the
second it is none."""


def units(experiment: Experiment) -> tuple[str, ...]:
    """Return the quantities that are outputs of a ReLU, the units that can die."""
    return tuple(
        name
        for place in experiment.network.places
        if place.layer.name == "ReLU"
        for name in place.outputs
    )


@dataclass(frozen=True)
class Watched:
    """What the verdict looks at, under the names that a layout gives it.

    units: unit that can die to the expression that is above 0 where it lets something through.
    numerical, backprop: the quantities whose two kinds of derivative are compared.
    parameters: of the network.
    completed: the expression of how many epochs have been completed.
    mean_loss: the expression of the mean loss of an epoch.   accuracy: the same, if it has one.
    """

    units: Mapping[str, str]
    numerical: tuple[str, ...]
    backprop: tuple[str, ...]
    parameters: tuple[str, ...]
    completed: str
    mean_loss: str
    accuracy: str | None = None


# Sheet side: columns beside every row


def columns(watched: Watched) -> list[Column]:
    """Return the columns that remember, row by row, what the panel wants to know."""

    def column(quantity: str, formula: str, first: str, paper: str, note: str) -> Column:
        torch = "# bookkeeping for the panel at the top left"
        return Column(quantity, formula, paper, note, torch, group="how it goes", first=first)

    bad = "IF(ISNUMBER({loss}),IF({loss}>{exploded_above},{step},0),{step})"
    found = [
        column(
            "exploded_at",
            "=IF({prev.exploded_at}>0,{prev.exploded_at}," + bad + ")",
            "=" + bad,
            "first step with loss > exploded_above",
            "the step in which the loss first was above exploded_above or no number; "
            "0 as long as that has not happened",
        )
    ]
    for unit, output in watched.units.items():
        awake = f"=IF(ISNUMBER({output}),IF({output}>0,{{step}},{{asleep}}),{{step}})"
        found.append(
            column(
                f"awake.{unit}",
                awake.replace("{asleep}", f"{{prev.awake.{unit}}}"),
                awake.replace("{asleep}", "0"),
                f"last step with {unit} > 0",
                f"the last step in which {unit} let something through; "
                "stuck for a whole epoch: the unit is dead",
            )
        )
    numerical = "+".join(f"ABS({{{g}}})" for g in watched.numerical)
    backprop = "+".join(f"ABS({{{g}}})" for g in watched.backprop)
    largest = ",".join(f"ABS({{param.{p}}})" for p in watched.parameters)
    alive = (
        f"=IF(ISNUMBER({numerical}+{backprop}),"
        f"IF(AND({numerical}=0,{backprop}>0,{{h}}<1E-15*MAX({largest})),{{frozen}},{{step}}),"
        "{step})"
    )
    found.append(
        column(
            "derivative_alive",
            alive.replace("{frozen}", "{prev.derivative_alive}"),
            alive.replace("{frozen}", "0"),
            "last step not frozen",
            "the last step in which the numerical derivative was not frozen: it freezes where "
            "weight + h rounds to the weight",
        )
    )
    return found


def quantities(
    experiment: Experiment, watched: Watched, values: Mapping[str, Floats]
) -> dict[str, Floats]:
    """Torch side of ``columns``.

    values: quantity to numbers of shape (…, rows); of a unit, the largest output of the row.
    """
    step, loss = values["step"], values["loss"]
    with np.errstate(invalid="ignore"):
        bad = ~np.isfinite(loss) | (loss > experiment.exploded_above)
    first_bad = np.where(bad.any(-1), np.argmax(bad, -1), bad.shape[-1])
    since = np.arange(bad.shape[-1]) >= first_bad[..., None]
    first_step = np.take_along_axis(
        np.broadcast_to(step, bad.shape), np.minimum(first_bad, bad.shape[-1] - 1)[..., None], -1
    )
    found = {"exploded_at": np.where(since, first_step, 0.0)}
    for unit in watched.units:
        with np.errstate(invalid="ignore"):
            awake = ~np.isfinite(values[unit]) | (values[unit] > 0)
        found[f"awake.{unit}"] = _last_step(step, awake)

    def sizes(names: Iterable[str]) -> Floats:
        return np.stack([np.abs(values[name]) for name in names])

    with np.errstate(over="ignore", invalid="ignore"):
        numerical, backprop = sizes(watched.numerical).sum(0), sizes(watched.backprop).sum(0)
        frozen = (numerical == 0) & (backprop > 0) & np.isfinite(backprop)
        frozen &= experiment.h < 1e-15 * sizes(f"param.{p}" for p in watched.parameters).max(0)
    found["derivative_alive"] = _last_step(step, ~frozen)
    return found


def _last_step(step: Floats, happened: NDArray[np.bool_]) -> Floats:
    """Return, for every row, the last step so far in which something happened; 0 for never."""
    return np.maximum.accumulate(np.where(happened, step, 0.0), axis=-1)


# Sheet side: the table of epochs


def epoch_columns(watched: Watched) -> list[Column]:
    """Return the columns of the table with one row an epoch."""

    def column(
        quantity: str, formula: str, paper: str, note: str, torch: str, first: str | None = None
    ) -> Column:
        return Column(quantity, formula, paper, note, torch, group="epoch by epoch", first=first)

    found = [
        column("epoch", "={prev.epoch}+1", "1, 2, …", "how often the data was begun", "epoch", "1"),
        column(
            "mean_loss",
            f"={watched.mean_loss}",
            "mean of the rows' losses",
            "mean loss over the epoch's rows, each before its own update",
            "loss.mean()",
        ),
        column(
            "rmse",
            "=SQRT({mean_loss})",
            "√mean_loss",
            "root of the mean squared error: how far off predictions are, in units of y",
            "loss.mean().sqrt()",
        ),
        column(
            "change",
            "=IF({prev.mean_loss}=0,0,{mean_loss}/{prev.mean_loss}-1)",
            "mean_loss / before − 1",
            "by which share the mean loss changed against the epoch before",
            "mean_loss / before - 1",
            "0",
        ),
    ]
    if watched.accuracy is not None:
        found.append(
            column(
                "accuracy",
                f"={watched.accuracy}",
                PAPER,
                NOTE,
                TORCH,
            )
        )
    return found


def epoch_quantities(values: Mapping[str, Floats], epochs: int) -> dict[str, Floats]:
    """Torch side of ``epoch_columns``.

    values: ``epoch``, ``loss`` and, where it has one, ``accuracy`` of every row of data as it
        comes by, shapes (…, rows).
    epochs: length of the table; epochs without rows give nan.
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
        mean_loss = means(loss)
        mean_loss = np.where(np.isfinite(mean_loss), mean_loss, np.nan)
        change = np.zeros_like(mean_loss)
        before = mean_loss[..., :-1]
        change[..., 1:] = np.where(before == 0, 0.0, mean_loss[..., 1:] / before - 1)
    found = {
        "epoch": np.broadcast_to(numbers.astype(float), mean_loss.shape),
        "mean_loss": mean_loss,
        "rmse": np.sqrt(mean_loss),
        "change": change,
    }
    if "accuracy" in values:
        found["accuracy"] = means(values["accuracy"])
    return found


# Sheet side: the panel


def panel(watched: Watched) -> list[Input]:
    """Return the fields of the panel: live formulas that say how the run went."""
    dead = [
        Input(
            f"dead_since.{unit}",
            f"=IF({{last_step}}-MAX({{steps.awake.{unit}}})>={{steps_per_epoch}},"
            f"MAX({{steps.awake.{unit}}})+1,0)",
            f"step since which {unit} is 0 for every row; 0: it lives",
        )
        for unit in watched.units
    ]
    dead_words = "".join(
        f'&IF({{dead_since.{unit}}}>0,"; {unit} dead since step "&{{dead_since.{unit}}},"")'
        for unit in watched.units
    )
    accuracy = [
        Input(
            "last_accuracy",
            "=INDEX({epochs.accuracy},MATCH({last_epoch},{epochs.epoch},0))",
            "share of rows predicted right in it",
        )
    ]
    first = "INDEX({epochs.mean_loss},1)"
    trend = (
        f'=IF({{last_epoch}}<2,"{ONE_EPOCH}",IF(ISNUMBER({{last_change}}),'
        'IF(AND({rises}>=2,{falls}>=2),"oscillating",'
        f'IF({{last_change}}<-{CLEAR},"converging",IF({{last_change}}>{CLEAR},"diverging",'
        f'IF({{last_change}}<-{LEVEL},"crawling",IF({{last_change}}>{LEVEL},"creeping up",'
        f'IF({{falls}}>0,"converged",IF(ISNUMBER({first}),IF({{last_loss}}<{1 - CLEAR}*{first},'
        '"converged","standing still"),"standing still"))))))),"not finite"))'
    )
    return [
        Input(
            "verdict",
            '=IF({exploded_step}>0,"exploded at step "&{exploded_step},{trend})'
            + dead_words
            + '&IF({frozen_since}>0,"; numerical derivative frozen since step "&{frozen_since},"")',
            "",
        ),
        Input(
            "exploded_step",
            "=IF(ISNUMBER({last_loss}),IF({last_loss}>{exploded_above},"
            "MAX({steps.exploded_at}),0),MAX({steps.exploded_at}))",
            "step since which it has exploded; 0: it has not, or came back",
        ),
        *dead,
        Input(
            "frozen_since",
            "=IF(MAX({steps.derivative_alive})<{last_step},MAX({steps.derivative_alive})+1,0)",
            "step since which the numerical derivative is stuck at 0; 0: it works",
        ),
        Input("trend", trend, "what the mean loss of the epochs does"),
        Input(
            "rises",
            f'=COUNTIF({{epochs.change}},">{CLEAR}")',
            "epochs with over 1 % more",
        ),
        Input(
            "falls",
            f'=COUNTIF({{epochs.change}},"<-{CLEAR}")',
            "epochs with over 1 % less",
        ),
        Input(
            "last_change",
            "=INDEX({epochs.change},MATCH({last_epoch},{epochs.epoch},0))",
            "change of the mean loss in the last epoch",
        ),
        Input(
            "last_loss",
            "=INDEX({epochs.mean_loss},MATCH({last_epoch},{epochs.epoch},0))",
            "mean loss of the last epoch",
        ),
        Input(
            "last_rmse",
            "=INDEX({epochs.rmse},MATCH({last_epoch},{epochs.epoch},0))",
            "its root: how far off, in units of y",
        ),
        *(accuracy if watched.accuracy is not None else ()),
        Input("last_step", "=MAX({steps.step})", "updates done"),
        Input(
            "last_epoch",
            f"=MAX(1,MIN({watched.completed},MAX({{epochs.epoch}})))",
            "epochs completed",
        ),
        Input("steps_per_epoch", "=ROUNDUP({rows}/{batch_size},0)", "updates in an epoch"),
    ]


@dataclass(frozen=True)
class Verdict:
    """How a run went, as torch or a sheet has it.

    trend: a word as in the rules above.   exploded_step, frozen_since: a step, or 0 for never.
    dead_since: unit to step, dead units only.
    """

    trend: str
    exploded_step: int = 0
    frozen_since: int = 0
    dead_since: Mapping[str, int] | None = None

    def __str__(self) -> str:
        words = f"exploded at step {self.exploded_step}" if self.exploded_step else self.trend
        for unit, step in (self.dead_since or {}).items():
            words += f"; {unit} dead since step {step}"
        if self.frozen_since:
            words += f"; numerical derivative frozen since step {self.frozen_since}"
        return words


_FROZEN = re.compile(r"; numerical derivative frozen since step \d+")


def agrees(shown: str, texts: Sequence[str | float]) -> bool:
    """Return whether a verdict is one of those that rounding may lead to.

    texts: of every member of the ensemble. Just before a derivative freezes, its differences are
    a unit in the last place or none, as rounding has it: where the members do not agree on the
    step, no step counts.
    """
    if shown in texts:
        return True
    plain = [_FROZEN.sub("", str(text)) for text in texts]
    unsure = len({str(text).removeprefix(p) for text, p in zip(texts, plain, strict=True)}) > 1
    return unsure and _FROZEN.sub("", shown) in plain


def panel_order(watched: Watched) -> tuple[str, ...]:
    """Return the panel's fields in order of calculation."""
    dead = (f"dead_since.{unit}" for unit in watched.units)
    accuracy = () if watched.accuracy is None else ("last_accuracy",)
    return (
        *("rows", "steps_per_epoch", "last_step", "last_epoch", *dead, "frozen_since"),
        *("rises", "falls", "last_change", "last_loss", "last_rmse", *accuracy, "exploded_step"),
        *("trend", "verdict"),
    )


def panel_values(
    experiment: Experiment,
    values: Mapping[str, Floats],
    epochs: Mapping[str, Floats],
    rows: int,
    completed: int,
) -> tuple[Verdict, dict[str, float | str]]:
    """Torch side of ``panel``, for one run.

    values: ``quantities`` and the trace, shapes (rows of the table,).   epochs: epoch_quantities.
    rows: rows of data.   completed: epochs completed.
    """
    last_step = int(values["step"].max())
    last_epoch = max(1, min(completed, len(epochs["change"])))
    steps_per_epoch = -(-rows // experiment.batch_size)
    dead = {}
    for unit in units(experiment):
        awake = int(values[f"awake.{unit}"].max())
        dead[unit] = awake + 1 if last_step - awake >= steps_per_epoch else 0
    alive = int(values["derivative_alive"].max())
    change = epochs["change"]
    with np.errstate(invalid="ignore"):
        rises, falls = int((change > CLEAR).sum()), int((change < -CLEAR).sum())
    last_change = float(change[last_epoch - 1])
    last_loss = float(epochs["mean_loss"][last_epoch - 1])
    came_back = np.isfinite(last_loss) and last_loss <= experiment.exploded_above
    verdict = Verdict(
        trend=_trend(last_epoch, last_change, rises, falls, epochs["mean_loss"]),
        exploded_step=0 if came_back else int(values["exploded_at"].max()),
        frozen_since=alive + 1 if alive < last_step else 0,
        dead_since={unit: step for unit, step in dead.items() if step},
    )
    return verdict, {
        "rows": float(rows),
        "steps_per_epoch": float(steps_per_epoch),
        "last_step": float(last_step),
        "last_epoch": float(last_epoch),
        "exploded_step": float(verdict.exploded_step),
        **{f"dead_since.{unit}": float(step) for unit, step in dead.items()},
        "frozen_since": float(verdict.frozen_since),
        "rises": float(rises),
        "falls": float(falls),
        "last_change": last_change,
        "last_loss": last_loss,
        "last_rmse": float(epochs["rmse"][last_epoch - 1]),
        **(
            {"last_accuracy": float(epochs["accuracy"][last_epoch - 1])}
            if "accuracy" in epochs
            else {}
        ),
        "trend": verdict.trend,
        "verdict": str(verdict),
    }


def _trend(last_epoch: int, last_change: float, rises: int, falls: int, mean_loss: Floats) -> str:
    if last_epoch < 2:
        return ONE_EPOCH
    if not np.isfinite(last_change):
        return "not finite"
    if rises >= 2 and falls >= 2:
        return "oscillating"
    if last_change < -CLEAR:
        return "converging"
    if last_change > CLEAR:
        return "diverging"
    if last_change < -LEVEL:
        return "crawling"
    if last_change > LEVEL:
        return "creeping up"
    fell = mean_loss[last_epoch - 1] < (1 - CLEAR) * mean_loss[0]
    return "converged" if falls or fell else "standing still"
