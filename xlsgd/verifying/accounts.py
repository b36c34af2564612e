"""The end of a check: saved values, what excuses a difference, and every formula cell accounted
for."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from xlsgd.checks import harmless
from xlsgd.checks.examined import ExaminedTab
from xlsgd.checks.stored import wrongly_saved
from xlsgd.report.report import Difference, SheetReport
from xlsgd.tabs.examination import OTHER, Examination
from xlsgd.tabs.kind import kinds
from xlsgd.tabs.layouts.torch_limits import limits_of

__all__ = ["Accounts"]


class Accounts:
    """Ends an examination."""

    def __init__(self, work: Examination) -> None:
        self._work = work

    def finish(self) -> list[SheetReport]:
        """Check stored values, account for every formula cell, and return all reports."""
        stored = self._work.file.stored
        if any(value is not None for sheet in stored.values() for value in sheet.values()):
            own = [
                (stored[s], tab) for s, tab in self._work.tabs.items() if tab.report.kind != OTHER
            ]
            asked = [tab.doubted(values) for values, tab in own]
            doubts, agreeing = ([place for two in asked for place in two[i]] for i in (0, 1))
            tolerance = self._work.tolerance["stored"]
            wrong = (
                wrongly_saved(self._work.file, doubts, tolerance, self._work.notes, agreeing)
                if doubts
                else {}
            )
            for (sheet, position), found in wrong.items():
                self._work.tabs[sheet].differ_stored(position, found)
        else:
            self._work.notes.append(
                "the file stores no values beside its formulas (the program that saved it writes "
                "none), so stored values could not be checked"
            )
        # In order of calculation: what is wrong because of an earlier tab is no news.
        ordered = sorted(self._work.tabs.values(), key=lambda tab: tab.report.order)
        wrong_before: dict[str, bool] = {}
        names_uncomputed = any(tab.names_uncomputed() for tab in ordered)
        explosions = self._explosions()
        earliest = min(explosions.values(), default=None)
        for tab in ordered:
            kind = tab.report.kind
            looks_at = kinds()[kind].looks_at if kind in kinds() else ()
            earlier = [k for k in wrong_before if k in looks_at]
            step = earliest if kind == "compare" else explosions.get(tab.report.name)
            circumstances = self._circumstances(tab, step)
            report = tab.finish(
                any(wrong_before[k] for k in earlier),
                names_uncomputed,
                partial(harmless.rule_of, circumstances=circumstances),
            )
            wrong_before[kind] = wrong_before.get(kind, False) or bool(report.differences)
        self._work.notes += [note for tab in self._work.tabs.values() for note in tab.notes]
        return [tab.report for tab in self._work.tabs.values()]

    def _circumstances(self, tab: ExaminedTab, exploded: int | None) -> harmless.Circumstances:
        """Return what the rules of harmless differences may know of a tab."""
        known = harmless.Circumstances(self._work.habits, self._work.tolerance, exploded)
        view = self._work.found.views.get(tab.report.experiment or "")
        if view is None or exploded is None:
            return known
        limit = limits_of(view, self._work.found.data).chart_limit
        return replace(known, steps=self._work.last_steps[tab.report.name], chart_limit=limit)

    def _explosions(self) -> dict[str, int]:
        """Return the step of every tab's explosion, and excuse verdicts that differ only later."""
        found = {}
        for name, tab in self._work.tabs.items():
            shown = tab.report.verdict
            step = None if shown is None else harmless.explosion(shown)
            if shown is None or step is None:
                continue
            found[name] = step
            if not shown.agree:
                circumstances = self._circumstances(tab, step)
                said = Difference(
                    name, "", "verdict", "run", "", None, None, shown.sheet, shown.torch
                )
                rule = harmless.rule_of(said, circumstances)
                tab.report.verdict = replace(shown, agree=rule is not None, rule=rule)
        return found
