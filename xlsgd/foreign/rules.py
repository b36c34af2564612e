"""Which rule a workbook's steps follow.

A step is a rate times one of a few templates that are made of slopes and of what is remembered.
They are recognised by numbers: the rate is the one number beside which a template gives the step
in all samples, in most steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from xlsgd.foreign.losses import USUAL
from xlsgd.foreign.memories import (
    Memory,
    Rate,
    kept_share,
    numbers_at,
    share_alike,
    slopes_used,
    states,
)
from xlsgd.foreign.places import AlignedSteps
from xlsgd.foreign.steps import Step
from xlsgd.foreign.study import Study
from xlsgd.graph.cells import Cell

__all__ = ["StepRule", "rule_of", "usual"]

TINY = 1e-2
"""An epsilon is smaller."""


class Template(NamedTuple):
    """A direction that is multiplied with a rate.

    values: of the steps tried × samples.   rate, sign: where the direction has the rate in it.
    """

    name: str
    weight: int
    values: np.ndarray
    rate: Rate | None = None
    sign: int = 1


@dataclass(frozen=True)
class StepRule:
    """How a weight moves.

    name: of the rule.   rate: the place of the rate's cell, or a number that is typed into the
    formula.   weight: whose slope is taken.   sign: -1 if it goes up.   decay: whether weights are
    made smaller besides.
    """

    name: str
    rate: Rate
    weight: int
    sign: int = 1
    decay: str = ""


def rule_of(
    study: Study,
    places: AlignedSteps,
    weight: int,
    slopes: Sequence[np.ndarray],
    memories: Sequence[Memory],
) -> StepRule | None:
    """Return the rule that a weight's updates follow, None if it is none of those known.

    slopes: of every weight of a step, as the sheet takes them: steps × samples.
    """
    moves = _moves(study, places, weight)
    before = np.array([places.apart.value(s.weights[weight].before) for s in places.some])
    rates = list(_rates(study, places, weight))
    values = np.array([each for _, each in rates])
    if not np.any(slopes[weight]) or not np.any(moves):
        return None  # a weight that nothing moves follows any rule
    rest: list[tuple[Template, np.ndarray]] = []
    for template in _templates(study, places, weight, slopes, memories):
        with np.errstate(all="ignore"):
            ratio = moves / template.values
        for sign in (1, -1):
            share = share_alike(sign * ratio, values)
            best = int(share.argmax())
            if share[best] >= USUAL:
                rate = template.rate if template.rate is not None else rates[best][0]
                return StepRule(template.name, rate, template.weight, sign * template.sign)
        rest.append((template, ratio))
    for template, _ in rest:
        found = _with_decay(moves, before, template, rates, values)
        if found is not None:
            return found
    return None


def _with_decay(
    moves: np.ndarray,
    before: np.ndarray,
    template: Template,
    rates: Sequence[tuple[Rate, np.ndarray]],
    values: np.ndarray,
) -> StepRule | None:
    """Return a rule whose steps make the weight smaller besides."""
    for rate, each in rates:
        left = (moves - each * template.values) / before
        for factors in (values, each * values):
            share = share_alike(left, factors)
            if share.max() >= USUAL:
                return StepRule(template.name, rate, template.weight, decay="weight decay")
    return None


def _moves(study: Study, places: AlignedSteps, weight: int) -> np.ndarray:
    found = []
    for step in places.some:
        one = step.weights[weight]
        found.append(places.apart.value(one.before) - study.right(one.after))
    return np.array(found)


def _rates(study: Study, places: AlignedSteps, weight: int) -> Iterator[tuple[Rate, np.ndarray]]:
    """Yield what a rate may be: cells that the update looks at and that do not depend on the
    weights, and numbers in its formulas."""
    step = places.model
    way = [step.weights[weight].after, *_near(study, places, step, weight)]
    yield from numbers_at(study, places, way)


def _near(study: Study, places: AlignedSteps, step: Step, weight: int) -> list[Cell]:
    """Return the cells between a slope and the update that takes it."""
    known = states(study, places, step)
    inside = set(step.cells)
    slopes = set(slopes_used(study, places, step, step.weights[weight].added))
    found: dict[Cell, None] = {}
    stack = [c for c in step.weights[weight].added if c in inside]
    while stack:
        cell = stack.pop()
        if cell in found or (cell in slopes and cell not in known):
            found[cell] = None
            continue
        found[cell] = None
        stack += [c for c in study.meant.precedents.get(cell, ()) if c in inside]
    return list(found)


def _templates(
    study: Study,
    places: AlignedSteps,
    weight: int,
    slopes: Sequence[np.ndarray],
    memories: Sequence[Memory],
) -> Iterator[Template]:
    first = [m for m in memories if m.what in ("average", "sum")]
    second = [m for m in memories if m.what.startswith("square")]
    others = [i for i in range(len(slopes)) if i != weight]
    for i in (weight, *others):
        plain = Template("gradient descent", i, slopes[i])
        yield plain
        ready = list(_ready(study, places, i, slopes[i], first))
        yield from ready
        for below, root in _roots(study, places, i, second):
            for above in (plain, *ready):
                with np.errstate(all="ignore"):
                    name = _named("" if above is plain else above.name, below)
                    yield above._replace(name=name, values=above.values / root)


def _ready(
    study: Study, places: AlignedSteps, weight: int, slope: np.ndarray, first: Sequence[Memory]
) -> Iterator[Template]:
    for memory in first:
        if memory.weight != weight:
            continue
        values = places.values(memory.place)
        share = kept_share(study, places, memory)
        for name, each in (
            ("momentum", values),
            ("Nesterov momentum", slope + share * values),
            ("Nesterov momentum", (1 - share) * slope + share * values),
            *(("momentum, corrected", c) for c in _corrected(study, places, memory, values)),
        ):
            yield Template(name, weight, each, memory.rate, memory.sign)


def _corrected(
    study: Study, places: AlignedSteps, memory: Memory, values: np.ndarray
) -> Iterator[np.ndarray]:
    """Yield a memory divided by 1 − βᵗ, with the steps counted by a cell or by themselves."""
    share = kept_share(study, places, memory)
    for times in _times(study, places):
        with np.errstate(all="ignore"):
            yield values / (1 - share**times)


def _times(study: Study, places: AlignedSteps) -> Iterator[np.ndarray]:
    """Yield numbers of steps, as they stand, and of cells that count them: steps × samples."""
    numbers = {step: i for i, step in enumerate(places.steps)}
    shape = len(places.apart.nothing)
    for first in (1, 2):
        yield np.array([[float(numbers[step] + first)] * shape for step in places.some])
    for place in places.leaves_round(places.model):
        found = places.values(place)
        saved = found[:, 0]
        counts = np.isfinite(saved).all() and (saved == np.round(saved)).all() and (saved > 0).all()
        if counts and len(set(saved)) == len(saved):
            yield found


def _roots(
    study: Study, places: AlignedSteps, weight: int, second: Sequence[Memory]
) -> Iterator[tuple[str, np.ndarray]]:
    epsilons = [np.zeros(1), *_epsilons(study, places, weight)]
    for memory in second:
        if memory.weight != weight:
            continue
        name = "square sum" if memory.what == "square sum" else "square average"
        for old, place in ((False, memory.place), (True, memory.before)):
            values = places.values(place)
            every = [(name, values)]
            every += [
                (name + ", corrected", each) for each in _corrected(study, places, memory, values)
            ]
            for label, each in every:
                label += ", of the step before" if old else ""
                with np.errstate(all="ignore"):
                    for epsilon in epsilons:
                        yield label, np.sqrt(each) + epsilon
                        yield label, np.sqrt(each + epsilon)


def _epsilons(study: Study, places: AlignedSteps, weight: int) -> list[np.ndarray]:
    """Return tiny numbers that the update, or what is before it, has or looks at."""
    found = {
        values[0].tobytes(): values
        for _, values in _rates(study, places, weight)
        if 0 < abs(values[0][0]) < TINY
    }
    return list(found.values())


def _named(above: str, below: str) -> str:
    if not above:
        return "Adagrad" if below.startswith("square sum") else _with("RMSprop", "", below)
    if above.startswith("momentum") and below.startswith("square average"):
        return _with("Adam", above, below)
    return f"{above} over the root of the {below}"


def _with(name: str, above: str, below: str) -> str:
    corrected = ["corrected" in text for text in (above, below) if text]
    if name == "Adam":
        if all(corrected):
            words = ""
        elif any(corrected):
            words = " with one average corrected alone"
        else:
            words = " without bias correction"
    else:
        words = ""
    return name + words + (", average of the step before" if "before" in below else "")


def usual(rules: Sequence[StepRule | None]) -> StepRule | None:
    """Return the rule that most weights of a step follow."""
    names = Counter(rule.name for rule in rules if rule is not None)
    if not names:
        return None
    name = names.most_common(1)[0][0]
    return next(rule for rule in rules if rule is not None and rule.name == name)
