"""What several commands share: errors as text, the progress bar, exit statuses."""

from __future__ import annotations

import errno
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from xlsgd.errors import SpecError, XlsgdError

__all__ = [
    "AGREES",
    "DIFFERS",
    "FAILED",
    "InOrder",
    "ProgressBar",
    "errors_as_text",
    "refuse_to_overwrite",
]

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
    except MemoryError:
        click.echo(
            "Error: out of memory; end other programs, or take fewer epochs or rows of data",
            err=True,
        )
        sys.exit(FAILED)
    except KeyboardInterrupt:
        click.echo("Interrupted", err=True)
        sys.exit(FAILED)
    except BrokenPipeError:
        sys.exit(FAILED)  # nobody reads on, and nobody is to be told
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG):
            raise
        where = f" to {error.filename}" if error.filename else ""
        click.echo(f"Error: cannot write{where}: {error.strerror}", err=True)
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


class InOrder:
    """Lines about things that are done in any order, printed in the order of the things.

    A line waits for those of all things before it; a bar shows how many are done.
    """

    def __init__(self, bar: ProgressBar, what: str, total: int) -> None:
        self._bar, self._what, self._total = bar, what, total
        self._waiting: dict[int, str | None] = {}
        self._done = self._next = 0
        bar(what, 0, total)

    def add(self, place: int, line: str | None) -> None:
        """Take the line of the thing at a place, None if there is nothing to say about it."""
        self._waiting[place] = line
        self._done += 1
        if place == self._next:
            self._bar.clear()
        while self._next in self._waiting:
            self._say(self._waiting.pop(self._next))
            self._next += 1
        self._bar(self._what, self._done, self._total)

    def rest(self) -> None:
        """Print what waits for something that will not come any more."""
        self._bar.clear()
        for place in sorted(self._waiting):
            self._say(self._waiting.pop(place))

    def _say(self, line: str | None) -> None:
        if line is not None:
            click.echo(line)


def refuse_to_overwrite(inputs: Sequence[Path], output: Path) -> None:
    """Raise SpecError if output is one of the files that are read."""
    for file in inputs:
        if file.resolve() == output.resolve():
            raise SpecError(f"{output}: is read and would be overwritten; name another file")
