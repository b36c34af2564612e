"""Where a sweep is written to: a picture, a table, a workbook."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

from xlsgd.base.errors import OutputExistsError, SpecError
from xlsgd.base.files import is_folder, kind_of_target, write_whole
from xlsgd.sweeping.check import CheckedRun
from xlsgd.sweeping.grid import Sweep

__all__ = ["TABLES", "Outputs"]

TABLES = (".csv", ".parquet")
"""Kinds of tables, by the end of the file's name."""


class Outputs:
    """The files of a sweep.

    stem: STEM.png, STEM.csv and STEM.xlsx are written.   table: another file for the table; one
    that ends in .parquet is written by pyarrow.   force: replace existing files.
    Raises SpecError or OutputExistsError if one of them cannot be written, before there is
    anything to write.
    """

    def __init__(self, stem: Path, table: Path | None = None, force: bool = False) -> None:
        self._force = force
        self._picture, self._workbook = (
            stem.with_name(f"{stem.name}.{end}") for end in ("png", "xlsx")
        )
        self._table = table or stem.with_name(f"{stem.name}.csv")
        if stem.suffix.lower() in (".png", ".xlsx", *TABLES):
            raise SpecError(
                f"{stem}: endings are added to it; leave out {stem.suffix}, or name a table "
                "with --table"
            )
        if not stem.name:
            raise SpecError(f"{stem}: is a folder; give the beginning of the files' names")
        if self._table.suffix not in TABLES:
            raise SpecError(f"{self._table}: a table ends in {' or '.join(TABLES)}")
        if self._table.suffix == ".parquet":
            try:
                import pyarrow  # noqa: F401 - pandas will need it
            except ImportError as error:
                raise SpecError(
                    f"{self._table}: Parquet needs the library pyarrow; install it with "
                    "pip install 'xlsgd[parquet]', or write a .csv"
                ) from error
        for path in self.paths:
            if is_folder(path):
                raise SpecError(f"{path}: is a folder; give another name")
            if kind_of_target(path) is not None and not force:
                raise OutputExistsError(f"{path}: exists already; pass --force to replace it")
            if not is_folder(path.parent):
                raise SpecError(f"{path}: there is no folder {path.parent}; make it first")

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, in the order in which they are written."""
        return (self._picture, self._table, self._workbook)

    def write(self, sweep: Sweep, checked: list[CheckedRun] | None = None) -> Iterator[Path]:
        """Write the files, each whole or not at all, and yield the path of each.

        The same sweep gives the same bytes.
        """
        from xlsgd.sweeping.book import workbook_of
        from xlsgd.sweeping.picture import draw_picture

        for path, content in (
            (self._picture, draw_picture),
            (self._table, self._table_bytes),
            (self._workbook, lambda sweep: workbook_of(sweep, checked)),
        ):
            write_whole(path, content(sweep), self._force)
            yield path

    def _table_bytes(self, sweep: Sweep) -> bytes:
        frame = sweep.frame()
        if self._table.suffix == ".csv":
            text: str = frame.to_csv(index=False, lineterminator="\n")
            return text.encode()
        written = io.BytesIO()
        frame.to_parquet(written, engine="pyarrow", index=False)
        return written.getvalue()
