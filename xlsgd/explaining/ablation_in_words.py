"""What a layer did whose units can die, as a ReLU's, in words."""

from __future__ import annotations

from collections.abc import Iterator

from xlsgd.explaining.ablation import can_die
from xlsgd.explaining.findings import TabExplanation, Twin
from xlsgd.explaining.words import compared, number, percent, rate, told
from xlsgd.training.experiment import Experiment

__all__ = ["twin_sentences"]


def twin_sentences(tab: TabExplanation, experiment: Experiment) -> Iterator[str]:
    """Yield what a run without the layers whose units can die shows about them."""
    twin = tab.twin
    if twin is None:
        return
    layers = can_die(experiment.network)
    names = " and ".join(dict.fromkeys(layer.name for layer in layers))
    given = " or ".join(dict.fromkeys(layer.silence.words for layer in layers if layer.silence))
    without = f"Without the {names} ({twin.network}, all else the same)"
    if twin.equal:
        yield (
            f"{without} all {twin.losses:,} losses are equal: it changes nothing here. "
            + (f"It never gave {given}." if not twin.silent else "")
        ).strip()
        return
    same = twin.first_difference
    until = f" Up to step {same - 1} all losses are the same." if same and same > 1 else ""
    yield f"{without} the verdict is '{twin.verdict}', {told(experiment, twin.rmse)}.{until}"
    if twin.limit is not None:
        yield (
            f"Without it the network is linear in its weights: its largest stable rate is "
            f"{rate(twin.limit)}, and {compared(tab.learning_rate, twin.limit)}."
        )
    if twin.kind == "exploded" and tab.kind == "dead":
        still = len({p for unit in tab.dead for p in unit.still})
        units = " and ".join(unit.unit for unit in tab.dead)
        yield (
            f"With the {names} it does not explode, but {units} "
            f"{'is' if len(tab.dead) == 1 else 'are'} dead, and {still} of {tab.weights} weights "
            "stand still."
        )
    elif twin.kind == "exploded" and tab.kind != "exploded":
        yield f"With the {names} it does not explode."
    if twin.all_alike is not None:
        yield (
            f"Its prediction at the end is {number(twin.all_alike)} for every row of data, "
            f"whatever the inputs: it has learned nothing about them."
            f"{_at_best(tab, experiment)}"
        )
    elif twin.silent:
        yield (
            f"With it a unit gave {given} in {twin.silent:,} of {twin.outputs:,} cases, "
            f"{percent(twin.silent / twin.outputs)}, and it ends at {told(experiment, tab.rmse)}."
        )
    yield from _at_suggestion(twin, names, experiment)


def _at_best(tab: TabExplanation, experiment: Experiment) -> str:
    """Return a sentence on how much one prediction for all rows leaves."""
    if tab.mean_rmse is None:
        return ""
    left, words = told(experiment, tab.rmse), experiment.loss.constant_words
    return (
        f" {left[0].upper()}{left[1:]} is left, and one number for all rows can do no better than "
        f"{number(tab.mean_rmse)}{f', {words}' if words else ''}."
    )


def _at_suggestion(twin: Twin, names: str, experiment: Experiment) -> Iterator[str]:
    at = twin.at_suggestion
    if at is None:
        return
    begin = f"At learning_rate {rate(at.learning_rate)}"
    if at.equal:
        yield (
            f"{begin} all {at.losses:,} losses are equal with the {names} and without: it is the "
            f"rate that makes it train, not the {names}."
        )
    else:
        yield (
            f"{begin} it reaches {told(experiment, at.rmse_with)} with the {names} "
            f"({at.verdict_with}) and {number(at.rmse_without)} without ({at.verdict_without})."
        )
