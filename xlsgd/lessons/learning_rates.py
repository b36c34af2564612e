"""One network at seven learning rates, from far too small to exploding, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xlsgd.base.errors import SpecError
from xlsgd.lessons.lesson import Answer, Lesson, LessonPlan, Options
from xlsgd.tabs.compare.plan import ComparedRuns
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import LOSS as SQUARED_ERROR
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer

__all__ = ["LESSON", "LearningRates"]

PARTS = (0.0002, 0.002, 0.02, 0.2, 0.9, 1.03, 2.0)
"""The rates, as parts of the largest at which the run does not explode."""

DECADES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)
"""The rates where no rate makes the run explode."""


@dataclass(frozen=True)
class _Network:
    """One of the networks of the lesson."""

    name: str
    words: str
    layers: str

    @property
    def sheet(self) -> str:
        return f"rates-{self.name}"


_NETWORKS = (
    _Network("one", "one neuron", "Linear(1, 1)"),
    _Network("two", "two neurons", "Linear(1, 1), Linear(1, 1)"),
)


class LearningRates(LessonPlan):
    """Seven rates for one neuron and seven for two, chosen around the largest stable one."""

    name = "learning-rates"
    order = 4
    summary = "seven learning rates side by side, for one neuron and for two: where it explodes"

    def build(self, options: Options) -> Lesson:
        # Here and not at the top: lessons are listed without numbers to calculate with.
        from xlsgd.tabs.compare.torch_limits import limit_inputs

        data = options.line_data()
        if options.learning_rate is not None:
            raise SpecError(
                "--lr: this lesson chooses seven learning rates around the largest stable one; "
                "type others into the yellow cells of the tabs rates-one and rates-two"
            )
        if len(options.optimizers) > 1:
            raise SpecError(
                f"--optimizer: got {', '.join(options.optimizers)}; this lesson takes one, and "
                "compares learning rates"
            )
        name = options.optimizers[0] if options.optimizers else "sgd"
        optimizer = get_optimizer(name, options.convention)
        plans = []
        for net in _NETWORKS:
            network = parse_network(net.layers)
            plans.append(
                View(
                    Experiment(
                        id=net.name,
                        network=network,
                        loss=SQUARED_ERROR,
                        optimizer=optimizer,
                        learning_rate=1.0,
                        start=dict.fromkeys(network.parameters, 1.0),
                        gradient="backprop",
                    ),
                    title=f"{net.words}, {optimizer.name}",
                    rate_elsewhere=True,
                )
            )
        runs: list[View] = []
        tabs: list[ComparedRuns] = []
        for i, (net, plan) in enumerate(zip(_NETWORKS, options.apply(plans, data), strict=True)):
            if options.progress is not None:
                options.progress("looking for the largest stable rate", i, len(_NETWORKS))
            limits, border = limit_inputs(plan, data, f"{net.name}-1")
            rates = _rates(border)
            group = [
                replace(
                    plan.but(id=f"{net.name}-{n}", learning_rate=rate),
                    title=f"{plan.title}, rate {n} of {len(rates)}",
                    about=f"Its learning rate is typed in on the tab '{net.sheet}', beside those "
                    "of the other runs. lr_curvature, where the tab has it, says of every row "
                    "whether the step overshoots.",
                )
                for n, rate in enumerate(rates, 1)
            ]
            runs += group
            tabs.append(
                ComparedRuns(
                    net.sheet,
                    tuple(view.id for view in group),
                    target_loss=_TARGETS[net.name],
                    title=f"Learning rates, {net.words}: from too small to exploding",
                    about="One network, one start, the same points; only the rate differs. Type "
                    "rates into the yellow cells and zoom in on the border: tabs, table and chart "
                    "follow.",
                    sets_rates=True,
                    limits=limits,
                )
            )
        return Lesson(
            name=self.name,
            title="Learning rates: too slow, right, too fast",
            shows=(
                *options.caution,
                "A step of gradient descent goes down the slope by learning_rate times the slope. "
                "Along one direction the loss is a parabola, and the step lands right at its "
                "bottom if learning_rate times the curvature is 1. Above 1 it overshoots, and "
                "above 2 it ends higher on the other side than it began: the next slope is "
                "steeper, the next step longer, and so on. That is how errors explode.",
                "Each of the seven runs trains on a tab of its own, in formulas. The tabs "
                "'rates-one' and 'rates-two' show them side by side, for one neuron and for two.",
                "The largest stable rate stands above the table: as a live formula, 2 divided by "
                "the largest curvature, for steps that see all rows at once; and the one found "
                "by PyTorch for the steps that these runs take.",
            ),
            change=(
                "On 'rates-one', bring the last three rates closer and closer to the largest rate "
                "found, from below and from above. A run just above it explodes too, only later.",
                "On 'rates-two', the same. There the border depends on the start: type others "
                "into start a … start d of a tab and see.",
            ),
            watch=(
                "The chart: too small a rate is a line that hardly falls; a larger one falls "
                "faster; just below the limit the loss swings and stays high; above it, it "
                "climbs, by the same factor every epoch.",
                "The verdicts: too slow, converging, exploded, and at which step.",
                "On a tab of one neuron, the step numbers: orange where 2·learning_rate·(1 + x²), "
                "in the folded column lr_curvature, is above 1 and the row overshoots, red where "
                "it is above 2 and leaves its own error larger than before. A few red rows are "
                "not the end, as long as the others make up for them: the limit is where an epoch "
                "as a whole begins to grow.",
            ),
            answers=(
                Answer(
                    "Why is there no formula for one row a step? Every row has a parabola of its "
                    "own. An epoch is one map of the weights, made of as many steps as there are "
                    "rows, and it shrinks errors as long as its largest eigenvalue is below 1 in "
                    "size. The rate found is the smallest at which it reaches 1. Above it there "
                    "may be narrow windows that are stable again."
                ),
                Answer(
                    "Why is there no limit for two neurons? Their curvature depends on the "
                    "weights: the slope for a is multiplied by c. So the rate is found by "
                    "trying: the smallest rate at which this very start explodes within these "
                    "epochs."
                ),
            ),
            data=data,
            views=tuple(runs),
            target_loss=_TARGETS["one"],
            side_by_side=tuple(tabs),
        )


_TARGETS = {"one": 400.0, "two": 600.0}


def _rates(border: float | None) -> Sequence[float]:
    """Return seven rates with few digits around a border."""
    if border is None:
        return DECADES
    return [_rounded(border * part, 3 if 0.5 < part < 1.5 else 1) for part in PARTS]


def _rounded(number: float, digits: int) -> float:
    return float(f"{number:.{digits - 1}e}")


LESSON = LearningRates()
