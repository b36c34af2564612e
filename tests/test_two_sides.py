"""Both sides of every layer, loss, gradient rule and optimizer: they agree, and it takes both.

The walks below go over the registries: a new file in nets/, losses/, gradients/ or optimizers/ is
tested without being named here. Each thing is tried as it is, and with one of its sides wrong by
one part in a million: then the step check and the run check must fail, each by itself.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
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
    view_of,
    write_experiments,
)
from tests.widths import share_of_each
from xlsgd import verify
from xlsgd.base.cells import Book, WorkbookFile
from xlsgd.base.columns import Column
from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.report import Report
from xlsgd.report.report import SheetReport
from xlsgd.report.tolerances import TOLERANCES
from xlsgd.tabs.layouts.rows.layout import LAYOUT, RowsLayout
from xlsgd.tabs.view import View
from xlsgd.torch_side.step_check import need_steps_that_scale, uses_weight
from xlsgd.training.experiment import Experiment
from xlsgd.training.gradients import CHOICES, GradientRule, differences, gradient_rules
from xlsgd.training.losses import Loss, losses
from xlsgd.training.losses.squared_error import SquaredError
from xlsgd.training.nets import Layer, Network, layer_types, parse_network
from xlsgd.training.optimizers import Optimizer, optimizers
from xlsgd.verifying.opening import recalculate
from xlsgd.verifying.verification import examine

pytestmark = pytest.mark.every

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


def test_the_walks_have_something_to_walk_over() -> None:
    assert {"Linear", "ReLU", "Sigmoid", "Tanh", "Sum"} <= layer_types().keys()
    assert {"sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam"} <= optimizers().keys()
    assert {"forward", "central", "backprop"} <= gradient_rules().keys()
    assert losses()


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


# As they are


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


def test_parts_like_others_agree_in_a_few_steps() -> None:
    parts = {}
    for what, build in EVERYTHING.items():
        kind, _, name = what.partition(" ")
        if kind in ("layer", "loss") and name not in COMMON:
            parts[what] = build
    for what, tab in tabs_of(parts, rows=3, epochs=2).items():
        assert tab.ok, (what, tab.first_difference)
        assert tab.unchecked == {}
        assert tab.cells_compared == tab.formulas > 0


@pytest.mark.both
@pytest.mark.parametrize("what", sorts(EVERYTHING))
def test_both_sides_agree(what: str, tmp_path: Path, share: Callable[..., list[Any]]) -> None:
    # A row an update, a batch that the data is no multiple of, and all rows an update.
    ways = ((1, "numerical"), (2, "backprop"), (small_data().rows, "numerical"))
    assert {gradient for _, gradient in ways} == set(CHOICES)
    experiments = [
        EVERYTHING[what](id=f"run{i}", batch_size=batch_size, gradient=gradient)
        for i, (batch_size, gradient) in enumerate(share(ways))
    ]
    report = verified(tmp_path / "run.xlsx", *experiments, data=data_for(what))
    assert report.ok, report.first_difference
    for experiment in experiments:
        tab = tab_of(report, experiment.id)
        assert tab.unchecked == {}
        assert tab.cells_compared == tab.formulas > 0
        assert tab.horizon is None
        for table in TABLES:
            assert tab.comparisons[table].ok.all()


# The sheet side is wrong


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


def with_column_off(thing: Any, number: int) -> Any:
    """Return an optimizer or gradient rule of which one column is off."""

    def columns(self: Any, *arguments: Any) -> list[Column]:
        found: list[Column] = thing.columns(*arguments)
        found[number] = off_column(found[number])
        return found

    return like(thing, columns=columns)


def with_step_column_off(thing: Any, number: int) -> Any:
    """Return an optimizer of which one column of the step itself is off."""

    def step_columns(self: Any) -> list[Column]:
        found: list[Column] = thing.step_columns()
        found[number] = off_column(found[number])
        return found

    return like(thing, step_columns=step_columns)


Off = tuple[str, Callable[..., Experiment], set[str]]
"""What is off, an experiment with it, and in which quantities it must be found first."""


def off_layers() -> Iterator[Off]:
    for name, kind in layer_types().items():
        layer = some_layer(kind)
        place = around(layer).places[1]
        shown = {column.quantity for column in LAYOUT.tables(View(with_layer(layer)))["steps"]}
        handed_back = {f"grad.{x}" for x in place.inputs}
        if not handed_back <= shown:  # handed back as it came: the weights before it show it
            handed_back = {f"grad.{p}" for p in around(layer).parameters}
        found_first = {
            "forward": set(place.outputs),
            "backward": handed_back,
            "parameter_gradients": {f"grad.{p}" for p in around(layer).parameters},
        }
        for method, quantities in found_first.items():
            if method != "parameter_gradients" or place.parameters:
                wrong = with_method_off(layer, method)
                yield f"layer {name} {method}", functools.partial(with_layer, wrong), quantities


def off_optimizers() -> Iterator[Off]:
    def experiment(optimizer: Optimizer, **options: Any) -> Experiment:
        return replace(with_optimizer(optimizer.name, **options), optimizer=optimizer)

    for name, optimizer in optimizers().items():
        columns = optimizer.columns("a", "grad_used.a")
        for i, column in enumerate(columns):
            build = functools.partial(experiment, with_column_off(optimizer, i))
            yield f"optimizer {name} {column.quantity}", build, {column.quantity}
        for i, column in enumerate(optimizer.step_columns()):
            build = functools.partial(experiment, with_step_column_off(optimizer, i))
            yield f"optimizer {name} {column.quantity}", build, {column.quantity}
        if optimizer.start_state.startswith("="):
            wrong = like(optimizer, start_state="=" + off(optimizer.start_state[1:]))
            build = functools.partial(experiment, wrong)
            yield f"optimizer {name} start_state", build, {f"init.{columns[0].quantity}"}


def off_rules() -> Iterator[Off]:
    class WithRule(Experiment):
        wrong: GradientRule

        @property
        def rules(self) -> tuple[GradientRule, ...]:
            return tuple(self.wrong if r.name == self.wrong.name else r for r in super().rules)

    def experiment(rule: GradientRule, **options: Any) -> Experiment:
        found = object.__new__(WithRule)
        found.__dict__.update(with_rule(rule, **options).__dict__, wrong=rule)
        return found

    for name, rule in gradient_rules().items():
        for i, column in enumerate(columns_of(rule)):
            build = functools.partial(experiment, with_column_off(rule, i))
            yield f"gradient {name} {column.quantity}", build, {column.quantity}


def off_losses() -> Iterator[Off]:
    def experiment(loss: Loss, **options: Any) -> Experiment:
        return replace(with_loss(loss.name, **options), loss=loss)

    for name, loss in losses().items():
        one = (("forward", "loss"), ("backward", "grad.pred"))
        for method, quantity in (
            (("of_row", "loss"), ("slopes", "grad.pred_1")) if loss.several else one
        ):
            build = functools.partial(experiment, with_method_off(loss, method))
            yield f"loss {name} {method}", build, {quantity}


OFF = {
    name: (build, quantities)
    for walk in (off_layers, off_optimizers, off_rules, off_losses)
    for name, build, quantities in walk()
}


@pytest.fixture(scope="module")
def off_tabs(request: pytest.FixtureRequest) -> dict[str, SheetReport]:
    """What verify says of everything in OFF that is asked for."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    wanted = {
        item.callspec.params["what"]
        for item in items
        if item.originalname == "test_a_wrong_sheet_side_is_found" and item.path == request.path
    }
    return tabs_of({what: build for what, (build, _) in OFF.items() if what in wanted})


@pytest.mark.of_each(2)
@pytest.mark.parametrize("what", sorts(OFF))
def test_a_wrong_sheet_side_is_found(what: str, off_tabs: dict[str, SheetReport]) -> None:
    tab = off_tabs[what]
    assert_both_checks_fail(tab)
    assert not tab.ok
    first = tab.first_difference
    assert first is not None
    assert first.quantity in OFF[what][1]
    assert first.step == (None if first.quantity.startswith("init.") else 1)


@pytest.fixture(scope="module")
def off_columns(pytestconfig: pytest.Config) -> dict[str, SheetReport]:
    """What verify says where one column is wrong: a tab for every column that there is.

    At first for one of those of every kind, such as the weights'.
    """
    right = RowsLayout.tables
    # The loss counts as exploded from the first row on: a 0 would hide that it is off.
    options: dict[str, Any] = {"epochs": 2, "typed": {"exploded_above": 1e-9}}
    base = functools.partial(view_of, "Linear(1, 1), Linear(1, 1)", "adam", batch_size=2, **options)
    relu = functools.partial(view_of, "Linear(1, 1), ReLU, Linear(1, 1)", **options)
    cases: dict[str, tuple[View, str]] = {}
    seen: set[str] = set()
    for start in (base, relu):
        for column in right(LAYOUT, start())["steps"]:
            if column.quantity not in seen:
                seen.add(column.quantity)
                id = f"run{len(cases)}"
                # Where every loss is a number, the first step without one is 0 as well.
                huge = {"start": dict.fromkeys("abcd", 1e200)}
                lost = huge if column.quantity == "not_finite_at" else {}
                cases[column.quantity] = (start(id=id, **lost), id)
    assert {"step", "batch_end", "x", "pred_collapsed", "grad_mean.a", "plot.loss"} < cases.keys()
    kinds = {quantity: quantity.partition(".")[0] for quantity in cases}
    cases = {quantity: cases[quantity] for quantity in share_of_each(pytestconfig, kinds)}

    def tables(layout: RowsLayout, view: View) -> dict[str, list[Column]]:
        wrong = {id: quantity for quantity, (_, id) in cases.items()}[view.id]
        found = right(layout, view)
        steps = [off_column(c) if c.quantity == wrong else c for c in found["steps"]]
        return {**found, "steps": steps}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RowsLayout, "tables", tables)
        book = bare_book(*(experiment for experiment, _ in cases.values()), data=small_data())
    report = verified_cells(book)
    return {quantity: tab_of(report, id) for quantity, (_, id) in cases.items()}


@pytest.mark.both
def test_every_column_is_guarded(off_columns: dict[str, SheetReport]) -> None:
    assert len(off_columns) > 15
    unguarded, misplaced = [], []
    for quantity, tab in off_columns.items():
        if any(tab.comparisons[table].ok.all() for table in TABLES):
            unguarded.append(quantity)
        elif tab.first_difference is None or tab.first_difference.quantity != quantity:
            misplaced.append((quantity, tab.first_difference))
    assert unguarded == []
    assert misplaced == []


# The torch side is wrong


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A workbook, right in every cell, for each thing in EVERYTHING."""
    folder = tmp_path_factory.mktemp("right")

    @functools.cache
    def file(what: str) -> Path:
        path = folder / f"{what}.xlsx"
        data = data_for(what)
        return write_experiments(path, EVERYTHING[what](epochs=2), data=data, engine=engine)

    return file


def off_tensor(module: Any, arguments: Any, output: Any) -> Any:
    """Forward hook: PyTorch's module gives a millionth too much."""
    return output * FACTOR


@pytest.mark.parametrize("name", sorts([*layer_types(), *losses()]))
def test_a_wrong_module_is_found(
    name: str, files: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = layer_types().get(name)
    kind: Any = type(losses()[name]) if layer is None else layer
    right = kind.module

    def module(self: Any, **options: float) -> Any:
        found = right(self, **options)
        found.register_forward_hook(off_tensor)
        return found

    file = files(f"{'loss' if layer is None else 'layer'} {name}")
    assert verify(file).ok
    monkeypatch.setattr(kind, "module", module)
    assert_both_checks_fail(tab_of(verify(file), "run"))


# What they say of themselves


@pytest.mark.parametrize("name", losses())
def test_a_loss_bends_as_it_says(name: str) -> None:
    import torch

    loss = losses()[name]
    low, high = (0.02, 0.98) if loss.takes == "probabilities" else (-3, 3)
    shape = (25,) if loss.fewest == 1 else (25, loss.fewest)
    pred = torch.linspace(low, high, math.prod(shape), dtype=torch.float64).reshape(shape)
    pred.requires_grad_()
    # A label, where labels are asked for.
    y = torch.ones(shape if loss.together else 25, dtype=torch.float64)
    (slope,) = torch.autograd.grad(loss.module()(pred, y).sum(), pred, create_graph=True)
    bend = torch.zeros_like(pred)
    if slope.requires_grad:
        (bend,) = torch.autograd.grad(slope.sum(), pred)
    first = bend.flatten()[0]
    same = bool(torch.allclose(bend, first)) and bool(first)
    assert loss.curvature == (pytest.approx(float(first)) if same else None)


@pytest.mark.parametrize("name", layer_types())
def test_a_layer_is_flat_where_it_says_it_is_silent(name: str) -> None:
    import torch

    layer = some_layer(layer_types()[name])
    x = torch.linspace(-9, 9, 2 * 73, dtype=torch.float64).reshape(-1, 2).requires_grad_()
    y = layer.module()(x)
    # Weighed, for what is shared out adds up to 1 whatever x is.
    (slope,) = torch.autograd.grad((y * torch.arange(1.0, y.shape[-1] + 1)).sum(), x)
    if layer.silence is None:
        assert (slope != 0).all()
    else:
        silent = layer.silence.signal_of(y.detach()) <= 0
        assert silent.any()
        assert (~silent).any()
        assert ((slope == 0) == silent).all()


@pytest.mark.parametrize("name", layer_types())
def test_a_layer_is_linear_as_it_says(name: str) -> None:
    import torch

    layer = some_layer(layer_types()[name])
    gains = layer.gains(HIDDEN)
    module = layer.module()
    slopes = [
        torch.autograd.functional.jacobian(module, torch.tensor(at, dtype=torch.float64))
        for at in ([0.3, -2.0], [-9.0, 7.0])
    ]
    fixed = bool(torch.equal(*slopes))
    if layer.parameter_shapes():
        assert gains is None
        assert layer.weighs_inputs == fixed
    else:
        assert gains == (slopes[0].tolist() if fixed else None)
        assert not layer.weighs_inputs


@pytest.mark.parametrize("name", optimizers())
def test_a_step_depends_on_the_weight_as_it_says(name: str) -> None:
    experiment = with_optimizer(name)
    if experiment.optimizer.own_rates:
        with pytest.raises(SpecError, match=f"the step of {name} is not learning_rate times"):
            need_steps_that_scale(experiment)
    else:
        need_steps_that_scale(experiment)
    assert uses_weight(experiment) == experiment.optimizer.uses_weight


OPTIMIZER_KEYS = [
    (name, key)
    for name, optimizer in optimizers().items()
    for key in ("learning_rate", *(given.key for given in optimizer.hyperparameters))
    # Rprop's rate is what a memory begins with, which has a test of its own.
    if (name, key) != ("rprop", "learning_rate")
]


@pytest.mark.of_each(2)
@pytest.mark.parametrize(("name", "key"), OPTIMIZER_KEYS, ids=map(" ".join, OPTIMIZER_KEYS))
def test_a_wrong_constant_in_a_torch_optimizer_is_found(
    name: str, key: str, files: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = type(optimizers()[name])
    right = kind.torch_optimizer

    def torch_optimizer(self: Any, parameters: Any, learning_rate: float, hyper: Any) -> Any:
        changed = {"learning_rate": learning_rate, **hyper}
        # Towards 0: a beta must stay below 1.
        changed[key] /= FACTOR
        return right(self, parameters, changed.pop("learning_rate"), changed)

    monkeypatch.setattr(kind, "torch_optimizer", torch_optimizer)
    assert_both_checks_fail(tab_of(verify(files(f"optimizer {name}")), "run"))


@pytest.mark.parametrize("name", optimizers())
def test_a_wrong_memory_in_torch_is_found(
    name: str, files: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an optimizer remembers before the first step, and what its columns show beyond that."""
    optimizer = optimizers()[name]
    kind = type(optimizer)
    file = files(f"optimizer {name}")
    tab = tab_of(verify(file), "run")
    assert tab.ok
    known = {*optimizer.state, "new"}
    shown = {c.quantity.partition(".")[0] for c in optimizer.columns("a", "grad_used.a")}
    # A plain number is an input, the same for both.
    if any(optimizer.start_of(state).startswith("=") for state in optimizer.state):
        start = kind.torch_start_of

        def torch_start_of(self: Any, *arguments: Any) -> Any:
            return start(self, *arguments) * FACTOR

        with monkeypatch.context() as patch:
            patch.setattr(kind, "torch_start_of", torch_start_of)
            assert_both_checks_fail(tab_of(verify(file), "run"))
    if optimizer.step_columns():
        of_steps = kind.of_steps

        def of_steps_off(self: Any, *arguments: Any) -> Any:
            return {k: v * FACTOR for k, v in of_steps(self, *arguments).items()}

        with monkeypatch.context() as patch:
            patch.setattr(kind, "of_steps", of_steps_off)
            assert_both_checks_fail(tab_of(verify(file), "run"))
    if shown - known:
        derived = kind.derived

        def derived_off(self: Any, state: Any, step: Any, hyper: Any) -> Any:
            return {k: v * FACTOR for k, v in derived(self, state, step, hyper).items()}

        with monkeypatch.context() as patch:
            patch.setattr(kind, "derived", derived_off)
            assert_both_checks_fail(tab_of(verify(file), "run"))


RULE_QUANTITIES = [
    (name, column.quantity)
    for name, rule in gradient_rules().items()
    for column in columns_of(rule)
]


@pytest.mark.of_each(4)
@pytest.mark.parametrize(("name", "quantity"), RULE_QUANTITIES, ids=map(" ".join, RULE_QUANTITIES))
def test_a_wrong_derivative_in_torch_is_found(
    name: str, quantity: str, files: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = type(gradient_rules()[name])
    right = kind.quantities

    def quantities(self: Any, evaluate: Any, parameters: Any, h: float) -> Any:
        found = right(self, evaluate, parameters, h)
        assert quantity in found
        return {**found, quantity: found[quantity] * FACTOR}

    monkeypatch.setattr(kind, "quantities", quantities)
    assert_both_checks_fail(tab_of(verify(files(f"gradient {name}")), "run"))
