"""Find validation tabs again: the rows that validate, weights, and the forward pass of all rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from xlsgd.base.cells import Position
from xlsgd.base.columns import Column
from xlsgd.base.errors import SpecError, WorkbookError
from xlsgd.data import Dataset
from xlsgd.data.dataset import columns_of
from xlsgd.sheets.found_tab import FoundTab, texts_of
from xlsgd.sheets.maps import TableMap, TabMap
from xlsgd.sheets.own_additions import without_sums
from xlsgd.tabs.dataset.finding import check_labels, raw_cells, seen_in
from xlsgd.tabs.found import FoundWorkbook
from xlsgd.tabs.validation import columns as validation
from xlsgd.tabs.validation.places import (
    CASES,
    EPOCHS,
    KIND_NAME,
    PASSED,
    WEIGHTS,
    ValidationScope,
)
from xlsgd.training.experiment import Experiment

__all__ = ["cells_typed_in", "find_validation"]

_COLUMNS = "columns"
"""The field that only the tab with the rows that validate has."""


def find_validation(tabs: Sequence[FoundTab], found: FoundWorkbook) -> None:
    """Add the rows that validate, and where they and all else stand, to what was found."""
    mine = found.maps.of(KIND_NAME)
    for tab in sorted(tabs, key=lambda tab: _COLUMNS not in tab.fields):
        experiment = found.experiments[tab.choice("experiment", found.experiments)]
        if found.is_copy(tab.sheet, mine.get(experiment.id)):
            continue
        tables = {}
        if _COLUMNS in tab.fields and not any(CASES in other.tables for other in mine.values()):
            tables[CASES] = _cases(tab, found)
        held = found.data.validation
        if held is None:
            raise tab.fault(
                " shows rows that validate from another tab, and there is none; restore it, or "
                "delete this tab too"
            )
        try:
            experiment.need_targets(held.targets, "rows that validate")
        except SpecError as error:
            raise WorkbookError(f"{tab.file}: {tab.sheet}: {error}") from error
        tables |= _tables(tab, experiment, found.data.rows + held.rows)
        for given in validation.fields():
            tab.place(given.key)
        mine[experiment.id] = TabMap(
            tab.sheet,
            tab.fields,
            tables,
            ValidationScope(experiment.id),
            can_shrink=False,
            earlier_format=tab.marker == validation.EARLIER,
        )


def cells_typed_in(tab: FoundTab) -> set[Position]:
    """Return the cells of the rows that validate, as far as a reader may type into them."""
    place = tab.fields.get(_COLUMNS)
    names = {name.strip() for name in str(tab.grid.get(place, "")).split(",")} if place else set()
    begins: dict[int, int] = {}
    for (row, column), text in sorted(texts_of(tab.grid).items()):
        if text in names:
            begins.setdefault(column, row)
    return {(row, column) for row, column in tab.grid if row > begins.get(column, row)}


def _cases(tab: FoundTab, found: FoundWorkbook) -> TableMap:
    """Return the table of the rows that validate, and add these to the data that was found."""
    schema = found.data.schema
    needed = [column.name for column in schema.needed]
    table = tab.table({*needed, *schema.feature_names}, "the rows that validate")
    table.rows = sorted(without_sums(tab, table, needed)) if schema.features else table.rows
    if not table.rows:
        raise tab.fault(" has no rows that validate")
    raw = {column.name: raw_cells(tab, table, column, schema) for column in schema.needed}
    for column in schema.needed:
        if column.name in schema.targets:
            check_labels(tab, table, column, raw[column.name])
    columns = columns_of(schema, raw, trained_on=found.data.raw)
    held = Dataset("rows that validate", **columns)
    shown = held
    if schema.features:
        seen = {name: seen_in(tab, table, name) for name in held.inputs}
        shown = Dataset(held.title, **{**columns, "inputs": seen})
    table.columns |= {name: table.columns[of] for name, of in schema.answers.items()}
    found.data = replace(found.data, validation=held)
    found.shown = replace(found.shown, validation=shown)
    return table


def _tables(tab: FoundTab, experiment: Experiment, rows: int) -> dict[str, TableMap]:
    """Return all other tables.  rows: of data, those that train and those that validate."""
    counted = "train_accuracy" in texts_of(tab.grid).values()
    rounds = experiment.epochs + 1
    wanted: dict[str, tuple[list[Column], int, str]] = {
        EPOCHS: (validation.epoch_columns(experiment, counted), rounds, "a row an epoch"),
        WEIGHTS: (validation.weight_columns(experiment), rounds, "the weights of an epoch"),
        PASSED: (
            validation.passed_columns(experiment, counted),
            rounds * rows,
            "all rows of data in every epoch",
        ),
    }
    found = {}
    for name, (columns, length, words) in wanted.items():
        found[name] = tab.table({column.quantity for column in columns}, words)
        if len(found[name].rows) != length:
            raise tab.fault(
                f": its table of {words} has {len(found[name].rows):,} rows, need {length:,} for "
                f"{experiment.epochs:,} epochs, the start, and {rows:,} rows of data; this tab "
                "cannot grow or shrink: generate the workbook again"
            )
    return found
