"""A table of anybody's: columns called as they are.

Inputs that are numbers go in as they are; of one that holds words, every word becomes an input of
its own, 1 where a row has it and else 0. A target of words becomes the number of its class.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, Any

from xlsgd.base.errors import DataError, SpecError
from xlsgd.base.registry import unknown
from xlsgd.data.dataset import GREATEST, Dataset, columns_of
from xlsgd.data.features import Feature, parse_feature
from xlsgd.data.features.either import Either
from xlsgd.data.features.feature import number_of
from xlsgd.data.features.index import Index
from xlsgd.data.features.number import Number
from xlsgd.data.held_out import last_rows, marked_rows, share_in
from xlsgd.data.schema import Raw, Schema, Words, is_name, plain_schema

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["dataset_of", "feature_name"]

MOST_WORDS = 30
"""Different words in a column that still are kinds of something."""

ORIGINAL = "row of table"
"""The column that says which row each was, where they are shuffled."""

_WORDS = re.compile(r"\w+")
_OF_TARGETS = re.compile(r"(?:y|pred)(?:_\d+)?")
"""What targets and predictions are called on a training tab."""

Table = Mapping[str, Sequence[Any]]


def dataset_of(
    table: pd.DataFrame | Table,
    targets: Sequence[str],
    inputs: Sequence[str] = (),
    features: Sequence[str] = (),
    *,
    name: str = "a table",
    file: str = "data",
    shuffle: int | None = None,
    validation: str | float | None = None,
    joint: str = " ",
) -> Dataset:
    """Return what there is to learn from of a table.

    table: columns of numbers or of words, by name, all of one length.
    targets: what shall be predicted.   inputs: what from; all other columns where not given.
    features: inputs made of columns, such as ``standardised(size)`` or ``product(a, b)``, in place
        of the columns that they are made of.
    shuffle: seed of the order in which the rows stand in the sheet, and come by in every epoch;
        a column says which row of the table each was. None for the table's own order.
    validation: the column that says which rows do not train but validate, or the share of the rows
        that does so: the last ones, in the order in which they are then. What features know of
        whole columns is known of the rows that train.
    joint: between the words of an input's name that is made of a column's.
    Raises SpecError for names that the table does not have, DataError for cells that are empty or
    no finite number.
    """
    columns = {str(key): list(table[key]) for key in table}
    held = _held_out(columns, (*targets, *inputs), validation, file)

    def among(column: str) -> tuple[str, ...]:
        raw = _raw(column, columns.get(column, ()), file)
        return tuple(map(str, raw.among)) if raw.holds == "word" else ()

    if not targets:
        raise SpecError(
            f"{file}: which column shall be predicted? Name one as target; there are: "
            f"{', '.join(columns)}"
        )
    for kind, names in (("target", targets), ("input", inputs)):
        for column in names:
            if column not in columns:
                raise SpecError(f"{file}: {unknown(f'{kind} column', column, columns)}")
    made = [parse_feature(feature_name(text), text, among) for text in features]
    used = [column for feature in made for column in feature.made_of]
    for column in used:
        if column not in columns:
            raise SpecError(f"{file}: {unknown('column of a feature', column, columns)}")
        if column not in targets and _OF_TARGETS.fullmatch(column):
            raise SpecError(
                f"{file}, column {column}: a training tab calls by this name what is predicted, so "
                "no feature can be made of it. Rename the column."
            )
    rest = [
        c for c in columns if c not in targets and (c not in used if not inputs else c in inputs)
    ]
    raw = {c: _raw(c, columns[c], file) for c in dict.fromkeys((*rest, *used, *targets))}
    cells: dict[str, Sequence[float | str]] = {c: _cells(raw[c], columns[c], file) for c in raw}
    called = _in_sheet(raw, used, [c for c in targets if raw[c].holds == "number"])
    raw = {called[c]: replace(raw[c], name=called[c]) for c in raw}
    cells = {called[c]: cells[c] for c in cells}
    made = [feature.renamed(called) for feature in made]
    rest, targets = [called[c] for c in rest], [called[c] for c in targets]
    own: list[Feature] = []
    if made or any(raw[c].holds == "word" for c in rest):
        for c in rest:
            own += _as_features(raw[c], joint)
        own += made
    names = [feature.quantity for feature in own] or rest
    if not names:
        raise SpecError(f"{file}: no input is left beside {', '.join(targets)}")
    answers = []
    for c in targets:
        classes = Index(f"{c} class", c, *raw[c].among) if raw[c].holds == "word" else None
        own += [classes] if classes else []
        answers.append(classes.quantity if classes else c)
    rows = len(next(iter(cells.values())))
    lengths = {c: len(column) for c, column in cells.items()}
    if {*lengths.values()} != {rows} or (held and len(held) != rows):
        beside = f", and {len(held)} rows that train or validate" if held else ""
        raise SpecError(
            f"{file}: got columns of the lengths {lengths}{beside}; need the same length for all"
        )
    if shuffle is not None:
        if shuffle < 0:
            raise SpecError(f"shuffle: got {shuffle}, need a whole number, 0 or greater")
        drawn = _shuffled(rows, shuffle)
        raw = {ORIGINAL: Raw(ORIGINAL, note="which row of the table it was"), **raw}
        cells = {ORIGINAL: list(range(1, rows + 1)), **cells}
        cells = {c: [column[i] for i in drawn] for c, column in cells.items()}
        held = [held[i] for i in drawn] if held else held
    if validation is not None and not held:
        held = last_rows(rows, share_in(validation) or 0.0, file)
    if not own and shuffle is None:
        order = (*names, *answers)
        schema = plain_schema(names, answers)
        if schema.is_plain and order != tuple(raw):
            raw = {c: raw[c] for c in order}
    else:
        schema = Schema(
            "table", tuple(raw.values()), tuple(names), tuple(answers), tuple(own),
            words=Words(many="rows of data"),
        )  # fmt: skip
    shuffled = "" if shuffle is None else f", shuffled by the seed {shuffle}"
    if not held:
        return Dataset(f"{_rows(rows)} from {name}{shuffled}", **columns_of(schema, cells))
    trains, validates = (
        {
            c: [x for x, v in zip(column, held, strict=True) if v is which]
            for c, column in cells.items()
        }
        for which in (False, True)
    )
    count = sum(held)
    return Dataset(
        f"{_rows(rows - count)} from {name}{shuffled}; {count:,} more for validation",
        **columns_of(schema, trains),
        validation=Dataset(
            f"{_rows(count)} from {name} for validation",
            **columns_of(schema, validates, trained_on=trains),
        ),
    )


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _held_out(
    columns: dict[str, list[Any]],
    used: Sequence[str],
    validation: str | float | None,
    file: str,
) -> list[bool]:
    """Take the column that says which rows validate out of columns, and return which do; none where
    no column says so.  used: the columns to learn from and to predict."""
    if validation is None or share_in(validation) is not None:
        return []
    says = str(validation)
    if says not in columns:
        raise SpecError(f"{file}: {unknown('validation column', says, columns)}")
    if says in used:
        raise SpecError(
            f"{file}: the column {says} says which rows validate; it cannot be an input or a "
            "target as well"
        )
    return marked_rows(columns.pop(says), says, file)


def _shuffled(rows: int, seed: int) -> list[int]:
    import numpy as np

    return [int(i) for i in np.random.default_rng(seed).permutation(rows)]


def _in_sheet(
    columns: Iterable[str], used: Sequence[str], targets: Sequence[str]
) -> dict[str, str]:
    """Return what columns are called in a sheet, by their names in the table: the same, but for
    signs that are neither letters nor digits, and for words that a tab has for its own columns.

    used: those that features are made of, whose names are kept where a sheet can have them.
    targets: those that are predicted as they are: y may be called so.
    """
    found = {c: c for c in used if is_name(c)}
    for column in columns:
        words = " ".join(_WORDS.findall(column)) if not is_name(column) else column
        tries = (words, f"{words} value".strip(), f"column {words}")
        name = next(text for text in tries if is_name(text))
        if name == ORIGINAL or (column not in targets and _OF_TARGETS.fullmatch(name)):
            name = f"{name} value"
        count, first = 1, name
        while column not in found and name in found.values():
            count += 1
            name = f"{first} {count}"
        found.setdefault(column, name)
    return found


def feature_name(text: str) -> str:
    """Return what the column of a feature is called: by its text, as a name."""
    return "_".join("".join(c if c.isalnum() else " " for c in text).split())


def _raw(name: str, column: Sequence[Any], file: str) -> Raw:
    """Return what a column holds."""
    texts = [cell for cell in column if isinstance(cell, str)]
    if not texts:
        return Raw(name)
    if len(texts) < len(column):
        at = next(i for i, cell in enumerate(column, 1) if not isinstance(cell, str))
        raise DataError(
            f"{file}, row {at}, column {name}: got {column[at - 1]!r} among words such as "
            f"'{texts[0]}'; need numbers only or words only. Fill it or remove the row."
        )
    among = tuple(sorted({text.strip() for text in texts}))
    if len(among) > MOST_WORDS:
        raise DataError(
            f"{file}, column {name}: {len(among):,} different words, such as '{among[0]}' and "
            f"'{among[1]}'; at most {MOST_WORDS} can be told apart. Leave the column out: name "
            "the inputs."
        )
    for word in among:
        if "," in word or '"' in word or not word:
            raise DataError(
                f"{file}, column {name}: the word '{word}' has a comma or quotation mark in it, "
                "or is empty; need plain words. Rename it."
            )
    return Raw(name, holds="word", among=among, begins=among[0])


def _as_written(cell: Any) -> Any:
    """Return a number of few digits as one would write it: the float32 0.99 as 0.99, where float64
    has 0.9900000095; truth values as 1 and 0."""
    short = type(cell).__name__ in ("float32", "float16")  # of numpy, which need not be loaded
    return float(str(cell)) if short else float(cell) if isinstance(cell, bool) else cell


def _cells(raw: Raw, column: Sequence[Any], file: str) -> list[float | str]:
    found: list[float | str] = []
    for i, cell in enumerate(column, 1):
        if raw.holds == "word":
            found.append(str(cell).strip())
            continue
        value = number_of(_as_written(cell))
        if not abs(value) <= GREATEST:
            raise DataError(
                f"{file}, row {i}, column {raw.name}: got {_shown(cell)}, need a finite number up "
                f"to {GREATEST:g}. Fill it or remove the row."
            )
        found.append(value)
    if not found:
        raise DataError(f"{file}: got a header but no row below it. Add rows of numbers.")
    return found


def _shown(cell: Any) -> str:
    """Return a cell as one would write it: numpy's numbers without their type."""
    return str(cell) if isinstance(cell, Real) else repr(cell)


def _as_features(raw: Raw, joint: str) -> list[Feature]:
    """Return the inputs that a raw column becomes beside features: itself, or one for each word."""
    if raw.holds == "number":
        return [Number(f"{raw.name}{joint}value", raw.name)]
    words = map(str, raw.among)
    return [Either(f"{raw.name}{joint}{feature_name(word)}", raw.name, word) for word in words]
