"""Layers, losses, gradient rules and optimizers whose torch side is wrong: the step check and the
run check must fail, each by itself.

As in tests/test_two_sides.py the walks go over the registries."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.builders import (
    write_experiments,
)
from tests.two_sides import (
    EVERYTHING,
    FACTOR,
    assert_both_checks_fail,
    columns_of,
    data_for,
    engine,
    off_tensor,
    sorts,
    tab_of,
)
from tests.two_sides import remembered as remembered
from xlsgd import verify
from xlsgd.training.gradients import gradient_rules
from xlsgd.training.losses import losses
from xlsgd.training.nets import layer_types
from xlsgd.training.optimizers import optimizers

pytestmark = pytest.mark.every


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
