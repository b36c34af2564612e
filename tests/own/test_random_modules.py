"""Random modules, losses, optimizers and schedulers of torch: exported, and checked twice.

Once by ``verify``, from the workbook alone; and once with a loop in torch that knows no workbook.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, Phase, assume, event, given, note, settings
from hypothesis import strategies as st
from torch import nn, optim

import xlsgd
from tests.modules.test_modules import rebuilt
from tests.own.drawn import Drawn, modules
from tests.own.test_export import last_weights
from tests.strategies import numbers
from xlsgd.base.errors import SpecError
from xlsgd.torch_side.live import start_weights
from xlsgd.torch_side.modules import read_module
from xlsgd.training.nets import parse_network

BOUNDED, WIDE = numbers(-1, 1), numbers(-3, 3)
LABELS, SIGNS = st.sampled_from((0.0, 1.0)), st.sampled_from((-1.0, 1.0))
COUNTS = st.sampled_from((0.0, 1.0, 4.0))

LOSSES: list[tuple[Callable[[], Any], st.SearchStrategy[float], int, str]] = [
    (nn.MSELoss, WIDE, 1, ""),
    (nn.MSELoss, BOUNDED, 2, ""),
    (lambda: nn.HuberLoss(delta=0.7), WIDE, 1, ""),
    (lambda: nn.SmoothL1Loss(beta=0.4), WIDE, 1, ""),
    (nn.BCEWithLogitsLoss, LABELS, 1, ""),
    (lambda: nn.BCEWithLogitsLoss(pos_weight=torch.tensor(2.5)), LABELS, 1, ""),
    (nn.BCELoss, LABELS, 1, "sigmoid"),
    (nn.CrossEntropyLoss, LABELS, 3, "classes"),
    (lambda: nn.CrossEntropyLoss(label_smoothing=0.1), LABELS, 2, "classes"),
    (nn.NLLLoss, LABELS, 2, "log_softmax"),
    (nn.SoftMarginLoss, SIGNS, 1, ""),
    (lambda: nn.HingeEmbeddingLoss(margin=0.8), SIGNS, 1, ""),
    (nn.PoissonNLLLoss, COUNTS, 1, ""),
]
"""How each is made, what it takes for targets, how many predictions, and what these end in.

Not L1Loss: its slopes of 1 and -1 cancel out to 0 in a sum of one order, and to the rounding of it
in another, and then the sheet and torch differ on whether a weight has a slope at all.
"""

OPTIMIZERS: list[Callable[[Any], optim.Optimizer]] = [
    lambda p: optim.SGD(p, lr=0.05),
    lambda p: optim.SGD(p, lr=0.05, momentum=0.8, nesterov=True),
    lambda p: optim.SGD(p, lr=0.05, momentum=0.5, dampening=0.2, weight_decay=0.1),
    lambda p: optim.SGD(p, lr=0.02, maximize=True),
    lambda p: optim.Adagrad(p, lr=0.1, lr_decay=0.1),
    lambda p: optim.Adadelta(p, lr=1.0),
    lambda p: optim.RMSprop(p, lr=0.02, centered=True, momentum=0.5, eps=1e-3),
    lambda p: optim.Adam(p, lr=0.05, eps=1e-3),
    lambda p: optim.Adam(p, lr=0.05, amsgrad=True, eps=1e-3),
    lambda p: optim.AdamW(p, lr=0.05, eps=1e-3),
    lambda p: optim.Adamax(p, lr=0.05, eps=1e-3),
    lambda p: optim.NAdam(p, lr=0.05, eps=1e-3),
    lambda p: optim.RAdam(p, lr=0.05, eps=1e-3),
    lambda p: optim.ASGD(p, lr=0.05),
]
"""Their eps is large: else where a slope is all rounding, as at 0, a step follows its sign."""

SCHEDULERS: list[Callable[[optim.Optimizer], Any] | None] = [
    None,
    None,
    lambda o: optim.lr_scheduler.StepLR(o, 2, 0.5),
    lambda o: optim.lr_scheduler.MultiStepLR(o, [1, 3], 0.4),
    lambda o: optim.lr_scheduler.ExponentialLR(o, 0.8),
    lambda o: optim.lr_scheduler.LinearLR(o, 0.3, 1.0, 3),
    lambda o: optim.lr_scheduler.PolynomialLR(o, 5, 2.0),
    lambda o: optim.lr_scheduler.CosineAnnealingLR(o, 4),
    lambda o: optim.lr_scheduler.CosineAnnealingWarmRestarts(o, 2),
    lambda o: optim.lr_scheduler.SequentialLR(
        o, [optim.lr_scheduler.LinearLR(o, 0.2, 1.0, 2), optim.lr_scheduler.StepLR(o, 1, 0.5)], [2]
    ),
    lambda o: optim.lr_scheduler.ChainedScheduler(
        [optim.lr_scheduler.ConstantLR(o, 0.5, 2), optim.lr_scheduler.ExponentialLR(o, 0.8)], o
    ),
]


@dataclass(frozen=True)
class Script:
    """A training script: what is trained, how, and on what."""

    module: Drawn
    loss: Any
    optimizer: Callable[[Any], optim.Optimizer]
    scheduler: Callable[[optim.Optimizer], Any] | None
    x: torch.Tensor
    y: torch.Tensor
    batch_size: int
    schedule_by: str
    clips: dict[str, float]
    epochs: int = 2


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    rows, inputs = draw(st.integers(2, 6)), draw(st.integers(1, 4))
    make, targets, outputs, end = draw(st.sampled_from(LOSSES))
    module = draw(modules(inputs, outputs, "" if end == "classes" else end))
    several = outputs if outputs > 1 and end == "" else 1
    row = st.lists(numbers(-1, 1), min_size=inputs, max_size=inputs)
    answer = st.lists(targets, min_size=several, max_size=several)
    x = draw(st.lists(row, min_size=rows, max_size=rows))
    y = draw(st.lists(answer, min_size=rows, max_size=rows))
    optimizer, scheduler = draw(st.sampled_from(OPTIMIZERS)), draw(st.sampled_from(SCHEDULERS))
    if optimizer is OPTIMIZERS[-1]:
        scheduler = None  # ASGD has rates of its own
    return Script(
        module, make(), optimizer, scheduler,
        torch.tensor(x, dtype=torch.float64), torch.tensor(y, dtype=torch.float64),
        draw(st.integers(1, rows)), draw(st.sampled_from(("step", "epoch"))),
        draw(st.sampled_from(({}, {}, {"clip_norm": 0.5}, {"clip_value": 0.1}))),
    )  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def float64() -> Iterator[None]:
    """Numbers that torch's optimizers keep beside the weights have the type that is usual."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def in_torch(script: Script) -> dict[str, float]:
    """Train as anybody does in torch, and return the last weights by their names."""
    module, loss = script.module, script.loss
    optimizer = script.optimizer(module.parameters())
    scheduler = script.scheduler(optimizer) if script.scheduler else None
    classes = isinstance(loss, nn.CrossEntropyLoss | nn.NLLLoss)
    for _ in range(script.epochs):
        for begin in range(0, len(script.x), script.batch_size):
            rows = slice(begin, begin + script.batch_size)
            optimizer.zero_grad()
            pred, y = module(script.x[rows]), script.y[rows]
            loss(pred, y[:, 0].long() if classes else y.reshape(pred.shape)).backward()
            if "clip_norm" in script.clips:
                nn.utils.clip_grad_norm_(module.parameters(), script.clips["clip_norm"])
            if "clip_value" in script.clips:
                nn.utils.clip_grad_value_(module.parameters(), script.clips["clip_value"])
            optimizer.step()
            if scheduler is not None and script.schedule_by == "step":
                scheduler.step()
        if scheduler is not None and script.schedule_by == "epoch":
            scheduler.step()
    return start_weights(module)


def check(script: Script) -> None:
    """Export a script, and compare the workbook with torch in every way there is."""
    module = script.module
    names = ["x"] if script.x.shape[1] == 1 else [f"x{i + 1}" for i in range(script.x.shape[1])]
    network = parse_network(read_module(module, names).text, names)
    expected = module(script.x).detach().reshape(len(script.x), -1)
    found = rebuilt(network, start_weights(module), script.x)["pred"]
    torch.testing.assert_close(found.reshape(expected.shape), expected, rtol=1e-12, atol=1e-12)
    optimizer = script.optimizer(module.parameters())
    scheduler = script.scheduler(optimizer) if script.scheduler else None
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = xlsgd.export(
                module, optimizer, script.loss, data=(script.x, script.y),
                path=Path(folder, "random.xlsx"), epochs=script.epochs,
                batch_size=script.batch_size, scheduler=scheduler,
                schedule_by=script.schedule_by, **script.clips,
            )  # fmt: skip
        except SpecError as error:
            # Written out as one formula, some are longer than Excel takes: that is refused.
            if "Excel takes" not in str(error):
                raise
            assume(False)
        report = xlsgd.verify(path)
        last = last_weights(path)
    (tab,) = (sheet for sheet in report.sheets if sheet.experiment)
    assert report.ok, (report.first_difference, tab.verdict)
    assert not any(sheet.unchecked for sheet in report.sheets)
    assert tab.verdict is not None
    assert tab.verdict.agree
    event(tab.verdict.kind)
    for name, value in in_torch(script).items():
        assert last[name] == pytest.approx(value, rel=1e-7, abs=1e-9), name


def settings_of(examples: int) -> Any:
    return settings(
        max_examples=examples,
        deadline=None,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        # The same examples for everybody in CI; at home others every time, failures remembered.
        derandomize=os.environ.get("CI", "").lower() in ("1", "true"),
        suppress_health_check=list(HealthCheck),
    )


def test_a_few_random_scripts_do_in_a_sheet_what_they_do_in_torch() -> None:
    @settings_of(4)
    @given(script=scripts())
    def run(script: Script) -> None:
        note(repr(script.module))
        check(script)

    run()


@pytest.mark.wide
@settings_of(15)
@given(script=scripts())
def test_random_scripts_do_in_a_sheet_what_they_do_in_torch(script: Script) -> None:
    note(repr(script.module))
    check(script)
