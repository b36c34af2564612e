"""Which loss a workbook's updates go down: a cell of it, or one that nobody wrote down.

Whatever it is, most weights have a cell on the way to their update that is its derivative, exactly
or but for a factor. Every cell that depends on the weights is tried, the sums of those that were
filled down a batch, and errors that are as a rule meant: squares of what is predicted less what
stands beside it, and the negative logarithm of a likelihood.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xlsgd.foreign.places import AlignedSteps, Offset
from xlsgd.foreign.recurrences import origin
from xlsgd.foreign.steps import Step

__all__ = ["USUAL", "Loss", "Match", "best_losses", "made_of", "ratio", "usual_ratio"]

SAME = 1e-9
"""How far two numbers may be apart, as a share of the greatest among them."""

NEAR = 0.05
"""How far a difference quotient may be from the derivative, as a share of the greatest."""

USUAL = 0.6
"""Share of a line's cells that say what it is."""

SINGLE = 40
"""Cells with one formula, each of which is tried as a loss."""


@dataclass(frozen=True)
class Match:
    """A place that holds the derivative of a loss in a weight, but for a factor.

    place: None for the step itself, but for the rate.   row: of a batch, None for all together.
    is_near: whether it is only nearly the derivative, as a difference quotient is.   is_full:
    whether it is so in all steps that were tried.
    """

    place: Offset | None
    factor: float
    row: int | None = None
    is_near: bool = False
    is_full: bool = True

    @property
    def is_exact(self) -> bool:
        return self.place is not None and abs(self.factor - 1) < SAME and not self.is_near


@dataclass(frozen=True)
class Loss:
    """What a step makes smaller.

    kind: ``cell``, ``sum`` for a sum of cells, ``square`` and ``likelihood`` for what is assumed.
    places: of the cells, or of predictions.   targets: beside predictions.
    matches: of every weight of a step the places that hold its derivative.   score: how many
    weights have one.
    """

    kind: str
    places: tuple[Offset, ...]
    targets: tuple[Offset, ...] = ()
    matches: tuple[tuple[Match, ...], ...] = ()
    score: float = 0.0

    @property
    def is_assumed(self) -> bool:
        """Whether no cell holds it."""
        return self.kind in ("square", "likelihood")

    def slopes(self, places: AlignedSteps, step: Step) -> np.ndarray:
        """Return the derivative of each place's loss: places × weights × samples."""
        return np.array([self._slope(places, step, i) for i in range(len(self.places))])

    def _slope(self, places: AlignedSteps, step: Step, i: int) -> np.ndarray:
        slope = places.slope(step, self.places[i])
        if not self.targets:
            return slope
        predicted = places.value(step, self.places[i])
        wanted = places.value(step, self.targets[i])
        return np.asarray(OUTER[self.kind](predicted, wanted) * slope)


def _likelihood(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray((p - t) / (p * (1 - p)))


OUTER: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "square": lambda p, t: 2 * (p - t),
    "likelihood": _likelihood,
}
"""Derivatives of an error in its prediction."""


def ratio(a: np.ndarray, b: np.ndarray, within: float = SAME) -> float | None:
    """Return k where a = k·b in all samples, None where there is none."""
    fine = np.isfinite(a) & np.isfinite(b)
    if not fine.any():
        return None
    a, b = a[fine], b[fine]
    below = float(b @ b)
    if below == 0 or not a.any():
        return None
    k = float(a @ b) / below
    if np.abs(a - k * b).max() > within * max(np.abs(a).max(), np.abs(k * b).max()):
        return None
    return k


def best_losses(places: AlignedSteps) -> list[Loss]:
    """Return losses that fit, the best first."""
    ways = [_on_the_way(places, i) for i in range(places.family.width)]
    moves = [list(_moves(places, i)) for i in range(places.family.width)]
    found = []
    for loss in _candidates(places):
        slopes = np.array([loss.slopes(places, step) for step in places.some])
        if not np.isfinite(slopes).any() or not slopes.any():
            continue
        # What a loss is made of is no derivative of it, whatever its numbers are.
        forward = set(made_of(places, loss))
        matches = tuple(
            tuple(_matches({p: v for p, v in way.items() if p not in forward}, slopes[:, :, i]))
            or tuple(_inline(moves[i], slopes[:, :, i].sum(1)))
            or tuple(_nearly({p: v for p, v in way.items() if p not in forward}, slopes[:, :, i]))
            for i, way in enumerate(ways)
        )
        score = _score(places, matches)
        if score:
            bonus = 0.0 if loss.is_assumed else 0.25 if loss.kind == "cell" else 0.1
            found.append(Loss(loss.kind, loss.places, loss.targets, matches, score + bonus))
    return sorted(found, key=lambda loss: -loss.score)


def _score(places: AlignedSteps, matches: Sequence[Sequence[Match]]) -> float:
    """Return how many weights have a derivative of their own: best one that the update looks at."""
    step = places.model
    taken: set[Offset | None] = set()
    factors: Counter[float] = Counter()
    total = 0.0
    for weight, each in zip(step.weights, matches, strict=True):
        used = {places.place(step, cell) for cell in weight.added}
        best, where, factor = 0.0, None, 1.0
        for match in each:
            if match.place is None:
                worth = 0.8
            elif match.place in taken:
                worth = 0.2
            elif match.is_near:
                worth = 0.6 + 0.15 * (match.place in used)
            else:
                worth = (1.0 if match.is_exact else 0.9) + 0.15 * (match.place in used)
            if worth > best:
                best, where, factor = worth, match.place, match.factor
        if where is not None:
            taken.add(where)
            factors[round(factor, 9)] += 1
        total += best
    # Derivatives of one loss differ from it by one factor, if by any.
    return total - 0.5 * (sum(factors.values()) - max(factors.values(), default=0))


def _on_the_way(places: AlignedSteps, i: int) -> dict[Offset, np.ndarray]:
    """Return the numbers of places that a weight's update hangs on: steps × samples."""
    step = places.model
    weight = step.weights[i]
    found: dict[Offset, np.ndarray] = {}
    for cell in places.before(weight.added, step):
        if origin(places.cells, cell) == weight.before:
            continue
        place = places.place(step, cell)
        found[place] = places.values(place)
    return found


def _moves(places: AlignedSteps, i: int) -> Iterator[np.ndarray]:
    """Yield what a weight's update subtracts, divided by what may be the rate: steps × samples."""
    moves = np.array(
        [
            places.apart.value(step.weights[i].before) - places.updated(step.weights[i].after)
            for step in places.some
        ]
    )
    yield moves
    step = places.model
    inside = set(step.cells)
    for cell in step.weights[i].added:
        if cell not in inside:
            with np.errstate(all="ignore"):
                yield moves / places.apart.value(cell)
                yield moves / places.values(places.place(step, cell))


def _inline(moves: Sequence[np.ndarray], slopes: np.ndarray) -> Iterator[Match]:
    """Yield a match for an update that has the derivative in its own formula."""
    for each in moves:
        factor = usual_ratio(each, slopes)
        if factor is not None:
            yield Match(None, factor)
            return


def _nearly(way: Mapping[Offset, np.ndarray], slopes: np.ndarray) -> Iterator[Match]:
    """Yield the places that are nearly a derivative, with a factor of 1, the nearest first."""
    total = slopes.sum(1)
    size = np.abs(total).max()
    found = []
    for place, values in way.items():
        if np.isfinite(values).all():
            away = float(np.abs(values - total).max())
            if away <= NEAR * size:
                found.append((away, place))
    for _, place in sorted(found):
        yield Match(place, 1.0, is_near=True)


def made_of(places: AlignedSteps, loss: Loss) -> Iterator[Offset]:
    """Yield the places that a loss is made of, itself as well."""
    step = places.model
    cells = [places.cell(step, place) for place in loss.places]
    for cell in places.before([c for c in cells if c is not None], step):
        yield places.place(step, cell)


def _matches(way: dict[Offset, np.ndarray], slopes: np.ndarray) -> Iterator[Match]:
    """Yield the places that hold a derivative.  slopes: steps × places of the loss × samples."""
    if not way:
        return
    every = np.array(list(way.values()))
    for place, factor in zip(way, usual_ratios(every, slopes.sum(1)), strict=True):
        if factor is not None:
            full = ratio(way[place].ravel(), slopes.sum(1).ravel()) is not None
            yield Match(place, factor, is_full=full)
    if slopes.shape[1] == 1:
        return
    for row in range(slopes.shape[1]):
        factors = usual_ratios(every, slopes[:, row])
        found = [(p, f) for p, f in zip(way, factors, strict=True) if f is not None]
        if not found:
            return
        yield Match(*found[0], row)


def usual_ratio(a: np.ndarray, b: np.ndarray) -> float | None:
    """Return k where a = k·b in most steps: a few may be wrong.  a, b: steps × samples."""
    return usual_ratios(a[None], b)[0]


def usual_ratios(several: np.ndarray, b: np.ndarray) -> list[float | None]:
    """Return k for each of several, see usual_ratio.  several: any number × steps × samples."""
    fine = np.isfinite(several) & np.isfinite(b)
    a, c = np.where(fine, several, 0.0), np.where(fine, b, 0.0)
    with np.errstate(all="ignore"):
        k = (a * c).sum(-1) / (c * c).sum(-1)
        away = np.abs(a - k[..., None] * c).max(-1)
        size = np.maximum(np.abs(a).max(-1), np.abs(k[..., None] * c).max(-1))
    known = np.isfinite(k) & (k != 0) & (away <= SAME * size)
    found: list[float | None] = []
    for each, fits in zip(k, known, strict=True):
        ratios = np.sort(each[fits])
        if not ratios.size:
            found.append(None)
            continue
        middle = float(ratios[len(ratios) // 2])
        alike = int((np.abs(ratios - middle) <= SAME * abs(middle)).sum())
        found.append(middle if alike >= USUAL * len(each) else None)
    return found


def _candidates(places: AlignedSteps) -> Iterator[Loss]:
    updates = {places.place(places.model, w.after) for w in places.model.weights}
    for group in places.groups:
        if not updates & set(group):
            for place in group if len(group) <= SINGLE else ():
                yield Loss("cell", (place,))
            if len(group) > 1:
                yield Loss("sum", tuple(group))
    for group in places.groups:
        if updates & set(group):
            continue
        for targets in _beside(places, group):
            yield Loss("square", tuple(group), targets)
            yield Loss("likelihood", tuple(group), targets)


def _beside(places: AlignedSteps, group: Sequence[Offset]) -> Iterator[tuple[Offset, ...]]:
    """Yield what stands in the rows (or columns) of predictions, as far away from each of them."""
    leaves = set(places.leaves)
    first = group[0]
    for leaf in places.leaves:
        if leaf.rows != first.rows and leaf.columns != first.columns:
            continue
        away = tuple(a - b for a, b in zip(leaf, first, strict=True))
        targets = tuple(Offset(*(a + b for a, b in zip(p, away, strict=True))) for p in group)
        if leaves.issuperset(targets):
            yield targets
