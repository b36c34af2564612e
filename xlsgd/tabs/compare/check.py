"""Compare the tabs that show runs side by side with what the training tabs say."""

from __future__ import annotations

import numpy as np

from xlsgd.base.cells import CellError, Uncomputed
from xlsgd.checks.expected import ranked
from xlsgd.sheets.maps import TabMap, address
from xlsgd.tabs.compare import columns as comparison
from xlsgd.tabs.compare import torch_limits as limits
from xlsgd.tabs.compare.limit_formula import full_batch_formula
from xlsgd.tabs.comparing import compare_rows, number_in
from xlsgd.tabs.examination import Examination
from xlsgd.tabs.training.torch_trained import Trained

__all__ = ["check_compare"]


def check_compare(work: Examination, maps: TabMap) -> None:
    """Compare a tab that shows runs side by side with what the training tabs say."""
    _check_side_by_side(work, maps)
    if maps.sets_rates:
        _check_rates(work, maps)
        _check_limits(work, maps)


def _check_side_by_side(work: Examination, maps: TabMap) -> None:
    tab = work.tabs[maps.sheet]
    losses, runs, rated = maps.tables["losses"], maps.tables["runs"], maps.sets_rates
    # A tab that a learner has copied, or one that is gone, has no place in this tab.
    experiments = [e for e in work.found.experiments if f"plot.{e}" in losses.columns]
    reading = comparison.common_reading(work.found.experiments[e] for e in experiments)
    rates = [
        key
        for key in comparison.common_rates(work.found.experiments[e] for e in experiments)
        if key in runs.columns
    ]
    columns = comparison.losses_columns(experiments, maps.earlier_format)
    tab.check_patterns(losses, columns, work.writer(maps, "losses"), ranked(0))
    aim = number_in(tab.cells.get(maps.fields["target_loss"]))
    predictable = all(
        work.tabs[m.sheet].report.horizon is None for m in work.found.maps.training.values()
    )
    for check in ("step", "run"):
        compared = check == "step" or predictable
        summaries = work.of(Trained).summaries[check]
        runs_of_torch = range(min((len(summaries[e]) for e in experiments), default=1))
        tables = [
            comparison.losses_quantities(
                [summaries[e][member] for e in experiments],
                len(losses.rows),
                aim,
                maps.earlier_format,
            )
            for member in runs_of_torch
        ]
        if compared:
            rows = {name: np.stack([table[name] for table in tables]) for name in tables[0]}
            compare_rows(tab, check, maps, "losses", columns, rows, 0)
        for order, row in enumerate(runs.rows, 1):
            named = (row, runs.columns["experiment"])
            experiment = tab.cells.get(named)
            if not isinstance(experiment, str) or experiment not in experiments:
                looked_up = tab.cells.get((row, runs.columns["optimizer"]))
                if isinstance(looked_up, CellError | Uncomputed):
                    continue  # its tab has been deleted, and every cell here says so
                reason = f"names no experiment; there are: {', '.join(experiments)}"
                tab.differ(named, (order, 0, 0), "experiment", "pattern", reason)
                continue
            lines = [
                comparison.runs_quantities(
                    summaries[experiment][member], tables[member], reading, rates
                )
                for member in runs_of_torch
            ]
            shown = [key for key in lines[0] if not (rated and key == "learning_rate")]
            fields = {key: (row, runs.columns[key]) for key in shown}
            wanted = work.writer(maps, "runs")
            columns_here = comparison.runs_columns(experiment, reading, None, rates)
            for j, column in enumerate(c for c in columns_here if c.quantity in fields):
                formula = wanted(column.formula)(row)
                place = fields[column.quantity]
                tab.check_formula(place, (order, j, 0), column.quantity, formula)
            expected = {key: [line[key] for line in lines] for key in fields}
            if compared:
                tab.compare_fields(check, fields, expected, order)


def _check_rates(work: Examination, maps: TabMap) -> None:
    """Do the tabs of the runs train at the rates that are typed in beside each other?"""
    here, number = work.tabs[maps.sheet], maps.tables["runs"].columns["learning_rate"]
    here.inputs |= {(row, number) for row in maps.runs.values()}
    for experiment, row in maps.runs.items():
        if experiment not in work.found.experiments:
            continue  # named by _check_side_by_side
        there = work.found.maps.training[experiment]
        tab, place = work.tabs[there.sheet], there.fields["learning_rate"]
        wanted = work.writer(there)("{rates.learning_rate}")(place[0])
        tab.check_formula(place, (0, 0, 0), "learning_rate", f"={wanted}")
        rate = here.cells.get((row, number))
        if isinstance(rate, float):
            key = "learning_rate"
            tab.compare_fields("run", {key: place}, {key: [rate]}, 0)


def _check_limits(work: Examination, maps: TabMap) -> None:
    """Is the largest stable rate above a table of rates right?"""
    known = [e for e in maps.runs if e in work.found.experiments]
    if not known:
        return
    tab, view = work.tabs[maps.sheet], work.found.views[known[0]]
    wanted = full_batch_formula(view.experiment, known[0])
    if wanted and limits.FULL_BATCH in maps.fields:
        place = maps.fields[limits.FULL_BATCH]
        formula = work.writer(maps)(wanted)(place[0])
        tab.check_formula(place, (-1, 0, 0), limits.FULL_BATCH, formula)
        value = limits.full_batch_limit(view.experiment, work.found.data)
        key = limits.FULL_BATCH
        tab.compare_fields("run", {key: place}, {key: [value]}, -1)
    if limits.FOUND in maps.fields:
        place = maps.fields[limits.FOUND]
        found = tab.cells.get(place)
        why = "it holds no number"
        if isinstance(found, float):
            why = limits.stale(view, work.found.data, found) or ""
        if why:
            work.notes.append(
                f"{maps.sheet}!{address(place)} ({limits.FOUND}) was found when the workbook "
                f"was written: {why}"
            )
