"""A file with a table of anybody's: CSV, or Parquet by its ending."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from xlsgd.base.errors import DataError, SpecError
from xlsgd.data.csvnumbers import NumberReader, is_number
from xlsgd.data.csvtext import cell_place, data_rows, header_of, records, text_of
from xlsgd.data.dataset import Dataset
from xlsgd.data.features import parse_feature
from xlsgd.data.held_out import share_in
from xlsgd.data.source import received
from xlsgd.data.table import dataset_of, feature_name

__all__ = ["read_table"]


def read_table(
    source: str | Path,
    targets: Sequence[str],
    inputs: Sequence[str] = (),
    features: Sequence[str] = (),
    shuffle: int | None = None,
    mentioned: Sequence[str] = (),
    validation: str | float | None = None,
) -> Dataset:
    """Read a CSV file, or a Parquet file by the ending .parquet; see ``dataset_of``.

    source: of a file, or a URL, to which #sha256=HEX may be added.
    mentioned: the names in a formula, of which those that are columns are the inputs, where no
        inputs are given; and what is made of columns is called by names that can stand in one.
    Raises DataError for a file that cannot be read, or could be read in two ways, and for a
    column that is missing.
    """
    says = None if validation is None or share_in(validation) is not None else str(validation)
    if Path(str(source)).suffix.lower() in (".parquet", ".pq"):
        import pandas as pd

        try:
            frame = pd.read_parquet(source)
        except (OSError, ValueError, ImportError) as error:
            raise DataError(f"{source}: cannot be read as Parquet ({error})") from error
        names = {str(column): column for column in frame}
        kept = _kept(names, targets, inputs, features, mentioned, says)
        return dataset_of(
            frame[[names[c] for c in kept]],
            targets,
            inputs or _among(names, targets, mentioned),
            features,
            name=Path(source).name,
            shuffle=shuffle,
            validation=validation,
            joint="_" if mentioned else " ",
        )
    got = received(source)
    try:
        made_of = _made_of(features)
        whole = not inputs and not mentioned
        needed = [*targets, *inputs, *made_of]
        table = _csv(got.content, got.file, needed, whole, mentioned, says)
        kept = _kept(table, targets, inputs, features, mentioned, says)
        found = dataset_of(
            {c: table[c] for c in kept},
            targets,
            inputs or _among(table, targets, mentioned),
            features,
            name=got.name,
            file=got.file,
            shuffle=shuffle,
            validation=validation,
            joint="_" if mentioned else " ",
        )
    except DataError:
        got.forget()
        raise
    return found


def _among(columns: Iterable[str], targets: Sequence[str], mentioned: Sequence[str]) -> list[str]:
    return [column for column in columns if column in mentioned and column not in targets]


def _made_of(features: Sequence[str]) -> list[str]:
    # Which words there are is not known yet, and does not matter.
    made = [parse_feature(feature_name(text), text, lambda column: ["any"]) for text in features]
    return [name for feature in made for name in feature.made_of]


def _kept(
    columns: Sequence[str] | Mapping[str, Any],
    targets: Sequence[str],
    inputs: Sequence[str],
    features: Sequence[str],
    mentioned: Sequence[str],
    says: str | None,
) -> list[str]:
    """Return the columns of a table that are of interest: all, unless a formula mentions some.

    says: the column that says which rows validate, None where there is none.
    Raises SpecError for a formula that mentions none, nor a feature.
    """
    if inputs or not mentioned:
        return list(columns)
    found = _among(columns, targets, mentioned)
    made = [feature_name(text) for text in features]
    if not found and not {*made} & {*mentioned}:
        named = [c for c in columns if c not in targets]
        raise SpecError(
            f"the formula names no input; there are: {', '.join([*named, *made]) or 'none'}"
        )
    return [c for c in columns if c in {*found, *targets, *_made_of(features), says}]


def _csv(
    content: bytes,
    file: str,
    needed: Sequence[str],
    whole: bool,
    more: Sequence[str] = (),
    says: str | None = None,
) -> dict[str, list[float | str]]:
    """Return the columns of a CSV file: numbers, or words where no cell is a number.

    needed: the columns that must be there.   whole: whether to read all others, too, else those of
        more that there are; of columns that are not read there are no cells.
    says: the column that says what rows are for, in words; None where there is none.
    """
    text = text_of(content, file)
    header = header_of(
        text, list(dict.fromkeys([*needed, *([] if says is None else [says])])), file, chosen=True
    )
    names = [cell.strip() for cell in next(records(text, header.delimiter, file))[1]]
    header = header_of(text, names, file)
    rows = list(data_rows(text, header, file))
    reader = NumberReader(file, header.delimiter)
    columns: dict[str, list[float | str]] = {}
    for name, place in header.places.items():
        if name == says:
            columns[name] = [cells[place].strip() for _, cells in rows]
            continue
        if not (whole or name in needed or name in more):
            columns[name] = []
            continue
        cells = [cells[place].strip() for _, cells in rows]
        if all(cell and not is_number(cell) for cell in cells):
            columns[name] = list(cells)
            continue
        columns[name] = [
            reader.number(cells[place], partial(cell_place, line, cells, place, name))
            for line, cells in rows
        ]
    reader.finish()
    return columns
