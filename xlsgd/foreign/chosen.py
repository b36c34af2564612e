"""Of a report, what is about some tabs only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xlsgd.base.errors import SpecError
from xlsgd.foreign.findings import CheckReport

__all__ = ["only_on", "tab_of"]


def only_on(report: CheckReport, sheets: Sequence[str], names: Sequence[str]) -> CheckReport:
    """Return what a report says of some tabs; all of it if none is given.

    names: of the workbook's tabs.   A training stays if it stands on one of them at all.
    Raises SpecError for a tab that is not there.
    """
    if not sheets:
        return report
    known = {name.lower() for name in names}
    for sheet in sheets:
        if sheet.lower() not in known:
            raise SpecError(
                f"{report.path}: has no tab '{sheet}'; there are: {', '.join(names)}", "sheet"
            )
    asked = {sheet.lower() for sheet in sheets}
    return replace(
        report,
        trainings=[t for t in report.trainings if asked & {name.lower() for name in t.sheets}],
        findings=[f for f in report.findings if f.sheet.lower() in asked],
        remarks=[r for r in report.remarks if tab_of(r.place).lower() in asked],
        unjudged=[u for u in report.unjudged if tab_of(u.place).lower() in asked],
    )


def tab_of(place: str) -> str:
    """Return the tab of a place such as ``'my tab'!A1``."""
    name = place.rpartition("!")[0]
    if len(name) > 1 and name.startswith("'") and name.endswith("'"):
        name = name[1:-1].replace("''", "'")
    return name
