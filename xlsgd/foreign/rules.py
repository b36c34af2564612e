"""Which rule a workbook's steps follow: what optimizers remember, and what they subtract.

A memory is a share of what it was and something new: an average or a sum of slopes or of their
squares. A step is a rate times one of a few templates made of slopes and memories. Both are
recognised by numbers: the rate is the one number beside which a template gives the step in all
samples, in most steps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from xlsgd.foreign.losses import USUAL
from xlsgd.foreign.places import Place, Places
from xlsgd.foreign.steps import Step
from xlsgd.foreign.study import Study, same
from xlsgd.foreign.terms import operand_number
from xlsgd.formula.tree import Node, nodes_of
from xlsgd.graph.cells import Cell

__all__ = ["Memory", "Rule", "memories_of", "rule_of", "states"]

EQUAL = 1e-8
"""How far apart two numbers of a rule may be, as a share of the greatest of a step's samples."""

TINY = 1e-2
"""An epsilon is smaller."""


@dataclass(frozen=True)
class Memory:
    """What an optimizer remembers of a weight.

    place: of the cell after the step.   before: of the one before it.   what: ``average``, ``sum``
    of slopes, ``square average``, ``square sum``, or "" if none of them.   weight: whose slope.
    rate, sign: where what is remembered are steps already, not slopes.
    """

    place: Place
    before: Place
    what: str
    weight: int
    rate: Place | Cell | float | None = None
    sign: int = 1


class Template(NamedTuple):
    """A direction that is multiplied with a rate.

    values: of the steps tried × samples.   rate, sign: where the direction has the rate in it.
    """

    name: str
    weight: int
    values: np.ndarray
    rate: Place | Cell | float | None = None
    sign: int = 1


@dataclass(frozen=True)
class Rule:
    """How a weight moves.

    name: of the rule.   rate: the place of the rate's cell, or a number that is typed into the
    formula.   weight: whose slope is taken.   sign: -1 if it goes up.   decay: whether weights are
    made smaller besides.
    """

    name: str
    rate: Place | Cell | float
    weight: int
    sign: int = 1
    decay: str = ""


def states(study: Study, places: Places, step: Step) -> set[Cell]:
    """Return the cells of a step that hold what an optimizer remembers, or make it ready."""
    memories = {each.after: each for each in study.carried.memories}
    inside = set(step.cells)
    found: set[Cell] = set()
    updates = {weight.after for weight in step.weights}
    for cell in step.cells:
        if cell in updates:
            continue
        nearer = [c for c in study.meant.precedents.get(cell, ()) if c in inside]
        if cell in memories or (nearer and all(c in found for c in nearer)):
            found.add(cell)
    return found


def slopes_used(study: Study, places: Places, step: Step, starts: Sequence[Cell]) -> list[Cell]:
    """Return the slopes that an update takes, by way of what the optimizer remembers."""
    memories = {each.after: each for each in study.carried.memories}
    known = states(study, places, step)
    inside = set(step.cells)
    found: dict[Cell, None] = {}
    stack, seen = list(starts), set()
    while stack:
        cell = stack.pop()
        if cell not in inside or cell in seen:
            continue
        seen.add(cell)
        if cell in memories:
            stack += memories[cell].added
        elif cell in known:
            stack += study.meant.precedents.get(cell, ())
        else:
            found[cell] = None
    return list(found)


def memories_of(study: Study, places: Places, slopes: Sequence[np.ndarray]) -> list[Memory]:
    """Return what is remembered in the steps of a family.  slopes: of every weight, steps × samples."""
    by_after = {each.after: each for each in study.carried.memories}
    counted: Counter[tuple[Place, Place]] = Counter()
    for step in places.some:
        for cell in _round(step):
            if cell in by_after:
                before = places.place(step, by_after[cell].before)
                counted[places.place(step, cell), before] += 1
    found: dict[Place, Memory] = {}
    for (place, before), times in counted.most_common():
        if times < USUAL * len(places.some) or place in found:
            continue
        new, share = _new(study, places, place)
        what, whose = _what(new, share, slopes)
        found[place] = Memory(place, before, what, whose)
        if not what:
            found[place] = _of_steps(study, places, found[place], new, slopes)
    return list(found.values())


def _round(step: Step) -> set[Cell]:
    """Return the cells of a step and those of memories that its updates look at."""
    found = set(step.cells)
    for weight in step.weights:
        found.update(weight.added)
    return found


def _new(study: Study, places: Places, place: Place) -> tuple[np.ndarray, np.ndarray]:
    """Return what is added to a memory, and the share that is kept: steps × samples."""
    by_after = {each.after: each for each in study.carried.memories}
    added, shares = [], []
    for step in places.some:
        cell = places.cell(step, place)
        memory = by_after.get(cell) if cell is not None else None
        if cell is None or memory is None:
            added.append(places.apart.nothing)
            shares.append(places.apart.nothing)
            continue
        share = np.ones_like(places.apart.nothing)
        for node in memory.share:
            share = share * node_value(study, cell, node)
        added.append(places.apart.value(cell) - share * places.apart.value(memory.before))
        shares.append(share)
    return np.array(added), np.array(shares)


def _what(new: np.ndarray, share: np.ndarray, slopes: Sequence[np.ndarray]) -> tuple[str, int]:
    for i, slope in enumerate(slopes):
        for name, value in (
            ("average", (1 - share) * slope),
            ("sum", slope),
            ("square average", (1 - share) * slope**2),
            ("square sum", slope**2),
        ):
            if _mostly(new, value):
                return name, i
    return "", -1


def _mostly(a: np.ndarray, b: np.ndarray) -> bool:
    """Return whether rows of samples are the same in most steps."""
    return bool(_share(a, b[None])[0] >= USUAL)


def _of_steps(
    study: Study,
    places: Places,
    memory: Memory,
    new: np.ndarray,
    slopes: Sequence[np.ndarray],
) -> Memory:
    """Return a memory that sums up steps, with the rate in its formula, if it is one."""
    cell = places.cell(places.model, memory.place)
    rates = list(_numbers_at(study, places, [cell] if cell is not None else []))
    values = np.array([each for _, each in rates])
    for i, slope in enumerate(slopes):
        with np.errstate(all="ignore"):
            ratio = new / slope
        for sign in (1, -1):
            share = _share(sign * ratio, values)
            if share.max() >= USUAL:
                rate = rates[int(share.argmax())][0]
                return Memory(memory.place, memory.before, "sum", i, rate, sign)
    return memory


def _share(a: np.ndarray, several: np.ndarray) -> np.ndarray:
    """Return in which share of the steps rows of samples are those of others.

    a: steps × samples.   several: any number × steps × samples.
    """
    fine = np.isfinite(a) & np.isfinite(several)
    size = np.where(fine, np.maximum(np.abs(a), np.abs(several)), 0).max(-1, keepdims=True)
    far = np.where(fine, np.abs(np.where(fine, a - several, 0)), 0) > EQUAL * size
    tried = max(1, int(np.isfinite(a).any(-1).sum()))
    return (~far.any(-1) & fine.any(-1)).sum(-1) / tried


def node_value(study: Study, cell: Cell, node: Node) -> np.ndarray:
    """Return the numbers of a part of a cell's formula that is made of numbers and cells alone."""
    apart = study.apart
    if node.kind == "number":
        return np.full(len(apart.nothing), float(node.value))  # type: ignore[arg-type]
    if node.kind == "reference":
        written = study.meant.written[cell]
        sheet, area = study.meant.operand(cell, written.slots[operand_number(node)])
        return apart.value(Cell(sheet, area[0], area[1]))
    parts = [node_value(study, cell, part) for part in node.parts]
    with np.errstate(all="ignore"):
        if node.kind == "sign":
            return -parts[0]
        if node.kind == "operator" and node.value in ARITHMETIC:
            return ARITHMETIC[str(node.value)](*parts)
    return apart.nothing


ARITHMETIC = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
}


def rule_of(
    study: Study,
    places: Places,
    weight: int,
    slopes: Sequence[np.ndarray],
    memories: Sequence[Memory],
) -> Rule | None:
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
            share = _share(sign * ratio, values)
            best = int(share.argmax())
            if share[best] >= USUAL:
                rate = template.rate if template.rate is not None else rates[best][0]
                return Rule(template.name, rate, template.weight, sign * template.sign)
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
    rates: Sequence[tuple[Place | Cell | float, np.ndarray]],
    values: np.ndarray,
) -> Rule | None:
    """Return a rule whose steps make the weight smaller besides."""
    for rate, each in rates:
        left = (moves - each * template.values) / before
        for factors in (values, each * values):
            share = _share(left, factors)
            if share.max() >= USUAL:
                return Rule(template.name, rate, template.weight, decay="weight decay")
    return None


def _moves(study: Study, places: Places, weight: int) -> np.ndarray:
    found = []
    for step in places.some:
        one = step.weights[weight]
        found.append(places.apart.value(one.before) - study.right(one.after))
    return np.array(found)


def _rates(
    study: Study, places: Places, weight: int
) -> Iterator[tuple[Place | Cell | float, np.ndarray]]:
    """Yield what a rate may be: cells that the update looks at and that do not depend on the
    weights, and numbers in its formulas."""
    step = places.model
    way = [step.weights[weight].after, *_near(study, places, step, weight)]
    yield from _numbers_at(study, places, way)


def _numbers_at(
    study: Study, places: Places, way: Sequence[Cell]
) -> Iterator[tuple[Place | Cell | float, np.ndarray]]:
    """Yield the cells that formulas of a step look at and that are not of it, and their numbers."""
    step = places.model
    inside = set(step.cells)
    own = {w.before for w in step.weights}
    cells: dict[Cell, None] = {}
    numbers: dict[float, None] = {}
    for cell in way:
        for other in study.meant.precedents.get(cell, ()):
            if other not in inside and other not in own:
                cells[other] = None
        written = study.meant.written.get(cell)
        if written is not None:
            for node in nodes_of(written.tree):
                if node.kind == "number":
                    numbers[float(node.value)] = None  # type: ignore[arg-type]
    for cell in cells:
        fixed = np.array([places.apart.value(cell)] * len(places.some))
        yield cell, fixed
        place = places.place(step, cell)
        moving = places.values(place)
        if np.isfinite(moving).all() and not np.array_equal(moving, fixed):
            yield place, moving
    shape = (len(places.some), len(places.apart.nothing))
    for number in (*numbers, 1.0):
        yield number, np.full(shape, number)


def _near(study: Study, places: Places, step: Step, weight: int) -> list[Cell]:
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
    places: Places,
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
    study: Study, places: Places, weight: int, slope: np.ndarray, first: Sequence[Memory]
) -> Iterator[Template]:
    for memory in first:
        if memory.weight != weight:
            continue
        values = places.values(memory.place)
        share = _new_share(study, places, memory)
        for name, each in (
            ("momentum", values),
            ("Nesterov momentum", slope + share * values),
            ("Nesterov momentum", (1 - share) * slope + share * values),
            *(("momentum, corrected", c) for c in _corrected(study, places, memory, values)),
        ):
            yield Template(name, weight, each, memory.rate, memory.sign)


def _new_share(study: Study, places: Places, memory: Memory) -> np.ndarray:
    by_after = {each.after: each for each in study.carried.memories}
    cell = next(c for s in places.some if (c := places.cell(s, memory.place)) in by_after)
    assert cell is not None
    share = np.ones_like(places.apart.nothing)
    for node in by_after[cell].share:
        share = share * node_value(study, cell, node)
    return share


def _corrected(
    study: Study, places: Places, memory: Memory, values: np.ndarray
) -> Iterator[np.ndarray]:
    """Yield a memory divided by 1 − βᵗ, with the steps counted by a cell or by themselves."""
    share = _new_share(study, places, memory)
    for times in _times(study, places):
        with np.errstate(all="ignore"):
            yield values / (1 - share**times)


def _times(study: Study, places: Places) -> Iterator[np.ndarray]:
    """Yield numbers of steps: as the steps stand, and of cells that count them.  Steps × samples."""
    numbers = {step: i for i, step in enumerate(places.steps)}
    shape = len(places.apart.nothing)
    for first in (1, 2):
        yield np.array([[float(numbers[step] + first)] * shape for step in places.some])
    for place in places.leaves_round(places.model):
        found = places.values(place)
        saved = found[:, 0]
        if np.isfinite(saved).all() and (saved == np.round(saved)).all() and (saved > 0).all():
            if len(set(saved)) == len(saved):
                yield found


def _roots(
    study: Study, places: Places, weight: int, second: Sequence[Memory]
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


def _epsilons(study: Study, places: Places, weight: int) -> list[np.ndarray]:
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


def usual(rules: Sequence[Rule | None]) -> Rule | None:
    """Return the rule that most weights of a step follow."""
    names = Counter(rule.name for rule in rules if rule is not None)
    if not names:
        return None
    name = names.most_common(1)[0][0]
    return next(rule for rule in rules if rule is not None and rule.name == name)


def differ(a: Mapping[int, np.ndarray], b: Mapping[int, np.ndarray]) -> list[int]:
    """Return the keys whose numbers are not the same."""
    return [key for key in a if not same(a[key], b[key])]
