"""One weight, no data: why x explodes at one rate, settles at another, and never does if gradients
are not cleared."""

from __future__ import annotations

from collections.abc import Iterator

from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.lessons.lesson import Answer, Lesson, LessonPlan, Options
from xlsgd.tabs.curve.plan import ShownCurve
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.output import LOSS as OUTPUT
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer

__all__ = ["LESSON", "OneWeight"]

FUNCTION = "(x^2-9)^2"
STEPS = 30
UNCLEARED = "never-cleared"
_ABOUT = {
    "explodes": "At 2 the slope is −40, so a rate of 0.1 steps to 6. There the slope is 648: the "
    "step is longer than the one before, and lands where it is steeper still.",
    "settles": "A tenth of that rate. Near 3 every step leaves 1 − 0.01·72 = 0.28 of what is "
    "missing, so it settles.",
    "uncleared": "The same rate and start, but slopes add up in the column s because nobody clears "
    "them. That is momentum with a share of 1 whose velocity starts at 0: it swings for ever.",
}


class OneWeight(LessonPlan):
    """(x² − 9)² at a large rate, at a small one, and with gradients that add up."""

    name = "one-weight"
    order = 20
    summary = "down (x² − 9)²: a rate that explodes, one that settles, gradients never cleared"
    takes_data = False

    def build(self, options: Options) -> Lesson:
        if options.optimizers:
            raise SpecError(
                f"--optimizer {', '.join(options.optimizers)}: this lesson compares rules of its "
                "own; leave it out"
            )
        data = Dataset.nothing()
        views = options.apply(list(_runs(options)), data)
        shown = tuple(view.id for view in views if view.id != "explodes")
        return Lesson(
            name=self.name,
            title="One weight: down (x² − 9)², without any data",
            question="x = 2 and the loss is (x² − 9)²: why does x go 6, −58.8, infinity? And why "
            "does it never settle at a rate of 0.01?",
            answers=(
                Answer(
                    "A step is the rate times the slope, downhill: at x = 2 the slope is −40, so "
                    "at a rate of 0.1 the first step is +4, and lands at 6.",
                    "{at.training/explodes.steps.new.x#1}",
                ),
                Answer(
                    "At 6 the slope is 648, so the next step is −64.8: every step lands where it "
                    "is steeper, and numbers run away.",
                    "{at.training/explodes.steps.new.x#2}",
                    "0.0",
                ),
                Answer(
                    "At the bottom, x = 3, the slope grows by 72 for each step of 1: no rate above "
                    "2/72 = 0.0278 can stay there, as it would land further off than it was.",
                    "{at.curve.largest_rate}",
                ),
                Answer(
                    "A rate of 0.01 does settle: after 30 steps x is 3 to 14 digits.",
                    "{@settles.last.new.x}",
                    "0.0000000000",
                ),
                Answer(
                    "It never settles if gradients are not cleared after each step (zero_grad): "
                    "they add up, and carry x past 3, to and fro. After 30 steps:",
                    "{@uncleared.last.new.x}",
                ),
            ),
            shows=(
                *options.caution,
                "One weight, x, and nothing to learn from: gradient descent goes down a function. "
                "'explodes' begins at 2 with a rate of 0.1, 'settles' and 'uncleared' at 1 with "
                "0.01.",
            ),
            change=(
                "learning_rate on 'settles': 0.027 still settles, 0.029 does not. The start x on "
                "'explodes'.",
                "x to look at on 'curve': how much the function bends there, and which rate that "
                "allows.",
            ),
            watch=(
                "new x on 'explodes': 6, −58.8, 81048.5, and away.",
                "The column s on 'uncleared': it keeps pulling long after x has passed 3. "
                "(PyTorch's float32 prints 1.0931 for the 1.0932 of the 29th step.)",
            ),
            data=data,
            views=views,
            target_loss=1e-6,
            descents=(
                ShownCurve(
                    shown,
                    -0.5,
                    4.5,
                    title="(x² − 9)², and the ways down it",
                    about="Every dot is where a run stood before a step: one settles at 3, the "
                    "other one swings past it and back.",
                    where=3.0,
                ),
            ),
        )


def _runs(options: Options) -> Iterator[View]:
    for id, optimizer, rate, start, title in (
        ("explodes", "sgd", 0.1, 2.0, "the slope times 0.1"),
        ("settles", "sgd", 0.01, 1.0, "the slope times 0.01"),
        ("uncleared", UNCLEARED, 0.01, 1.0, "gradients never cleared"),
    ):
        yield View(
            Experiment(
                id=id,
                network=parse_network(f"Function({FUNCTION})", tuple(Dataset.nothing().inputs)),
                loss=OUTPUT,
                optimizer=get_optimizer(optimizer),
                learning_rate=rate,
                start={"x": start},
                gradient="backprop",
                epochs=STEPS,
            ),
            title=f"from x = {start:g}, {title}",
            about=" ".join((*options.caution, _ABOUT[id])),
            layout="function",
        )


LESSON = OneWeight()
