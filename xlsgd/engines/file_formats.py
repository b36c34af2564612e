"""What can be read as a workbook, by the end of a file's name; and other programs' files as .xlsx.

LibreOffice opens what is no .xlsx, where it is installed, and saves it as one.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xlsgd.base.errors import EngineError, WorkbookError
from xlsgd.xlsx.guard import MAX_FILE, MAX_INFLATED

__all__ = ["CONVERTED", "READ", "UNREAD", "as_xlsx", "spreadsheet_kind"]

READ = {
    ".xlsx": "an Excel workbook",
    ".xlsm": "an Excel workbook with macros",
    ".xltx": "an Excel template",
    ".xltm": "an Excel template with macros",
}
"""Zip files of the parts that xlsgd reads itself. Macros are never run."""

CONVERTED = {
    ".ods": "an OpenDocument spreadsheet",
    ".ots": "an OpenDocument template",
    ".fods": "an OpenDocument spreadsheet in one piece",
    ".xls": "a workbook of Excel 97",
    ".xlsb": "a binary Excel workbook",
}
"""What LibreOffice opens with its formulas."""

_BEGINNINGS = {
    "zip": (b"PK\x03\x04",),
    "ole": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
    "biff": (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08"),
}
_BEGIN = {
    ".ods": ("zip",),
    ".ots": ("zip",),
    ".fods": (),
    ".xls": ("ole", "biff", "zip"),
    ".xlsb": ("zip", "ole"),
}
"""How such files begin. LibreOffice opens anything else as a page of text, and finds a workbook in
it that somebody else may have meant."""

_OPENED_AS = {
    (".xls", "ole"): "MS Excel 97",
    (".xls", "biff"): "MS Excel 95",
    (".xls", "xml"): "MS Excel 2003 XML",
}
"""LibreOffice's filters; what they cannot open is damaged, and no page of text."""

_WITHIN = {".fods": b"office:document", ".xls": b"urn:schemas-microsoft-com:office:spreadsheet"}
"""What stands near the beginning of those that are XML."""

UNREAD = {
    ".numbers": "a spreadsheet of Numbers",
    ".gnumeric": "a spreadsheet of Gnumeric",
    ".gsheet": "a link to Google Sheets",
    ".et": "a spreadsheet of WPS Office",
    ".sxc": "a spreadsheet of OpenOffice 1",
}
"""What nobody here reads."""


def spreadsheet_kind(path: Path) -> str | None:
    """Return what a file is by the end of its name, None if that is no spreadsheet's."""
    return {**READ, **CONVERTED, **UNREAD}.get(path.suffix.lower())


@contextmanager
def as_xlsx(path: Path) -> Iterator[Path]:
    """Give a file that is to be read as .xlsx in place of path: itself, or what it is converted to.

    Raises WorkbookError if there is none, also in place of an error that names the converted file.
    """
    suffix = path.suffix.lower()
    # Not Path.exists: it fails for names that are too long.
    if suffix not in READ and suffix not in CONVERTED and not os.path.exists(path):  # noqa: PTH110
        if spreadsheet_kind(path) is None:
            raise WorkbookError(f"{path}: no such file or folder")
        raise WorkbookError(f"{path}: no such file")
    if suffix in UNREAD:
        raise WorkbookError(f"{path}: is {UNREAD[suffix]}, which is not read; save it as .xlsx")
    if suffix not in CONVERTED or not os.path.isfile(path) or not path.stat().st_size:  # noqa: PTH113
        yield path
        return
    _refuse_large(path)
    with tempfile.TemporaryDirectory(prefix="xlsgd-") as folder:
        saved = Path(folder, "workbook.xlsx")
        try:
            _convert(path, saved)
            yield saved
        except WorkbookError as error:
            words = str(error).replace(str(saved), str(path))
            raise type(error)(words) from error


def _convert(path: Path, target: Path) -> None:
    from xlsgd.engines.libreoffice import convert, find_soffice

    what = CONVERTED[path.suffix.lower()]
    if find_soffice() is None:
        raise WorkbookError(
            f"{path}: is {what}, which LibreOffice would read, and it is not installed; "
            "save it as .xlsx"
        )
    opened_as = _OPENED_AS.get((path.suffix.lower(), _kind(path)))
    try:
        convert(path, target, opened_as=opened_as)
    except EngineError as error:
        raise WorkbookError(
            f"{path}: cannot be read: it is {what} by its name, and LibreOffice cannot open it "
            f"({error}); save it as .xlsx"
        ) from error


def _kind(path: Path) -> str:
    """Return how a file begins, a key of _BEGINNINGS or ``xml``.

    Raises WorkbookError for what is no spreadsheet of the kind that its name says.
    """
    suffix = path.suffix.lower()
    try:
        with path.open("rb") as file:
            begin = file.read(4096)
    except OSError as error:
        raise WorkbookError(f"{path}: cannot be read ({error.strerror})") from error
    kinds = [kind for kind in _BEGIN[suffix] if begin.startswith(_BEGINNINGS[kind])]
    within = _WITHIN.get(suffix)
    is_xml = within is not None and b"<" in begin[:8] and within in begin
    if not (kinds or is_xml) or (kinds == ["zip"] and not zipfile.is_zipfile(path)):
        raise WorkbookError(
            f"{path}: cannot be read: it is {CONVERTED[suffix]} by its name only, or is damaged; "
            "save it as .xlsx"
        )
    return kinds[0] if kinds else "xml"


def _refuse_large(path: Path) -> None:
    """Refuse what is too large, or would be, for another program as for this one."""
    if path.stat().st_size > MAX_FILE:
        raise WorkbookError(
            f"{path}: {path.stat().st_size:,} bytes; files above {MAX_FILE:,} are not opened"
        )
    if not zipfile.is_zipfile(path):
        return
    total = 0
    try:
        with zipfile.ZipFile(path) as package:
            for part in package.infolist():
                with package.open(part) as stream:
                    while chunk := stream.read(1 << 20):
                        total += len(chunk)
                        if total > MAX_INFLATED:
                            raise WorkbookError(
                                f"{path}: inflates to more than {MAX_INFLATED:,} bytes; "
                                "such a file is not opened"
                            )
    except WorkbookError:
        raise
    except Exception as error:
        # zlib.error and what else a damaged stream raises has no common base but Exception.
        raise WorkbookError(f"{path}: is damaged ({error})") from error
