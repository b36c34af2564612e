"""What several commands share: errors as text, the progress bar, exit statuses."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import TYPE_CHECKING, Any, TypeVar

import click

from xlsgd.base.errors import XlsgdError
from xlsgd.base.visible import visible
from xlsgd.cli.progress import ProgressBar

if TYPE_CHECKING:
    from xlsgd.base.progress import Progress
    from xlsgd.many.in_order import InOrder

__all__ = [
    "AGREES",
    "DIFFERS",
    "FAILED",
    "PROGRAM",
    "ProgressBar",
    "errors_as_text",
    "is_program",
    "say",
    "show_all",
    "stop_when_told",
    "terminal_width",
    "within",
]

Result = TypeVar("Result")

AGREES, DIFFERS, FAILED = 0, 1, 2
"""Exit statuses, as those of ``diff``."""

_AFTER_A_CALLBACK = 0.01
"""Seconds after which a callback of Python is over."""


@contextmanager
def errors_as_text() -> Iterator[None]:
    """Turn the errors that a user can mend into a message and exit status 2."""
    try:
        yield
    except XlsgdError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(FAILED)
    except KeyboardInterrupt as error:
        click.echo(f"Interrupted: {error}" if str(error) else "Interrupted", err=True)
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


def is_program() -> bool:
    """Return whether this process is the command and nothing else."""
    return bool(click.get_current_context().find_root().obj == PROGRAM)


def within(
    timeout: float | None,
    memory: int | None,
    name: object,
    work: Callable[[Progress], Result],
    progress: ProgressBar,
) -> Result:
    """Return what work gives on one workbook, under limits.

    Raises LimitError if it takes more.  In a process that is not the command's own, such as a
    notebook or a test, nothing is limited but what a file may hold.
    """
    from xlsgd.processes.limited import in_own_process
    from xlsgd.processes.limits import Limits

    limits = Limits.given(timeout, memory)
    try:
        return in_own_process(work, limits, str(name), progress) if is_program() else work(progress)
    finally:
        progress.clear()


def stop_when_told() -> None:
    """Have SIGTERM stop this process as Ctrl-C does, so that it cleans up and says so.

    Either may come while Python runs a callback, such as the end of an object, out of which nothing
    can be raised. Python would tell of an exception that it ignores, and go on: it comes once more.
    """

    def stop(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    others = sys.unraisablehook

    def once_more(lost: sys.UnraisableHookArgs) -> None:
        if issubclass(lost.exc_type, KeyboardInterrupt):
            Timer(_AFTER_A_CALLBACK, os.kill, (os.getpid(), signal.SIGTERM)).start()
        else:
            others(lost)

    with suppress(ValueError, AttributeError):  # not in the main thread, or no such signal
        signal.signal(signal.SIGTERM, stop)
        sys.unraisablehook = once_more


def terminal_width() -> int | None:
    """Return how many columns the terminal has that results go to, None if they go elsewhere."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def say(*lines: str) -> None:
    """Print results: on a terminal as wide as it is and in colour, elsewhere as they are."""
    width = terminal_width()
    if not lines:
        return
    if width is None:
        click.echo("\n".join(lines))
        return
    from xlsgd.report.fit import fitted, painted

    shown = fitted(lines, width)
    if "NO_COLOR" not in os.environ:
        shown = map(painted, shown)
    click.echo("\n".join(shown))


def show_all(found: InOrder[Result], show: Callable[[Result], None], progress: ProgressBar) -> None:
    """Show results as they come; if they are stopped, also those that wait for others."""
    try:
        for one in found:
            progress.clear()
            show(one)
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(found.interrupted) from error
    finally:
        progress.clear()
        for one in found.rest():
            show(one)
