"""From the bytes of a CSV file to its cells, refusing what could be split in two ways."""

from __future__ import annotations

import csv
import difflib
import io
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xlsgd.base.errors import DataError, MissingColumnError
from xlsgd.data import dataset

__all__ = [
    "Header",
    "cell_place",
    "content_of",
    "data_rows",
    "header_of",
    "key",
    "listed",
    "printable",
    "records",
    "shown",
    "text_of",
]

# Words in messages


def printable(name: str) -> str:
    """Return a file name that any terminal and any sheet can show."""
    return "".join(character if character.isprintable() else "?" for character in name)


def shown(value: str) -> str:
    """Return what was received, quoted and shortened to 40 characters."""
    text = repr(value[:40])
    return text if len(value) <= 40 and len(text) <= 40 else f"{text[:38]}…{text[0]}"


def listed(names: Sequence[str]) -> str:
    """Return column names for a message, the first 20 of them."""
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(shown(name) for name in names[:20]) + more


# From the file to text


def content_of(path: Path, file: str) -> bytes:
    """Return the bytes of a file that is not too large.

    file: its name in messages, here and below.
    Raises DataError if it cannot be read, is no file, or has more than MAX_BYTES.
    """
    limit = dataset.MAX_BYTES
    try:
        status = path.stat()
        content, size = b"", status.st_size
        if stat.S_ISREG(status.st_mode) and size <= limit:
            with path.open("rb") as stream:
                content = stream.read(limit + 1)
            size = len(content)  # a file may grow while it is read
    except FileNotFoundError as error:
        raise DataError(f"{file}: there is no such file. Check name and folder.") from error
    except PermissionError as error:
        raise DataError(f"{file}: no permission to read it. Change its access rights.") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL character in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"{file}: cannot be read ({reason}). Name a CSV file on disk.") from error
    if stat.S_ISDIR(status.st_mode):
        raise DataError(f"{file}: got a folder, need a CSV file. Name a file in it.")
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{file}: got a device or pipe, need a CSV file. Save the data on disk.")
    if size > limit:
        raise DataError(
            f"{file}: got {size:,} bytes, need {limit:,} or fewer. Keep a part of the rows."
        )
    return content


_FOREIGN = (
    (b"PK\x03\x04", "a zip archive, as an .xlsx workbook is one"),
    (b"\xd0\xcf\x11\xe0", "an Office file of the old kind, such as .xls"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
)
_LINE_END = re.compile(rb"\r\n|\r|\n")


def text_of(content: bytes, file: str) -> io.TextIOWrapper:
    """Return a file's content as text whose line ends are still the file's own.

    Raises DataError for another kind of file, a NUL byte, bytes that are not UTF-8, or no text.
    """
    for signature, kind in _FOREIGN:
        if content.startswith(signature):
            raise DataError(
                f"{file}: got {kind}, need plain text in UTF-8. "
                'Open it in a spreadsheet program and save the sheet as "CSV UTF-8".'
            )

    def place(offset: int) -> str:
        line = 1 + sum(1 for _ in _LINE_END.finditer(content, 0, offset))
        return f"{file}, line {line}, byte {offset} of the file"

    nul = content.find(b"\0")
    if nul >= 0:
        raise DataError(
            f'{place(nul)}: got a NUL byte, which no text has. Save the data anew as "CSV UTF-8".'
        )
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{place(error.start)}: got 0x{content[error.start]:02x}, which is not UTF-8 there. "
            'Save the file as "CSV UTF-8".'
        ) from error
    if not content.removeprefix(b"\xef\xbb\xbf").strip():
        raise DataError(f"{file}: the file is empty. Write a header line and rows of numbers.")
    return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8-sig", newline="")


# From text to cells

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}


def records(
    text: io.TextIOWrapper, delimiter: str, file: str, skip: int = 0
) -> Iterator[tuple[int, list[str]]]:
    """Yield for each record the line on which it begins, and its cells, after the first skip.

    Raises DataError where quotation marks do not fit.
    """
    text.seek(0)
    reader = csv.reader(text, delimiter=delimiter, skipinitialspace=True, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise DataError(
                f"{file}, line {line}: the row that begins here cannot be split into cells "
                f"({error}). Check its quotation marks."
            ) from error
        if skip:
            skip -= 1
        else:
            yield line, cells


def cell_place(record_line: int, cells: Sequence[str], place: int, name: str) -> str:
    """Return the words for a cell of the record that begins on a line.

    Line breaks inside quoted cells further left move it down.
    """
    before = "".join(cells[:place])
    line = record_line + before.count("\n") + before.count("\r") - before.count("\r\n")
    return f"line {line}, column {name}"


def key(name: str) -> str:
    """Return what counts of a column's name."""
    return name.strip().casefold()


@dataclass(frozen=True)
class Header:
    """What the first record tells.

    delimiter: what stands between cells.   width: number of cells in a row.
    places: index of each wanted column, those first that must be there.
    """

    delimiter: str
    places: dict[str, int]
    width: int


def header_of(
    text: io.TextIOWrapper,
    names: Sequence[str],
    file: str,
    optional: Sequence[str] = (),
    chosen: bool = False,
) -> Header:
    """Find the columns names, which must be there, and optional, which may, in the header line.

    chosen: whether somebody has said these names, who may have meant another column's.
    Raises DataError if a column is missing or there twice, or if the line has two delimiters.
    """
    found: dict[str, list[str]] = {}
    problem: DataError | None = None
    for delimiter in _DELIMITERS:
        try:
            found[delimiter] = next(records(text, delimiter, file))[1]
        except DataError as error:  # under another delimiter the quotation marks may be right
            problem = problem or error
    if not found and problem is not None:
        raise problem
    if not any(cell.strip() for header in found.values() for cell in header):
        raise DataError(f"{file}, line 1: the line is blank, need the column names. Remove it.")

    needed = {key(name): name for name in names}
    fitting = [d for d, header in found.items() if needed.keys() <= set(map(key, header))]
    if len(fitting) > 1:
        kinds = " or ".join(_DELIMITERS[delimiter] for delimiter in fitting)
        raise DataError(
            f"{file}, line 1: the header can be split at {kinds}. Use one of them only."
        )
    delimiter = fitting[0] if fitting else max(found, key=lambda d: len(found[d]))
    header = [cell.strip() for cell in found[delimiter]]
    keys = [key(cell) for cell in header]
    wanted = needed | {key(name): name for name in optional}
    for wanted_key, name in wanted.items():
        if wanted_key in needed and wanted_key not in keys:
            others = [cell for cell in header if key(cell) not in wanted]
            raise MissingColumnError(
                f"{file}, line 1: column {name} is missing, got {listed(header)}. "
                + _advice(name, others, chosen),
                name,
            )
        if keys.count(wanted_key) > 1:
            raise DataError(
                f"{file}, line 1: column {name} is there {keys.count(wanted_key)} times, "
                f"got {listed(header)}. Rename or remove all but one."
            )
    places = {name: keys.index(k) for k, name in wanted.items() if k in keys}
    return Header(delimiter, places, len(header))


def _advice(name: str, others: list[str], chosen: bool) -> str:
    """Return what to do about a missing column; one of the others may have nearly its name."""
    keys = {key(other): other for other in others}
    near = difflib.get_close_matches(key(name), keys, n=1, cutoff=0.7)
    if chosen:
        meant = f"Did you mean {shown(keys[near[0]])}? " if near else ""
        return f"{meant}Choose a column that is there, or add one called {name}."
    if near:
        return f"If {shown(keys[near[0]])} is meant, rename it to {name}."
    return f"Name a column {name}; commas, semicolons or tabs stand between names."


def data_rows(text: io.TextIOWrapper, header: Header, file: str) -> Iterator[tuple[int, list[str]]]:
    """Yield for each row below the header the line on which it begins, and its cells.

    Blank lines at the end are passed over. Raises DataError for a blank line between rows, a row
    with too few or too many cells, and more than MAX_ROWS rows.
    """
    blank_line = rows = 0
    for line, cells in records(text, header.delimiter, file, skip=1):
        if not any(cell.strip() for cell in cells):
            blank_line = blank_line or line
            continue
        if blank_line:
            raise DataError(
                f"{file}, line {blank_line}: the line is blank, but rows follow. Remove it."
            )
        if len(cells) != header.width:
            raise DataError(_wrong_width(file, line, len(cells), header))
        rows += 1
        if rows > dataset.MAX_ROWS:
            raise DataError(
                f"{file}, line {line}: got more than {dataset.MAX_ROWS:,} rows, "
                f"need {dataset.MAX_ROWS:,} or fewer. Keep a part of them."
            )
        yield line, cells


def _wrong_width(file: str, line: int, got: int, header: Header) -> str:
    """Return the message for a row with too few or too many cells."""
    advice = f"Check the {_DELIMITERS[header.delimiter]} and quotation marks in it."
    if got > header.width and header.delimiter == ",":
        advice += " If it has decimal commas, put semicolons between the cells."
    return (
        f"{file}, line {line}: got {got} {'cell' if got == 1 else 'cells'}, "
        f"need {header.width} as in the header. {advice}"
    )
