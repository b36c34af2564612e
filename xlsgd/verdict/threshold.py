"""What a cell gives as the loss that counts as exploded, and how far out charts draw weights.

Both follow the data and the start weights, so that data in other units cry no wolf. Powers of
ten, so that they are easy to read and do not move with every edit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from xlsgd.base.columns import Input
from xlsgd.base.errors import SpecError
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses import Loss
from xlsgd.training.nets import Network
from xlsgd.verdict.evidence import Evidence

__all__ = [
    "RunLimits",
    "chart_limit",
    "chart_limit_input",
    "exploded_above_input",
    "explosion_threshold",
]

_LARGEST = 300
"""Powers of ten that a cell holds with room to spare."""
_DIGITS = 9
"""Digits of a logarithm that count: the last ones differ between programs."""


@dataclass(frozen=True)
class RunLimits:
    """The limits of a run.

    exploded_above: a loss above this counts as exploded.
    chart_limit: charts draw weights no further out than this.
    """

    exploded_above: float
    chart_limit: float


# Sheet side


def exploded_above_input(
    experiment: Experiment, evidence: Evidence, typed: Mapping[str, float]
) -> Input:
    """Return the cell with the loss that counts as exploded.   typed: limits that are typed in."""
    note = "a loss above this has exploded"
    if "exploded_above" in typed:
        return Input("exploded_above", typed["exploded_above"], note)
    worst = f"IF(ISNUMBER({evidence.worst_start}),{evidence.worst_start},0)"
    low, high = (_over_targets(name, experiment) for name in ("MIN", "MAX"))
    cost = experiment.loss.before_learning(low, high)
    if evidence.adds_up:
        cost = "*".join((f"MAX({cost})", *evidence.adds_up))
    formula = _power_of_ten(f"1+LOG10(MAX({cost},{worst},0.000001))")
    return Input("exploded_above", formula, f"{note}: 10 times the worst at the start")


def chart_limit_input(experiment: Experiment, typed: Mapping[str, float]) -> Input:
    """Return the cell that says how far out charts draw weights.   typed: as above."""
    note = "charts draw weights up to this"
    if "chart_limit" in typed:
        return Input("chart_limit", typed["chart_limit"], note, minimum=0)
    start = [f"init.{p}" for p in experiment.network.parameters]
    begins = ",".join(f"ABS({{{name}}})" for name in start)
    if experiment.network.takes_data:
        low, high = (_over_targets(name, experiment) for name in ("MIN", "MAX"))
        formula = _power_of_ten(f"LOG10(MAX({high},-{low},{begins},1))")
    else:  # nothing says how far a function's weights may go: there is room for ten times as far
        formula = _power_of_ten(f"1+LOG10(MAX({begins},1))")
    return Input("chart_limit", formula, note, minimum=0)


def _over_targets(function: str, experiment: Experiment) -> str:
    """Return the expression of MIN or MAX over all that is to be predicted."""
    return f"{function}({','.join(f'{{data.{name}}}' for name in experiment.targets)})"


def _power_of_ten(logarithm: str) -> str:
    # ROUNDUP goes away from 0, so the logarithms of small numbers are lifted above it.
    above = f"ROUNDUP({_LARGEST}+ROUND({logarithm},{_DIGITS}),0)"
    return f"=10^(MIN({2 * _LARGEST},{above})-{_LARGEST})"


# Torch side


def explosion_threshold(
    loss: Loss, targets: Sequence[Sequence[float]], start_loss: float, added_up: int = 1
) -> float:
    """Return the loss that counts as exploded: a power of ten, ten times and more what a row may
    cost before anything is learned (for squared errors on the default data 228² = 51,984, so 1e6)
    and ten times and more start_loss, the worst loss at the start weights.

    added_up: how many losses the loss of a row of the table adds up.
    Raises SpecError for a y at which no cell can hold that cost.
    """
    begin = start_loss if math.isfinite(start_loss) else 0.0
    cost = added_up * loss.cost_before_learning(min(map(min, targets)), max(map(max, targets)))
    if not math.isfinite(cost):
        worst_of = max(targets, key=lambda y: max(map(abs, y)))
        largest = max(worst_of, key=abs)
        raise SpecError(
            f"data, row {list(worst_of).index(largest) + 1}, y: got {largest:g}, {loss.too_large}; "
            f"use numbers up to {loss.largest_y:.0e} in size"
        )
    worst = max(cost, begin, 1e-6)
    return _power_of_ten_from(1 + math.log10(worst))


def chart_limit(
    network: Network, targets: Sequence[Sequence[float]], start: Iterable[float]
) -> float:
    """Return how far out charts draw weights: a power of ten beyond data and start, or, of a
    function without data, beyond ten times the start."""
    if network.takes_data:
        return _power_of_ten_from(math.log10(max(abs(v) for v in (*chain(*targets), *start, 1.0))))
    return _power_of_ten_from(1 + math.log10(max(abs(v) for v in (*start, 1.0))))


def _power_of_ten_from(logarithm: float) -> float:
    """Return the first power of ten that is no smaller than the number with that logarithm."""
    return 10.0 ** min(math.ceil(round(logarithm, _DIGITS)), _LARGEST)
