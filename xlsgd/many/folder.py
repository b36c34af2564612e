"""What a folder holds that could be a workbook: every such file is checked, or named."""

from __future__ import annotations

import os
import stat
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xlsgd.base.errors import SpecError
from xlsgd.engines.file_formats import UNREAD, spreadsheet_kind
from xlsgd.xlsx.guard import MAX_FILE

__all__ = ["Chosen", "choose"]

_LEFTOVERS = {
    "~$": "a lock file that Excel left behind",
    "._": "what macOS notes about a file",
    ".~lock.": "a lock file that LibreOffice left behind",
}
"""Beginnings of the names of files that other programs put beside a workbook."""

_NO_FORMULAS = {
    ".csv": "numbers without formulas",
    ".tsv": "numbers without formulas",
    ".zip": "an archive; unpack it",
}
"""What a class hands in now and then, and is none of its workbooks."""


@dataclass
class Chosen:
    """The files to be checked, and those that were passed over, each with the reason."""

    files: list[Path] = field(default_factory=list)
    passed_over: list[tuple[Path, str]] = field(default_factory=list)


def choose(paths: Sequence[Path]) -> Chosen:
    """Return the files that are meant by paths: files as they are, folders with all below them.

    In a folder that is every spreadsheet, whatever program's, by the end of its name or, where
    that says nothing, by what is in it. Links to folders are not followed. Each file comes once.
    Raises SpecError for a folder that holds none, or cannot be looked into.
    """
    chosen = Chosen()
    for path in paths:
        if not os.path.isdir(path):  # noqa: PTH112 - Path.is_dir fails for names that are too long
            chosen.files.append(path)
            continue
        before = len(chosen.files)
        for file in _below(path):
            why = _passed_over(file)
            if why is not None:
                chosen.passed_over.append((file, why))
            elif spreadsheet_kind(file) is not None or _holds_workbook(file):
                chosen.files.append(file)
        if len(chosen.files) == before:
            seen = ", ".join(f"{file.name} is {why}" for file, why in chosen.passed_over[:3])
            raise SpecError(f"{path}: no workbook in this folder{f' ({seen})' if seen else ''}")
    once: dict[str, Path] = {}
    for file in chosen.files:
        # Path.resolve fails where links go in circles
        once.setdefault(os.path.realpath(file), file)
    chosen.files = list(once.values())
    return chosen


def _below(folder: Path) -> Iterator[Path]:
    """Yield all files in a folder and below it, in the order of their names."""

    def fail(error: OSError) -> None:
        raise SpecError(
            f"{error.filename}: cannot be looked into ({error.strerror}); what is in it would "
            "go unchecked"
        ) from error

    found: list[Path] = []
    for root, folders, names in os.walk(folder, onerror=fail):
        # Numbers and its like save a folder that passes for a file.
        files = [name for name in folders if Path(name).suffix.lower() in UNREAD]
        folders[:] = [name for name in folders if name not in files]
        found += (Path(root, name) for name in (*names, *files))
    yield from sorted(found)


def _passed_over(file: Path) -> str | None:
    """Return why a file is no workbook that somebody could have meant, None if it may be one."""
    name = file.name
    for beginning, what in _LEFTOVERS.items():
        of = Path(name.removeprefix(beginning).removesuffix("#"))
        if name.startswith(beginning) and spreadsheet_kind(of) and not _is_zip(file):
            return what
    return _NO_FORMULAS.get(file.suffix.lower()) if not _holds_workbook(file) else None


def _is_zip(file: Path) -> bool:
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return False
        with file.open("rb") as stream:
            return stream.read(4) == b"PK\x03\x04"
    except OSError:
        return False


def _holds_workbook(file: Path) -> bool:
    """Return whether a file is a workbook by what is in it, whatever its name: a copy.bak, say."""
    if file.suffix.lower() in (".tmp", ".crdownload", ".part") or not _is_zip(file):
        return False
    try:
        if file.stat().st_size > MAX_FILE:
            return False
        with zipfile.ZipFile(file) as package:
            return "xl/workbook.xml" in package.namelist()
    except Exception:
        # A damaged table of contents raises many things; a file of another name is none of ours.
        return False
