"""A family of steps: its loss, what it claims, its rule, and what is wrong with its steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xlsgd.foreign.findings import Finding, Recognised, Remark
from xlsgd.foreign.gradients import Claim, claims, differs, taken_for, used
from xlsgd.foreign.losses import Loss, best_losses
from xlsgd.foreign.memories import memories_of
from xlsgd.foreign.places import AlignedSteps, Offset
from xlsgd.foreign.quotients import Quotient, quotients, wrong_quotients
from xlsgd.foreign.rules import StepRule, rule_of, usual
from xlsgd.foreign.steps import Family, Step
from xlsgd.foreign.study import Study
from xlsgd.foreign.unlike import address, unlike
from xlsgd.graph.cells import Cell

__all__ = ["Judged", "judged"]

ENOUGH = 0.5
"""Share of a step's weights that have to have a cell with the derivative of the loss."""


@dataclass(frozen=True)
class Judged:
    """What is known of a family of steps."""

    places: AlignedSteps
    loss: Loss
    claims: Sequence[Claim]
    training: Recognised
    findings: Sequence[Finding] = ()
    remarks: Sequence[Remark] = ()


def judged(study: Study, family: Family) -> Judged | None:
    """Judge a family of steps; None if no loss is found that they go down."""
    if any(_is_several(step) for step in family.steps):
        return None
    places = study.places(family)
    losses = best_losses(places)
    if not losses or not _is_enough(losses[0]):
        return None
    loss = losses[0]
    found = claims(study, places, loss)
    near = quotients(study, places, loss, [claim.place for claim in found])
    found += _by_use(study, places, loss, near)
    rules = _rules(study, places, loss)
    steps = places.steps
    sheets = list(dict.fromkeys(study.written.names[s.weights[0].after.sheet] for s in steps))
    rule = usual(rules)
    training = Recognised(
        sheets=sheets,
        weights=[address(study.written, w.before) for w in steps[0].weights],
        steps=len(steps),
        loss=_loss_words(study, places, loss),
        assumed=loss.is_assumed,
        runner_up=_loss_words(study, places, losses[1]) if len(losses) > 1 else "",
        rule=rule.name if rule else "",
        rate=_rate_words(study, places, rule),
        judged=[address(study.written, c) for c in _claimed(places, [*found, *near])],
    )
    return Judged(
        places,
        loss,
        found,
        training,
        [
            *_step_findings(study, places, rules, rule),
            *_other_weights(study, places, loss),
            *_quotient_findings(study, places, near),
        ],
        [*_remarks(study, places, found), *_quotient_remarks(study, places, near)],
    )


def _is_several(step: Step) -> bool:
    """Return whether steps could not be told apart: one weight goes on with what another was."""
    return bool({w.before for w in step.weights} & {w.after for w in step.weights})


def _is_enough(loss: Loss) -> bool:
    at = [any(m.place is not None for m in each) for each in loss.matches]
    inline = [bool(each) for each in loss.matches]
    return sum(at) >= ENOUGH * len(at) or (all(inline) and len(inline) > 1)


def _rules(study: Study, places: AlignedSteps, loss: Loss) -> list[StepRule | None]:
    """Return the rule of every weight.

    What an update takes is its slope; where no rule comes out of that, it may be a slope times the
    rate, in a column of its own, and the slope is what it is made of.
    """
    taken = used(study, places, loss)
    exact = [
        [m.place for m in each if m.row is None and not m.is_near and m.place is not None]
        for each in loss.matches
    ]
    found: list[StepRule | None] = [None] * len(taken)
    made_of = [each[0] if each else None for each in exact]
    for wanted in (taken, made_of):
        slopes = [_slope(places, loss, i, place) for i, place in enumerate(wanted)]
        memories = memories_of(study, places, slopes)
        for i, rule in enumerate(found):
            if rule is None:
                found[i] = rule_of(study, places, i, slopes, memories)
        if all(found) or wanted == made_of:
            break
    return found


def _slope(places: AlignedSteps, loss: Loss, i: int, place: Offset | None) -> np.ndarray:
    """Return the slopes of a place, or those of the loss: steps × samples."""
    if place is not None:
        return places.values(place)
    return np.array([loss.slopes(places, step).sum(0)[i] for step in places.some])


def _by_use(
    study: Study, places: AlignedSteps, loss: Loss, near: Sequence[Quotient]
) -> Iterator[Claim]:
    """Yield claims of what is nearly a derivative, is taken for one, and is no quotient either."""
    known = {each.place for each in near}
    for i, place in enumerate(used(study, places, loss)):
        at = [m for m in loss.matches[i] if m.is_near and m.place == place]
        if at and place is not None and place not in known:
            yield Claim(place, i, 1.0, by_use=True)


def _quotient_findings(
    study: Study, places: AlignedSteps, near: Sequence[Quotient]
) -> Iterator[Finding]:
    for each, cell, right in wrong_quotients(study, places, near):
        content = study.written.contents.get(cell)
        weight = address(study.written, places.steps[0].weights[each.weight].before, cell)
        yield Finding(
            cell=cell,
            sheet=study.written.names[cell.sheet],
            formula=str(content),
            holds=study.saved.get(cell),
            expected=float(right[0]) if np.isfinite(right[0]) else None,
            claim=f"∂loss/∂{weight}",
            kind="difference",
            words=f"the h that is added is not the h that is divided by: it is {each.factor:.6g} "
            f"times the {each.kind} difference quotient",
            cells=len(places.steps),
        )


def _quotient_remarks(
    study: Study, places: AlignedSteps, near: Sequence[Quotient]
) -> Iterator[Remark]:
    for each in near:
        cell = places.cell(places.steps[0], each.place)
        if cell is not None and each.factor == 1.0:
            weight = address(study.written, places.steps[0].weights[each.weight].before, cell)
            h = each.h
            text = f"{h:g}" if isinstance(h, float) else address(study.written, h, cell)
            yield Remark(
                address(study.written, cell),
                "quotient",
                f"the {each.kind} difference quotient in {weight}, h = {text}",
            )


def _claimed(places: AlignedSteps, found: Sequence[Claim | Quotient]) -> list[Cell]:
    cells = (places.cell(places.steps[0], claim.place) for claim in found)
    return list(dict.fromkeys(cell for cell in cells if cell is not None))


def _loss_words(study: Study, places: AlignedSteps, loss: Loss) -> str:
    step = places.steps[0]
    cells = [places.cell(step, place) for place in loss.places]
    first = address(study.written, cells[0]) if cells[0] is not None else ""
    if loss.kind == "cell":
        return first
    last = address(study.written, cells[-1], cells[0]) if cells[-1] is not None else ""
    if loss.kind == "sum":
        return f"the sum of {first}:{last}"
    target = places.cell(step, loss.targets[0])
    beside = address(study.written, target, cells[0]) if target is not None else ""
    several = ", summed over rows" if len(cells) > 1 else ""
    if loss.kind == "square":
        return f"({first} − {beside})²{several}"
    return f"−{beside}·ln {first} − (1 − {beside})·ln(1 − {first}){several}"


def _rate_words(study: Study, places: AlignedSteps, rule: StepRule | None) -> str:
    if rule is None:
        return ""
    if isinstance(rule.rate, float):
        return f"{rule.rate:g}"
    cell = rule.rate if isinstance(rule.rate, Cell) else places.cell(places.steps[0], rule.rate)
    return address(study.written, cell) if cell is not None else ""


def _step_findings(
    study: Study,
    places: AlignedSteps,
    rules: Sequence[StepRule | None],
    common: StepRule | None,
) -> Iterator[Finding]:
    for i, rule in enumerate(rules):
        if rule is None and common is not None:
            yield from _unlike_beside(study, places, i, rules)
        if rule is None or common is None:
            continue
        first = places.steps[0].weights[i]
        if rule.sign < 0:
            words = "it adds the step where it has to subtract it: the loss goes up"
            yield _finding(study, places, i, "sign", words)
        elif rule.weight != i:
            other = places.steps[0].weights[rule.weight]
            where = address(study.written, other.after, first.after)
            words = f"it takes the derivative in another weight, that of {where}"
            yield _finding(study, places, i, "other-weight", words)
        elif _lacks_rate(study, places, i, rule, common):
            words = f"its rate is {rule.rate:g}, not {_rate_words(study, places, common)}"
            yield _finding(study, places, i, "step", words)


def _other_weights(study: Study, places: AlignedSteps, loss: Loss) -> Iterator[Finding]:
    """Yield updates that take the derivative in another weight."""
    taken = used(study, places, loss)
    for i in range(places.family.width):
        other = taken_for(places, loss, taken, i)
        if other is not None:
            weights = places.steps[0].weights
            where = address(study.written, weights[other].after, weights[i].after)
            words = f"it takes the derivative in another weight, that of {where}"
            yield _finding(study, places, i, "other-weight", words)


def _unlike_beside(
    study: Study, places: AlignedSteps, i: int, rules: Sequence[StepRule | None]
) -> Iterator[Finding]:
    """Yield an update that follows no rule, where the formula of its neighbour, filled to its
    place, would move the same weight by a known one, and otherwise."""
    step = places.model
    weight = step.weights[i]
    for j, rule in enumerate(rules):
        beside = step.weights[j]
        meant = study.meant.written.get(beside.after)
        if rule is None or rule.weight != j or meant is None or meant.area is not None:
            continue
        away = (weight.after.row - beside.after.row, weight.after.column - beside.after.column)
        if (
            weight.before.row - beside.before.row,
            weight.before.column - beside.before.column,
        ) != away:
            continue
        right = study.as_formula(weight.after, meant)
        own = study.right(weight.after)
        moves = differs(own, study.apart.value(weight.before))
        if not moves or not differs(own, right):
            continue
        cell = places.steps[0].weights[i].after
        kind, words = unlike(study.written, weight.after, meant, own, right)
        first = _finding(study, places, i, kind, words)
        yield replace(first, cell=cell, expected=None)
        return


def _lacks_rate(
    study: Study, places: AlignedSteps, i: int, rule: StepRule, common: StepRule
) -> bool:
    """Return whether an update does not look at the rate that its neighbours look at, not even by
    way of another cell."""
    if not isinstance(rule.rate, float) or isinstance(common.rate, float):
        return False
    step = places.model
    rate = common.rate if isinstance(common.rate, Cell) else places.cell(step, common.rate)
    weight = step.weights[i]
    looked = {weight.after, *places.before(weight.added, step)}
    return not any(rate in study.meant.precedents.get(cell, ()) for cell in looked)


def _finding(study: Study, places: AlignedSteps, i: int, kind: str, words: str) -> Finding:
    cell = places.steps[0].weights[i].after
    stored = study.written.stored.get(cell)
    return Finding(
        cell=cell,
        sheet=study.written.names[cell.sheet],
        formula=str(study.written.contents.get(cell)),
        holds=stored if isinstance(stored, float) else None,
        expected=None,
        claim="the weight after a step",
        kind=kind,
        words=words,
        cells=len(places.steps),
    )


def _remarks(study: Study, places: AlignedSteps, found: Sequence[Claim]) -> Iterator[Remark]:
    factors = {round(c.factor, 9) for c in found if not c.by_use and c.row is None}
    if len(factors) == 1:
        k = factors.pop()
        if abs(k - 1) > 1e-9:
            first = _claimed(places, found)[0]
            yield Remark(
                address(study.written, first),
                "factor",
                f"all derivatives are {k:.6g} times those of the loss: a constant factor, no error",
            )
