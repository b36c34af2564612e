"""What a ReLU did, in words."""

from __future__ import annotations

from collections.abc import Iterator

from xlsgd.explaining.findings import TabExplanation, Twin
from xlsgd.explaining.words import compared, number, percent, rate

__all__ = ["twin_sentences"]


def twin_sentences(tab: TabExplanation) -> Iterator[str]:
    """Yield what a run without its ReLU shows about it."""
    twin = tab.twin
    if twin is None:
        return
    without = f"Without the ReLU ({twin.network}, all else the same)"
    if twin.equal:
        yield (
            f"{without} all {twin.losses:,} losses are equal: it changes nothing here. "
            + ("It never gave 0." if not twin.silent else "")
        ).strip()
        return
    same = twin.first_difference
    until = f" Up to step {same - 1} all losses are the same." if same and same > 1 else ""
    yield f"{without} the verdict is '{twin.verdict}', RMSE {number(twin.rmse)}.{until}"
    if twin.limit is not None:
        yield (
            f"Without it the network is linear in its weights: its largest stable rate is "
            f"{rate(twin.limit)}, and {compared(tab.learning_rate, twin.limit)}."
        )
    if twin.kind == "exploded" and tab.kind == "dead":
        still = len({p for unit in tab.dead for p in unit.still})
        units = " and ".join(unit.unit for unit in tab.dead)
        yield (
            f"With the ReLU it does not explode, but {units} "
            f"{'is' if len(tab.dead) == 1 else 'are'} dead, and {still} of {tab.weights} weights "
            "stand still."
        )
    elif twin.kind == "exploded" and tab.kind != "exploded":
        yield "With the ReLU it does not explode."
    if twin.all_alike is not None:
        yield (
            f"Its prediction at the end is {number(twin.all_alike)} for every row of data, "
            f"whatever the inputs: it has learned nothing about them. RMSE {number(tab.rmse)} is "
            f"left, and one number for all rows can do no better than {number(tab.mean_rmse)}, the "
            "standard deviation of y."
        )
    elif twin.silent:
        yield (
            f"With it a unit gave 0 in {twin.silent:,} of {twin.outputs:,} cases, "
            f"{percent(twin.silent / twin.outputs)}, and it ends at RMSE {number(tab.rmse)}."
        )
    yield from _at_suggestion(twin)


def _at_suggestion(twin: Twin) -> Iterator[str]:
    at = twin.at_suggestion
    if at is None:
        return
    begin = f"At learning_rate {rate(at.learning_rate)}"
    if at.equal:
        yield (
            f"{begin} all {at.losses:,} losses are equal with the ReLU and without: it is the rate "
            "that makes it train, not the ReLU."
        )
    else:
        yield (
            f"{begin} it reaches RMSE {number(at.rmse_with)} with the ReLU ({at.verdict_with}) and "
            f"{number(at.rmse_without)} without ({at.verdict_without})."
        )
