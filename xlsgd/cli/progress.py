"""How far the work has come: a bar on stderr, only where somebody watches."""

from __future__ import annotations

import shutil
import sys
from typing import Any

__all__ = ["ProgressBar"]

_SURE, _SHARE = 2.0, 0.1
"""After how many seconds of steady work, and what share of it, an estimate is worth saying."""


class ProgressBar:
    """A bar on stderr that says how far the work has come; only where somebody watches.

    What has to be done before the first piece is done, such as the start of a helper process, says
    nothing about the pace of the others: an estimate counts from the first piece on, and is not
    told before there is something to go by.
    """

    def __init__(self, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr.isatty()
        self._what = ""
        self._bar: Any = None

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show that so much of something is done, of so much in all."""
        if not self._shown or not total:
            return
        if self._bar is None or what != self._what or total != self._bar.total:
            self.clear()
            self._what, self._bar = what, _bar(what, total)
        bar = self._bar
        if done and not bar.initial:
            bar.start_t, bar.initial = bar._time(), done
        bar.bar_format = _format(bar, done)
        bar.n = min(done, total)
        if done in (0, total):
            bar.refresh()  # whoever watches sees the first and the last of it
        else:
            bar.update(0)

    def clear(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.start_t = 0.0  # else it may think that it was never shown, and leave it there
            self._bar.close()
            self._bar = None


def _bar(what: str, total: int) -> Any:
    """Return tqdm's bar. It is imported here: nobody waits for it where no bar is shown."""
    from threading import RLock

    from tqdm import tqdm

    # No thread that looks after bars, and no lock between processes: a workbook is recalculated in
    # a copy of this process, and there is one bar at a time.
    tqdm.monitor_interval = 0
    tqdm.set_lock(RLock())
    # Not tqdm's own measuring: it believes a terminal that says it has no columns at all.
    columns, rows = shutil.get_terminal_size()
    return tqdm(
        total=total, desc=what, leave=False, file=sys.stderr, smoothing=0,
        ncols=columns, nrows=rows, bar_format=_format(None, 0),
    )  # fmt: skip


def _format(bar: Any, done: int) -> str:
    """Return the form of the line, with an estimate once there is something to go by."""
    form = "{desc} [{bar:24}] {percentage:3.0f}%"
    if bar is None or not bar.initial < done < bar.total:
        return form
    seconds = bar._time() - bar.start_t
    share = (done - bar.initial) / (bar.total - bar.initial)
    return f"{form}  {{remaining}} left" if seconds >= _SURE and share >= _SHARE else form
