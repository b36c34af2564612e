"""A tab with runs side by side that can no longer be recognised: what is left of it says so."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xlsgd.base.cells import Formula, Grid
from xlsgd.sheets.found_tab import texts_of
from xlsgd.sheets.maps import BookMap, formula_maker
from xlsgd.sheets.own_additions import looks_at
from xlsgd.tabs.compare.plan import COMPARE, RATES

__all__ = ["remains"]

_NAMES = {
    COMPARE: re.compile("compare", re.IGNORECASE),
    RATES: re.compile("rates(-.+)?", re.IGNORECASE),
}
_WORDS = re.compile(r"(target_loss|epochs_to_target|steps_to_target)$|(mean_loss|reached|plot)\.")
_SOME = 2
"""Formulas that say what xlsgd's say: one may be a reader's own."""


def remains(sheet: str, grid: Grid, maps: BookMap) -> tuple[str, str] | None:
    """Return the marker that a tab without one should have, and what says so; None if it is none
    of this kind."""
    shown = {e for tab in maps.of("compare").values() for e in tab.runs}
    # A run that a tab shows, which can be recognised, need not be shown by another one.
    hidden = {e: tab for e, tab in maps.training.items() if e not in shown}
    if not any(looks_at(grid, tab.sheet) for tab in hidden.values()):
        return None
    for marker, name in _NAMES.items():
        if name.fullmatch(sheet):
            return marker, "its name"
    if any(_WORDS.match(text) for text in texts_of(grid).values()):
        return COMPARE, "its words"
    return (COMPARE, "its formulas") if _looked_up(grid, maps, hidden) >= _SOME else None


def _looked_up(grid: Grid, maps: BookMap, runs: Mapping[str, object]) -> int:
    """Return how many formulas look up the mean loss of an epoch, as those of compare tabs do."""
    texts = [_plain(c) for c in grid.values() if isinstance(c, Formula) and "!" in c]
    count = 0
    for run in runs:
        tab = maps.training[run]
        losses, epochs = (
            _plain(formula_maker(f"{{@{run}.epochs.{name}}}", maps, tab)(1))
            for name in ("mean_loss", "epoch")
        )
        count += sum(f"INDEX({losses},MATCH(" in text and epochs in text for text in texts)
    return count


def _plain(text: str) -> str:
    return re.sub(r"[\s$]", "", text).upper()
