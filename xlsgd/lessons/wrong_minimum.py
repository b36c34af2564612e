"""A curve with two valleys: who gets out of the wrong one, and how often."""

from __future__ import annotations

from typing import Any

from xlsgd.data import Dataset
from xlsgd.lessons.lesson import Lesson, LessonPlan, Options
from xlsgd.tabs.counts.plan import Count, Counts
from xlsgd.tabs.curve.plan import ShownCurve
from xlsgd.tabs.lesson.plan import Answer
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.output import LOSS as OUTPUT
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer
from xlsgd.training.transforms import transforms

__all__ = ["LESSON", "WrongMinimum"]

VALLEYS = "(x^2-4)^2/8+x/2+1.25"
"""The lower valley is at x = −2.115, the wrong one at 1.861, and the hump between them at 0.254."""
ROUND = "(x^2+y^2-4)^2/8+x/2+1.25"
FLOOR = 2.0
"""Lower than the bottom of the wrong valley, 2.216: only the right one gets there."""
STEPS, RATE, SEED = 60, 0.05, 4

_PLAIN, _DRAWN = "--x init.x={range}:1000", "--x init.x={range}:25 --y {key}=1:40:40"
_TRIED: tuple[tuple[str, str, str, tuple[int, int | None], tuple[int, int | None]], ...] = (
    ("plain", "wrong", _PLAIN, (0, None), (1000, 1)),
    ("momentum", "momentum", _PLAIN, (60, 16), (1000, 1)),
    ("noise 6", "noise", f"{_DRAWN} --hyper slope_noise=6", (35, 23), (935, 1)),
    ("noise 12", "noise", f"{_DRAWN} --hyper slope_noise=12", (119, 34), (615, 1)),
    ("noise 20", "noise", f"{_DRAWN} --hyper slope_noise=20", (277, 45), (349, 1)),
    ("annealing", "annealing", _DRAWN, (431, 11), (912, 1)),
    ("a second weight", "round", _PLAIN, (1000, 49), (1000, 1)),
)
"""What was tried, its tab, its axes, and how many of 1,000 runs ended in the right valley, by which
epoch half of these had been there: from starts in the wrong valley, and from the others."""

_ABOUT = {
    "right": "It begins in the right valley, and is at its bottom soon.",
    "wrong": "Every slope leads to the bottom of the wrong valley. There the slope is 0, and that "
    "is all that it knows.",
    "hump": "Half a step further to the right, and it would end in the other valley.",
    "momentum": "velocity.x is what is left of the steep beginning: with it the ball rolls up the "
    "hump, slower and slower, and over it.",
    "noise": "As if each step saw a few rows of many: its slope is off by a number drawn by lot, "
    "slope_noise at most. Of the seeds from 1 to 40 seven end on the left: 4, 12, 17, 24, 25, 26 "
    "and 31.",
    "annealing": "A jump to 'trial' is kept if it is lower there; if it is higher, with the chance "
    "P = exp(−ΔS/T). T falls; at last no jump uphill is kept.",
    "round": "x alone is as before. But there is a y now, and where x is stuck the ground falls "
    "away to the side: it goes round the hump, not over it.",
}


class WrongMinimum(LessonPlan):
    """Gradient descent from several starts, momentum, noise, annealing, and a way round."""

    name = "wrong-minimum"
    order = 24
    summary = "a curve with two valleys: do momentum, mini-batch noise or annealing get out?"
    takes_data = False
    seeds_weights = True
    says_of = {"seed": "; for wrong-minimum, of noise and jumps (4)"}

    def build(self, options: Options) -> Lesson:
        options.refuse_rules()
        data = Dataset.nothing()
        seed = float(SEED if options.seed is None else options.seed)
        noise = {"slope_noise": 12.0, "noise_seed": seed}
        jumps = {"temperature": 1.0, "cooling": 0.93, "jump_seed": seed}
        views = [
            _run("right", "From the left, plain", -3.0),
            _run("wrong", "From the right, plain", 3.0),
            _run("hump", "From just left of the hump, plain", 0.2),
            _run("momentum", "From the right, with momentum", 3.0, optimizer="momentum-classic"),
            _run("noise", "From the right, slopes off by chance", 3.0, hyper=noise,
                 transforms=(transforms()["noise"],)),
            _run("annealing", "From the right, jumps and a falling temperature", 3.0, 1.5,
                 "annealing", hyper=jumps),
            _run("round", "From the right, with a second weight", 3.0, 0.2, text=ROUND, epochs=90),
        ]  # fmt: skip
        return Lesson(
            name=self.name,
            title="The wrong minimum, and who gets out of it",
            question="Can it move away from the true minimum? Do mini-batches, momentum or "
            "annealing help?",
            shows=(
                *options.caution,
                "f(x) = (x² − 4)²/8 + x/2 + 1.25 has two valleys. 'curve' and 'jumps' draw it and "
                "the ways of the runs, a dot a step; every run is a tab in formulas.",
            ),
            change=(
                "slope noise, noise seed and jump seed: draws are columns that follow from a seed, "
                "so that nothing changes by itself.",
                "start x on 'hump': from which number on does it end in the other valley?",
                "beta on 'momentum': with 0.8, is there enough left for the hump?",
            ),
            watch=("'counts': of 1,000 runs, how many ended in the right valley, and by which "
                   "command that was counted.",),
            answers=(
                Answer(
                    "Plain descent ends in the valley that it begins in: from 3 at x = 1.861, "
                    "where the slope is 0, and of 1,000 such starts none got out.",
                    "{@wrong.last.new.x}",
                    "0.000",
                ),
                Answer(
                    "Momentum rolls through the hump if it comes from high enough: of these 1,000 "
                    "starts 60 did, this one too.",
                    "{@momentum.last.new.x}",
                    "0.000",
                ),
                Answer(
                    "Noise, as mini-batches have it, got 119 of 1,000 out of the wrong valley, and "
                    "kept 615 of 1,000 in the right one: it gains here, and loses more there.",
                    "{at.counts.counts.share#7}",
                    "0.0%",
                ),
                Answer(
                    "Annealing jumps uphill with the chance P = exp(−ΔS/T), often while T is high: "
                    "431 of 1,000 got out, and 912 stayed in the right one. No certainty.",
                    "{at.counts.counts.share#11}",
                    "0.0%",
                ),
                Answer(
                    "With a second weight there is a way round the hump: plain descent found it "
                    "from all 1,000 starts. Large nets have many such ways. x on 'round':",
                    "{@round.last.new.x}",
                    "0.000",
                ),
            ),
            data=data,
            views=options.apply(views, data),
            target_loss=FLOOR,
            descents=(
                ShownCurve(("right", "wrong", "hump", "momentum"), -3.0, 3.0),
                ShownCurve(("noise", "annealing"), -3.0, 3.0, sheet="jumps",
                           title="The same curve, by noise and by jumps"),
            ),
            counts=(
                Counts(tuple(_counted()), about="Ended below 2, lower than the wrong valley: from "
                       "1,000 starts, or from 25 by each of 40 seeds."),
            ),
        )  # fmt: skip


def _counted() -> list[Count]:
    found = []
    for what, tab, axes, wrong, right in _TRIED:
        key = "jump_seed" if tab == "annealing" else "noise_seed"
        for side, span, (reached, epoch) in (
            ("wrong", "0.3:3", wrong),
            ("right", "-3:0.2", right),
        ):
            asked = axes.format(range=span, key=key)
            command = f"xlsgd sweep {LESSON.name} --tab {tab} {asked} --reach {FLOOR:g}"
            words = f"{what}, from the {side} valley"
            found.append(Count(words, command, FLOOR, 1000, reached, epoch))
    return found


def _run(
    id: str,
    title: str,
    start: float,
    rate: float = RATE,
    optimizer: str = "sgd",
    text: str = VALLEYS,
    **more: Any,
) -> View:
    return View(
        Experiment(
            id=id,
            network=parse_network(f"Function({text})", tuple(Dataset.nothing().inputs)),
            loss=OUTPUT,
            optimizer=get_optimizer(optimizer),
            learning_rate=rate,
            start={"x": start, **({"y": 0.1} if text == ROUND else {})},
            gradient="backprop",
            **{"epochs": STEPS, **more},
        ),
        title=title,
        about=_ABOUT[id],
        layout="function",
    )


LESSON = WrongMinimum()
