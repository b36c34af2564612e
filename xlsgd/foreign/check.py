"""Check anybody's workbook: find what it trains, and name the first cell that is wrong."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from xlsgd.base.cells import Formula
from xlsgd.engines.file_formats import as_xlsx
from xlsgd.foreign.chosen import only_on
from xlsgd.foreign.deltas import first_wrong, follows, inner_claims, wrong_inner
from xlsgd.foreign.findings import CheckReport, Finding, Unjudged
from xlsgd.foreign.gradients import Claim, Wrong, wrong_cells
from xlsgd.foreign.nearest import explained
from xlsgd.foreign.places import AlignedSteps
from xlsgd.foreign.steps_judged import Judged, judged
from xlsgd.foreign.study import Study
from xlsgd.foreign.unlike import address, unlike
from xlsgd.graph.cells import Cell, Written
from xlsgd.xlsx.reader import read_workbook

__all__ = ["check"]

EXPLAINED = 4
"""Rows or columns of wrong cells of a family for which the nearest explanation is looked for."""


def check(path: str | os.PathLike[str], seed: int = 0, sheets: Sequence[str] = ()) -> CheckReport:
    """Check a workbook that xlsgd did not write.

    sheets: the tabs of which it is told, all if there are none.
    Raises XlsgdError for a file that cannot be read, or a tab that it does not have.
    """
    begun = time.perf_counter()
    with as_xlsx(Path(path)) as readable:
        file = read_workbook(readable)
    with np.errstate(all="ignore"):
        study = Study(file, seed)
        found = [judged(study, family) for family in study.families]
        accepted = [each for each in found if each is not None]
        findings = list(_findings(study, accepted))
    place = {cell: i for i, cell in enumerate(study.written.order)}
    findings.sort(key=lambda f: place.get(f.cell, -1))
    report = CheckReport(
        path=str(path),
        formulas=len(study.written.stored),
        recalculated=study.parity.same,
        trainings=[each.training for each in accepted],
        findings=_with_followers(study, findings),
        remarks=[remark for each in accepted for remark in each.remarks],
        unjudged=list(_unjudged(study, accepted)),
        seconds=time.perf_counter() - begun,
    )
    return only_on(report, sheets, list(file.book.sheets))


def _findings(study: Study, accepted: Sequence[Judged]) -> Iterator[Finding]:
    relevant = _relevant(study, accepted)
    yield from _odd(study, relevant)
    for each in accepted:
        yield from each.findings
        yield from _slopes(study, each)


def _odd(study: Study, relevant: set[Cell]) -> Iterator[Finding]:
    """Yield what is unlike its column, where that is of use for what is trained."""
    lines: defaultdict[tuple[object, ...], list[tuple[Cell, Written]]] = defaultdict(list)
    for cell, written in study.differing():
        if cell not in relevant:
            continue
        together = cell in study.broken or (cell in study.drift and cell not in study.odd)
        key = (cell.sheet, cell.column, written.key) if together else (cell,)
        lines[key].append((cell, written))
    for line in lines.values():
        cell, written = line[0]
        own, right = study.own[cell], study.right(cell)
        kind, words = unlike(study.written, cell, written, own, right)
        if cell in study.drift and cell not in study.odd:
            kind = "drift"
            words += ": a $ is missing"
        yield _finding(study, cell, "what its column has", kind, words, own, right, len(line))


def _slopes(study: Study, each: Judged) -> Iterator[Finding]:
    """Yield what is no derivative of the loss, the same fault in a line of cells once."""
    places, loss = each.places, each.loss
    every = list(wrong_cells(study, places, loss, each.claims))
    between = inner_claims(study, places, loss, each.claims)
    every += wrong_inner(study, places, loss, between)
    cause = first_wrong(study, places, loss, [*each.claims, *between], every)
    if cause is not None:
        every += wrong_inner(study, places, loss, [cause])
    lines: defaultdict[tuple[object, ...], list[Wrong]] = defaultdict(list)
    found: defaultdict[Claim, set[Cell]] = defaultdict(set)
    for wrong in every:
        found[wrong.claim].add(wrong.cell)
        if wrong.cell in study.own:
            continue
        written = study.written.written.get(wrong.cell)
        lines[wrong.claim, written.key if written else None].append(wrong)
    looked = 0
    for (claim, _), line in lines.items():
        assert isinstance(claim, Claim)
        first = line[len(line) // 2] if len(line) > 2 else line[0]
        if follows(study, places, first, every) or _is_right_elsewhere(study, each, claim, line):
            continue
        first = line[0]
        right = _right_formula(study, each, claim, found[claim])
        if right is not None:
            kind, words = unlike(study.written, first.cell, right, first.own, first.right)
        elif looked < EXPLAINED:
            looked += 1
            kind, words = explained(study, places, loss, line)
        else:
            kind, words = "derivative", "it is not the derivative of the loss"
        what = _in_what(study, places, first)
        yield _finding(study, first.cell, what, kind, words, first.own, first.right, len(line))


def _in_what(study: Study, places: AlignedSteps, wrong: Wrong) -> str:
    """Return what a wrong cell claims to be."""
    if wrong.claim.inner is None:
        cell = wrong.step.weights[wrong.claim.weight].before
    else:
        at = places.cell(wrong.step, wrong.claim.inner)
        assert at is not None
        cell = at
    return f"∂loss/∂{address(study.written, cell, wrong.cell)}"


def _is_right_elsewhere(study: Study, each: Judged, claim: Claim, line: Sequence[Wrong]) -> bool:
    """Return whether the very formula is right in half of the steps: where it is not, as at a
    kink, its numbers prove nothing."""
    written = study.written.written.get(line[0].cell)
    if written is None:
        return False
    same_formula = sum(
        (cell := each.places.cell(step, claim.place)) in study.written.written
        and study.written.written[cell].key == written.key
        for step in each.places.steps
        if each.places.cell(step, claim.place) is not None
    )
    return 2 * len(line) <= same_formula


def _right_formula(
    study: Study, each: Judged, claim: Claim, wrong: Iterable[Cell]
) -> Written | None:
    """Return the formula that is right in other steps at the same place."""
    bad = set(wrong)
    keys = {study.written.written[c].key for c in bad if c in study.written.written}
    for step in each.places.steps:
        cell = each.places.cell(step, claim.place)
        if cell is None or cell in bad or cell in study.own:
            continue
        written = study.written.written.get(cell)
        # The same formula may be right by chance, as where an input is 1.
        if written is not None and written.key not in keys:
            return written
    return None


def _finding(
    study: Study,
    cell: Cell,
    claim: str,
    kind: str,
    words: str,
    own: np.ndarray,
    right: np.ndarray,
    cells: int,
) -> Finding:
    content = study.written.contents.get(cell)
    stored = study.written.stored.get(cell, content)
    holds = stored if isinstance(stored, float) else None
    return Finding(
        cell=cell,
        sheet=study.written.names[cell.sheet],
        formula=str(content) if isinstance(content, Formula) else None,
        holds=holds if holds is not None else _number(own[0]),
        expected=_number(right[0]),
        claim=claim,
        kind=kind,
        words=words,
        cells=cells,
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _relevant(study: Study, accepted: Sequence[Judged]) -> set[Cell]:
    """Return the cells that what is trained hangs on."""
    stack = [
        cell
        for each in accepted
        for step in each.places.steps
        for cell in (*step.cells, *(w.after for w in step.weights))
    ]
    seen: set[Cell] = set()
    while stack:
        cell = stack.pop()
        if cell not in seen:
            seen.add(cell)
            stack += study.meant.precedents.get(cell, ())
    return seen


def _with_followers(study: Study, findings: Sequence[Finding]) -> list[Finding]:
    """Return findings with how many cells hold something else because of them."""
    wrong = {finding.cell for finding in findings}
    looked_at: defaultdict[Cell, list[Cell]] = defaultdict(list)
    for cell, before in study.written.precedents.items():
        for other in before:
            looked_at[other].append(cell)
    found = []
    for finding in findings:
        seen: set[Cell] = set()
        stack = [finding.cell]
        while stack:
            for cell in looked_at.get(stack.pop(), ()):
                if cell not in seen:
                    seen.add(cell)
                    stack.append(cell)
        only = not any(other in wrong and other != finding.cell for other in wrong)
        found.append(replace(finding, follows=len(seen), mends=only))
    return found


def _unjudged(study: Study, accepted: Sequence[Judged]) -> Iterator[Unjudged]:
    by_reason: defaultdict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell, why in study.parity.unknown.items():
        if not why.startswith("it needs "):
            by_reason[cell.sheet, why].append(cell)
    for cell in study.parity.differs:
        by_reason[cell.sheet, "recalculated it is not what is stored"].append(cell)
    for (_, why), cells in by_reason.items():
        yield Unjudged(address(study.written, cells[0]), len(cells), why)
    known = {id(each.places.family) for each in accepted}
    for family in study.families:
        if id(family) not in known:
            weights = [address(study.written, w.before) for w in family.steps[0].weights]
            yield Unjudged(
                weights[0],
                len(family.steps),
                "no loss was found that these steps go down",
            )
