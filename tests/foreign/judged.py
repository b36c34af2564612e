"""What a report says of a workbook beside what is true of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.foreign.plans import Truth, Way

if TYPE_CHECKING:
    from xlsgd.foreign.findings import CheckReport, Finding, Recognised

__all__ = ["differences", "said", "same_cell"]


def same_cell(text: str, sheets: tuple[str, ...] = ()) -> str:
    """Return a cell as truths name it, in lower case: ``tab!a1``."""
    sheet, _, where = text.replace("$", "").rpartition("!")
    sheet = sheet.strip("'").replace("''", "'") or (sheets[0] if sheets else "")
    return f"{sheet}!{where}".lower()


def said(finding: Finding) -> str:
    """Return a finding in a line."""
    return (
        f"{finding.place} {finding.kind} (+{finding.cells - 1}) {finding.formula}: "
        f"holds {finding.holds}, expected {finding.expected}; {finding.words}"
    )


def differences(report: CheckReport, way: Way) -> list[str]:
    """Return what a report says otherwise than it is; nothing if all is right."""
    found = [f"called wrong: {said(finding)}" for finding in report.findings]
    if report.recalculated != report.formulas:
        found.append(f"recalculated {report.recalculated} of {report.formulas}")
    rest = list(report.trainings)
    for truth in way.truths:
        match = max(rest, key=lambda training: _shared(training, truth), default=None)
        if match is None or not _shared(match, truth):
            weights = "; ".join(str(tuple(t.weights)) for t in report.trainings)
            found.append(
                f"weights: {[w[0] for w in truth.weights]} not found, but {weights or '-'}"
            )
            continue
        rest.remove(match)
        found += _of_training(match, truth)
    found += [f"trains besides: {tuple(training.weights)}" for training in rest]
    return found


def _weights(training: Recognised) -> set[str]:
    return {same_cell(weight, tuple(training.sheets)) for weight in training.weights}


def _shared(training: Recognised, truth: Truth) -> int:
    own = _weights(training)
    return sum(any(same_cell(cell) in own for cell in cells) for cells in truth.weights)


def _of_training(training: Recognised, truth: Truth) -> list[str]:
    found = []
    own = _weights(training)
    if len(own) != len(truth.weights) or _shared(training, truth) < len(truth.weights):
        found.append(f"weights: {sorted(own)}, not {[w[0] for w in truth.weights]}")
    if training.steps != truth.steps:
        found.append(f"steps: {training.steps}, not {truth.steps}")
    if not re.search(truth.rule, training.rule) or bool(truth.rule) != bool(training.rule):
        found.append(f"rule: {training.rule!r}, not {truth.rule!r}")
    if bool(training.rate) != bool(truth.rate) or not _names_one(training.rate, truth.rate):
        found.append(f"rate: {training.rate!r}, not {truth.rate[:1]}")
    if training.assumed != (not truth.losses):
        found.append(
            f"loss: {training.loss!r}, assumed: {training.assumed}, not {truth.losses[:1]}"
        )
    elif not _names_one(training.loss, truth.losses):
        found.append(f"loss: {training.loss!r}, not {truth.losses[-1:]}")
    elif truth.assumed and not re.search(truth.assumed, training.loss):
        found.append(f"loss: {training.loss!r}, not {truth.assumed!r}")
    judged = " ".join(training.judged)
    for run in truth.gradients:
        if not _mentions(judged, run):
            found.append(f"gradient {run[0]} not judged: {judged!r}")
    return found


def _names_one(text: str, cells: tuple[str, ...]) -> bool:
    """Return whether a text names one of some cells, if there are any."""
    plain = text.replace("'", "").replace("$", "").lower()
    return not cells or any(
        re.search(rf"{re.escape(same_cell(cell))}(?![0-9])", plain) for cell in cells
    )


def _mentions(words: str, run: tuple[str, ...]) -> bool:
    """Return whether words name a cell of a run, or its column or row."""
    places = [cell.rpartition("!")[2] for cell in run]
    columns = {place.rstrip("0123456789") for place in places}
    rows = {place.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for place in places}
    names = set(places)
    names |= columns if len(columns) == 1 else set()
    names |= rows if len(rows) == 1 else set()
    return any(re.search(rf"(?<![A-Za-z0-9]){name}(?![A-Za-z])", words) for name in names)
