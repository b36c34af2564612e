"""What several commands share: errors as text, the progress bar, exit statuses."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlsgd.base.errors import SpecError, XlsgdError
from xlsgd.base.visible import visible
from xlsgd.cli.progress import ProgressBar

if TYPE_CHECKING:
    from xlsgd.processes.limits import Limits

__all__ = [
    "AGREES",
    "DIFFERS",
    "FAILED",
    "PROGRAM",
    "InOrder",
    "ProgressBar",
    "errors_as_text",
    "refuse_to_overwrite",
    "say",
    "stop_when_told",
    "terminal_width",
    "within",
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
    except KeyboardInterrupt:
        click.echo("Interrupted", err=True)
        sys.exit(FAILED)
    except BrokenPipeError:
        sys.exit(FAILED)  # nobody reads on, and nobody is to be told
    except Exception as error:
        text = _mended_outside(error)
        if text is None:
            raise
        click.echo(f"Error: {text}", err=True)
        sys.exit(FAILED)


def _mended_outside(error: Exception) -> str | None:
    """Return what to say of an error that the system has raised, None for any other."""
    from xlsgd.processes.limits import out_of_memory

    if out_of_memory(error):
        return "out of memory; end other programs, or take fewer epochs or rows of data"
    if isinstance(error, OSError) and error.strerror:
        name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
        if isinstance(error, _PATHS) or error.errno in _PATH_ERRORS:
            return visible(f"{name}: {error.strerror}" if name else error.strerror)
        if error.errno in _WRITE_ERRORS:
            return visible(f"cannot write{f' to {name}' if name else ''}: {error.strerror}")
    if isinstance(error, RuntimeError) and str(error).startswith("Symlink loop"):
        return visible(f"{error}; name a file")
    return None


_PATHS = (PermissionError, FileNotFoundError, NotADirectoryError, IsADirectoryError)
_PATH_ERRORS = (errno.ENAMETOOLONG, errno.ELOOP, errno.EROFS, errno.ENXIO, errno.EMFILE)
_WRITE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)


PROGRAM = "xlsgd.program"
"""In click's context: this process is the command and nothing else, and may be copied and ended."""


def within(limits: Limits, name: object, work: Callable[[], int]) -> int:
    """Return the exit status of work on one workbook, under limits.

    Raises LimitError if it takes more.  In a process that is not the command's own, such as a
    notebook or a test, nothing is limited but what a file may hold.
    """
    if click.get_current_context().find_root().obj != PROGRAM:
        return work()
    from xlsgd.processes.limited import apart

    def reported() -> int:
        with errors_as_text():
            return work()

    return apart(reported, limits, str(name))


def stop_when_told() -> None:
    """Have SIGTERM stop this process as Ctrl-C does, so that it cleans up and says so."""

    def stop(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    with suppress(ValueError, AttributeError):  # not in the main thread, or no such signal
        signal.signal(signal.SIGTERM, stop)


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
        # Path.resolve fails where links go in circles.
        if os.path.realpath(file) == os.path.realpath(output):
            raise SpecError(f"{output}: is read and would be overwritten; name another file")
