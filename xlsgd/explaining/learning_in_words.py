"""What keeps a net from learning, in words: saturated units, derivatives that vanish, a plateau."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xlsgd.explaining.findings import LayerSlopes, Plateau, SaturatedUnit, TabExplanation
from xlsgd.explaining.layer_slopes import APART
from xlsgd.explaining.saturation import FLAT
from xlsgd.explaining.training import Training
from xlsgd.explaining.words import at, listed, mean_of_targets, number, percent, times
from xlsgd.report.terminal import counted

__all__ = ["learning_sentences"]

_UNITS = 3
"""Saturated units that are told of one by one."""
_TENSORS = 4
"""Tensors whose derivatives are told one by one."""
_LARGE = 3.0
"""What comes in is large if its root mean square is above this: numbers on one scale have 1."""


def learning_sentences(tab: TabExplanation, training: Training) -> Iterator[str]:
    """Yield what keeps a net from learning though no unit is dead."""
    if tab.saturated:
        yield from _saturated(tab.saturated, training)
    if tab.layer_slopes is not None:
        yield from _slopes(tab.layer_slopes, tab.optimizer, bool(tab.saturated))
    if tab.plateau is not None:
        yield from _plateau(tab.plateau, training, bool(tab.saturated))


def _saturated(units: Sequence[SaturatedUnit], training: Training) -> Iterator[str]:
    for unit in units[:_UNITS]:
        rows = unit.rows_of_data
        reach = f"what goes into it lies between {number(unit.least_input)} and " + number(
            unit.greatest_input
        )
        slope = f"and its slope is {number(unit.slope)} at most, of {number(unit.steepest)} at best"
        if not unit.since:
            yield (
                f"{unit.unit}, a {unit.layer}, was saturated at the start weights{at(unit.cell)} "
                f"for {unit.rows_at_start} of {rows} rows: there {reach}, {slope}. At the end it "
                f"is so for {unit.rows_at_end}."
            )
            continue
        since = "from the start" if unit.since == 1 else f"since step {unit.since}"
        yield (
            f"{unit.unit}, a {unit.layer}, is saturated {since}{at(unit.cell)}: at the start "
            f"weights for {unit.rows_at_start} of {rows} rows, at the end for {unit.rows_at_end}. "
            f"There {reach}, {slope}."
        )
    if len(units) > _UNITS:
        rest = [unit.unit for unit in units[_UNITS:]]
        yield f"So {'is' if len(rest) == 1 else 'are'} {listed(rest, 'units')}."
    before = list(dict.fromkeys(p for unit in units for p in unit.weights))
    if not before:
        return
    held = f"{listed(before, 'weights')} {'moves' if len(before) == 1 else 'move'}"
    inputs = [abs(v) for values in training.data.inputs.values() for v in values]
    largest = max(inputs, default=0.0)
    advice = (
        f"The inputs are as large as {number(largest)}: bring them to one scale, as --feature "
        '"standardised(…)" does.'
        if largest > _LARGE
        else "Begin with smaller weights there, or at a smaller learning rate if the steps made "
        "them large."
    )
    yield (
        f"Every derivative is multiplied by such a slope on its way back, and where that is less "
        f"than {percent(FLAT)} of the steepest, {held} a hundred times more slowly or worse. "
        f"{advice}"
    )


def _slopes(found: LayerSlopes, optimizer: str, saturated: bool) -> Iterator[str]:
    first, last = found.tensors[0], found.tensors[-1]
    said = []
    for when, sizes, factor in (
        ("at the start weights", found.at_start, found.start_factor),
        ("at the end", found.at_end, found.end_factor),
    ):
        if factor is not None:
            said.append(
                f"{when} the root mean square of the derivatives is {_each(found.tensors, sizes)}, "
                f"for {first} {times(max(factor, 1 / factor))} times as "
                f"{'large' if factor > 1 else 'small'} as for {last}"
            )
    growing = (found.start_factor or found.end_factor or 0.0) > 1
    name = "explode" if growing else "vanish"
    yield (
        f"Derivatives {name} on their way back to the first layer{at(found.cell)}: "
        f"{'; '.join(said)}."
    )
    if found.scales:
        text = (
            f"One learning rate serves all weights, and {times(APART)} times the derivative is "
            f"{times(APART)} times the step: at a rate that is right for {last}, {first} "
            + ("is thrown far out." if growing else "hardly moves.")
        )
    else:
        text = (
            f"{optimizer} makes up for much of that: the length of its steps does not follow the "
            "size of a derivative."
        )
    larger = found.first_input / found.last_input if found.last_input else 0.0
    if growing and larger > _LARGE:
        advice = (
            f"What comes into {first} is of size {number(found.first_input)}, into {last} of "
            f"{number(found.last_input)}, and a weight's derivative is multiplied by what comes "
            'in: bring the inputs to one scale, as --feature "standardised(…)" does.'
        )
    elif growing:
        advice = "Begin with smaller weights in the layers between, or clip with --clip-norm."
    elif saturated:
        advice = "The saturated units on the way are a reason."
    else:
        advice = (
            "Fewer layers, ReLU in place of Sigmoid, a skip connection (x + layer(x)) or larger "
            "start weights hand more of it back."
        )
    yield f"{text} {advice}"


def _each(tensors: Sequence[str], sizes: Sequence[float]) -> str:
    """Return how large the derivatives of every tensor are, of many the first and the last."""
    pairs = [f"{number(size)} for {name}" for name, size in zip(tensors, sizes, strict=True)]
    return ", ".join(pairs if len(pairs) <= _TENSORS else (pairs[0], "…", pairs[-1]))


def _plateau(found: Plateau, training: Training, saturated: bool) -> Iterator[str]:
    moved = percent((found.highest - found.lowest) / found.highest)
    mean = mean_of_targets(training.experiment)
    yield (
        f"It stands on a plateau: in the last {counted(found.epochs, 'epoch')} the mean loss moved "
        f"by {moved}, between {number(found.lowest)} and {number(found.highest)}, and always "
        f"predicting {mean} gives {number(found.constant)}. It has not converged to anything that "
        "it found in the inputs."
    )
    advice = (
        "Behind the saturated units there is nothing to follow: those come first."
        if saturated
        else "Train for longer or at another rate, or begin with other weights, less alike; if no "
        "start leaves it, the inputs may say nothing about the target."
    )
    yield (
        f"No unit is dead and derivatives are left{at(found.cell)}: their root mean square is "
        f"{number(found.end_size)} at the end, {number(found.start_size)} at the start. {advice}"
    )
