"""Momentum: a running average of slopes, on a wave, on two constants, and in training."""

from __future__ import annotations

from typing import Any

from xlsgd.lessons.lesson import Lesson, LessonPlan, Options
from xlsgd.tabs.averages.plan import Averages
from xlsgd.tabs.lesson.plan import Answer
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import LOSS as SQUARED_ERROR
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer

__all__ = ["LESSON", "Momentum"]

ONE, TWO, RELU = "Linear(1, 1)", "Linear(1, 1), Linear(1, 1)", "Linear(1, 1), ReLU, Linear(1, 1)"
SHARE = 0.9
"""Of the old average that is kept: everybody's first choice."""

_RUNS: tuple[tuple[str, str, str, float, float, str, str], ...] = (
    (
        "classic", ONE, "momentum-classic", 1e-5, 1.0, "PyTorch's: v = 0.9·v + slope",
        "torch.optim.SGD(momentum=0.9), and fast.ai's average_grad as it comes. The rate is a "
        "tenth of that on 'dampened', and every step the same: v is ten times as large.",
    ),
    (
        "dampened", ONE, "momentum", 1e-4, 1.0, "fast.ai's sheet: v = 0.9·v + 0.1·slope",
        "fast.ai's workbook, and average_grad with dampening=True. v starts at 0: the first steps "
        "are short.",
    ),
    (
        "torch", ONE, "momentum-dampened", 1e-4, 1.0, "PyTorch's dampening: the first slope whole",
        "torch.optim.SGD(momentum=0.9, dampening=0.9) takes the first slope whole: its first step "
        "is ten times as long as that on 'dampened'. Afterwards the two do the same.",
    ),
    (
        "two", TWO, "momentum", 1e-6, 1.0, "Two neurons, c·(a·x + b) + d",
        "The derivative for d is that of the loss itself, 2·(pred − y): d is added at the end.",
    ),
    (
        "relu", RELU, "momentum", 1e-6, 1.0, "The same with a ReLU between",
        "d stands behind the ReLU, and so its derivative is 2·(pred − y) as before. As long as "
        "a·x + b is above 0 all other derivatives are the same as well.",
    ),
    (
        "silent", RELU, "momentum", 1e-3, -1.0, "The same, and the ReLU is silent",
        "a starts at −1: a·x + b is below 0, the ReLU hands on 0, and the derivatives for a, b and "
        "c are 0. That for d is not: d alone goes on learning.",
    ),
)  # fmt: skip
"""Id, net, optimizer, rate, start of a, title, and words of each."""


class Momentum(LessonPlan):
    """What a running average does to slopes: to a wave, to constants, to training."""

    name = "momentum"
    order = 26
    summary = "running averages of slopes: on sin(x), on constants, in training, behind a ReLU"

    def build(self, options: Options) -> Lesson:
        options.refuse_rules()
        data = options.line_data()
        views = [_view(*run) for run in _RUNS]
        return Lesson(
            name=self.name,
            title="Momentum: a running average of slopes",
            question="Momentum on sin(x)? Can steps grow beyond the slope? Is average_grad tested?",
            shows=(
                *options.caution,
                "Momentum keeps a share of the last average and adds a bit of the new slope. "
                "'wave' and 'slopes' do that to numbers, the other tabs in training.",
            ),
            change=(
                "omega on 'wave': a fast wave, such as 2, is nearly gone in the average; a slow "
                "one, such as 0.01, is nearly as it was.",
                "The yellow slopes on 'slopes', and share: at 0.99 memory is ten times as long.",
                "beta on 'classic' and 'dampened': at 0.5 the two do the same at rates of 1 to 2.",
            ),
            watch=(
                "'wave': gain and lag by a formula, and as measured from the rows.",
                "new.a on 'classic' and 'dampened': the same numbers, row by row.",
                "grad.d in the fold 'numerical check' on 'two', 'relu' and 'silent'.",
            ),
            answers=(
                Answer(
                    "Of sin(x) a smaller wave is left that comes late: with share 0.9 and ω = 0.1 "
                    "it is 0.7256 times as high and 7.10 rows late.",
                    "{at.averages/wave.gain_measured}",
                ),
                Answer(
                    "Can steps grow beyond the slope? Dampened never beyond the largest slope so "
                    "far: where slopes are 1 and then 0.5, the largest is",
                    "{at.averages/slopes.highest}",
                ),
                Answer(
                    "Classic, v = 0.9·v + slope, it does: up to 1/(1 − 0.9) = 10 times the slope, "
                    "which is why its rate has to be a tenth of the other's.",
                    "{at.averages/slopes.highest_classic}",
                ),
                Answer(
                    "Is fast.ai's average_grad tested? Yes: two equal slopes give classic 1.9 of "
                    "them, dampened 0.19. See the second row of 'slopes'.",
                    "{at.averages/slopes.signals.classic#2}",
                    "0.00",
                ),
                Answer(
                    "And the last weight, d? Where a ReLU gives 0, all weights before it have a "
                    "slope of 0. d is added after it, and learns: its first slope, 2·(pred − y).",
                    "{@silent.first.grad_used.d}",
                ),
            ),
            data=data,
            views=options.apply(views, data),
            target_loss=400.0,
            averages=(
                Averages(share=SHARE, sheet="wave", title="sin(x) and its running averages"),
                Averages(
                    (1.0,) * 50 + (0.5,) * 50,
                    share=SHARE,
                    settled=50,
                    sheet="slopes",
                    title="Slopes of 1, then of 0.5, and their running averages",
                ),
            ),
        )


def _view(
    id: str, net: str, optimizer: str, rate: float, begin: float, title: str, about: str
) -> View:
    network = parse_network(net)
    key = {"momentum-dampened": {"beta": SHARE, "dampening": SHARE}}
    hyper: dict[str, Any] = key.get(optimizer, {"beta": SHARE})
    return View(
        Experiment(
            id=id,
            network=network,
            loss=SQUARED_ERROR,
            optimizer=get_optimizer(optimizer),
            learning_rate=rate,
            start={**dict.fromkeys(network.parameters, 1.0), "a": begin},
            hyper=hyper,
            gradient="backprop",
            epochs=3,
        ),
        title=title,
        about=about,
    )


LESSON = Momentum()
