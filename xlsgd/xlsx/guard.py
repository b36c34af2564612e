"""Turn away files that are no workbooks, or that are made to choke whoever opens them.

An .xlsx file is a zip file of XML parts. A few hundred kilobytes can hold gigabytes of XML, and
declared sizes can lie, so what comes out is counted while it is inflated.
Limits after Apache POI's ZipSecureFile, which has long stood up to files from strangers.
"""

from __future__ import annotations

import os
import stat
import zipfile
from pathlib import Path

from xlsgd.base.errors import WorkbookError
from xlsgd.base.visible import cut

__all__ = ["MAX_FILE", "check_package", "speaks"]

MAX_FILE = 200_000_000
MAX_ENTRIES = 1000
MAX_INFLATED = 1_000_000_000
MAX_RATIO = 100
RATIO_FREE = 100_000
"""Parts may inflate as much as they like up to this many bytes."""
_NOT_READ = ("xl/drawings/", "xl/charts/", "xl/comments")
"""Parts that nobody here reads: what they inflate to is counted, but hundreds of notes of one
shape, as LibreOffice writes them, may be as regular as they like. Where a sheet is said to lie
there, it is not read."""
_CHUNK = 1 << 20
_CODES = ("ascii", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "cp037")
_DECLARATIONS = tuple("<!DOCTYPE".encode(code) for code in _CODES)
"""What every declaration of entities stands in."""
_BEGINNINGS = tuple("<".encode(code) for code in _CODES)
_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"\xff\xfe", b"\xfe\xff")


def check_package(path: Path) -> frozenset[str]:
    """Raise WorkbookError unless path is a zip file of a sound size with a workbook in it.

    Return the parts that inflate to more than is sound, which is allowed if nobody reads them.
    """
    _check_file(path)
    try:
        with zipfile.ZipFile(path) as package:
            return _check_parts(path, package)
    except PermissionError as error:
        raise WorkbookError(f"{path}: cannot be read ({error.strerror})") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise WorkbookError(
            f"{path}: is no .xlsx workbook, is damaged or protected by a password ({error}); "
            "save it as 'Excel workbook (.xlsx)' without a password"
        ) from error
    except Exception as error:
        # zlib.error and what else a damaged stream raises has no common base but Exception.
        if isinstance(error, WorkbookError):
            raise
        raise WorkbookError(f"{path}: is damaged ({error})") from error


def _check_file(path: Path) -> None:
    """Raise WorkbookError unless path is a file on disk that is not too large."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise WorkbookError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
        reason = getattr(error, "strerror", None) or "such a name cannot be"
        raise WorkbookError(f"{path}: cannot be read ({reason})") from error
    if stat.S_ISDIR(status.st_mode):
        raise WorkbookError(f"{path}: is a folder; give an .xlsx file")
    if not stat.S_ISREG(status.st_mode):
        raise WorkbookError(
            f"{path}: is a device or a pipe, not a file on disk; save the workbook as a file"
        )
    if status.st_size == 0 and speaks(path):
        raise WorkbookError(
            f"{path}: is a device of the system, not a file on disk; need an .xlsx workbook"
        )
    if status.st_size == 0:
        raise WorkbookError(f"{path}: is empty; need an .xlsx workbook")
    if status.st_size > MAX_FILE:
        raise WorkbookError(
            f"{path}: {status.st_size:,} bytes; files above {MAX_FILE:,} are not opened"
        )


def speaks(path: Path) -> bool:
    """Return whether a file that has no size gives bytes, or has whoever reads it wait for some.

    So do the files of /proc, which pass for files on disk.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return False
    try:
        return bool(os.read(handle, 1))
    except OSError:
        return True
    finally:
        os.close(handle)


def _check_parts(path: Path, package: zipfile.ZipFile) -> frozenset[str]:
    parts = package.infolist()
    if len(parts) > MAX_ENTRIES:
        raise WorkbookError(f"{path}: {len(parts):,} parts; at most {MAX_ENTRIES:,} are opened")
    if len(set(package.namelist())) < len(parts):
        raise WorkbookError(
            f"{path}: has two parts of one name; programs differ in which they read"
        )
    if "xl/workbook.xml" not in package.namelist():
        raise WorkbookError(f"{path}: holds no workbook; save it as 'Excel workbook (.xlsx)'")
    total = 0
    unsound: set[str] = set()
    for part in parts:
        inflated = 0
        tail = b""
        name = cut(part.filename)
        read = not part.filename.startswith(_NOT_READ)
        is_xml = part.filename.endswith((".xml", ".rels", ".vml"))
        with package.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                # Overlapping chunks, so that the word is found across their border too.
                seen, tail = tail + chunk, chunk[-64:]
                is_xml = is_xml or (not inflated and _may_be_xml(chunk))
                if is_xml and any(word in seen for word in _DECLARATIONS):
                    raise WorkbookError(
                        f"{path}: part {name} declares a document type; workbooks have none"
                    )
                inflated += len(chunk)
                total += len(chunk)
                ratio = inflated / max(part.compress_size, 1)
                if inflated > RATIO_FREE and ratio > MAX_RATIO:
                    if read:
                        raise WorkbookError(
                            f"{path}: part {name} inflates to more than {MAX_RATIO} times "
                            "its size; such a file is not opened"
                        )
                    unsound.add(part.filename)
                if total > MAX_INFLATED:
                    raise WorkbookError(
                        f"{path}: inflates to more than {MAX_INFLATED:,} bytes; "
                        "such a file is not opened"
                    )
    return frozenset(unsound)


def _may_be_xml(beginning: bytes) -> bool:
    """Return whether a part, whatever its name, begins as XML does."""
    for mark in _BYTE_ORDER_MARKS:
        beginning = beginning.removeprefix(mark)
    return beginning.lstrip(b" \t\r\n\0").startswith(_BEGINNINGS)
