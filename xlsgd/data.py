"""The points that a net learns from: built in, made up, or read from a CSV file.

A CSV file is read strictly: a cell that could mean two numbers, or none, stops the reading with a
message that names its line and column. A wrong number would train just as well as a right one, and
nobody would see it.
"""

from __future__ import annotations

import csv
import io
import math
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from xlsgd.errors import DataError, SpecError

__all__ = ["MAX_BYTES", "MAX_ROWS", "Dataset", "default_data", "made_data", "read_csv"]

MAX_ROWS = 1_000_000  # a sheet has 1,048,576 rows, and needs some for itself
MAX_BYTES = 200_000_000
GREATEST = 1e150
"""Squares of greater numbers leave no room in a 64-bit number."""


@dataclass(frozen=True)
class Dataset:
    """Rows of inputs and the y that the net shall answer with.

    title: words for the sheet, e.g. "29 points on y = 2x + 30".
    inputs: one column of numbers per input name, each as long as y.
    Raises SpecError if there is no input, no row, or the columns differ in length.
    """

    title: str
    inputs: dict[str, tuple[float, ...]]
    y: tuple[float, ...]

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in self.inputs.items()} | {"y": len(self.y)}
        if not self.inputs or not self.y or len(set(lengths.values())) > 1:
            raise SpecError(
                f"data {self.title!r}: got columns of the lengths {lengths}, "
                "need at least one input beside y, all of the same length and not empty."
            )

    @property
    def rows(self) -> int:
        """Number of data rows."""
        return len(self.y)


# The x column of fast.ai's graddesc workbook, in its order.
_FASTAI_X = (
    *(14, 86, 28, 51, 28, 29, 72, 62, 84, 15, 42, 62, 47, 35, 9),
    *(38, 44, 99, 13, 21, 28, 20, 8, 64, 99, 70, 27, 17, 8),
)


def default_data() -> Dataset:
    """Return fast.ai's 29 points: whole numbers up to 99, all exactly on y = 2x + 30."""
    x = tuple(float(number) for number in _FASTAI_X)
    y = tuple(2 * number + 30 for number in x)
    return Dataset(f"{len(x)} points on y = 2x + 30", {"x": x}, y)


def made_data(points: int, noise: float, seed: int) -> Dataset:
    """Make up points around y = 2x + 30; the same arguments give the same points.

    points: how many, 2 to MAX_ROWS.   noise: standard deviation of what is added to y, >= 0.
    seed: start of numpy's default_rng, >= 0.
    x are whole numbers drawn uniformly from 1 to 99.
    Raises SpecError if an argument is outside its range.
    """
    if not 2 <= points <= MAX_ROWS:
        raise SpecError(f"points: got {points}, need a whole number from 2 to {MAX_ROWS:,}.")
    if not (math.isfinite(noise) and noise >= 0):
        raise SpecError(f"noise: got {noise}, need a finite number, 0 or greater.")
    if seed < 0:
        raise SpecError(f"seed: got {seed}, need a whole number, 0 or greater.")
    import numpy as np

    rng = np.random.default_rng(seed)
    x = tuple(float(number) for number in rng.integers(1, 100, size=points))
    normal = rng.standard_normal(points)
    y = tuple(2 * number + 30 + noise * float(z) for number, z in zip(x, normal, strict=True))
    if not all(abs(number) <= GREATEST for number in y):
        raise SpecError(f"noise: got {noise}, so great that y² overflows. Choose a smaller one.")
    title = f"{points} points {'around' if noise else 'on'} y = 2x + 30"
    return Dataset(f"{title}, noise {noise:g}, seed {seed}", {"x": x}, y)


def read_csv(path: str | Path, inputs: Sequence[str] = ("x",)) -> Dataset:
    """Read the columns named in inputs, and y, from a CSV file in UTF-8.

    Commas, semicolons or tabs stand between the cells; the header line decides which. Column names
    match whatever their case, in any order; further columns are ignored, and so are blank lines at
    the end. Between semicolons or tabs a number may have a decimal comma, as Excel writes it in
    much of Europe; one file keeps to one decimal mark.
    Raises DataError for a file that cannot be read, or could be read in two ways;
    SpecError if inputs is empty or names a column twice.
    """
    names = _wanted_columns(inputs)
    file = _printable(str(path))
    text = _text(_content(Path(path), file), file)
    delimiter, places, width = _header(text, names, file)

    reader = _NumberReader(file, delimiter)
    columns: dict[str, list[float]] = {name: [] for name in names}
    blank_line = 0
    for line, cells in _records(text, delimiter, file, skip=1):
        if not any(cell.strip() for cell in cells):
            blank_line = blank_line or line
            continue
        if blank_line:
            raise DataError(
                f"{file}, line {blank_line}: the line is blank, but rows follow. Remove it."
            )
        if len(cells) != width:
            raise DataError(_wrong_width(file, line, len(cells), width, delimiter))
        if len(columns["y"]) == MAX_ROWS:
            raise DataError(
                f"{file}, line {line}: got more than {MAX_ROWS:,} rows, "
                f"need {MAX_ROWS:,} or fewer. Keep a part of them."
            )
        for name, place in places.items():
            columns[name].append(reader.number(cells, place, line, name))
    reader.finish()

    if not columns["y"]:
        raise DataError(f"{file}: got a header but no row below it. Add rows of numbers.")
    y = tuple(columns.pop("y"))
    title = f"{len(y)} {'row' if len(y) == 1 else 'rows'} from {_printable(Path(path).name)}"
    return Dataset(title, {name: tuple(column) for name, column in columns.items()}, y)


# Words in messages


def _printable(name: str) -> str:
    """Return a file name that any terminal and any sheet can show."""
    return "".join(character if character.isprintable() else "?" for character in name)


def _shown(value: str) -> str:
    """Return what was received, quoted and shortened to 40 characters."""
    text = repr(value[:40])
    return text if len(value) <= 40 and len(text) <= 40 else f"{text[:38]}…{text[0]}"


def _listed(names: Sequence[str]) -> str:
    """Return column names for a message, the first 20 of them."""
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(_shown(name) for name in names[:20]) + more


# From the file to text


def _wanted_columns(inputs: Sequence[str]) -> list[str]:
    """Return the columns to look for: the inputs, then y."""
    names = [] if isinstance(inputs, str) else [*inputs, "y"]
    keys = [_key(name) for name in names]
    if len(names) < 2 or len(set(keys)) < len(keys) or not all(keys):
        raise SpecError(
            f"inputs: got {inputs!r}, need a list of one or more different column names "
            "beside y, such as ('x1', 'x2')."
        )
    return names


def _content(path: Path, file: str) -> bytes:
    """Return the bytes of a file that is not too large."""
    try:
        status = path.stat()
        content, size = b"", status.st_size
        if stat.S_ISREG(status.st_mode) and size <= MAX_BYTES:
            with path.open("rb") as stream:
                content = stream.read(MAX_BYTES + 1)
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
    if size > MAX_BYTES:
        raise DataError(
            f"{file}: got {size:,} bytes, need {MAX_BYTES:,} or fewer. Keep a part of the rows."
        )
    return content


_FOREIGN = (
    (b"PK\x03\x04", "a zip archive, as an .xlsx workbook is one"),
    (b"\xd0\xcf\x11\xe0", "an Office file of the old kind, such as .xls"),
    (b"\xff\xfe", "text in UTF-16"),
    (b"\xfe\xff", "text in UTF-16"),
)
_LINE_END = re.compile(rb"\r\n|\r|\n")


def _text(content: bytes, file: str) -> io.TextIOWrapper:
    """Return a file's content as text whose line ends are still the file's own."""
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


def _records(
    text: io.TextIOWrapper, delimiter: str, file: str, skip: int = 0
) -> Iterator[tuple[int, list[str]]]:
    """Yield for each record the line on which it begins, and its cells, after the first skip."""
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


def _key(name: str) -> str:
    """Return what counts of a column's name."""
    return name.strip().casefold()


def _header(text: io.TextIOWrapper, names: list[str], file: str) -> tuple[str, dict[str, int], int]:
    """Return the delimiter, the index of each wanted column, and the number of cells in a row."""
    found: dict[str, list[str]] = {}
    problem: DataError | None = None
    for delimiter in _DELIMITERS:
        try:
            found[delimiter] = next(_records(text, delimiter, file))[1]
        except DataError as error:  # under another delimiter the quotation marks may be right
            problem = problem or error
    if not found and problem is not None:
        raise problem
    if not any(cell.strip() for header in found.values() for cell in header):
        raise DataError(f"{file}, line 1: the line is blank, need the column names. Remove it.")

    wanted = {_key(name): name for name in names}
    fitting = [d for d, header in found.items() if wanted.keys() <= set(map(_key, header))]
    if len(fitting) > 1:
        kinds = " or ".join(_DELIMITERS[delimiter] for delimiter in fitting)
        raise DataError(
            f"{file}, line 1: the header can be split at {kinds}. Use one of them only."
        )
    delimiter = fitting[0] if fitting else max(found, key=lambda d: len(found[d]))
    header = [cell.strip() for cell in found[delimiter]]
    keys = [_key(cell) for cell in header]
    for key, name in wanted.items():
        if key not in keys:
            raise DataError(
                f"{file}, line 1: column {name} is missing, got {_listed(header)}. "
                f"Name a column {name}; commas, semicolons or tabs stand between names."
            )
        if keys.count(key) > 1:
            raise DataError(
                f"{file}, line 1: column {name} is there {keys.count(key)} times, "
                f"got {_listed(header)}. Rename or remove all but one."
            )
    return delimiter, {name: keys.index(key) for key, name in wanted.items()}, len(header)


def _wrong_width(file: str, line: int, got: int, need: int, delimiter: str) -> str:
    """Return the message for a row with too few or too many cells."""
    advice = f"Check the {_DELIMITERS[delimiter]} and quotation marks in it."
    if got > need and delimiter == ",":
        advice += " If it has decimal commas, put semicolons between the cells."
    return (
        f"{file}, line {line}: got {got} {'cell' if got == 1 else 'cells'}, "
        f"need {need} as in the header. {advice}"
    )


# From cells to numbers

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")
# One mark with three digits behind it and one to three before: 1.500 is 1.5 or 1500.
_LIKE_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}")
# Two groups of three digits, or one and a fraction; or a separator that is no decimal mark.
_GROUPED = re.compile(
    r"[+-]?[0-9]{1,3}"
    r"(?:(?:[.,][0-9]{3}){2,}|[.,][0-9]{3}(?=[.,])|(?:[ '’\xa0\u202f][0-9]{3})+)(?:[.,][0-9]*)?"
)
_NOT_FINITE = re.compile(r"[+-]?(?:inf|infinity|nan)", re.IGNORECASE)


class _NumberReader:
    """Turns cells into floats, and watches over the file's decimal mark.

    In a file with commas between cells the mark is the dot. In others a mark is taken for decimal
    once any cell can be read in no other way, such as 0.125 or 2.5; without such a cell 1.500
    might as well be fifteen hundred, and finish() refuses it.
    """

    def __init__(self, file: str, delimiter: str) -> None:
        self._file = file
        self._between_commas = delimiter == ","
        self._mark = "." if self._between_commas else ""
        self._sure = self._between_commas
        self._first_mark = ""  # where the mark was first seen, and in which cell
        self._unsure: tuple[str, str] | None = None

    def number(self, cells: list[str], place: int, row_line: int, name: str) -> float:
        """Return the number in a cell of the row that begins on row_line."""
        cell = cells[place].strip()
        plain = "," not in cell and ("." not in cell or (self._sure and self._mark == "."))
        if plain and _NUMBER.fullmatch(cell) and abs(number := float(cell)) <= GREATEST:
            return number
        # Line breaks inside quoted cells further left move this cell down.
        before = "".join(cells[:place])
        line = row_line + before.count("\n") + before.count("\r") - before.count("\r\n")
        return self._careful(cell, f"line {line}, column {name}")

    def _careful(self, cell: str, where: str) -> float:
        """Return the number in a cell with a decimal mark, or say what is wrong with the cell."""
        problem = f"{self._file}, {where}: got {_shown(cell)}"
        if not cell:
            raise DataError(
                f"{self._file}, {where}: the cell is empty, need a number. "
                "Fill it or remove the row."
            )
        if _NOT_FINITE.fullmatch(cell):
            raise DataError(f"{problem}, need a finite number. Correct it or remove the row.")
        if self._between_commas and "," in cell and _NUMBER.fullmatch(cell):
            raise DataError(
                f"{problem}, need a decimal point and no thousands separator. "
                "Write 1.5 or 1000, not 1,5 or 1,000."
            )
        if _GROUPED.fullmatch(cell):
            raise DataError(
                f"{problem}, need a number without thousands separators. "
                "Write 1000000, not 1,000,000."
            )
        if not _NUMBER.fullmatch(cell):
            raise DataError(f"{problem}, need a number. Correct it or remove the row.")
        self._watch(cell, where, problem)
        number = float(cell.replace(",", "."))
        if not abs(number) <= GREATEST:
            raise DataError(
                f"{problem}, too great: its square overflows. Correct it or remove the row."
            )
        return number

    def _watch(self, cell: str, where: str, problem: str) -> None:
        """Note the cell's decimal mark, and refuse one that differs from earlier ones."""
        mark = "," if "," in cell else "." if "." in cell else ""
        if not mark or self._between_commas:
            return
        if not self._mark:
            self._mark = mark
            self._first_mark = f"{where} has {_shown(cell)}"
        elif mark != self._mark:
            raise DataError(
                f"{problem}, but {self._first_mark}. Use one decimal mark in the whole file, "
                "and no thousands separators."
            )
        if not _LIKE_THOUSANDS.fullmatch(cell):
            self._sure = True
        elif self._unsure is None:
            self._unsure = (problem, cell)

    def finish(self) -> None:
        """Refuse a mark that no cell has shown to be decimal."""
        if self._sure or self._unsure is None:
            return
        problem, cell = self._unsure
        whole = cell.replace(self._mark, "")
        raise DataError(
            f"{problem}, which may mean {float(cell.replace(',', '.'))} or {whole}; "
            f"nothing else in the file tells. Write {cell}0 or {whole}."
        )
