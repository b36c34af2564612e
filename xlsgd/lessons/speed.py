"""Why t − 9.5? One parabola, learned from t as it is, shifted, shifted and scaled, standardised."""

from __future__ import annotations

from collections.abc import Iterator

from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.data.features.centred import Centred
from xlsgd.data.features.feature import Feature
from xlsgd.data.features.number import Number
from xlsgd.data.features.power import Power
from xlsgd.data.features.share import Share
from xlsgd.data.features.standardised import Standardised
from xlsgd.data.parabolas import parabola_data
from xlsgd.lessons.lesson import Answer, Lesson, LessonPlan, Options
from xlsgd.tabs.counts.plan import Count, Counts
from xlsgd.tabs.plane.plan import Plane
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import LOSS as SQUARED_ERROR
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer

__all__ = ["LESSON", "RUNS", "Speed", "points_over_time"]

POINTS = 20
RUNS = (
    ("raw", "t", 1e-5, 20),
    ("shifted", "u", 4e-4, 20),
    ("scaled", "v", 0.5, 101),
    ("standardised", "s", 0.5, 20),
)
"""Ids, what is squared, rates that suit their bowls, and epochs."""
FEATURES: tuple[Feature, ...] = (
    Number("t", "time"), Power("t2", "t", 2), Centred("u", "t"), Power("u2", "u", 2),
    Share("v", "u"), Power("v2", "v", 2), Standardised("s", "t"), Standardised("s2", "t2"),
)  # fmt: skip
INPUTS = tuple(feature.quantity for feature in FEATURES)
_COUNTED = (
    ("plain", "raw", "", 0, None),
    ("momentum", "raw", "--optimizer momentum-classic ", 0, None),
    ("Adam", "raw", "--optimizer adam --lr 0.5 ", 0, None),
    ("a row a step", "raw", "--batch-size 1 --lr 1e-6 ", 0, None),
    ("plain", "shifted", "", 600, 70),
    ("momentum", "shifted", "--optimizer momentum-classic ", 720, 53),
    ("Adam", "shifted", "--optimizer adam --lr 0.5 ", 998, 35),
    ("plain", "scaled", "", 1000, 31),
    ("momentum", "scaled", "--optimizer momentum-classic --lr 0.05 ", 1000, 58),
    ("Adam", "scaled", "--optimizer adam --lr 0.5 ", 0, None),
    ("a row a step", "scaled", "--batch-size 1 --lr 0.05 ", 1000, 17),
    ("plain", "standardised", "", 1000, 89),
)
"""What was tried, on which tab, with which options, how many got there, and by which epoch half."""
PLAIN_SCALED = 7
"""Which of these it is."""
_WORDS = {
    "raw": "t as it is, 0 … 19: t² goes up to 361, so the loss is 218,451 times as steep in one "
    "direction as in another. The rate has to suit the steep one.",
    "shifted": "t − 9.5 runs from −9.5 to 9.5: the same parabola is 0.75·u² + 1, and the bowl 49 "
    "times as round. b has nothing to do.",
    "scaled": "(t − 9.5)/9.5 runs from −1 to 1: all three weights have slopes of one size, and one "
    "rate suits them all. The same parabola is 67.6875·v² + 1.",
    "standardised": "t and t² have a mean of 0 and a standard deviation of 1 each. Both grow with "
    "t, so the bowl stays a long one: 57 times as steep in one direction as in another.",
}

_STARTS = "--x init.a=-2:2:40:lin --y init.c=-2:2:25:lin"
_ABOUT = "Ended below a loss of 1 within 101 epochs, from 40 starts of a times 25 of c."


def points_over_time(noise: float = 0.0, seed: int = 0) -> Dataset:
    """Return 0.75(t − 9.5)² + 1 for t = 0 … 19."""
    t = [float(i) for i in range(POINTS)]
    y = [0.75 * (each - 9.5) ** 2 + 1 for each in t]
    title = f"{POINTS} points {'around' if noise else 'on'} 0.75(t − 9.5)² + 1"
    title += f", noise {noise:g}, seed {seed}" if noise else ""
    return parabola_data(title, ("time", t), y, noise, seed, FEATURES, INPUTS)


class Speed(LessonPlan):
    """The same points, the same start, all points in one batch; only what a, b and c multiply."""

    name = "speed"
    order = 15
    summary = "why minus 9.5? raw, shifted, scaled, standardised inputs: how round is the bowl?"

    def make_data(self, points: int | None, noise: float | None, seed: int | None) -> Dataset:
        if points is not None:
            raise SpecError("--points: this lesson is about the 20 of t = 0 … 19; leave it out")
        return points_over_time(noise or 0.0, seed or 0)

    def build(self, options: Options) -> Lesson:
        if len(options.optimizers) > 1:
            raise SpecError(
                f"--optimizer: got {', '.join(options.optimizers)}; this lesson takes one: leave "
                "the others out"
            )
        data = points_over_time() if options.data is None else options.data
        if tuple(data.inputs) != INPUTS:
            raise SpecError(
                f"the data has the inputs {', '.join(data.inputs)}; this lesson takes its own "
                "points, over t"
            )
        views = options.apply(list(_runs(options, data)), data)
        return Lesson(
            name=self.name,
            title="Speed: one parabola, from t, from t − 9.5, from (t − 9.5)/9.5, standardised",
            question="Why 0.75(t − 9.5)² + 1, why minus 9.5? My parameters are 0.1753, −0.6854, "
            "1.3738 and not the true ones: is it broken?",
            answers=(
                Answer(
                    "It looks finished, but it is only slow: over t the loss bends so many times "
                    "as much in one direction as in another, and the rate must suit the steepest.",
                    "{at.bowl.condition.raw}",
                    "#,##0",
                ),
                Answer(
                    "Above 2/steepest it explodes, and at such a small rate the flattest "
                    "direction hardly moves: after so many steps 37 % of its error is still left.",
                    "{at.bowl.steps_flattest.raw}",
                    "#,##0",
                ),
                Answer(
                    "Minus 9.5 puts the middle at 0, and dividing by 9.5 makes it −1 … 1: the bowl "
                    "is nearly round, a rate of 0.5 suits it, and after 100 steps it is there.",
                    "{@scaled.last_loss}",
                    "0.00E+00",
                ),
                Answer(
                    "Momentum, Adam and mini-batches do not mend it: over t none of 1,000 starts "
                    "got below a loss of 1 in 101 epochs, scaled plain descent did from all.",
                    f"{{at.counts.counts.reached#{1 + PLAIN_SCALED}}}",
                    "#,##0",
                ),
                Answer(
                    "Multiplied out the truth is 0.75t² − 14.25t + 68.6875: 0.75·9.5² + 1 is "
                    "68.6875, the 68.5 in the thread is a slip of arithmetic. At c itself 'raw' "
                    "would be at home only after hundreds of thousands of steps.",
                    "{@raw.last.new.c}",
                ),
            ),
            shows=(
                *options.caution,
                "The true curve is 0.75(t − 9.5)² + 1. Four tabs learn it from the same points, "
                "from weights of 1: 'raw' a·t² + b·t + c, 'shifted' the same with u = t − 9.5 for "
                "t, 'scaled' with v = (t − 9.5)/9.5, 'standardised' with t and t² standardised.",
            ),
            change=(
                "learning_rate on 'raw': 0.000035 holds, 0.000036 explodes.",
                "time on 'data': its mean is 9.5; u and v follow. noise, in a cell of its own.",
            ),
            watch=(
                "'bowl': how steep each loss is in its three directions, and which rate that "
                "allows. 'compare': how far each run gets.",
                "'map-raw' and 'map-scaled': the loss over a and b in colours, and the way of the "
                "run. Over t the valley is so narrow that the way falls into it and stops.",
            ),
            data=data,
            views=views,
            target_loss=1.0,
            bowls=tuple(id for id, *_ in RUNS),
            counts=(Counts(tuple(map(_count, _COUNTED)), about=_ABOUT),),
            planes=tuple(
                Plane(view.id, "a", "b", view.experiment.epochs, f"map-{view.id}")
                for view in views
                if view.id in ("raw", "scaled")
            ),
        )


def _count(tried: tuple[str, str, str, int, int | None]) -> Count:
    what, tab, options, reached, epoch = tried
    command = f"xlsgd sweep speed --tab {tab} {_STARTS} {options}--epochs 101 --reach 1"
    return Count(f"{what}, {tab}", command, 1.0, 1000, reached, epoch)


def _runs(options: Options, data: Dataset) -> Iterator[View]:
    optimizer = get_optimizer((*options.optimizers, "sgd")[0], options.convention)
    for id, x, rate, epochs in RUNS:
        yield View(
            Experiment(
                id=id,
                network=parse_network(f"Formula({x}2 {x}: a*{x}2+b*{x}+c)", INPUTS),
                loss=SQUARED_ERROR,
                optimizer=optimizer,
                learning_rate=rate,
                start=dict.fromkeys("abc", 1.0),
                gradient="backprop",
                batch_size=data.rows,
                epochs=epochs,
            ),
            title=f"{id}: a·{x}2 + b·{x} + c, {optimizer.name}",
            about=" ".join((*options.caution, _WORDS[id])),
            layout="blocks",
        )


LESSON = Speed()
