"""An explanation in words: short sentences, each with its evidence."""

from __future__ import annotations

import math
from collections.abc import Iterator

from xlsgd.explaining.ablation_in_words import twin_sentences
from xlsgd.explaining.citation import Citation
from xlsgd.explaining.findings import DeadUnit, Frozen, StillWeights, TabExplanation, Turn
from xlsgd.explaining.groups_in_words import group_sentences
from xlsgd.explaining.learning_in_words import learning_sentences
from xlsgd.explaining.limits_in_words import limit_sentences
from xlsgd.explaining.moving_rate import of_step, schedule_words
from xlsgd.explaining.overfitting import validation_sentences
from xlsgd.explaining.training import Training
from xlsgd.explaining.trends import trend_sentences
from xlsgd.explaining.words import (
    at,
    listed,
    mean_of_targets,
    moves,
    number,
    rate,
    rows_seen,
    step_seen,
    times,
    told,
)
from xlsgd.report.terminal import counted
from xlsgd.training.experiment import Experiment

__all__ = ["changed_sentences", "sentences_of"]

_COLUMNS = 4
"""Changed columns that are named one by one."""
_UNITS = 4
"""Dead units that are told of one by one."""


def sentences_of(tab: TabExplanation, training: Training, where: Citation) -> tuple[str, ...]:
    """Return what there is to say of a tab, one paragraph each."""
    experiment = training.experiment
    return tuple(
        text
        for part in (
            changed_sentences(tab, where) if tab.changed else (),
            _how_it_went(tab, training, where),
            _exploded(tab, training, where)
            if tab.kind == "exploded"
            else trend_sentences(tab, training),
            (text for unit in tab.dead[:_UNITS] for text in _dead(unit, training)),
            _more_dead(tab) if len(tab.dead) > _UNITS else (),
            _frozen(tab.frozen, experiment, where) if tab.frozen else (),
            _still(tab.still, experiment) if tab.still else (),
            learning_sentences(tab, training),
            validation_sentences(tab),
            twin_sentences(tab, experiment),
            limit_sentences(tab, training),
            # A rate at which the rows that train cost less still would be no advice then.
            ()
            if tab.validated is not None and tab.validated.overfits
            else _suggestion(tab, experiment, where),
        )
        for text in part
    )


def changed_sentences(tab: TabExplanation, where: Citation) -> Iterator[str]:
    """Yield which columns of a tab are not xlsgd's, and what that means for the explanation."""
    named = [
        f"{c.quantity} ({c.cell}{f' and {c.cells - 1} more' if c.cells > 1 else ''}: {c.content})"
        for c in tab.changed[:_COLUMNS]
    ]
    more = len(tab.changed) - len(named)
    if more:
        named.append(f"{more} more")
    yield (
        f"Formulas of this tab have been changed. Not xlsgd's: {'; '.join(named)}. xlsgd verify "
        "names every such cell, and what xlsgd writes there."
    )
    if tab.followed:
        yield (
            "Its weights are those of xlsgd's formulas all the same: what follows is about them, "
            "and not about the changed columns."
        )
    else:
        yield (
            "So it does not train as torch does from its inputs, and why it went as it went is not "
            f"explained here. The tab itself says{at(where.field('verdict'))}: "
            f"'{tab.sheet_verdict}'; with xlsgd's formulas it would be '{tab.verdict}'. Restore "
            "the columns and ask again."
        )


def _how_it_went(tab: TabExplanation, training: Training, where: Citation) -> Iterator[str]:
    experiment, constant, schedule = training.experiment, "", schedule_words(training)
    said = experiment.network.wording
    if tab.mean_rmse is not None:
        mean = mean_of_targets(experiment)
        constant = f"; always predicting {mean} gives {told(experiment, tab.mean_rmse)}"
    size = training.experiment.batch_size
    seen = "every row" if size == 1 else "all rows" if size >= tab.rows else f"{size} rows"
    length = counted(tab.epochs, said.epoch)
    if said.has_rows:
        length = f"a step for {seen}, {length} of {counted(tab.rows, 'row')}"
    read = f", {told(experiment, tab.rmse)}" if experiment.loss.reading else ""
    yield (
        f"{tab.network}, {tab.optimizer}, learning_rate {rate(tab.learning_rate)}"
        f"{at(where.field('learning_rate'))}{schedule}, {length}. "
        f"The {said.mean_loss} was {number(tab.start_loss)} at the start weights and is "
        f"{number(tab.mean_loss)} in the last {said.epoch}{read}{constant}."
    )
    yield from group_sentences(experiment, where)
    yield from tab.unfit
    if not tab.agree:
        yield (
            f"The tab itself says something else{at(where.field('verdict'))}: "
            f"'{tab.sheet_verdict}'. xlsgd verify shows where it parts from torch; all that is "
            "said here is about torch's run from the tab's inputs."
        )


def _exploded(tab: TabExplanation, training: Training, where: Citation) -> Iterator[str]:
    step = int(training.number("exploded_step"))
    above = training.view.typed["exploded_above"]
    lost = int(training.number("not_finite_step"))
    first = f"In step {step}{at(where.step('loss', training, step))} a loss passed {number(above)}"
    if lost == step:
        first = f"In step {step} a loss was no number any more"
    elif lost:
        first += f", and since step {lost} it is too large for a cell"
    yield f"{first}: that counts as exploded."
    if tab.turn is None:
        begun = math.isfinite(training.mean_losses[0])
        yield (
            "At the end of the run its weights happen to be as good as at its start: it swings, "
            "and there is no step in which it left for good."
            if begun
            else "Its loss at the start is no number, so there is no step that it turned in."
        )
        return
    yield from _turn(tab.turn, step, training)


def _turn(turn: Turn, exploded: int, training: Training) -> Iterator[str]:
    said = training.experiment.network.wording
    those = said.rows(" of that row" if len(turn.rows) == 1 else " of those rows")
    over_rows = f"the {said.mean_loss}{said.rows(' over all rows')}"
    back = "It came back once more, and turned" if turn.step > exploded else "It turned"
    where = f"{back} in {step_seen(turn.step, turn.epoch, turn.cell, turn.rows, training)}"
    start, after = number(turn.mean_loss_at_start), number(turn.mean_loss_after)
    if turn.step == 1:
        yield (
            f"{where}: {over_rows} was {start} at the start and is {after} after "
            "that step, and it is never as low again."
        )
    else:
        yield (
            f"{where}. That is the last step before which {over_rows}, "
            f"{number(turn.mean_loss_before)}, was no greater than at the start, {start}; after "
            f"it, it is {after}, and it never comes back."
        )
    optimizer = training.experiment.optimizer
    bends = (
        f"There the loss{those} bends by {number(turn.curvature)} along its slope, and "
        f"{of_step(training, turn.step)} times that is {times(turn.lr_times_curvature)}"
    )
    if optimizer.state:
        yield (
            f"{bends}. For plain gradient descent a number above 1 is a step beyond the lowest "
            "point, and above 2 one that ends higher than it began. This step was "
            f"{times(turn.step_over_slope)} times as long as that of plain gradient descent: "
            f"{optimizer.name} goes by what it remembers of earlier slopes as well."
        )
    else:
        yield (
            f"{bends}. Above 1 a step along the slope lands beyond the lowest point, above 2 "
            "higher than it began."
        )
    changed = (
        f"The loss{those} went from {number(turn.batch_loss_before)} to "
        f"{number(turn.batch_loss_after)}"
    )
    if turn.batch_loss_after <= turn.batch_loss_before and len(turn.rows) < training.data.rows:
        changed += f": good for {those.removeprefix(' of ')}, but not for the others"
    yield f"{changed}."


def _dead(unit: DeadUnit, training: Training) -> Iterator[str]:
    experiment, data = training.experiment, training.data
    name, rows = unit.unit, unit.rows_of_data
    silence = experiment.network.silences[name]
    given, awake = silence.words, silence.otherwise
    begin = (
        f"{name} is dead since step {unit.since}{at(unit.cell)}: it gave {given} for every row "
        "since"
    )
    if not unit.step:
        yield (
            f"{begin}. It was so at the start weights already: there it is {awake} for "
            f"{unit.reached_before} of {rows} rows, and at the end for {unit.reached_at_end}."
        )
    else:
        took = f" The step took {moves(unit.weights_before, unit.weights_after)}."
        took = took if unit.weights_before else ""
        threw = "threw it out" if not unit.reached_after else "is the last in which it was awake"
        yield (
            f"{begin}. Step {unit.step}, epoch {unit.epoch}, {threw}, on "
            f"{rows_seen(unit.rows, data)}. There {of_step(training, unit.step)} times the "
            f"curvature along the slope is {times(unit.lr_times_curvature)}.{took}"
        )
        yield (
            f"Before that step {name} was {awake} for {unit.reached_before} of {rows} rows, after "
            f"it for {unit.reached_after}, and at the end of the run for {unit.reached_at_end}."
        )
    if unit.still:
        stand = "stands" if len(unit.still) == 1 else "stand"
        yield (
            f"Because of it {listed(unit.still, 'weights')} {stand} still, {len(unit.still)} of "
            f"{counted(len(experiment.network.parameters), 'weight')}: where the unit gives "
            f"{given}, "
            "their derivatives are 0, and a derivative of 0 is no step."
        )


def _more_dead(tab: TabExplanation) -> Iterator[str]:
    more = [unit.unit for unit in tab.dead[_UNITS:]]
    still = len({p for unit in tab.dead for p in unit.still})
    yield (
        f"Dead as well: {listed(more, 'units')}. Because of all {len(tab.dead)} dead units {still} "
        f"of {tab.weights} weights stand still."
    )


def _frozen(frozen: Frozen, experiment: Experiment, where: Citation) -> Iterator[str]:
    h, w = number(frozen.h), frozen.weight
    gone = w in frozen.lost
    beside = f": {w} + {h} is {w}" if gone else f", and h = {h} is hardly more"
    yield (
        f"The numerical derivative is frozen since step {frozen.since}{at(frozen.cell)}. There {w} "
        f"is {number(frozen.value)}, and the numbers that a cell can hold lie "
        f"{number(frozen.spacing)} apart there{beside}. Both losses are equal and their difference "
        f"is 0, while the chain rule gives {number(frozen.backprop)}."
    )
    if frozen.lost:
        yield f"h = {h} is lost beside {listed(frozen.lost, 'weights')}."
    if frozen.lost_in_loss:
        yield (
            f"Beside {listed(frozen.lost_in_loss, 'weights')} it is not, but the loss is "
            f"{number(frozen.loss)} there: among so many digits the change is lost as well."
        )
    if frozen.backprop_verdict is None or frozen.backprop_rmse is None:
        yield "No weight follows it here: gradient is backprop."
        return
    verdict = frozen.backprop_verdict
    words = f"With gradient set to backprop{at(where.field('gradient'))} the weights do not freeze"
    if "exploded" in verdict:
        yield (
            f"{words}, but that is no cure: tried in torch, the verdict is '{verdict}'. The freeze "
            "only hides the explosion. The learning rate cures it."
        )
    else:
        yield (
            f"{words}: tried in torch, the verdict is '{verdict}', "
            f"{told(experiment, frozen.backprop_rmse)}."
        )


def _still(still: StillWeights, experiment: Experiment) -> Iterator[str]:
    which = "Every weight stands" if still.everything else f"{listed(still.weights, 'weights')} "
    if not still.everything:
        which += "stands" if len(still.weights) == 1 else "stand"
    seen = experiment.network.wording.rows(" in every row")
    yield f"{which} still since step {still.since}: the derivative is exactly 0{seen}."
    reasons = list(dict.fromkeys(why for why in still.why.values() if why))
    for reason in reasons[:4]:
        yield f"{'What' if reason.startswith('what') else reason[:4]}{reason[4:]}."


def _suggestion(tab: TabExplanation, experiment: Experiment, where: Citation) -> Iterator[str]:
    found, cell = tab.suggestion, where.field("learning_rate")
    epoch = experiment.network.wording.epoch
    if found is not None:
        there = f" Type it into {cell}." if cell else ""
        if experiment.rate_names:
            times = found.learning_rate / experiment.learning_rate
            there += f" The rates of groups were multiplied by the same, {number(times)}."
        yield (
            f"Tried in torch: with learning_rate {rate(found.learning_rate)} this run reaches "
            f"{told(experiment, found.rmse)} in {counted(found.epochs, epoch)} ({found.verdict})."
            f"{there}"
        )
        return
    tried = (
        f"Tried in torch: of {tab.tried} learning rates from {rate(tab.tried_from or 0.0)} to "
        f"{rate(tab.tried_to or 0.0)} none"
    )
    if tab.dead:
        known = "" if tab.mean_rmse is None else f", {told(experiment, tab.mean_rmse)}"
        yield (
            f"{tried} helps: a rate worth a change has to do better than always predicting "
            f"{mean_of_targets(experiment)}{known}. Try other start weights, or train for longer "
            "at a smaller rate."
        )
    else:
        yield f"{tried} does so much better that it would be worth a change."
