"""A family of steps: its loss, what it claims, its rule, and what is wrong with its steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from xlsgd.foreign.findings import Finding, Recognised, Remark
from xlsgd.foreign.gradients import Claim, claims, used
from xlsgd.foreign.losses import Loss, best_losses
from xlsgd.foreign.memories import Memory, memories_of
from xlsgd.foreign.places import AlignedSteps
from xlsgd.foreign.quotients import Quotient, quotients, wrong_quotients
from xlsgd.foreign.rules import StepRule, rule_of, usual
from xlsgd.foreign.steps import Family
from xlsgd.foreign.study import Study
from xlsgd.foreign.unlike import address
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
    places = study.places(family)
    losses = best_losses(places)
    if not losses or not _is_enough(losses[0]):
        return None
    loss = losses[0]
    found = claims(study, places, loss)
    near = quotients(study, places, loss, [claim.place for claim in found])
    found += _by_use(study, places, loss, near)
    slopes = _slopes(study, places, loss)
    memories = memories_of(study, places, slopes)
    rules = [rule_of(study, places, i, slopes, memories) for i in range(family.width)]
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
            *_step_findings(study, places, rules, memories, rule),
            *_quotient_findings(study, places, near),
        ],
        [*_remarks(study, places, found), *_quotient_remarks(study, places, near)],
    )


def _is_enough(loss: Loss) -> bool:
    at = [any(m.place is not None for m in each) for each in loss.matches]
    inline = [bool(each) for each in loss.matches]
    return sum(at) >= ENOUGH * len(at) or (all(inline) and len(inline) > 1)


def _slopes(study: Study, places: AlignedSteps, loss: Loss) -> list[np.ndarray]:
    """Return of every weight the slope that its update takes: steps × samples."""
    taken = used(study, places, loss)
    found = []
    for i, place in enumerate(taken):
        exact = [m for m in loss.matches[i] if m.row is None and not m.is_near]
        matches = [m.place for m in exact if m.place is not None]
        # What is taken may be a derivative times the rate, in a column of its own.
        where = place if place is not None and (place in matches or not matches) else None
        if where is None and matches:
            where = matches[0]
        if where is not None:
            found.append(places.values(where))
        else:
            found.append(np.array([loss.slopes(places, s).sum(0)[i] for s in places.some]))
    return found


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
    memories: Sequence[Memory],
    common: StepRule | None,
) -> Iterator[Finding]:
    for i, rule in enumerate(rules):
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
        elif isinstance(rule.rate, float) and not isinstance(common.rate, float):
            words = f"its rate is {rule.rate:g}, not {_rate_words(study, places, common)}"
            yield _finding(study, places, i, "step", words)


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
