"""Run a spreadsheet program unseen: in a temporary folder, under a time limit, and all of it ended.

A program saves what it has calculated as .xlsx; what it put beside the formulas is read from there.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import shutil
import signal
import subprocess
import tempfile
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from xlsgd.base.cells import Book, Formula, Position, Scalar, Uncomputed, WorkbookFile
from xlsgd.base.errors import EngineError, WorkbookError
from xlsgd.engines import Calculation, Progress
from xlsgd.engines.installed import needed
from xlsgd.processes.children import end_started
from xlsgd.xlsx.cells_only import copy_cells
from xlsgd.xlsx.parts import Damaged
from xlsgd.xlsx.reader import read_workbook
from xlsgd.xlsx.settled import copy_settled

__all__ = [
    "TIME_LIMIT",
    "ProgramEngine",
    "Values",
    "cells_of",
    "private",
    "run_program",
    "saved_values",
    "without_network",
]

TIME_LIMIT = 600.0
"""Seconds that a program may take for a workbook; the largest lesson takes 10 to 20."""

Values = dict[str, dict[Position, Scalar | Uncomputed]]


def run_program(
    program: str,
    command: Sequence[str | Path],
    time_limit: float = TIME_LIMIT,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a command with all that it starts, and return what it printed.

    program: what messages call it.
    Raises EngineError if it cannot be started, fails, or takes longer than time_limit, in seconds.
    """
    try:
        # soffice is a script whose child does the work: only the whole group can be stopped.
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            env=None if environment is None else dict(environment),
        )
    except OSError as error:
        raise EngineError(f"{program} cannot be started: {error}") from error
    try:
        output, _ = process.communicate(timeout=time_limit)
    except subprocess.TimeoutExpired as error:
        raise EngineError(f"{program} took longer than {time_limit:g} s and was stopped") from error
    finally:
        _end(process)
    if process.returncode:
        last = output.strip()[-500:]
        how = f"status {process.returncode}"
        if process.returncode < 0:
            how = signal.Signals(-process.returncode).name
        raise EngineError(f"{program} failed ({how}){': ' if last else ''}{last}")
    return output.strip()


def _end(process: subprocess.Popen[str]) -> None:
    """End a program and all that it has started, with what the system has for that."""
    if process.poll() is None:
        end_started(process.pid)
    if hasattr(os, "killpg"):  # not on Windows
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()


@functools.cache
def program_version(program: Path, name: str) -> str:
    """Return a program's name and version, by what it prints when asked for it."""
    with tempfile.TemporaryDirectory(prefix="xlsgd-") as folder:
        printed = run_program(name, [program, "--version"], 60, private(Path(folder)))
    found = re.search(r"\d+(?:\.\d+)+", printed)
    return f"{name} {found[0]}" if found else name


@functools.cache
def without_network() -> tuple[str, ...]:
    """Return what to put before a command so that it runs without any network; () for nothing.

    Linux lets a process have a network of its own with nothing in it, where that is not forbidden.
    """
    unshare = shutil.which("unshare")
    if unshare is None:
        return ()
    command = (unshare, "--user", "--map-current-user", "--net", "--")
    try:
        tried = subprocess.run(
            [*command, "true"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return command if tried.returncode == 0 else ()


def private(folder: Path) -> dict[str, str]:
    """Return an environment in which a program finds no settings of anybody and leaves none."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "LC_", "LANG"))}
    homes = {
        name: str(folder / name.lower())
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")
    }
    for home in homes.values():
        Path(home).mkdir(parents=True, exist_ok=True)
    kept.pop("DISPLAY", None)
    return {**kept, **homes, "LC_ALL": "C.UTF-8", "GSETTINGS_BACKEND": "memory"}


def cells_of(file: WorkbookFile, folder: Path) -> Path:
    """Write a copy of a workbook for a program to open, and return it.

    It has the cells alone: without pictures and links, nobody is to be asked for anything.
    """
    # A name of our own: one that begins with a dash would pass for an option.
    source = folder / "workbook.xlsx"
    try:
        copy_cells(file.path, source)
        return copy_settled(file, source, folder / "settled.xlsx") if file.settled else source
    except (OSError, Damaged, zipfile.BadZipFile) as error:
        reason = getattr(error, "strerror", None) or error
        raise WorkbookError(f"{file.path}: cannot be read: {reason}") from error


@dataclass
class ProgramEngine(ABC):
    """An engine that has a program recalculate.

    time_limit: seconds for a workbook.
    """

    time_limit: float = TIME_LIMIT

    name = ""
    summary = ""
    # Not a field: a field would hide what the programs say of themselves.
    habits: ClassVar[frozenset[str]] = frozenset()
    program = ""  # what messages call it
    install = ""  # how to get it

    @abstractmethod
    def find(self) -> Path | None:
        """Return the program, None if it is not installed."""

    @abstractmethod
    def convert(self, source: Path, target: Path) -> object:
        """Have the program open source, recalculate every formula, and save it as target.

        Raises EngineError if no file came out in time.
        """

    def missing(self) -> str | None:
        """Return how to install it, if it is not."""
        return None if self.find() else self.install

    def version(self) -> str:
        """Return the program and its version.  Raises EngineError if it is not installed."""
        return program_version(needed(self.name, self.find(), self.install), self.program)

    def recalculate(self, file: WorkbookFile, progress: Progress | None = None) -> Calculation:
        """Return a value for every formula cell; see ``Engine``."""
        program = self.version()
        with tempfile.TemporaryDirectory(prefix="xlsgd-") as folder:
            source, target = cells_of(file, Path(folder)), Path(folder, "saved", "workbook.xlsx")
            target.parent.mkdir()
            self.convert(source, target)
            try:
                saved = read_workbook(target)
            except WorkbookError as error:
                raise EngineError(f"what {program} saved cannot be read: {error}") from error
        return Calculation(saved_values(file.book, saved, program), habits=self.habits)


def saved_values(book: Book, saved: WorkbookFile, program: str) -> Values:
    """Return the values saved beside formulas, ``Uncomputed`` where there are none."""
    values: Values = {}
    for sheet, grid in book.sheets.items():
        stored = saved.stored.get(sheet, {})
        values[sheet] = {}
        for position, content in grid.items():
            if isinstance(content, Formula):
                value = stored.get(position)
                values[sheet][position] = (
                    Uncomputed(f"{program} saved no value") if value is None else value
                )
    return values
