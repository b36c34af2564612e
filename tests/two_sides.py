"""What is tried on both sides: an experiment for every layer, loss, gradient rule and optimizer,
and things like them of which one side is wrong by one part in a million."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.builders import (
    RememberingEngine,
    bare_book,
    experiment_of,
    small_data,
    write_experiments,
)
from xlsgd import verify
from xlsgd.base.cells import Book, WorkbookFile
from xlsgd.base.columns import Column
from xlsgd.data import Dataset
from xlsgd.report import Report
from xlsgd.report.report import SheetReport
from xlsgd.report.tolerances import TOLERANCES
from xlsgd.training.experiment import Experiment
from xlsgd.training.gradients import GradientRule, differences, gradient_rules
from xlsgd.training.losses import losses
from xlsgd.training.losses.squared_error import SquaredError
from xlsgd.training.nets import Layer, Network, layer_types, parse_network
from xlsgd.training.optimizers import optimizers
from xlsgd.verifying.opening import recalculate
from xlsgd.verifying.verification import examine

FACTOR = 1.000001
TABLES = ("step steps", "run steps")
HIDDEN = 2  # width of the layer under test: one number would hide a mix-up of two
LINE, TWO = "Linear(1, 1)", "Linear(1, 1), Tanh, Linear(1, 1)"

engine = RememberingEngine()


SEEN = {
    "rprop": {"etaminus": 0.7, "etaplus": 1.2, "least_step": 0.038, "most_step": 0.055},
    "asgd": {"lambd": 0.5, "t0": 3.0},
}
"""Hyperparameters that all tell within a few steps."""


# What is tried


def some_layer(kind: type[Layer]) -> Layer:
    """Return a layer of that kind for HIDDEN inputs."""
    try:
        return kind.parse([])
    except ValueError:
        return kind.parse([str(HIDDEN), str(HIDDEN)])


def around(layer: Layer) -> Network:
    """Return a network with the layer in its middle."""
    before = parse_network(f"Linear(1, {HIDDEN}), Sum").layers[0]
    after = parse_network(f"Linear({layer.outputs(HIDDEN)}, 1)", layer.outputs(HIDDEN)).layers
    return Network((before, layer, *after))


def with_layer(layer: Layer, **options: Any) -> Experiment:
    """Return an experiment that trains a network with the layer in its middle."""
    network = around(layer)
    start = {p: round(0.9 - 0.23 * i, 3) for i, p in enumerate(network.parameters)}
    options = {"gradient": "backprop", "learning_rate": 0.02, **options}
    return replace(experiment_of(**options), network=network, start=start)


def with_optimizer(name: str, **options: Any) -> Experiment:
    """Return an experiment that trains one neuron with an optimizer.

    Its eps are large enough to be seen in the result.
    """
    hyper = {given.key: 0.1 for given in optimizers()[name].hyperparameters if given.positive}
    hyper |= SEEN.get(name, {})
    return experiment_of(LINE, name, hyper=hyper, **{"gradient": "backprop", **options})


def with_rule(rule: GradientRule, **options: Any) -> Experiment:
    """Return an experiment in which the rule drives the update."""
    options = {"learning_rate": 0.02, "gradient": rule.choice, **options}
    if rule.name in differences():
        options = {"difference": rule.name, **options}
    return experiment_of(TWO, **options)


def columns_of(rule: GradientRule) -> list[Column]:
    """Return a rule's columns for the network that with_rule trains."""
    return rule.columns(parse_network(TWO), SquaredError())


ENDS = {"probabilities": ", Sigmoid", "log-probabilities": ", LogSoftmax"}


def with_loss(name: str, **options: Any) -> Experiment:
    """Return an experiment with the loss, its network one that ends in what the loss takes."""
    loss = losses()[name]
    network = f"Linear(1, {loss.fewest}){ENDS.get(loss.takes, '')}"
    # No two alike: weights that are all the same cancel in a mean.
    hyper = {given.key: 0.4 + 0.1 * i for i, given in enumerate(loss.hyperparameters)}
    return experiment_of(network, loss=name, **{"gradient": "backprop", "hyper": hyper, **options})


def data_for(what: str, rows: int = 5) -> Dataset:
    """Return what a thing is trained on: the usual points, with labels where a loss needs them."""
    points = small_data(rows)
    if not what.startswith("loss "):
        return points
    name = next(name for name in losses() if f"{what} ".startswith(f"loss {name} "))
    loss = losses()[name]
    if loss.together:
        first = (0.3, 0.9, 0.0, 1.0, 0.55)[:rows]
        others = {"z": tuple(round(1 - y, 3) for y in first)}
        return Dataset(f"{points.title}, shares", points.inputs, first, more_targets=others)
    for y in (points.y, (1.0, 0.0, 0.0, 1.0, 0.0)[:rows], (1.0, -1.0, -1.0, 1.0, -1.0)[:rows]):
        if not any(loss.label_fault(each, loss.fewest) for each in y):
            return Dataset(f"{points.title}, labels {sorted(set(y))}", points.inputs, y)
    raise AssertionError(f"{name} takes none of these labels")


EVERYTHING: dict[str, Callable[..., Experiment]] = {
    **{
        f"layer {n}": functools.partial(with_layer, some_layer(k)) for n, k in layer_types().items()
    },
    **{f"optimizer {n}": functools.partial(with_optimizer, n) for n in optimizers()},
    **{f"gradient {n}": functools.partial(with_rule, r) for n, r in gradient_rules().items()},
    **{f"loss {n}": functools.partial(with_loss, n) for n in losses()},
}


@pytest.fixture(autouse=True)
def remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recalculate a workbook once, however often verify is asked about it."""
    monkeypatch.setattr(import_module("xlsgd.verifying.opening"), "get_engine", lambda name: engine)


def verified(path: Path, *experiments: Experiment, data: Dataset | None = None) -> Report:
    """Write a workbook of experiments and verify it."""
    return verify(write_experiments(path, *experiments, data=data, engine=engine))


def verified_cells(book: Book) -> Report:
    """Verify cells that no file holds: drawing many tabs takes most of the time."""
    opened = recalculate(WorkbookFile(Path("bare.xlsx"), book, {}), "formulas")
    return examine(opened, "bare.xlsx", TOLERANCES)


def tab_of(report: Report, experiment: str) -> SheetReport:
    """Return the report on the tab of an experiment."""
    return next(sheet for sheet in report.sheets if sheet.experiment == experiment)


def asked_for(request: pytest.FixtureRequest, test: str) -> set[str]:
    """Return what a test of a fixture's file is asked to try: not all there is at every width."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    return {
        item.callspec.params["what"]
        for item in items
        if item.originalname == test and item.path == request.path
    }


def assert_both_checks_fail(tab: SheetReport) -> None:
    for table in TABLES:
        assert not tab.comparisons[table].ok.all(), f"the {table} comparison saw nothing"


def tabs_of(
    builds: Mapping[str, Callable[..., Experiment]], rows: int = 5, **options: Any
) -> dict[str, SheetReport]:
    """Return what verify says of experiments: a tab each, in one workbook for equal data."""
    together: dict[tuple[float, ...], dict[str, str]] = {}
    for i, what in enumerate(builds):
        together.setdefault(data_for(what, rows).y, {})[what] = f"run{i}"
    found: dict[str, SheetReport] = {}
    for ids in together.values():
        data = data_for(next(iter(ids)), rows)
        views = [builds[what](id=id, **options) for what, id in ids.items()]
        report = verified_cells(bare_book(*views, data=data))
        found |= {what: tab_of(report, id) for what, id in ids.items()}
    return found


COMMON = {
    *("Linear", "ReLU", "Sigmoid", "Tanh", "Sum", "GELU", "Softmax"),
    *("squared error", "output", "huber", "bce-with-logits", "cross-entropy"),
}
"""Layers and losses of every sort. Others are tried in all ways at full width only."""


def sorts(names: Iterable[str]) -> list[Any]:
    """Return cases, named by what they try: those of layers and losses like others are wide."""
    cases = []
    for name in names:
        kind, _, what = name.partition(" ")
        alone = what if kind in ("layer", "loss") else name
        known = next(
            (n for n in (*layer_types(), *losses()) if f"{alone} ".startswith(f"{n} ")), None
        )
        wide = known is not None and known not in COMMON
        cases.append(pytest.param(name, marks=pytest.mark.wide) if wide else name)
    return cases


def off(expression: str) -> str:
    """Return an expression that gives a millionth too much."""
    return f"(({expression})*{FACTOR})"


def off_column(column: Column) -> Column:
    """Return a column that gives a millionth too much."""
    first = column.first
    if first is not None:
        first = "=" + off(first[1:]) if first.startswith("=") else str(float(first) + 1)
    return replace(column, formula="=" + off(column.formula[1:]), first=first)


def scaled(expressions: Any) -> Any:
    """Return expressions, nested in lists and dicts, that all give a millionth too much."""
    if isinstance(expressions, dict):
        return {key: scaled(nested) for key, nested in expressions.items()}
    if isinstance(expressions, list):
        return [scaled(nested) for nested in expressions]
    return off(expressions)


def like(thing: Any, **changes: Any) -> Any:
    """Return a thing that is the same but for some of its methods or values."""
    kind = type(type(thing).__name__, (type(thing),), changes)
    fake = object.__new__(kind)
    fake.__dict__.update(thing.__dict__)
    return fake


def with_method_off(thing: Any, name: str) -> Any:
    """Return a layer or loss of which one method gives expressions that are off."""
    right = getattr(thing, name)
    return like(thing, **{name: lambda self, *arguments: scaled(right(*arguments))})


def off_tensor(module: Any, arguments: Any, output: Any) -> Any:
    """Forward hook: PyTorch's module gives a millionth too much."""
    return output * FACTOR
