"""Turn away files that are no workbooks, or that are made to choke whoever opens them.

An .xlsx file is a zip file of XML parts. A few hundred kilobytes can hold gigabytes of XML, and
declared sizes can lie, so what comes out is counted while it is inflated.
Limits after Apache POI's ZipSecureFile, which has long stood up to files from strangers.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from xlsgd.errors import WorkbookError

__all__ = ["check_package"]

MAX_FILE = 200_000_000
MAX_ENTRIES = 1000
MAX_INFLATED = 1_000_000_000
MAX_RATIO = 100
RATIO_FREE = 100_000
"""Parts may inflate as much as they like up to this many bytes."""
_NOT_READ = ("xl/drawings/", "xl/charts/", "xl/comments")
"""Parts that nobody here reads: what they inflate to is counted, but hundreds of notes of one
shape, as LibreOffice writes them, may be as regular as they like."""
_CHUNK = 1 << 20
_DECLARATIONS = tuple(
    word.encode(code)
    for word in ("<!DOCTYPE", "<!ENTITY")
    for code in ("ascii", "utf-16-le", "utf-16-be")
)


def check_package(path: Path) -> None:
    """Raise WorkbookError unless path is a zip file of a sound size with a workbook in it."""
    if path.is_dir():
        raise WorkbookError(f"{path}: is a folder; give an .xlsx file")
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise WorkbookError(f"{path}: no such file") from None
    except OSError as error:
        raise WorkbookError(f"{path}: cannot be read ({error.strerror})") from error
    if size == 0:
        raise WorkbookError(f"{path}: is empty; need an .xlsx workbook")
    if size > MAX_FILE:
        raise WorkbookError(f"{path}: {size:,} bytes; files above {MAX_FILE:,} are not opened")
    try:
        with zipfile.ZipFile(path) as package:
            _check_parts(path, package)
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


def _check_parts(path: Path, package: zipfile.ZipFile) -> None:
    parts = package.infolist()
    if len(parts) > MAX_ENTRIES:
        raise WorkbookError(f"{path}: {len(parts):,} parts; at most {MAX_ENTRIES:,} are opened")
    if "xl/workbook.xml" not in package.namelist():
        raise WorkbookError(f"{path}: holds no workbook; save it as 'Excel workbook (.xlsx)'")
    total = 0
    for part in parts:
        inflated = 0
        tail = b""
        read = not part.filename.startswith(_NOT_READ)
        is_xml = part.filename.endswith((".xml", ".rels", ".vml"))
        with package.open(part) as stream:
            while chunk := stream.read(_CHUNK):
                # Overlapping chunks, so that the word is found across their border too.
                seen, tail = tail + chunk, chunk[-64:]
                if is_xml and any(word in seen for word in _DECLARATIONS):
                    raise WorkbookError(
                        f"{path}: part {part.filename} declares a document type; "
                        "workbooks have none"
                    )
                inflated += len(chunk)
                total += len(chunk)
                ratio = inflated / max(part.compress_size, 1)
                if read and inflated > RATIO_FREE and ratio > MAX_RATIO:
                    raise WorkbookError(
                        f"{path}: part {part.filename} inflates to more than {MAX_RATIO} times "
                        "its size; such a file is not opened"
                    )
                if total > MAX_INFLATED:
                    raise WorkbookError(
                        f"{path}: inflates to more than {MAX_INFLATED:,} bytes; "
                        "such a file is not opened"
                    )
