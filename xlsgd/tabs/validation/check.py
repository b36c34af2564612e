"""Compare a validation tab with the model that torch evaluates after every epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.columns import Column
from xlsgd.checks.examined import ExaminedTab
from xlsgd.checks.expected import block_of, places_of, ranked
from xlsgd.checks.horizon import horizon
from xlsgd.data import Dataset
from xlsgd.data.features import facts_of, feature_frame
from xlsgd.report.compare import ExpectedTable
from xlsgd.sheets.maps import TabMap
from xlsgd.tabs.comparing import check_fields, number_in
from xlsgd.tabs.examination import Examination
from xlsgd.tabs.training.torch_trained import Trained
from xlsgd.tabs.validation import columns as validation
from xlsgd.tabs.validation.places import CASES, EPOCHS, KIND_NAME, PASSED, WEIGHTS
from xlsgd.tabs.validation.torch_values import ended, epochs_of, fields_of, passed
from xlsgd.torch_side import Ensemble
from xlsgd.training.experiment import Experiment
from xlsgd.training.trace import MEMBERS, Trace

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_validation"]

Floats = NDArray[np.float64]

RANKS = {CASES: 1, WEIGHTS: 2, PASSED: 3, EPOCHS: 4}
FIELDS = 5
"""Parts of such a tab in order of calculation."""


def check_validation(work: Examination, experiment: Experiment) -> None:
    """Compare the validation tab of an experiment."""
    maps = work.found.maps.of(KIND_NAME)[experiment.id]
    tab = work.tabs[maps.sheet]
    if CASES in maps.tables:
        _check_cases(work, tab, maps)
    counted = "train_accuracy" in maps.tables[EPOCHS].columns
    columns = {
        WEIGHTS: validation.weight_columns(experiment),
        PASSED: validation.passed_columns(experiment, counted),
        EPOCHS: validation.epoch_columns(experiment, counted, maps.earlier_format),
    }
    for name, those in columns.items():
        tab.check_cells(maps.tables[name], those, work.writer(maps, name), ranked(RANKS[name]))
    check_fields(tab, work.writer(maps), maps, validation.fields(maps.earlier_format), FIELDS)
    shown = tab.numbers(maps.tables[WEIGHTS])
    ensemble, names = Ensemble(MEMBERS), experiment.network.parameters
    seen = {p: ensemble.copies(shown[f"weight.{p}"]).numpy() for p in names}
    _compare_weights(tab, "step", maps, columns[WEIGHTS], _shown_there(work, experiment))
    _compare(tab, "step", maps, experiment, work.found.shown, seen, columns)
    rounds, alone = _of_run(work, experiment)
    _compare_weights(tab, "run", maps, columns[WEIGHTS], alone)
    _compare(tab, "run", maps, experiment, work.found.data, alone, columns, rounds)


def _shown_there(work: Examination, experiment: Experiment) -> dict[str, Floats]:
    """Return the weights of every epoch as the training tab shows them, shape (2, epochs)."""
    maps = work.found.maps.training[experiment.id]
    tab, steps = work.tabs[maps.sheet], maps.tables["steps"]
    numbers = tab.numbers(steps)
    last = ended(len(steps.rows), experiment.epochs)
    found = {}
    for p in experiment.network.parameters:
        start = number_in(tab.cells.get(maps.fields[f"init.{p}"]))
        found[p] = np.tile(np.array([start, *numbers[f"new.{p}"][last]]), (2, 1))
    return found


def _of_run(work: Examination, experiment: Experiment) -> tuple[int, dict[str, Floats]]:
    """Return how many rows of the table of epochs can be predicted, and the weights of all epochs
    by torch alone, shape (members, epochs)."""
    run = work.of(Trained).alone[experiment.id]
    last = ended(len(run["loss"]), experiment.epochs)
    limit = horizon(experiment, run)
    within = experiment.epochs if limit.why is None else int((last < limit.rows).sum())
    weights = {}
    for p in experiment.network.parameters:
        start, after = run.values[f"param.{p}"][:, :1], run.values[f"new.{p}"][:, last]
        weights[p] = np.concatenate((start, after), 1)
    return within + 1, weights


def _compare_weights(
    tab: ExaminedTab,
    check: str,
    maps: TabMap,
    columns: Sequence[Column],
    weights: dict[str, Floats],
) -> None:
    table = maps.tables[WEIGHTS]
    trace = Trace({f"weight.{p}": values for p, values in weights.items()})
    block = block_of(table, places_of(table, columns), trace, len(table.rows))
    tab.compare_table(check, WEIGHTS, block, ranked(RANKS[WEIGHTS]))


def _compare(
    tab: ExaminedTab,
    check: str,
    maps: TabMap,
    experiment: Experiment,
    data: Dataset,
    weights: dict[str, Floats],
    columns: dict[str, list[Column]],
    rounds: int | None = None,
) -> None:
    """Compare what follows from weights, shape (members, epochs).

    rounds: how many rows of the table of epochs can be predicted; all where not given.
    """
    held = data.validation
    assert held is not None
    counted = "train_accuracy" in maps.tables[EPOCHS].columns
    rows = passed(experiment, data, weights, counted)
    epochs = epochs_of(data, rows, maps.earlier_format)
    length = len(maps.tables[EPOCHS].rows) if rounds is None else rounds
    for name, values, count in (
        (PASSED, rows, length * (data.rows + held.rows)),
        (EPOCHS, epochs, length),
    ):
        table = maps.tables[name]
        block = block_of(table, places_of(table, columns[name]), Trace(values), count)
        tab.compare_table(check, name, block, ranked(RANKS[name]))
    if length == len(maps.tables[EPOCHS].rows):
        places = {given.key: maps.fields[given.key] for given in validation.fields()}
        tab.compare_fields(check, places, fields_of(data, epochs, maps.earlier_format), FIELDS)


def _check_cases(work: Examination, tab: ExaminedTab, maps: TabMap) -> None:
    """Compare the features of the rows that validate with what pandas makes of the raw columns, by
    what is known of the rows that train."""
    schema, table = work.found.data.schema, maps.tables[CASES]
    held = work.found.data.validation
    assert held is not None
    tab.inputs |= {(r, table.columns[raw.name]) for raw in schema.needed for r in table.rows}
    if not schema.features:
        return
    import pandas as pd

    columns = schema.feature_columns("{{fact.{}}}")
    tab.check_cells(table, columns, work.writer(maps, CASES), ranked(RANKS[CASES]))
    data_tab = work.found.maps.data
    cells = work.tabs[data_tab.sheet].cells
    seen = {given.key: number_in(cells.get(data_tab.fields[given.key])) for given in schema.facts()}
    alone = facts_of(schema.features, _frame(work.found.data))
    frame = pd.DataFrame(
        {n: [tab.cells.get((r, c)) for r in table.rows] for n, c in table.columns.items()}
    )
    places = places_of(table, columns)
    for check, made in (
        ("step", feature_frame(schema.features, frame, seen)),
        ("run", feature_frame(schema.features, _frame(held), alone)),
    ):
        features = {name: made[name].to_numpy(dtype=float) for name in schema.feature_names}
        spread = {name: np.zeros(len(table.rows)) for name in features}
        block = ExpectedTable(table.rows, places, features, spread)
        tab.compare_table(check, CASES, block, ranked(RANKS[CASES]))


def _frame(data: Dataset) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame({name: list(cells) for name, cells in data.raw.items()})
