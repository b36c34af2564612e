"""The rate that falls on a plateau: by torch's own ReduceLROnPlateau, in torch's own loop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import xlsgd
from tests.builders import Recalculated, bare_book, experiment_of, small_data, write_experiments
from tests.two_sides import tab_of, verified_cells
from xlsgd.base.cells import Formula
from xlsgd.base.errors import SpecError
from xlsgd.engines import get_engine
from xlsgd.sheets.maps import address
from xlsgd.tabs.finder import find_lesson
from xlsgd.tabs.view import View
from xlsgd.torch_side.from_torch import from_torch
from xlsgd.torch_side.rates import factors_of_steps
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses import get_loss
from xlsgd.training.schedules import get_schedule

S = torch.optim.lr_scheduler.ReduceLROnPlateau
EPOCHS, ROWS = 12, small_data().rows

LIVE: dict[str, Callable[[Any], Any]] = {
    "as torch has it": lambda o: S(o, factor=0.3, patience=1),
    "at once": lambda o: S(o, factor=0.5, patience=0, threshold=0.2),
    "cooling down": lambda o: S(o, factor=0.5, patience=0, threshold=0.3, cooldown=2),
    "by a difference": lambda o: S(o, factor=0.5, patience=0, threshold=0.1, threshold_mode="abs"),
    "down to the least": lambda o: S(o, factor=0.1, patience=0, threshold=0.5, min_lr=0.007),
    "not by so little": lambda o: S(o, factor=0.5, patience=0, threshold=0.9, eps=0.005),
}


def classic(p: list[torch.Tensor]) -> torch.optim.Optimizer:
    return torch.optim.SGD(p, 0.05, momentum=0.8)


def adam(p: list[torch.Tensor]) -> torch.optim.Optimizer:
    return torch.optim.Adam(p, 0.3, betas=(0.8, 0.9), eps=0.01)


def trained(optimizer: Any, make: Any, size: int) -> np.ndarray:
    """Return rate, a, b, and what the scheduler remembers, of every step of torch's own loop."""
    start, data = experiment_of().start, small_data()
    weights = [torch.tensor(start[p], dtype=torch.float64, requires_grad=True) for p in "ab"]
    x, y = (torch.tensor(v, dtype=torch.float64) for v in (data.inputs["x"], data.y))
    live = optimizer(weights)
    scheduler, found = make(live), []
    for _ in range(EPOCHS):
        epoch_loss = 0.0
        for begin in range(0, ROWS, size):
            rows = slice(begin, begin + size)
            live.zero_grad()
            losses = (weights[0] * x[rows] + weights[1] - y[rows]) ** 2
            losses.mean().backward()
            rate = live.param_groups[0]["lr"]
            live.step()
            epoch_loss += losses.sum().item()
            memory = scheduler.num_bad_epochs, scheduler.cooldown_counter
            best = min(scheduler.best, 1e300)
            found.append([rate, *memory, best, *(w.item() for w in weights)])
        scheduler.step(epoch_loss / ROWS)
    return np.array(found)


def as_ours(optimizer: Any, make: Any, **options: Any) -> Experiment:
    live = optimizer([torch.zeros(1, requires_grad=True)])
    read = from_torch(live, make(live))
    return replace(
        experiment_of(
            learning_rate=read.learning_rate, epochs=EPOCHS, gradient="backprop", **options
        ),
        optimizer=read.optimizer,
        hyper=dict(read.hyper),
        schedule=read.schedule,
    )


CASES = [
    (name, optimizer, size, layout)
    for name in LIVE
    for optimizer, size, layout in ((classic, 1, "rows"), (adam, 2, "rows"), (adam, 2, "blocks"))
]
COLUMNS = ("rate", "bad_epochs", "cooldown_left", "best_loss", "new.a", "new.b")


@pytest.fixture(scope="module")
def in_sheets() -> list[np.ndarray]:
    views = []
    for i, (name, optimizer, size, layout) in enumerate(CASES):
        experiment = as_ours(optimizer, LIVE[name], id=f"run{i}", batch_size=size)
        views.append(View(experiment, "as it is", layout=layout))
    sheet = Recalculated.of(bare_book(*views, data=small_data()))
    found = []
    for i, (_, _, size, layout) in enumerate(CASES):
        values = np.stack([sheet.numbers(f"run{i}", name) for name in COLUMNS], 1)
        # Of every step the last row.
        ends = np.arange(EPOCHS * ROWS) % ROWS
        last = (ends % size == size - 1) | (ends == ROWS - 1)
        found.append(values[last] if layout == "rows" else values)
    return found


@pytest.mark.parametrize("case", range(len(CASES)), ids=lambda i: " ".join(map(str, CASES[i][::3])))
def test_a_sheet_goes_by_torchs_scheduler(case: int, in_sheets: list[np.ndarray]) -> None:
    name, optimizer, size, _ = CASES[case]
    wanted = trained(optimizer, LIVE[name], size)
    np.testing.assert_allclose(in_sheets[case], wanted, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(in_sheets[case][:, :3], wanted[:, :3])


def test_the_rates_tried_do_fall() -> None:
    lowest = {}
    for name, make in LIVE.items():
        rates = trained(adam, make, 2)[:, 0]
        lowest[name] = rates.min()
        assert len(set(rates)) > 1, name
    assert lowest["down to the least"] == 0.007


def test_verify_checks_every_cell_of_it() -> None:
    """Both checks, in both layouts, and in a run whose numbers overflow."""
    hyper = {"factor": 0.5, "patience": 0.0, "threshold": 0.3, "cooldown": 1.0}
    options: dict[str, Any] = {
        "schedule": get_schedule("plateau"), "hyper": hyper, "gradient": "backprop", "epochs": 8,
    }  # fmt: skip
    views = [
        View(experiment_of(id="run0", **options), "rows"),
        View(experiment_of(id="run1", batch_size=2, **options), "batches"),
        View(experiment_of(id="run2", batch_size=2, **options), "blocks", layout="blocks"),
        View(experiment_of(id="run3", learning_rate=1e9, **options | {"epochs": 20}), "explodes"),
        View(
            experiment_of(id="run4", learning_rate=0.0, **options | {"hyper": {"patience": 1.0}}),
            "stands still",
        ),
    ]
    report = verified_cells(bare_book(*views, data=small_data()))
    for i in range(len(views)):
        tab = tab_of(report, f"run{i}")
        assert tab.ok, tab.first_difference
        assert tab.unchecked == {}
        assert sum(c.ok.size for c in tab.comparisons.values()) > 500


@pytest.mark.parametrize("quantity", ["loss_sum", "gain", "best_loss", "bad_epochs", "rate"])
def test_a_cell_that_is_wrong_is_named(quantity: str) -> None:
    hyper = {"factor": 0.5, "patience": 0.0, "threshold": 0.3}
    e = experiment_of(schedule=get_schedule("plateau"), hyper=hyper, epochs=6)
    book = bare_book(e, data=small_data())
    tab = find_lesson(book, get_engine("formulas").calculate(book).values, "book").maps
    steps = tab.training["run"].tables["steps"]
    place = steps.cell(quantity, 3 * ROWS)
    cells = book.sheets[tab.training["run"].sheet]
    old = cells[place]
    assert isinstance(old, Formula)
    cells[place] = Formula(f"{old}+0.001")
    first = tab_of(verified_cells(book), "run").first_difference
    assert first is not None
    assert (first.quantity, first.cell) == (quantity, address(place))


def test_a_flat_loss_may_be_either_by_rounding() -> None:
    """With a threshold of 0 a loss that stays what it is, but for its last digits, may count as
    better or not: the run check goes on as the sheet does."""
    hyper = {"factor": 0.5, "patience": 1.0, "threshold": 0.0, "rate_eps": 0.0}
    e = experiment_of(
        schedule=get_schedule("plateau"), hyper=hyper, epochs=60, learning_rate=0.3,
        gradient="backprop", batch_size=2, start={"a": 0.9, "b": 0.3},
    )  # fmt: skip
    report = verified_cells(bare_book(e, data=small_data()))
    assert tab_of(report, "run").ok, tab_of(report, "run").first_difference
    assert any("at 0 a loss counts as better" in note for note in report.notes)


# What cannot be done


def test_what_is_to_grow_is_refused() -> None:
    live = classic([torch.zeros(1, requires_grad=True)])
    with pytest.raises(
        SpecError, match=r"has mode='max'.*mean loss of every epoch: use mode='min'"
    ):
        from_torch(live, S(live, mode="max"))


def test_one_that_has_begun_is_refused() -> None:
    live = classic([torch.zeros(1, requires_grad=True)])
    scheduler = S(live)
    live.step()
    scheduler.step(1.0)
    with pytest.raises(SpecError, match="has made 1 steps already"):
        from_torch(live, scheduler)


def test_two_thresholds_are_refused() -> None:
    with pytest.raises(SpecError, match=r"threshold, 0.0001, and threshold_abs, 0.1, both say"):
        experiment_of(schedule=get_schedule("plateau"), hyper={"threshold_abs": 0.1})


def test_its_rates_are_no_factors() -> None:
    with pytest.raises(SpecError, match=r"plateau follow from the losses of a run"):
        factors_of_steps(experiment_of(schedule=get_schedule("plateau")), 10)


def test_a_least_rate_for_every_group_is_refused() -> None:
    weights = [torch.zeros(1, requires_grad=True) for _ in range(2)]
    live = torch.optim.SGD([{"params": [w]} for w in weights], 0.1)
    with pytest.raises(SpecError, match=r"a least rate for every group.*min_lr=\[0.0, 0.01\]"):
        from_torch(live, S(live, min_lr=[0.0, 0.01]))


def test_the_scheduler_of_another_optimizer_is_refused() -> None:
    live, other = (classic([torch.zeros(1, requires_grad=True)]) for _ in range(2))
    with pytest.raises(SpecError, match="ReduceLROnPlateau belongs to another optimizer"):
        from_torch(live, S(other))


def test_edits_of_its_cells_are_followed() -> None:
    """Whoever types another patience or factor into the tab gets torch's run with that."""
    e = experiment_of(
        schedule=get_schedule("plateau"), epochs=8, gradient="backprop",
        hyper={"factor": 0.5, "patience": 5.0, "threshold": 0.3},
    )  # fmt: skip
    book = bare_book(e, data=small_data())
    maps = Recalculated.of(book).found.maps.training["run"]
    book.sheets[maps.sheet][maps.fields["patience"]] = 0.0
    edited = Recalculated.of(book).numbers("run", "rate")
    assert edited.min() < edited.max()
    assert tab_of(verified_cells(book), "run").ok


def test_it_is_said_when_the_rate_fell(tmp_path: Path) -> None:
    hyper = {"factor": 0.5, "patience": 0.0, "threshold": 0.5, "cooldown": 1.0}
    e = experiment_of(schedule=get_schedule("plateau"), epochs=8, hyper=hyper, gradient="backprop")
    rates = Recalculated.of(bare_book(e, data=small_data())).numbers("run", "rate")
    fell = [1 + i // ROWS for i in range(1, len(rates)) if rates[i] < rates[i - 1]]
    assert 1 < len(fell) < 6
    (tab,) = xlsgd.explain(write_experiments(tmp_path / "run.xlsx", e)).tabs
    said = " ".join(tab.sentences)
    assert f"The rate fell with epoch {', '.join(map(str, fell))}: " in said


def test_sums_and_weighted_rows_are_refused() -> None:
    """There is no mean over rows to look at."""
    for loss in (get_loss("squared-error").reduced("sum"), get_loss("weighted-cross-entropy")):
        given = experiment_of("Linear(1, 1)" if loss.is_summed else "Linear(1, 2)")
        with pytest.raises(SpecError, match="take the mean, or another schedule"):
            replace(given, loss=loss, schedule=get_schedule("plateau"))
