"""What a ReLU is for: bends. One, two, sums of n, a curve learned, and what it did not do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from xlsgd.data import Dataset
from xlsgd.data.points import need_points
from xlsgd.lessons.lesson import Lesson, LessonPlan, Options
from xlsgd.tabs.lesson.plan import Answer
from xlsgd.tabs.units.plan import Units, relus
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import LOSS as SQUARED_ERROR
from xlsgd.training.nets import parse_network

__all__ = ["LESSON", "ReLU"]

_POINTS, _BEGIN, _APART = 21, -80.0, 10.0
_SHOWN: Any = {"rows": _POINTS, "begin": _BEGIN, "apart": _APART}
_LINE, _BENT = "Linear(1, 1), Linear(1, 1)", "Linear(1, 1), ReLU, Linear(1, 1)"
_FAST, _SLOW, _FASTER = 5e-4, 5e-5, 1e-3
_BENDS = ((-90.0, 0.1), (-40.0, 0.1), (10.0, -0.1), (60.0, -0.1))
_ONES = {"a": 1.0, "b": 1.0, "c": 1.0, "d": 1.0}
_RUNS = {
    "line": (
        _LINE,
        _FAST,
        "Two neurons without a ReLU, at a rate that is too large for them: it explodes.",
    ),
    "relu": (
        _BENT,
        _FAST,
        "A ReLU between them, the same rate, the same start, and it trains. Where it gives 0 a row "
        "has no slope for a, b and c, so the steps are smaller: it is the smaller steps that help.",
    ),
    "line-slow": (
        _LINE,
        _SLOW,
        "No ReLU, a tenth of the rate: it trains as well, and its loss gets lower than with one "
        "ReLU. This curve is nearer to a line than to one bend.",
    ),
    "relu-faster": (
        _BENT,
        _FASTER,
        "The ReLU at twice the rate: it explodes too. A ReLU does not make a rate small enough.",
    ),
}


class ReLU(LessonPlan):
    """Sums of ReLUs by hand, then trained; two neurons with and without one."""

    name = "relu"
    order = 10
    summary = "one bend, two, sums of n ReLUs, a curve learned: what ReLU does and does not do"

    def make_data(self, points: int | None, noise: float | None, seed: int | None) -> Dataset:
        return _curve(_POINTS if points is None else points, noise or 0.0, seed or 0)

    def build(self, options: Options) -> Lesson:
        if options.data is None:
            options = replace(options, data=self.make_data(None, None, None))
        data = options.line_data()
        options.need_backprop()

        def view(id: str, network: str, usual: str, rate: float, epochs: int, about: str) -> View:
            net = parse_network(network)
            start = _ONES if len(net.parameters) == len(_ONES) else _bends()
            return View(
                Experiment(
                    id=id,
                    network=net,
                    loss=SQUARED_ERROR,
                    optimizer=options.one_optimizer(usual),
                    learning_rate=rate,
                    start=start,
                    gradient="backprop",
                    batch_size=data.rows,
                    epochs=epochs,
                ),
                title=f"{id}: {network}",
                about=about,
                layout="blocks",
            )

        count = len(_BENDS)
        curve = view(
            "curve",
            f"Linear(1, {count}), ReLU, Linear({count}, 1)",
            "adam",
            0.1,
            17,
            f"{count} ReLUs, from bends that lie side by side. Their heights, and where they bend, "
            "are learned: 'units' shows each of them and the sum, at the start and now.",
        )
        runs = [view(id, net, "sgd", rate, 12, about) for id, (net, rate, about) in _RUNS.items()]
        return Lesson(
            name=self.name,
            title="ReLU: what a bend is for",
            question="What do two ReLUs summed look like? And was it the ReLU that made it train?",
            answers=(
                Answer(
                    "One ReLU is a line that is cut off at 0: one bend, where what goes into it "
                    "is 0. 'one-bend' has it at this x.",
                    "{at.units/one-bend.bends_at.1}",
                    "0.0",
                ),
                Answer(
                    "Two of them summed have two bends: flat, then a ramp, then flat again at this "
                    "height, on 'two-bends'. n of them have n bends: choose n on 'sum-of-n'.",
                    "{at.units/two-bends.curves.sum#-1}",
                    "0.0",
                ),
                Answer(
                    "So enough of them follow any curve: the four of 'curve' get to this "
                    "mean loss; the best straight line has 293.0. 'units' draws each of them.",
                    "{@curve.last_loss}",
                    "0.0",
                ),
                Answer(
                    "It is a natural thing to say that the ReLU made it train: at one rate 'line' "
                    "explodes and 'relu' gets to this loss. But it was the smaller steps: rows "
                    "behind the bend have no slope.",
                    "{@relu.last_loss}",
                    "0.0",
                ),
                Answer(
                    "A tenth of the rate does it without a ReLU, and better, with this loss on "
                    "'line-slow'; and twice the rate explodes with one, on 'relu-faster'.",
                    "{@line-slow.last_loss}",
                    "0.0",
                ),
            ),
            shows=(
                *options.caution,
                "max(0, a·x + b) is 0 on one side of its bend and a line on the other. A net "
                "multiplies each by a weight of its own and adds them up.",
            ),
            change=(
                "On 'two-bends' and 'sum-of-n': into, bias and out of every unit, and how many "
                "units are added up.",
                "On 'units', which weights: start or trained.",
                "learning_rate of 'line': up to which rate does it train?",
            ),
            watch=(
                "The chart: a thin grey line is a unit, the coloured one their sum.",
                "A unit's first two numbers move its bend; the third says how steep it is.",
            ),
            data=data,
            views=options.apply((*runs, curve), data),
            target_loss=300.0,
            units=(
                relus("one-bend", "One ReLU: one bend", (20.0,), (1.0,), **_SHOWN),
                relus("two-bends", "Two ReLUs: two bends", (40.0, -20.0), (1.0, -1.0), **_SHOWN),
                relus(
                    "sum-of-n",
                    "The sum of the first n of eight ReLUs",
                    (60.0, 40.0, 20.0, 0.0, -20.0, -40.0, -60.0, -80.0),
                    (1.0, *(2.0, -2.0) * 3, 2.0),
                    count=3,
                    **_SHOWN,
                ),
                Units(
                    "units",
                    "",
                    "The units of 'curve', and their sum",
                    "Choose which weights, or type weights of your own over these.",
                    experiment="curve",
                    begin=min(data.inputs["x"]),
                    apart=(max(data.inputs["x"]) - min(data.inputs["x"])) / 40 or 1.0,
                    rows=41,
                ),
            ),
        )


def _bends() -> dict[str, float]:
    """Return start weights of units that bend side by side: two bend up, two down."""
    start = {"d": 0.0}
    for i, (bend, out) in enumerate(_BENDS, 1):
        start |= {f"a{i}": 1.0, f"b{i}": -bend, f"c{i}": out}
    return start


def _curve(points: int, noise: float, seed: int) -> Dataset:
    """Make up points of a wave that rises."""
    need_points(points, noise, seed)
    import numpy as np

    x = _BEGIN + _APART * np.arange(points)
    y = (30 * np.sin(x / 32) + 0.2 * x).round()
    y += (noise * np.random.default_rng(seed).standard_normal(points)).round(2)
    made = f", noise {noise:g}, seed {seed}" if noise else ""
    title = f"{points} points on 30·sin(x/32) + 0.2·x, rounded{made}"
    return Dataset(title, {"x": tuple(x.tolist())}, tuple(y.tolist()))


LESSON = ReLU()
