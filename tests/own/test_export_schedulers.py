"""Export with a live scheduler that goes by losses or is a chain, or with a text in its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import xlsgd
from tests.own.test_export import last_weights
from xlsgd.base.errors import SpecError

S = torch.optim.lr_scheduler
EPOCHS, SIZE = 6, 2
X = torch.tensor([[-1.3], [0.7], [2.1], [0.4], [-0.6]], dtype=torch.float64)
Y = 0.3 + 0.9 * X + 0.15 * X * X


def net() -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(5)
    module = nn.Sequential(nn.Linear(1, 2), nn.Tanh(), nn.Linear(2, 1)).double()
    return module, torch.optim.Adam(module.parameters(), 0.3)


def trained(make: Callable[[Any], Any], by_epoch: bool) -> tuple[list[float], list[float]]:
    """Train as anybody does, and return the weights, and the rates of all steps."""
    module, optimizer = net()
    scheduler, loss, rates = make(optimizer), nn.MSELoss(), []
    for _ in range(EPOCHS):
        epoch_loss = 0.0
        for begin in range(0, len(X), SIZE):
            x, y = X[begin : begin + SIZE], Y[begin : begin + SIZE]
            optimizer.zero_grad()
            found = loss(module(x), y)
            found.backward()
            epoch_loss += found.item() * len(x)
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if not by_epoch:
                scheduler.step()
        if isinstance(scheduler, S.ReduceLROnPlateau):
            scheduler.step(epoch_loss / len(X))
        elif by_epoch:
            scheduler.step()
    weights = [w.item() for p in module.parameters() for w in p.detach().reshape(-1)]
    return weights, rates


def exported(scheduler: Any, path: Path, by: str) -> list[float]:
    """Export, verify, and return the last weights in the cells."""
    module, optimizer = net()
    given = scheduler(optimizer) if callable(scheduler) else scheduler
    xlsgd.export(
        module, optimizer, nn.MSELoss(), data=(X, Y), path=path, epochs=EPOCHS, batch_size=SIZE,
        scheduler=given, schedule_by=by,
    )  # fmt: skip
    assert xlsgd.verify(path).ok
    return list(last_weights(path).values())


LIVE: dict[str, tuple[Callable[[Any], Any], Any, str]] = {
    "a plateau": (
        lambda o: S.ReduceLROnPlateau(o, factor=0.4, patience=0, threshold=0.3), None, "epoch",
    ),
    "one after the other": (
        lambda o: S.SequentialLR(o, [S.LinearLR(o, 0.1, total_iters=4), S.StepLR(o, 3, 0.5)], [4]),
        None, "step",
    ),
    "multiplied": (
        lambda o: S.ChainedScheduler([S.ConstantLR(o, 0.1, 2), S.ExponentialLR(o, 0.9)], o),
        None, "epoch",
    ),
    "a formula for a lambda": (
        lambda o: S.LambdaLR(o, lambda n: 1 / (1 + 0.1 * n)), "learning_rate/(1+0.1*count)",
        "epoch",
    ),
    "a chain by its text": (
        lambda o: S.SequentialLR(
            o, [S.LinearLR(o, 0.2, 1.0, 4), S.CosineAnnealingLR(o, 3 * EPOCHS - 4)], [4]
        ),
        "linear 4, cosine", "step",
    ),
    "one-cycle by its name": (
        lambda o: S.OneCycleLR(
            o, 0.3, 3 * EPOCHS, base_momentum=0.85, max_momentum=0.95, pct_start=0.3,
        ),
        "one-cycle", "step",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LIVE)
def test_the_weights_are_those_of_a_script(name: str, tmp_path: Path) -> None:
    make, text, by = LIVE[name]
    weights, rates = trained(make, by == "epoch")
    assert len(set(rates)) > 1, rates
    found = exported(text or make, tmp_path / "net.xlsx", by)
    assert found == pytest.approx(weights, rel=1e-8)


@pytest.mark.parametrize("kind", [S.LambdaLR, S.MultiplicativeLR])
def test_a_function_is_refused_and_the_formula_named(kind: Any, tmp_path: Path) -> None:
    module, optimizer = net()
    wanted = r"takes a Python function.*scheduler='learning_rate.*--schedule 'learning_rate"
    with pytest.raises(SpecError, match=wanted):
        xlsgd.export(
            module, optimizer, nn.MSELoss(), data=(X, Y), path=tmp_path / "net.xlsx",
            scheduler=kind(optimizer, lambda n: 0.9),
        )  # fmt: skip
    assert not (tmp_path / "net.xlsx").exists()


def test_a_text_that_is_no_schedule_is_refused(tmp_path: Path) -> None:
    module, optimizer = net()
    with pytest.raises(SpecError, match="unknown schedule 'cosines'"):
        xlsgd.export(
            module, optimizer, nn.MSELoss(), data=(X, Y), path=tmp_path / "net.xlsx",
            scheduler="cosines",
        )  # fmt: skip
