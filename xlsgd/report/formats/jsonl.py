"""Results as lines of JSON, one a workbook, written as they come: what a run is continued by."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from xlsgd.base.errors import OutputExistsError, SpecError
from xlsgd.base.files import cannot_write, kind_of_target
from xlsgd.base.visible import visible
from xlsgd.report.formats.format import Format

__all__ = ["FORMAT", "SCHEMA", "STATUSES", "Jsonl", "Result", "ResultsFile"]

SCHEMA = "xlsgd.verify-line/1"
"""Name and version: the number grows when a field changes its meaning or goes away."""

STATUSES = ("agrees", "differs", "failed", "skipped")


@dataclass(frozen=True)
class Result:
    """What became of one workbook: a line of a file of results. docs/many-workbooks.md has more.

    file: as it was named.   status: one of STATUSES.   reason: why it failed, a key of
    xlsgd.many.calls.ANSWERS or "foreign", else None.   message: what there is to say, in a line.
    seconds: how long it took.   sha256: of the file's content, None if it could not be read.
    xlsgd, engine, rtol, atol: with what it was checked.
    timeout, memory: the limits, which only count if it ran into them.
    report: as in a JSON report of xlsgd verify, None if it failed.
    content, seed, made, untouched: what tells whether it is like another, see xlsgd.many.copies;
    None if it failed.
    """

    file: str
    status: str
    reason: str | None
    message: str
    seconds: float
    sha256: str | None
    xlsgd: str
    engine: str
    rtol: float | None
    atol: float | None
    timeout: float
    memory: int
    report: dict[str, Any] | None
    content: str | None = None
    seed: int | None = None
    untouched: bool | None = None
    made: str | None = None

    @property
    def line(self) -> str:
        """The result as one line for a terminal."""
        words = {"agrees": "agrees with torch", "differs": "DIFFERS", "failed": "FAILED",
                 "skipped": "passed over"}  # fmt: skip
        foreign = self.status == "failed" and self.reason == "foreign"
        advice = "; --skip-foreign passes over such files" if foreign else ""
        return visible(f"{self.file}: {words[self.status]}, {self.message}{advice}")

    def to_json(self) -> str:
        """Return the result as a line of JSON."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, allow_nan=False) + "\n"


class ResultsFile:
    """A file of results, a line of JSON for each, written as they come.

    Whatever interrupts the writing, all lines but the last one are whole; when it is opened again
    to be continued, a last line that is torn is taken away, and that workbook is done again.
    """

    def __init__(self, path: Path, resume: bool = False, force: bool = False) -> None:
        """Open it.  Raises OutputExistsError if it exists and is neither continued nor replaced,
        SpecError if it cannot be written or is in use."""
        if kind_of_target(path) is not None and not (resume or force):
            raise OutputExistsError(
                f"{path}: exists already; pass --resume to continue it, --force to replace it"
            )
        self.path = path
        try:
            # Not "w": it would empty a file that another run is writing before that is known.
            self._file = path.open("a+b")
        except OSError as error:
            raise cannot_write(path, error) from error
        try:
            _lock(self._file.fileno(), path)
            if not resume:
                self._file.truncate(0)
            self._drop_torn_line()
        except OSError as error:
            self._file.close()
            raise cannot_write(path, error) from error
        except BaseException:
            self._file.close()
            raise

    def _drop_torn_line(self) -> None:
        size = end = self._file.seek(0, os.SEEK_END)
        while end:
            start = max(end - (1 << 16), 0)
            self._file.seek(start)
            newline = self._file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        if end < size:
            # Is it ours at all?
            beginning = f'{{"schema": "{SCHEMA}"'
            self._file.seek(0)
            found = self._file.read(len(beginning)).decode("latin-1")
            if not beginning.startswith(found):
                raise SpecError(f"{self.path}: is no file of results; name another one")
            self._file.truncate(end)

    def read(self) -> Iterator[Result]:
        """Yield what is in it.  Raises SpecError for what is no line of results."""
        self._file.seek(0)
        for number, line in enumerate(self._file, 1):
            try:
                data = json.loads(line)
                if data.pop("schema") != SCHEMA:
                    raise ValueError
                result = Result(**data)
                if result.status not in STATUSES:
                    raise ValueError
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise SpecError(
                    f"{self.path}, line {number}: is no result of xlsgd verify ({SCHEMA}); "
                    "name another file, or pass --force to replace it"
                ) from error
            yield result

    def write(self, result: Result) -> None:
        """Add a result, so that it is there even if this process ends the next moment.

        Raises SpecError if it cannot be written.
        """
        try:
            self._file.write(result.to_json().encode("ascii"))
            self._file.flush()
        except OSError as error:
            raise cannot_write(self.path, error) from error

    def __enter__(self) -> ResultsFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


def _lock(handle: int, path: Path) -> None:
    """Keep a second run out, where the system can.  The lock goes with the file's closing."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise SpecError(f"{path}: another run is writing it") from error
    except OSError:
        return  # a file system that knows no locks


class Jsonl(Format):
    """JSON Lines: an object a line."""

    name = "jsonl"
    title = "a line of JSON per workbook"
    order = 3
    several_engines = False

    def lines(self, path: Path, resume: bool, force: bool) -> ResultsFile:
        return ResultsFile(path, resume, force)


FORMAT = Jsonl()
