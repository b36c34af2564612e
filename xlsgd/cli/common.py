"""What several commands share: errors as text, the progress bar, exit statuses."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from xlsgd.cli.progress import ProgressBar
from xlsgd.errors import SpecError, XlsgdError

__all__ = [
    "AGREES",
    "DIFFERS",
    "FAILED",
    "InOrder",
    "ProgressBar",
    "errors_as_text",
    "refuse_to_overwrite",
    "say",
    "terminal_width",
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


def terminal_width() -> int | None:
    """Return how many columns the terminal has that results go to, None if they go elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def say(*lines: str) -> None:
    """Print results: on a terminal as wide as it is and in colour, elsewhere as they are."""
    width = terminal_width()
    if width is None:
        click.echo("\n".join(lines))
        return
    from xlsgd.report.fit import fitted, painted

    shown = fitted(lines, width)
    if "NO_COLOR" not in os.environ:
        shown = map(painted, shown)
    click.echo("\n".join(shown))


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
            say(*line.split("\n"))


def refuse_to_overwrite(inputs: Sequence[Path], output: Path) -> None:
    """Raise SpecError if output is one of the files that are read."""
    for file in inputs:
        if os.path.realpath(file) == os.path.realpath(output):  # resolve fails for links in circles
            raise SpecError(f"{output}: is read and would be overwritten; name another file")
