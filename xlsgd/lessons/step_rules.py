"""Why is a step as long as the slope is steep? Four rules on parabolas, on a bowl, and on a dip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xlsgd.data import Dataset
from xlsgd.lessons.lesson import Lesson, LessonPlan, Options
from xlsgd.tabs.curve.plan import ShownCurve
from xlsgd.tabs.lesson.plan import Answer
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.output import LOSS as OUTPUT
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer
from xlsgd.training.transforms import transforms

__all__ = ["LESSON", "StepRules"]

LANDS = {
    "steep": ("2*x^2+1", "a steep parabola, which bends by 4"),
    "gentle": ("0.2*x^2+1", "a gentle parabola, which bends by 0.4"),
    "dip": ("2-exp(-x^2/2)", "a dip with flat land on both sides"),
    "bowl": ("2*x^2+0.2*y^2+1", "a bowl: steep along x, gentle along y"),
}
START, RATE, STEPS = 2.5, 0.3, 16

_RULES = {
    "slope": ("sgd", False, "As long as the slope is steep, times the rate: short near the bottom, "
              "where the slope is near 0, and so it stops by itself."),
    "sign": ("signsgd", False, "As long as the rate, whatever the slope: just as long next to the "
             "bottom, and so it goes to and fro across it for ever."),
    "unit": ("sgd", True, "The slope divided by its own length: of one weight nothing is left but "
             "the sign; of two, where to."),
    "newton": ("newton", False, "The slope divided by how much the curve bends. On a parabola that "
               "is the way to the bottom; where the curve bends down, it leads uphill."),
}  # fmt: skip
"""By name: its optimizer, whether slopes are made 1 long, and what is said of it."""


class StepRules(LessonPlan):
    """Slope, sign, unit and Newton steps, on each of four functions."""

    name = "step-rules"
    order = 25
    summary = "why the step is proportional to the slope: four rules on steep and flat curves"
    takes_data = False

    def build(self, options: Options) -> Lesson:
        options.refuse_rules()
        data = Dataset.nothing()
        views = list(_runs())
        return Lesson(
            name=self.name,
            title="Step rules: should a steep slope ask for a smaller step?",
            question="Why is the step proportional to the slope? A steep slope should ask for a "
            "smaller step.",
            shows=(
                *options.caution,
                "Four rules from x = 2.5: 'slope', gradient descent itself; 'sign' and 'unit', of "
                "one length; 'newton', by how much the curve bends. 'on steep', 'on gentle' and "
                "'on dip' draw their ways.",
            ),
            change=(
                "learning_rate on 'steep-slope': at 0.25 it lands at the bottom in one step, as "
                "1/4 is 1 over how much it bends; above 0.5 it explodes.",
                "start x on 'dip-slope' and 'dip-newton': within 1 of the bottom the dip bends up.",
            ),
            watch=(
                "'compare': which rule gets below 1.001, and in how many steps.",
                "new.x, at the end of each table: who stands still, and who goes to and fro.",
            ),
            answers=(
                Answer(
                    "A step along the slope gets shorter by itself: near the bottom the slope is "
                    "near 0. On 'steep' each step is −0.2 times as far from the bottom.",
                    "{@steep-slope.last.new.x}",
                    "0.0E+0",
                ),
                Answer(
                    "Steps of one length do not: at the bottom they go to and fro, here between "
                    "0.1 and −0.2. Only a smaller rate gets closer.",
                    "{@steep-sign.last.new.x}",
                    "0.0",
                ),
                Answer(
                    "You are right that a steep slope may come of a curve that bends much, and "
                    "then a long step overshoots: Newton divides the slope by how much it bends.",
                    "{@steep-newton.first.new.x}",
                    "0.0",
                ),
                Answer(
                    "Where it is flat, a step along the slope is short, though the bottom is 2.5 "
                    "away: after 16 steps x is still here. A sign does not care, and gets near.",
                    "{@dip-slope.last.new.x}",
                    "0.000",
                ),
                Answer(
                    "And Newton? Out there the curve bends down, so that it walks away, uphill, to "
                    "this x. No rule is best on every curve.",
                    "{@dip-newton.last.new.x}",
                    "0.000",
                ),
            ),
            data=data,
            views=options.apply(views, data),
            target_loss=1.001,
            descents=tuple(
                ShownCurve(
                    tuple(view.id for view in views if view.id.startswith(f"{land}-")),
                    -5.0 if land == "dip" else -3.0,
                    5.0 if land == "dip" else 3.0,
                    sheet=f"on {land}",
                    title=f"Four rules on {words}",
                )
                for land, (text, words) in LANDS.items()
                if "y" not in text
            ),
        )


def _runs() -> Iterator[View]:
    for land, (text, words) in LANDS.items():
        network = parse_network(f"Function({text})", tuple(Dataset.nothing().inputs))
        for rule, (optimizer, unit, about) in _RULES.items():
            more: dict[str, Any] = {"transforms": (transforms()["slope-length"],)} if unit else {}
            yield View(
                Experiment(
                    id=f"{land}-{rule}",
                    network=network,
                    loss=OUTPUT,
                    optimizer=get_optimizer(optimizer),
                    learning_rate=1.0 if optimizer == "newton" else RATE,
                    start=dict.fromkeys(network.parameters, START),
                    gradient="backprop",
                    epochs=STEPS,
                    **more,
                ),
                title=f"{rule.capitalize()} steps on {words}",
                about=about,
                layout="function",
            )


LESSON = StepRules()
