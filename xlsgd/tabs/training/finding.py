"""Find a training tab: the experiment that its fields describe, and its tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from xlsgd.base.cells import Formula
from xlsgd.base.errors import SpecError, WorkbookError
from xlsgd.base.registry import pick
from xlsgd.data import Dataset
from xlsgd.sheets.found_tab import FoundTab, texts_of
from xlsgd.sheets.maps import TableMap, TabMap, address
from xlsgd.tabs.layouts import Layout, get_layout
from xlsgd.tabs.layouts.blocks.columns import block_name
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses import Loss, losses
from xlsgd.training.nets import Network, parse_network
from xlsgd.training.nets.network import numbered_inputs
from xlsgd.training.optimizers import get_optimizer
from xlsgd.training.schedules import get_schedule

__all__ = ["HEADERS", "find_training"]

_LARGEST = 1_000_000_000
"""A whole number that anybody needs; torch takes none beyond 64 bits."""

HEADERS = {
    "rows": frozenset(("step", "epoch", "row", "y", "loss")),
    "blocks": frozenset(("step", "epoch", "batch_rows", "loss")),
}
"""Quantities that the table of steps of every training tab has, and no other table, by layout."""


def find_training(tab: FoundTab, data: Dataset) -> tuple[Experiment, TabMap]:
    layout = get_layout(tab.layout)
    headers = HEADERS[tab.layout]
    try:
        steps = tab.table(set(headers), lambda text: True, "one row per step")
        if not steps.rows:
            raise WorkbookError(f"{tab.file}: tab '{tab.sheet}' has no rows of training")
        experiment = _as_it_stands(tab, data, layout, steps)
        experiment.need_labels(data.y)
    except SpecError as error:
        field = getattr(error, "field", None)
        key = field if field in tab.fields else f"init.{field}"
        where = f"!{address(tab.fields[key])}" if key in tab.fields else ""
        raise WorkbookError(f"{tab.file}: {tab.sheet}{where}: {error}") from error
    tables = layout.tables(experiment)
    _keep(tab, steps, {column.quantity for column in tables["steps"]})
    steps.rows = tab.rows_below(steps.header_row, set(steps.columns.values()))
    found = {"steps": steps}
    if tab.layout == "rows":
        experiment = replace(experiment, epochs=max(1, -(-len(steps.rows) // data.rows)))
    else:
        quantities = [column.quantity for column in tables[block_name(1)]]
        blocks = _blocks(tab, steps, quantities, data.rows)
        experiment = replace(experiment, epochs=len(blocks))
        _need_steps(tab, steps, layout.lengths(experiment, data.rows)["steps"])
        found |= blocks
    for given in (*layout.inputs(experiment), *layout.panel(experiment)):
        tab.place(given.key)
    names = {column.quantity for column in tables["epochs"]}
    epochs = tab.table(names, names.__contains__, "one row an epoch")
    return experiment, TabMap(
        tab.sheet, tab.fields, {**found, "epochs": epochs}, experiment.batch_size
    )


def _as_it_stands(tab: FoundTab, data: Dataset, layout: Layout, steps: TableMap) -> Experiment:
    """Return the experiment that the fields of the tab describe."""
    network = _network(tab.text("network"), data)
    optimizer = get_optimizer(tab.text("optimizer"))
    loss = cast(Loss, pick("loss", tab.text("loss"), dict(losses())))
    # A tab without the word has a learning rate for all steps.
    schedule = get_schedule(tab.text("schedule") if "schedule" in tab.fields else "constant")
    states = [f"{s}.{p}" for s in optimizer.state for p in network.parameters]
    start = {p: tab.number(f"init.{p}") for p in network.parameters}
    for name in states:
        # Some optimizers have a rule of their own for where to start, as a formula.
        content = tab.grid.get(tab.place(f"init.{name}"))
        has_rule = optimizer.start_state.startswith("=")
        if not (has_rule and isinstance(content, Formula)):
            start[name] = tab.number(f"init.{name}")
    details: dict[str, Any] = {}
    if layout.name == "rows":
        batched = "batch_end" in steps.columns
        whole = "a whole number" if batched else "1; this tab updates after every row"
        most = None if batched else 1
        details["batch_columns"] = batched
        details["chart_limit"] = _worked_out(tab, "chart_limit")
        details["epochs"] = max(1, -(-len(steps.rows) // data.rows))
    else:
        whole, most = f"a whole number from 1 to the {data.rows} rows of data", data.rows
        details["derivative_of"] = tab.text("derivative_of")
        details["classifies"] = "accuracy" in steps.columns
    return Experiment(
        id=tab.text("experiment"),
        title=tab.sheet,
        about="",
        network=network,
        optimizer=optimizer,
        learning_rate=tab.number("learning_rate"),
        start=start,
        hyper={
            h.key: tab.number(h.key)
            for h in (*optimizer.hyperparameters, *schedule.hyperparameters)
        },
        gradient=tab.text("gradient"),
        difference=tab.text("difference"),
        h=tab.number("h"),
        batch_size=_whole(tab, "batch_size", whole, most),
        layout=layout.name,
        exploded_above=_worked_out(tab, "exploded_above"),
        loss=loss,
        schedule=schedule,
        **details,
    )


def _worked_out(tab: FoundTab, key: str) -> float | None:
    """Return an input that its tab works out; None where its formula gives no number.

    What is wrong then is upstream, and to be found there.
    """
    position = tab.place(key)
    if isinstance(tab.grid.get(position), Formula):
        value = tab.value(position)
        return value if isinstance(value, float) else None
    return tab.number(key)


def _whole(tab: FoundTab, key: str, need: str, most: int | None) -> int:
    number = tab.number(key)
    if not abs(number) <= _LARGEST:
        need = f"{need}, {_LARGEST:,} or less"
    wrong = not abs(number) <= _LARGEST or number != int(number)
    if wrong or (most is not None and not 1 <= number <= most):
        raise WorkbookError(
            f"{tab.file}: {tab.sheet}!{address(tab.place(key))} ({key}): "
            f"got {number:g}, need {need}"
        )
    return int(number)


def _keep(tab: FoundTab, table: TableMap, quantities: set[str]) -> None:
    """Leave a table with the columns of quantities.  Raises WorkbookError if one is missing."""
    table.columns = {q: c for q, c in table.columns.items() if q in quantities}
    missing = quantities - table.columns.keys()
    if missing:
        raise WorkbookError(
            f"{tab.file}: tab '{tab.sheet}', row {table.header_row}: no header "
            f"{', '.join(sorted(missing))}; restore it, or generate the workbook again"
        )


def _blocks(
    tab: FoundTab, steps: TableMap, quantities: list[str], data_rows: int
) -> dict[str, TableMap]:
    """Return the tables to the right of the steps: one for every time their headers come."""
    row, begin = steps.header_row, max(steps.columns.values())
    texts = sorted(
        (c, text) for (r, c), text in texts_of(tab.grid).items() if r == row and c > begin
    )
    places = {q: [column for column, text in texts if text == q] for q in quantities}
    count = max(map(len, places.values()))
    for quantity, found in places.items():
        if len(found) != count or not found:
            raise WorkbookError(
                f"{tab.file}: tab '{tab.sheet}', row {row}: the header {quantity} stands there "
                f"{len(found)} times to the right of the steps, need {max(count, 1)}, one for "
                "every epoch; restore it, or generate the workbook again"
            )
    blocks = {
        block_name(i + 1): TableMap(row, {q: found[i] for q, found in places.items()}, [])
        for i in range(count)
    }
    rows: set[int] = set()
    for block in blocks.values():
        rows |= set(tab.rows_below(row, set(block.columns.values())))
    if len(rows) != data_rows:
        raise WorkbookError(
            f"{tab.file}: tab '{tab.sheet}': its blocks have {len(rows):,} rows, the data "
            f"{data_rows:,}; this layout cannot grow or shrink: generate the workbook again"
        )
    for block in blocks.values():
        block.rows = sorted(rows)
    return blocks


def _need_steps(tab: FoundTab, steps: TableMap, need: int) -> None:
    if len(steps.rows) != need:
        raise WorkbookError(
            f"{tab.file}: tab '{tab.sheet}': got {len(steps.rows):,} steps, need {need:,} "
            "for its blocks; restore the rows, or generate the workbook again"
        )


def _network(text: str, data: Dataset) -> Network:
    """Return the network of a tab.  data: tells the names of its inputs."""
    names = tuple(data.inputs)
    numbered = numbered_inputs(len(names))
    # Columns x1, x2, … may stand in any order.
    return parse_network(text, numbered if set(numbered) == set(names) else names)
