"""Find again in a workbook what the writer put there: maps, data and experiments.

A tab of xlsgd is known by the field ``xlsgd``, fields by their keys in that column, tables by the
quantities in their header row. So rows and columns may be inserted and tabs renamed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from xlsgd.base.cells import Book, Position, Scalar, Uncomputed
from xlsgd.base.errors import ForeignWorkbookError, WorkbookError
from xlsgd.data import Dataset
from xlsgd.sheets.found_tab import FoundTab, texts_of
from xlsgd.sheets.maps import BookMap, TabMap
from xlsgd.sheets.markers import COMPARE, DATA, MARKER, MATRIX, MODEL, RATES, TRAINING
from xlsgd.sheets.own_additions import looked_at
from xlsgd.sheets.reach import reach
from xlsgd.tabs.compare import columns as comparison
from xlsgd.tabs.find_data import find_data, find_passengers
from xlsgd.tabs.find_forward import find_matrix, find_model, shown_experiment
from xlsgd.tabs.model.sheet import PERSON
from xlsgd.tabs.training.finding import HEADERS, find_training
from xlsgd.training.experiment import Experiment

__all__ = ["Found", "Values", "find_lesson"]

Values = Mapping[str, Mapping[Position, Scalar | Uncomputed]]
"""Per sheet, the calculated value of every formula cell."""


_OF_RUNS = frozenset(("experiment", "verdict", "epochs_to_target", "steps_to_target"))

_OF_OURS = [
    *((TRAINING[layout], headers) for layout, headers in HEADERS.items()),
    (MODEL, frozenset(("says", "pred", "unit"))),
    (MATRIX, frozenset(("xw_1", "pred", "loss"))),
    (RATES, frozenset((*_OF_RUNS, "limit_found"))),
    (RATES, frozenset((*_OF_RUNS, "limit_full_batch"))),
    (COMPARE, _OF_RUNS),
]
"""What a tab's headers say it is, where its marker is gone."""


@dataclass
class Found:
    """What a workbook turned out to be.

    data: what torch trains on; shown: the same as the cells show it. They differ where inputs are
    formulas, and one of them is wrong.
    faults: cells of the data tab that no net learns from though they should, and why.
    experiments: by id, with the values that stand in the cells now.
    person: what is filled in on the model tab.
    copies: tabs that a learner has copied, with the tab that each shows again.
    """

    maps: BookMap
    data: Dataset
    shown: Dataset
    faults: dict[Position, str] = field(default_factory=dict)
    experiments: dict[str, Experiment] = field(default_factory=dict)
    person: dict[str, Scalar | Uncomputed] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)


def find_lesson(book: Book, values: Values, file: str) -> Found:
    """Return the maps, data and experiments of a workbook.

    file: its name, for messages.
    Raises WorkbookError if it is none of xlsgd's, or an input holds what cannot be used.
    """
    tabs: dict[str, list[FoundTab]] = {
        kind: []
        for kind in ("data", "passengers", "training", "model", "matrix", "compare", "rates")
    }
    for sheet, grid in book.sheets.items():
        tab = FoundTab.find(sheet, grid, values.get(sheet, {}), file)
        if tab is not None:
            tabs[tab.kind].append(tab)
            continue
        texts = set(texts_of(grid).values())
        for marker, headers in _OF_OURS:
            if texts >= headers:
                # To pass over it would be to call a workbook right of which a tab was not looked
                # at.
                raise WorkbookError(
                    f"{file}: tab '{sheet}' has the headers of one of xlsgd's tabs, but no cell "
                    f"'{MARKER}' with '{marker}' beside it; restore these two cells, or "
                    "give the headers other words if the tab is your own"
                )
    if not any(tabs.values()):
        raise ForeignWorkbookError(
            f"{file}: is no workbook of xlsgd: no tab has a cell '{MARKER}' with '{DATA}' or "
            f"'{TRAINING['rows']}' beside it"
        )
    sources = looked_at(tabs["data"] + tabs["passengers"], tabs["training"])
    if len(sources) != 1 or not tabs["training"]:
        raise WorkbookError(
            f"{file}: found {len(sources)} data tabs and {len(tabs['training'])} training "
            f"tabs of xlsgd, need one and at least one; looked for cells '{MARKER}' with "
            f"'{DATA}' or '{TRAINING['rows']}' beside them. Is this a workbook that xlsgd "
            "generated?"
        )
    source = sources[0]
    last = reach(source.sheet, [tab.grid for tab in tabs["training"]])
    given = (find_data if source.kind == "data" else find_passengers)(
        source, last, tabs["training"]
    )
    data = given.data
    found = Found(BookMap(given.maps), data, given.shown, given.faults)
    for tab in tabs["data"] + tabs["passengers"]:
        if tab is not source:
            found.copies[tab.sheet] = source.sheet
    for tab in tabs["training"]:
        experiment, tab_map = find_training(tab, data)
        if experiment.id in found.experiments:
            # A learner has copied the tab to try something: the copy goes by its tab's name.
            experiment = replace(experiment, id=tab.sheet)
        found.experiments[experiment.id] = experiment
        found.maps.training[experiment.id] = tab_map
    shown_first = looked_at(tabs["model"], tabs["matrix"])
    for tab in sorted(tabs["model"], key=lambda tab: tab not in shown_first):
        experiment = shown_experiment(tab, found.experiments)
        if _is_copy(tab, found.maps.model.get(experiment.id), found):
            continue
        found.maps.model[experiment.id] = find_model(tab, experiment, data.rows)
        where = found.maps.model[experiment.id].tables["person"]
        found.person = {key: tab.value(where.cell(key, 0)) for key in PERSON}
    for tab in tabs["matrix"]:
        if not found.maps.model:
            raise WorkbookError(
                f"{file}: tab '{tab.sheet}' shows the weights of a model tab, and there is none; "
                "restore it, or delete this tab too"
            )
        experiment = found.experiments[next(iter(found.maps.model))]
        if _is_copy(tab, found.maps.matrix.get(experiment.id), found):
            continue
        found.maps.matrix[experiment.id] = find_matrix(tab, experiment, data.rows)
    for tab in tabs["compare"] + tabs["rates"]:
        found.maps.compare[tab.sheet] = _find_compare(tab, found.experiments)
    return found


def _is_copy(tab: FoundTab, earlier: TabMap | None, found: Found) -> bool:
    """Return whether a tab shows what an earlier one shows, and remember that it does."""
    if earlier is not None:
        found.copies[tab.sheet] = earlier.sheet
    return earlier is not None


def _find_compare(tab: FoundTab, experiments: dict[str, Experiment]) -> TabMap:
    texts = texts_of(tab.grid)
    shown = [e for e in experiments if f"mean_loss.{e}" in texts.values()]
    reading = comparison.common_reading(experiments[e] for e in shown)
    runs_names = {c.quantity for c in comparison.runs_columns("", reading)}
    runs = tab.table(runs_names, runs_names.__contains__, "one row a run")
    names = {c.quantity for c in comparison.losses_columns(shown)}
    losses = tab.table(names, names.__contains__, "one row an epoch")
    runs.rows = [row for row in runs.rows if row < losses.header_row]
    tab.number("target_loss")
    named: dict[object, int] = {}
    for row in runs.rows:
        named.setdefault(tab.value((row, runs.columns["experiment"])), row)
    return TabMap(
        tab.sheet,
        tab.fields,
        {"runs": runs, "losses": losses},
        runs={e: row for e, row in named.items() if isinstance(e, str)},
        sets_rates=tab.kind == "rates",
    )
