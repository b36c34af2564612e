"""The end of a check: saved values, what excuses a difference, and every formula cell accounted
for."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from xlsgd.checks import harmless
from xlsgd.checks.examined import ExaminedTab
from xlsgd.checks.stored import wrongly_saved
from xlsgd.engines.fast.needed import Place
from xlsgd.report.report import Difference, SheetReport
from xlsgd.sheets.maps import quoted
from xlsgd.tabs.examination import OTHER, Examination
from xlsgd.tabs.kind import kinds
from xlsgd.tabs.layouts.torch_limits import limits_of
from xlsgd.tabs.training.torch_trained import Trained

__all__ = ["finish"]


def finish(work: Examination) -> list[SheetReport]:
    """Check stored values, account for every formula cell, and return the reports on all tabs."""
    _check_stored(work)
    # In order of calculation: what is wrong because of an earlier tab is no news.
    ordered = sorted(work.tabs.values(), key=lambda tab: tab.report.order)
    wrong_before: set[str] = set()
    names_uncomputed = any(tab.names_uncomputed() for tab in ordered)
    explosions = _explosions(work)
    earliest = min(explosions.values(), default=None)
    gaps = work.found.gaps
    if gaps:
        _tell_gaps(work)
    shows_several = {maps.sheet for maps in work.found.maps if maps.runs}
    for tab in ordered:
        name, kind = tab.report.name, tab.report.kind
        looks_at = kinds()[kind].sees(kinds()) if kind in kinds() else ()
        step = earliest if name in shows_several else explosions.get(name)
        report = tab.finish(
            not wrong_before.isdisjoint(looks_at),
            names_uncomputed,
            partial(harmless.rule_of, circumstances=_circumstances(work, tab, step)),
        )
        if report.differences:
            wrong_before.add(kind)
    if gaps:
        for report in (tab.report for tab in work.tabs.values()):
            report.greatest_off = report.greatest_relative = None  # of numbers that follow
    work.notes += [note for tab in work.tabs.values() for note in tab.notes]
    return [tab.report for tab in work.tabs.values()]


def _tell_gaps(work: Examination) -> None:
    """Say of every verdict of torch that it is one without the rows of data that are empty."""
    sheet = quoted(work.found.maps.data.sheet)
    rows = " and ".join(str(row) for row, _ in work.found.gaps)
    empty = f"without the empty row{'s' if len(work.found.gaps) > 1 else ''} {rows} of {sheet}"
    for tab in work.tabs.values():
        if (shown := tab.report.verdict) is not None:
            tab.report.verdict = replace(shown, torch=f"{shown.torch} ({empty})", agree=False)
    work.notes.append(
        f"torch trains {empty}, the sheet cannot: of all other cells only what they say is "
        "checked, their numbers follow from there"
    )


def _check_stored(work: Examination) -> None:
    """Compare the values that the file stores with those that recalculation gives."""
    stored = work.file.stored
    if all(value is None for sheet in stored.values() for value in sheet.values()):
        work.notes.append(
            "the file stores no values beside its formulas (the program that saved it writes "
            "none), so stored values could not be checked"
        )
        return
    doubts: list[Place] = []
    agreeing: list[Place] = []
    for sheet, tab in work.tabs.items():
        if tab.report.kind != OTHER:
            in_doubt, as_stored = tab.doubted(stored[sheet])
            doubts += in_doubt
            agreeing += as_stored
    if not doubts:
        return
    calculated = {(sheet, at): work.tabs[sheet].cells[at] for sheet, at in doubts}
    wrong = wrongly_saved(
        work.file, doubts, work.tolerance["stored"], work.notes, agreeing, calculated
    )
    for (sheet, position), found in wrong.items():
        work.tabs[sheet].differ_stored(position, found)


def _circumstances(
    work: Examination, tab: ExaminedTab, exploded: int | None
) -> harmless.Circumstances:
    """Return what the rules of harmless differences may know of a tab."""
    own = tab.report.experiment
    known = harmless.Circumstances(
        work.habits, work.tolerance, exploded, least_loss=_least_loss(work, own)
    )
    view = work.found.views.get(own or "")
    if view is None or exploded is None:
        return known
    limit = limits_of(view, work.found.data).chart_limit
    return replace(known, steps=work.of(Trained).last_steps[tab.report.name], chart_limit=limit)


def _least_loss(work: Examination, experiment: str | None) -> float | None:
    """Return the lowest mean loss of an experiment, or of all of them, as torch has it."""
    runs = [
        run
        for summaries in work.of(Trained).summaries.values()
        for id, members in summaries.items()
        if experiment in (None, id)
        for run in members
    ]
    losses = [float(loss) for run in runs for loss in run.mean_loss if loss > 0]
    return min(losses, default=None)


def _explosions(work: Examination) -> dict[str, int]:
    """Return the step of every tab's explosion, and excuse verdicts that differ only later, or in
    what is harmless."""
    found = {}
    for name, tab in work.tabs.items():
        shown = tab.report.verdict
        step = None if shown is None else harmless.explosion(shown)
        if shown is None:
            continue
        if step is not None:
            found[name] = step
        if not shown.agree:
            said = Difference(name, "", "verdict", "run", "", None, None, shown.sheet, shown.torch)
            rule = harmless.rule_of(said, _circumstances(work, tab, step))
            tab.report.verdict = replace(shown, agree=rule is not None, rule=rule)
    return found
