"""Four ways to the verdict on a run must agree: the panel of the sheet, recalculated; torch, row by
row; many runs at once, as a sweep trains them; and the run that an explanation is about.

Random experiments: every optimizer, rates over six decades, one and two neurons, with and
without ReLU. Near a border the last bit may decide; there the sheet's verdict must be one that a
member of torch's ensemble comes to (xlsgd.verdict.agrees).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import pytest

from tests.builders import Recalculated, bare_book, view_of
from xlsgd.data import Dataset
from xlsgd.explaining.training import Length, train
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.layouts.torch_limits import limits_of
from xlsgd.tabs.layouts.torch_tracing import tracer
from xlsgd.tabs.view import View
from xlsgd.torch_side.many_runs import train_many
from xlsgd.training.experiment import Experiment
from xlsgd.training.optimizers import optimizers
from xlsgd.verdict import agrees, epoch_quantities, judge, panel_values

NETWORKS = ("Linear(1, 1)", "Linear(1, 1), Linear(1, 1)", "Linear(1, 1), ReLU, Linear(1, 1)")
WORKBOOKS, RUNS, EPOCHS = 26, 8, 7


@dataclass(frozen=True)
class Opinions:
    """Verdicts on one run.  torch: of every member of the ensemble."""

    experiment: Experiment
    sheet: str
    torch: tuple[str, ...]
    sweep: str
    explained: str

    @property
    def near_a_border(self) -> bool:
        """Whether rounding alone leads to several verdicts."""
        return len(set(self.torch)) > 1


def random_run(generator: np.random.Generator, data: Dataset, number: int) -> View:
    # Of those with rates of their own a sweep has no opinion.
    names = [name for name, each in optimizers().items() if not each.own_rates]
    return view_of(
        NETWORKS[int(generator.integers(len(NETWORKS)))],
        names[int(generator.integers(len(names)))],
        data=data,
        learning_rate=float(f"{10 ** generator.uniform(-6, 0):.3g}"),
        start={p: round(float(generator.uniform(-2, 2)), 2) for p in "abcd"[:2]},
        gradient=("numerical", "backprop")[int(generator.integers(2))],
        batch_size=(1, 1, 3, data.rows)[int(generator.integers(4))],
        epochs=EPOCHS,
        id=f"run{number}",
    )


@functools.cache
def opinions(seed: int) -> list[Opinions]:
    """Return what the four say of the runs of one workbook."""
    generator = np.random.default_rng(seed)
    rows = int(generator.integers(5, 10))
    x = np.round(generator.uniform(-1, 1, rows) * 10 ** generator.uniform(0, 2), 2)
    y = np.round(generator.normal() * x + generator.normal(size=rows) * 3, 2)
    data = Dataset("random", {"x": tuple(map(float, x))}, tuple(map(float, y)))
    runs = [random_run(generator, data, n) for n in range(RUNS)]
    sheet = Recalculated.of(bare_book(*runs, data=data))
    found = []
    for view in runs:
        given, traced = view.experiment, tracer(view, data)
        traces = traced.run(EPOCHS * data.rows)
        panels = panel_values(
            given,
            limits_of(view, data),
            traces["steps"].values,
            epoch_quantities(traced.by_row(traces), EPOCHS, given.loss.reading),
            traced.start_loss(traces),
            data.rows,
            traced.completed(traces),
        )
        rates = {p: np.array([given.learning_rate]) for p in given.network.parameters}
        watched = get_layout(view.layout).watched_weight(view)
        swept = judge(train_many(given, data, rates, {}, watched=watched)).text(0)
        explained = train(view, data, Length(EPOCHS * data.rows, EPOCHS)).verdict
        texts = tuple(str(panel["verdict"]) for panel in panels)
        shown = str(sheet.field(given.id, "verdict"))
        found.append(Opinions(given, shown, texts, swept, explained))
    return found


@pytest.mark.sampled(6)
@pytest.mark.parametrize("seed", range(WORKBOOKS))
def test_all_agree(seed: int) -> None:
    for opinion in opinions(seed):
        for who in (opinion.sheet, opinion.sweep, opinion.explained):
            assert agrees(who, opinion.torch), opinion


@pytest.mark.wide
def test_there_were_enough_of_every_kind() -> None:
    everything = [opinion for seed in range(WORKBOOKS) for opinion in opinions(seed)]
    assert len(everything) >= 200
    exact = [o for o in everything if {o.sheet, o.sweep, o.explained} == {o.torch[0]}]
    unequal = [o for o in everything if o not in exact]
    for o in unequal:
        print(o.experiment.network, o.experiment.learning_rate, o.sheet, set(o.torch), sep=" | ")
    # Where they say something else it is for a reason: members of the ensemble differ as well.
    assert all(o.near_a_border for o in unequal)
    assert len(exact) >= 0.95 * len(everything)
    text = " | ".join(o.sheet for o in everything)
    words = ("exploded", "no number", "dead", "zero gradient", "converging", "too slow")
    for word in (*words, "oscillating", "converging slowly", "worse than at the start"):
        assert word in text, word
