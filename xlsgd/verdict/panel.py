"""The panel: live formulas that say in words and numbers how the run went, and the same in torch.

The rules are those of xlsgd.verdict.rules; the sheet's side of them stands here in formulas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.columns import Input
from xlsgd.training.experiment import Experiment
from xlsgd.training.schedules import RATE
from xlsgd.verdict.evidence import Evidence
from xlsgd.verdict.missing import MISSING, NOTHING_MISSING, missing_field, told
from xlsgd.verdict.rules import (
    BEYOND,
    CLEAR,
    HIGHER,
    LEFT,
    LEVEL,
    MANY_UNITS,
    NONE,
    ONE_EPOCH,
    PACE,
    RECENT,
    Summary,
    judge,
    told_by_number,
)
from xlsgd.verdict.threshold import RunLimits

__all__ = ["or_beyond", "panel", "panel_in_words", "panel_order", "panel_values"]

Floats = NDArray[np.float64]


_OVERSHOOT = {
    "overshooting_rows": (1, "step overshoots: lr_curvature > 1"),
    "growing_rows": (2, "step makes their own error larger: > 2"),
}
"""Fields that count rows of data by their learning rate times curvature."""


_MAY_BE_BEYOND = (
    *("last_change", "last_loss", "lowest_loss", "start_loss", "loss_left", "pace"),
    "last_accuracy",
)
"""Fields that have no number once losses have none, besides those that read a loss."""


# Sheet side


def panel(evidence: Evidence, in_words: bool = True) -> list[Input]:
    """Return the fields of the panel.

    in_words: whether they say so where a number is beyond what a cell can hold, and show no error.
    """
    fields = _fields(evidence)
    if not in_words:
        return fields
    numbers = _without_number(evidence)
    return [
        replace(given, value=or_beyond(str(given.value))) if given.key in numbers else given
        for given in fields
    ]


def or_beyond(formula: str) -> str:
    """Return the formula that gives words where another one gives no number."""
    number = formula.removeprefix("=")
    return f'=IF(ISNUMBER({number}),{number},"{BEYOND}")'


def _without_number(evidence: Evidence) -> frozenset[str]:
    """Return the fields that may have no number."""
    read = (f"last_{evidence.reading.key}",) if evidence.reading else ()
    return frozenset(_MAY_BE_BEYOND).union(read, _moving(evidence))


def _fields(evidence: Evidence) -> list[Input]:
    read, said = evidence.reading, evidence.wording
    mean_loss, epoch = said.mean_loss, said.epoch
    return [
        Input("verdict", "=" + _verdict(evidence), ""),
        Input(
            "exploded_step",
            "=IF(ISNUMBER({last_loss}),IF({last_loss}>{exploded_above},"
            "MAX({steps.exploded_at}),0),MAX({steps.exploded_at}))",
            "step since which it has exploded; 0: it has not, or came back",
        ),
        Input(
            "not_finite_step",
            "=IF({exploded_step}>0,MAX({steps.not_finite_at}),0)",
            "step since which the loss is too large for a cell; 0: it is not",
        ),
        *(
            Input(
                f"dead_since.{unit}",
                f"=IF({_stuck(f'awake.{unit}')},MAX({{steps.awake.{unit}}})+1,0)",
                f"step since which {unit} is {evidence.silences[unit].words} for every row; "
                "0: it lives",
            )
            for unit in evidence.units
        ),
        *(
            (Input("dead_units", "=" + _dead_count(evidence), "units that are dead"),)
            if len(evidence.units) > MANY_UNITS
            else ()
        ),
        Input("still_weights", "=" + _still_text(evidence), "weights whose derivative stays 0"),
        Input("zero_gradient_since", "=" + _all_still(evidence), "… all of them, since this step"),
        Input(
            "frozen_since",
            "=IF(MAX({steps.derivative_alive})<{last_step},MAX({steps.derivative_alive})+1,0)",
            "step since which the numerical derivative is stuck at 0; 0: it works",
        ),
        Input("trend", "=" + _trend_text(), f"what the {mean_loss} of the {epoch}s does"),
        Input("rises", _count(f">{CLEAR}"), f"of the last {RECENT} {epoch}s, with over 1 % more"),
        Input("falls", _count(f"<-{CLEAR}"), f"of the last {RECENT} {epoch}s, with over 1 % less"),
        Input("last_change", _at("change"), f"change of the {mean_loss} in the last {epoch}"),
        Input("last_loss", _at("mean_loss"), f"{mean_loss} of the last {epoch}"),
        *((Input(f"last_{read.key}", _at(read.key), read.panel),) if read else ()),
        Input("lowest_loss", _at("lowest"), f"lowest {mean_loss} of {said.an_epoch}"),
        Input("start_loss", f"={evidence.start_loss}", f"{mean_loss} at the start weights"),
        Input(
            "loss_left",
            "=IF(ISNUMBER({start_loss}),IF({start_loss}>0,{last_loss}/{start_loss},0*{last_loss}),"
            "0*{last_loss})",
            "share of it that is left",
        ),
        Input(
            "pace",
            "=IF(ISNUMBER({start_loss}),IF({start_loss}>{last_loss},"
            "(SUM(INDEX({epochs.mean_loss},MATCH(MAX(1,{last_epoch}-1),{epochs.epoch},0)))"
            "-{last_loss})*{last_epoch}/({start_loss}-{last_loss}),0*{last_loss}),0*{last_loss})",
            f"last fall, as a share of the average fall per {epoch}",
        ),
        *(
            (Input("last_accuracy", _at("accuracy"), "share of rows predicted right in it"),)
            if evidence.accuracy is not None
            else ()
        ),
        *(
            Input(
                key,
                f'=COUNTIFS({{steps.epoch}},1,{{steps.lr_curvature}},">{above}")',
                f"rows of data whose {words}",
            )
            for key, (above, words) in (_OVERSHOOT if evidence.curvature else {}).items()
        ),
        *(Input(key, formula, words) for key, (formula, words) in _moving(evidence).items()),
        Input("last_step", "=MAX({steps.step})", "updates done"),
        Input(
            "last_epoch",
            f"=MAX(1,MIN({evidence.completed},MAX({{epochs.epoch}})))",
            f"{epoch}s completed",
        ),
        Input("steps_per_epoch", "=ROUNDUP({rows}/{batch_size},0)", f"updates in {said.an_epoch}"),
        *((missing_field(evidence.missing),) if evidence.missing else ()),
    ]


def _moving(evidence: Evidence) -> dict[str, tuple[str, str]]:
    """Return the fields about a learning rate that moves: formula and words."""
    if not evidence.moves:
        return {}
    return {
        "greatest_rate": ("=MAX({steps.rate})", "the rate at its greatest, by the schedule"),
        "least_rate": ("=MIN({steps.rate})", "the rate at its least"),
    }


def _at(quantity: str) -> str:
    """Return the formula for what the table of epochs has in the last complete one."""
    return f"=SUM(INDEX({{epochs.{quantity}}},MATCH({{last_epoch}},{{epochs.epoch}},0)))"


def _count(change: str) -> str:
    """Return the formula for how many of the last epochs changed in some way."""
    after = f'{{epochs.epoch}},">"&({{last_epoch}}-{RECENT})'
    until = '{epochs.epoch},"<="&{last_epoch}'
    return f'=COUNTIFS({{epochs.change}},"{change}",{after},{until})'


def _stuck(quantity: str) -> str:
    """Return the expression that a column of last steps has not moved for a whole epoch."""
    return f"{{last_step}}-MAX({{steps.{quantity}}})>={{steps_per_epoch}}"


def _dead_count(evidence: Evidence) -> str:
    return "+".join(f"SIGN({{dead_since.{unit}}})" for unit in evidence.units)


def _verdict(evidence: Evidence) -> str:
    said = _verdict_text(evidence)
    return told(said) if evidence.missing else said


def _verdict_text(evidence: Evidence) -> str:
    if len(evidence.units) > MANY_UNITS:
        many = f" of {len(evidence.units)} units dead"
        dead = f'&IF({{dead_units}}>0,"; "&{{dead_units}}&"{many}","")'
    else:
        dead = "".join(
            f'&IF({{dead_since.{unit}}}>0,"; {unit} dead since step "&{{dead_since.{unit}}},"")'
            for unit in evidence.units
        )
    zero = (
        'IF({zero_gradient_since}>0,"; zero gradient for every weight since step "'
        f'&{{zero_gradient_since}},IF({{still_weights}}="{NONE}","",'
        '"; zero gradient for "&{still_weights}))'
    )
    zero = f'IF(ISNUMBER({{last_loss}}),IF({{last_loss}}=0,"",{zero}),{zero})'
    return (
        'IF({exploded_step}>0,"exploded at step "&{exploded_step}&IF({not_finite_step}>0,'
        '"; no number since step "&{not_finite_step},""),{trend})'
        + dead
        + f'&IF({{frozen_since}}>0,"",{zero})'
        + '&IF({frozen_since}>0,"; numerical derivative frozen since step "&{frozen_since},"")'
    )


def _at_last(evidence: Evidence) -> str:
    """Return the cells with the last steps of all weights, below each other's."""
    first, *_, last = evidence.groups
    return f"{{last.nonzero.{first}:last.nonzero.{last}}}"


def _still_text(evidence: Evidence) -> str:
    if told_by_number(evidence.groups):
        count = f"SUMPRODUCT(({_at_last(evidence)}<={{last_step}}-{{steps_per_epoch}})*1)"
        return f'IF({count}=0,"{NONE}",{count}&" of {len(evidence.groups)} tensors")'
    names = "&".join(f'IF({_stuck(f"nonzero.{p}")},", {p}","")' for p in evidence.groups)
    last = ",".join(f"MAX({{steps.nonzero.{p}}})" for p in evidence.groups)
    nobody = f'IF({{last_step}}-MIN({last})<{{steps_per_epoch}},", {NONE}","")'
    return f"MID({names}&{nobody},3,9999)"


def _all_still(evidence: Evidence) -> str:
    if told_by_number(evidence.groups):
        last = _at_last(evidence)
    else:
        last = ",".join(f"MAX({{steps.nonzero.{p}}})" for p in evidence.groups)
    return f"IF({{last_step}}-MAX({last})>={{steps_per_epoch}},MAX({last})+1,0)"


def _trend_text() -> str:
    """Return the rules for the trend; the first that fits counts."""
    falling = (
        f'IF(AND({{loss_left}}>{LEFT},{{pace}}>{PACE}),"too slow",'
        f'IF({{last_change}}<-{CLEAR},"converging","converging slowly"))'
    )
    first = "SUM(INDEX({epochs.mean_loss},1))"
    less = f"{{last_loss}}<{1 - CLEAR}*"
    level = '"standing still"'
    for earlier in ("{start_loss}", first):
        level = f'IF({_if_number(earlier, f"{less}{earlier}")},"converged",{level})'
    level = f'IF({{falls}}>0,"converged",{level})'
    rules = (
        ("AND({zero_gradient_since}>0,{last_loss}>0)", "standing still"),
        ("AND({rises}>=2,{falls}>=2)", "oscillating"),
        (f"{{last_change}}>{CLEAR}", "diverging"),
        (f"{{last_change}}>{LEVEL}", "creeping up"),
        (
            _if_number("{start_loss}", f"{{last_loss}}>{1 + CLEAR}*{{start_loss}}"),
            "worse than at the start",
        ),
        (f"{{last_loss}}>{HIGHER}*{{lowest_loss}}", "oscillating"),
    )
    text = f"IF({{last_change}}<-{LEVEL},{falling},{level})"
    for condition, word in reversed(rules):
        text = f'IF({condition},"{word}",{text})'
    return f'IF({{last_epoch}}<2,"{ONE_EPOCH}",IF(ISNUMBER({{last_change}}),{text},"not finite"))'


def _if_number(cell: str, condition: str) -> str:
    """Return a condition that is not met where a cell holds no number."""
    # No FALSE: LibreOffice writes it as FALSE(), which is another formula.
    return f"IF(ISNUMBER({cell}),IF({condition},1,0),0)=1"


# Torch side


def panel_order(evidence: Evidence) -> tuple[str, ...]:
    """Return the panel's fields in order of calculation."""
    dead = [f"dead_since.{unit}" for unit in evidence.units]
    dead += ["dead_units"] if len(evidence.units) > MANY_UNITS else []
    accuracy = () if evidence.accuracy is None else ("last_accuracy",)
    overshoot = _OVERSHOOT if evidence.curvature else ()
    read = (f"last_{evidence.reading.key}",) if evidence.reading else ()
    return (
        *(
            "rows",
            "steps_per_epoch",
            *overshoot,
            *_moving(evidence),
            "start_loss",
            "last_step",
            "last_epoch",
            *dead,
        ),
        *("still_weights", "zero_gradient_since", "frozen_since", "rises", "falls", "last_change"),
        *("last_loss", *read, "lowest_loss", *accuracy, "loss_left", "pace"),
        *("exploded_step", "not_finite_step", "trend"),
        *((MISSING,) if evidence.missing else ()),
        "verdict",
    )


def panel_in_words(panel: Mapping[str, float | str]) -> dict[str, float | str]:
    """Return what a panel shows that says in words where it has no number."""
    return {
        key: BEYOND if isinstance(value, float) and not np.isfinite(value) else value
        for key, value in panel.items()
    }


def panel_values(
    experiment: Experiment,
    limits: RunLimits,
    values: Mapping[str, Floats],
    epochs: Mapping[str, Floats],
    start_loss: Floats,
    rows: int,
    completed: int,
) -> list[dict[str, float | str]]:
    """Return what the panel says of every member of an ensemble.

    values: the columns and the trace, shapes (members, rows of the table).
    epochs: epoch_quantities, shapes (members, epochs).   start_loss: shape (members,).
    rows: rows of data.   completed: epochs completed.
    """
    step = values["step"]
    last_step = int(step.max())
    last_epoch = max(1, min(completed, epochs["change"].shape[-1]))
    steps_per_epoch = experiment.steps_per_epoch(rows)

    def last(kind: str) -> dict[str, Floats]:
        head = f"{kind}."
        return {
            name.removeprefix(head): numbers.max(-1)
            for name, numbers in values.items()
            if name.startswith(head)
        }

    awake = last("awake")
    verdicts = judge(
        Summary(
            last_step=last_step,
            last_epoch=last_epoch,
            steps_per_epoch=steps_per_epoch,
            exploded_at=values["exploded_at"].max(-1),
            not_finite_at=values["not_finite_at"].max(-1),
            derivative_alive=values["derivative_alive"].max(-1),
            awake={unit: awake[unit] for unit in experiment.network.silences},
            nonzero=last("nonzero"),
            mean_loss=epochs["mean_loss"],
            start_loss=start_loss,
            exploded_above=limits.exploded_above,
        )
    )
    counts = {
        "rows": rows,
        "steps_per_epoch": steps_per_epoch,
        "last_step": last_step,
        "last_epoch": last_epoch,
    }
    found = []
    for run in range(len(start_loss)):
        fields: dict[str, float | str] = {name: float(n) for name, n in counts.items()}
        fields |= {name: float(numbers[run]) for name, numbers in verdicts.steps.items()}
        fields |= {f"dead_since.{u}": float(n[run]) for u, n in verdicts.dead_since.items()}
        if len(verdicts.dead_since) > MANY_UNITS:
            fields["dead_units"] = float(verdicts.dead_units(run))
        fields |= {name: float(numbers[run]) for name, numbers in verdicts.numbers.items()}
        reading = experiment.loss.reading
        if reading is not None:
            fields[f"last_{reading.key}"] = experiment.loss.read(float(fields["last_loss"]))
        if "lr_curvature" in values:
            curvature = values["lr_curvature"][run][values["epoch"][run] == 1]
            for key, (above, _) in _OVERSHOOT.items():
                # An error is no number above anything.
                fields[key] = float(((curvature > above) & np.isfinite(curvature)).sum())
        if not experiment.schedule.steady:
            fields["greatest_rate"] = float(values[RATE][run].max())
            fields["least_rate"] = float(values[RATE][run].min())
        if "accuracy" in epochs:
            fields["last_accuracy"] = float(epochs["accuracy"][run, last_epoch - 1])
        fields["still_weights"] = verdicts.still_weights(run)
        fields["trend"] = verdicts.trend_word(run)
        fields[MISSING] = NOTHING_MISSING  # else there is nothing to train from
        fields["verdict"] = verdicts.text(run)
        found.append(fields)
    return found
