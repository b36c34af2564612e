"""What several commands share: errors as text, the progress bar, exit statuses."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from xlsgd.errors import SpecError, XlsgdError

__all__ = ["AGREES", "DIFFERS", "FAILED", "ProgressBar", "errors_as_text", "refuse_to_overwrite"]

AGREES, DIFFERS, FAILED = 0, 1, 2
"""Exit statuses, as those of ``diff``."""


@contextmanager
def errors_as_text() -> Iterator[None]:
    """Turn the errors that a user can mend into a message and exit status 2."""
    try:
        yield
    except XlsgdError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(FAILED)


class ProgressBar:
    """A bar on stderr that says how far the work has come; only where somebody watches."""

    _WIDTH = 24

    def __init__(self, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr.isatty()
        self._last = ""
        self._what, self._begun = "", 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        if not self._shown:
            return
        if what != self._what:
            self._what, self._begun = what, time.monotonic()
        share = min(done / total, 1.0) if total else 1.0
        full = int(share * self._WIDTH)
        text = f"{what} [{'#' * full}{'-' * (self._WIDTH - full)}] {share:4.0%}"
        passed = time.monotonic() - self._begun
        if passed > 1 and 0 < share < 1:
            minutes, seconds = divmod(round(passed / share * (1 - share)), 60)
            text += f"  {minutes}:{seconds:02} left"
        if text != self._last:
            click.echo(f"\r\x1b[K{text}", nl=False, err=True)
            self._last = text

    def clear(self) -> None:
        if self._shown and self._last:
            click.echo("\r\x1b[K", nl=False, err=True)
            self._last = ""


def refuse_to_overwrite(inputs: Sequence[Path], output: Path) -> None:
    """Raise SpecError if output is one of the files that are read."""
    for file in inputs:
        if file.resolve() == output.resolve():
            raise SpecError(f"{output}: is read and would be overwritten; name another file")
