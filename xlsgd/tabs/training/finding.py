"""Find a training tab: the experiment that its fields describe, and its tables."""

from __future__ import annotations

from typing import cast

from xlsgd.base.cells import Formula
from xlsgd.base.errors import SpecError, WorkbookError
from xlsgd.base.registry import pick
from xlsgd.data import Dataset
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import TableMap, TabMap, address
from xlsgd.tabs.layouts import Layout, layouts
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses import Loss, losses
from xlsgd.training.nets import Network, parse_network
from xlsgd.training.nets.network import numbered_inputs
from xlsgd.training.optimizers import get_optimizer
from xlsgd.training.schedules import get_schedule

__all__ = ["find_training"]


def find_training(tab: FoundTab, data: Dataset) -> tuple[Experiment, TabMap]:
    layout = next(each for each in layouts().values() if each.marker == tab.marker)
    try:
        steps = tab.table(set(layout.headers), lambda text: True, "one row per step")
        if not steps.rows:
            raise WorkbookError(f"{tab.file}: tab '{tab.sheet}' has no rows of training")
        experiment = _as_it_stands(tab, data, layout, steps)
        layout.need_fit(experiment, not data.is_nothing)
        experiment.need_labels(data.y)
    except SpecError as error:
        field = getattr(error, "field", None)
        key = field if field in tab.fields else f"init.{field}"
        where = f"!{address(tab.fields[key])}" if key in tab.fields else ""
        raise WorkbookError(f"{tab.file}: {tab.sheet}{where}: {error}") from error
    tables = layout.tables(experiment)
    _keep(tab, steps, {column.quantity for column in tables["steps"]})
    steps.rows = tab.rows_below(steps.header_row, set(steps.columns.values()))
    experiment, beside = layout.find_tables(tab, experiment, steps, data.rows)
    for given in (*layout.inputs(experiment), *layout.panel(experiment)):
        tab.place(given.key)
    names = {column.quantity for column in tables["epochs"]}
    epochs = tab.table(names, names.__contains__, "one row an epoch")
    found = {"steps": steps, **beside, "epochs": epochs}
    scope = layout.scope(experiment)
    maps = TabMap(tab.sheet, tab.fields, found, scope, can_shrink=layout.can_shrink)
    return experiment, maps


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
        layout=layout.name,
        exploded_above=tab.number_or_none("exploded_above"),
        loss=loss,
        schedule=schedule,
        **layout.details(tab, steps, data.rows),
    )


def _keep(tab: FoundTab, table: TableMap, quantities: set[str]) -> None:
    """Leave a table with the columns of quantities.  Raises WorkbookError if one is missing."""
    table.columns = {q: c for q, c in table.columns.items() if q in quantities}
    missing = quantities - table.columns.keys()
    if missing:
        raise WorkbookError(
            f"{tab.file}: tab '{tab.sheet}', row {table.header_row}: no header "
            f"{', '.join(sorted(missing))}; restore it, or generate the workbook again"
        )


def _network(text: str, data: Dataset) -> Network:
    """Return the network of a tab.  data: tells the names of its inputs."""
    names = tuple(data.inputs)
    numbered = numbered_inputs(len(names))
    # Columns x1, x2, … may stand in any order.
    return parse_network(text, numbered if set(numbered) == set(names) else names)
