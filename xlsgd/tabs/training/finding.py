"""Find a training tab: the experiment that its fields describe, and its tables."""

from __future__ import annotations

from dataclasses import replace

from xlsgd.base.cells import Formula
from xlsgd.base.errors import SpecError, WorkbookError
from xlsgd.base.registry import pick
from xlsgd.data import Dataset
from xlsgd.sheets.found_tab import FoundTab
from xlsgd.sheets.maps import TableMap, TabMap, address
from xlsgd.tabs.layouts import layouts
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.hyperparameters import hyperparameters
from xlsgd.training.losses import losses
from xlsgd.training.nets import Network, parse_network
from xlsgd.training.nets.graph import text_of
from xlsgd.training.nets.network import numbered_inputs
from xlsgd.training.optimizers import get_optimizer
from xlsgd.training.param_groups import frozen_of, groups_of
from xlsgd.training.schedules import get_schedule
from xlsgd.training.transforms import get_transforms
from xlsgd.verdict.missing import MISSING

__all__ = ["find_training"]


def find_training(tab: FoundTab, data: Dataset) -> tuple[View, TabMap]:
    layout = next(each for each in layouts().values() if tab.marker in each.markers)
    try:
        steps = tab.table(layout.headers, "one row per step", lambda text: True)
        if not steps.rows:
            raise tab.fault(" has no rows of training")
        view = layout.find(tab, _as_it_stands(tab, data), steps, data.rows)
        view = replace(
            view,
            formats_ago=layout.markers.index(tab.marker),
            says_missing=MISSING in tab.fields,
        )
        experiment = view.experiment
        layout.need_fit(experiment, not data.is_nothing)
        experiment.need_targets(data.targets)
    except SpecError as error:
        field = getattr(error, "field", None)
        key = field if field in tab.fields else f"init.{field}"
        where = f"!{address(tab.fields[key])}" if key in tab.fields else ""
        raise WorkbookError(f"{tab.file}: {tab.sheet}{where}: {error}") from error
    tables = layout.tables(view)
    _keep(tab, steps, {column.quantity for column in tables["steps"]})
    steps.rows = tab.rows_below(steps.header_row, set(steps.columns.values()))
    epochs_shown, beside = layout.find_tables(tab, view, steps, data.rows)
    view = view.but(epochs=epochs_shown)
    for given in (*layout.inputs(view), *layout.panel(view)):
        tab.place(given.key)
    names = {column.quantity for column in tables["epochs"]}
    epochs = tab.table(names, "one row an epoch")
    found = {"steps": steps, **beside, "epochs": epochs}
    scope = layout.scope(view.experiment)
    maps = TabMap(tab.sheet, tab.fields, found, scope, can_shrink=layout.can_shrink)
    return view, maps


def _as_it_stands(tab: FoundTab, data: Dataset) -> Experiment:
    """Return the experiment that the fields of the tab describe."""
    network = _network(text_of(tab.fields, tab.text), data)
    optimizer = get_optimizer(tab.text("optimizer"))
    loss = pick("loss", tab.text("loss"), losses())
    loss = loss.for_predictions(len(network.predictions))
    if "reduction" in tab.fields:
        loss = loss.reduced(tab.text("reduction"))
    # A tab without the word has a learning rate for all steps.
    schedule = get_schedule(tab.text("schedule") if "schedule" in tab.fields else "constant")
    transforms = get_transforms(tab.text("transforms") if "transforms" in tab.fields else "")
    groups, frozen = groups_of(tab.fields, tab.text), frozen_of(tab.fields, tab.text)
    hyper = hyperparameters(optimizer, transforms, schedule, loss, groups)
    fixed = {p for tensor in frozen for p in network.tensors.get(tensor, ())}
    trained = [p for p in network.parameters if p not in fixed]
    states = [f"{s}.{p}" for s in optimizer.state for p in trained]
    start = {p: tab.number(f"init.{p}") for p in network.parameters}
    for name in states:
        # Some optimizers have a rule of their own for where to start, as a formula.
        content = tab.grid.get(tab.place(f"init.{name}"))
        has_rule = optimizer.start_of(name.partition(".")[0]).startswith("=")
        if not (has_rule and isinstance(content, Formula)):
            start[name] = tab.number(f"init.{name}")
    return Experiment(
        id=tab.text("experiment"),
        network=network,
        optimizer=optimizer,
        learning_rate=tab.number("learning_rate"),
        start=start,
        hyper={given.key: tab.number(given.key) for given in hyper},
        gradient=tab.text("gradient"),
        difference=tab.text("difference"),
        h=tab.number("h"),
        loss=loss,
        schedule=schedule,
        transforms=transforms,
        param_groups=groups,
        frozen=frozen,
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
