"""The checks of tabs that show inputs and a forward pass: data, model and matrix.

Every cell is compared with what pandas or torch has for it. As on training tabs there are two
questions: what follows from the cells that a cell looks at, and what follows from the data and
the start weights alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from xlsgd.base.cells import Formula
from xlsgd.base.columns import Column, Input
from xlsgd.checks.examined import ExaminedTab
from xlsgd.checks.expected import block_of, places_of, ranked
from xlsgd.data import Dataset
from xlsgd.data.features import feature_frame
from xlsgd.report.compare import Block
from xlsgd.sheets.maps import TabMap, formula_maker
from xlsgd.tabs.finder import Found
from xlsgd.tabs.matrix import columns as matrix
from xlsgd.tabs.matrix import torch_values as torch_matrix
from xlsgd.tabs.model import columns as model
from xlsgd.tabs.model import torch_values as torch_model
from xlsgd.torch_side import Noise
from xlsgd.training.experiment import Experiment
from xlsgd.training.trace import MEMBERS, Trace

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_features", "check_matrix", "check_model"]

Floats = NDArray[np.float64]
Weights = dict[str, Floats]
"""By parameter, a number for every member of the ensemble."""

Tabs = Mapping[str, ExaminedTab]

_WEIGHTS, _ROWS, _FIELDS, _BARS = 1, 2, 3, 4
_FILLED = 100
"""Among the fields, the row to fill in comes after the others."""


def check_features(found: Found, tabs: Tabs) -> None:
    """Compare the features of every row with what pandas makes of the raw columns."""
    schema, maps = found.data.schema, found.maps.data
    if not schema.features:
        return
    import pandas as pd

    tab, table = tabs[maps.sheet], maps.tables["data"]
    columns, facts = schema.feature_columns(), schema.facts()
    tab.check_cells(table, columns, _maker(found, maps, "data"), ranked(_ROWS))
    _check_fields(tab, found, maps, "", facts, _WEIGHTS)
    keys = {given.key: maps.fields[given.key] for given in facts}
    seen = {key: _number(tab.cells.get(position)) for key, position in keys.items()}
    # What the facts are made of as the cells have it, features among it.
    frame = pd.DataFrame(
        {n: [tab.cells.get((r, c)) for r in table.rows] for n, c in table.columns.items()}
    )
    _compare_fields(tab, "step", keys, {k: [v] for k, v in _facts(found, frame).items()}, 1)
    places = places_of(table, columns)
    raw = pd.DataFrame({name: list(cells) for name, cells in found.data.raw.items()})
    for check, made in (
        ("step", feature_frame(schema.features, frame, seen)),
        ("run", feature_frame(schema.features, raw)),
    ):
        features = {name: made[name].to_numpy(dtype=float) for name in schema.feature_names}
        spread = {name: np.zeros(len(table.rows)) for name in features}
        tab.compare_table(check, "data", Block(table.rows, places, features, spread), ranked(_ROWS))


def _facts(found: Found, frame: pd.DataFrame) -> dict[str, float]:
    """Return what pandas knows of whole columns."""
    facts: dict[str, float] = {}
    for feature in found.data.schema.features:
        facts |= feature.facts_of(frame)
    return facts


def check_model(found: Found, tabs: Tabs, experiment: Experiment, run: Trace) -> None:
    """Compare the model tab of an experiment.  run: its table of steps, by torch alone."""
    maps = found.maps.of("model")[experiment.id]
    tab = tabs[maps.sheet]
    tab.inputs |= {maps.fields[model.WEIGHTS_OF.key]}
    start = str(tab.cells.get(maps.fields[model.WEIGHTS_OF.key])).lower() == "start"
    names = experiment.network.parameters
    wanted = _maker(found, maps, "")
    training = found.maps.training[experiment.id]
    shown = tabs[training.sheet]
    for i, p in enumerate(names):
        position = maps.fields[f"weight.{p}"]
        # A learner's own weight is an input like any other.
        if not isinstance(tab.contents.get(position), Formula):
            continue
        formula = wanted(model.weight_formula(experiment, p))(position[0])
        tab.check_formula(position, (_WEIGHTS, i, 0), f"weight.{p}", formula)
        source = training.fields[f"init.{p}"]
        if not start:
            source = training.tables["steps"].cell(f"new.{p}", -1)
        value = shown.cells.get(source)
        expected = {
            "step": [value if isinstance(value, float) else float("nan")],
            "run": _of_run(experiment, run, p, start),
        }
        for check, members in expected.items():
            _compare_fields(tab, check, {f"weight.{p}": position}, {f"weight.{p}": members}, 1, i)
    seen = _weights_shown(tab, maps, names)
    alone = {
        p: np.array(_of_run(experiment, run, p, start))
        if isinstance(tab.contents.get(maps.fields[f"weight.{p}"]), Formula)
        else seen[p]
        for p in names
    }
    columns = model.forward_table(experiment)
    fields = model.fields(experiment)
    bars = model.histogram_table()
    tab.check_cells(maps.tables["forward"], columns, _maker(found, maps, "forward"), ranked(_ROWS))
    tab.check_cells(maps.tables["histogram"], bars, _maker(found, maps, "histogram"), ranked(_BARS))
    _check_fields(tab, found, maps, "", fields, _FIELDS)
    limits = tab.numbers(maps.tables["histogram"])
    for check, data, weights in (("step", found.shown, seen), ("run", found.data, alone)):
        passed = torch_model.forward(experiment, data, weights)
        _compare_rows(tab, check, maps, "forward", columns, passed.rows)
        places = {given.key: maps.fields[given.key] for given in fields}
        _compare_fields(tab, check, places, passed.fields, _FIELDS)
        counted = torch_model.histogram_values(passed, limits["from"], limits["to"])
        _compare_rows(tab, check, maps, "histogram", bars, counted, _BARS)
    _check_filled(tabs, found, experiment, {"step": seen, "run": alone})


def _of_run(experiment: Experiment, run: Trace, p: str, start: bool) -> list[float]:
    """Return a weight of every member, before or after training."""
    values = run.values[f"param.{p}"][:, 0] if start else run.values[f"new.{p}"][:, -1]
    return [float(value) for value in values]


def _weights_shown(tab: ExaminedTab, maps: TabMap, names: Sequence[str]) -> Weights:
    """Return the weights that a tab shows, moved by a unit in the last place in all members but
    the first."""
    noise = Noise(MEMBERS)
    found = {}
    for p in names:
        value = tab.cells.get(maps.fields[f"weight.{p}"])
        number = value if isinstance(value, float) else float("nan")
        found[p] = noise.copies([number])[:, 0].numpy()
    return found


def _check_filled(
    tabs: Tabs, found: Found, experiment: Experiment, weights: Mapping[str, Weights]
) -> None:
    """Compare the row to fill in."""
    import pandas as pd

    schema, inputs = found.data.schema, experiment.network.input_names
    maps, data_tab = found.maps.of("model")[experiment.id], found.maps.data
    tab, table = tabs[maps.sheet], maps.tables["filled"]
    row = table.rows[0]
    tab.inputs |= {(row, table.columns[name]) for name in found.filled}
    columns = model.filled_columns(experiment, schema, "{{fact.{}}}".format)
    places = {column.quantity: (row, table.columns[column.quantity]) for column in columns}
    wanted = _maker(found, maps, "filled")
    for j, column in enumerate(columns):
        order = (_FIELDS, _FILLED, j)
        formula = wanted(column.formula)(row)
        tab.check_formula(places[column.quantity], order, column.quantity, formula)
    shown = tabs[data_tab.sheet].cells
    seen = {g.key: _number(shown.get(data_tab.fields[g.key])) for g in schema.facts()}
    alone = _facts(found, pd.DataFrame({n: list(c) for n, c in found.data.raw.items()}))
    # An empty cell counts as 0 in a formula.
    numbers = {raw.name for raw in schema.asked if raw.holds == "number"}
    filled = {k: 0.0 if v is None and k in numbers else v for k, v in found.filled.items()}
    frame = pd.DataFrame({name: [value] for name, value in filled.items()})
    for check, facts in (("step", seen), ("run", alone)):
        made = feature_frame(schema.features, frame, facts)
        features = {name: float(made[name].iloc[0]) for name in schema.feature_names}
        known = {name: _number(value) for name, value in filled.items()} | features
        used = {
            n: _number(tab.cells.get(places[n])) if check == "step" and n in places else known[n]
            for n in inputs
        }
        one = Dataset("filled in", {n: (value,) for n, value in used.items()}, (0.0,))
        passed = torch_model.forward(experiment, one, weights[check])
        expected: dict[str, list[float | str]] = {n: [value] for n, value in features.items()}
        for place in experiment.network.places:
            expected |= {name: [*map(float, passed.rows[name][:, 0])] for name in place.outputs}
        pred = [*map(float, passed.rows["pred"][:, 0])]
        expected["says"] = torch_model.filled_words(schema, found.filled, pred)
        _compare_fields(tab, check, places, expected, _FIELDS, _FILLED)


def check_matrix(found: Found, tabs: Tabs, experiment: Experiment, run: Trace) -> None:
    """Compare the matrix tab of an experiment.  run: its table of steps, by torch alone."""
    maps = found.maps.of("matrix")[experiment.id]
    tab = tabs[maps.sheet]
    of = found.maps.of("model")[experiment.id]
    shown = tabs[of.sheet]
    names = experiment.network.parameters
    wanted = _maker(found, maps, "")
    start = str(shown.cells.get(of.fields[model.WEIGHTS_OF.key])).lower() == "start"
    alone: Weights = {}
    for i, (p, template) in enumerate(matrix.weight_formulas(experiment).items()):
        position, source = maps.fields[f"weight.{p}"], of.fields[f"weight.{p}"]
        tab.check_formula(position, (_WEIGHTS, i, 0), f"weight.{p}", wanted(template)(position[0]))
        value = _number(shown.cells.get(source))
        own = not isinstance(shown.contents.get(source), Formula)
        alone[p] = np.array([value] * MEMBERS if own else _of_run(experiment, run, p, start))
        for check, members in (("step", [value]), ("run", list(map(float, alone[p])))):
            _compare_fields(tab, check, {f"weight.{p}": position}, {f"weight.{p}": members}, 1, i)
    columns, fields = matrix.product_table(experiment), matrix.fields(experiment)
    tab.check_cells(maps.tables["product"], columns, _maker(found, maps, "product"), ranked(_ROWS))
    _check_fields(tab, found, maps, "", fields, _FIELDS)
    for check, data, weights in (
        ("step", found.shown, _weights_shown(tab, maps, names)),
        ("run", found.data, alone),
    ):
        rows, means = torch_matrix.values(experiment, data, weights)
        _compare_rows(tab, check, maps, "product", columns, rows)
        places = {given.key: maps.fields[given.key] for given in fields}
        losses: list[float | str] = [*means]
        expected = dict.fromkeys(places, losses)
        if check == "step":
            theirs = _number(shown.cells.get(of.fields["mean_loss"]))
            expected = {**expected, "mean_loss_of_model": [theirs]}
        _compare_fields(tab, check, places, expected, _FIELDS)


# What these checks share


def _number(value: object) -> float:
    return value if isinstance(value, float) else float("nan")


def _maker(found: Found, maps: TabMap, table: str) -> Callable[[str], Callable[[int], str]]:
    """Return what makes formulas for a table out of templates."""
    return partial(_made, found, maps, table)


def _made(found: Found, maps: TabMap, table: str, template: str) -> Callable[[int], str]:
    return formula_maker(template, found.maps, maps, table)


def _check_fields(
    tab: ExaminedTab, found: Found, maps: TabMap, table: str, fields: Sequence[Input], rank: int
) -> None:
    wanted = _maker(found, maps, table)
    for i, given in enumerate(fields):
        position = maps.fields[given.key]
        formula = wanted(str(given.value))(position[0])
        tab.check_formula(position, (rank, i, position[1]), given.key, formula)


def _compare_rows(
    tab: ExaminedTab,
    check: str,
    maps: TabMap,
    name: str,
    columns: Sequence[Column],
    rows: Mapping[str, Floats],
    rank: int = _ROWS,
) -> None:
    """Compare a table with numbers of shape (members, rows)."""
    table = maps.tables[name]
    trace = Trace({quantity: np.asarray(values) for quantity, values in rows.items()})
    places = places_of(table, columns)
    tab.compare_table(check, name, block_of(table, places, trace, len(table.rows)), ranked(rank))


def _compare_fields(
    tab: ExaminedTab,
    check: str,
    places: Mapping[str, tuple[int, int]],
    expected: Mapping[str, Sequence[float | str]],
    rank: int,
    order: int = 0,
) -> None:
    tab.compare_fields(check, places, expected, lambda key: rank, order)
