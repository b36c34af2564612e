"""Two neurons in a row: why they explode, why a ReLU seems to help, and why it does not."""

from __future__ import annotations

from collections.abc import Mapping

from xlsgd.lessons.lesson import Lesson, LessonPlan, Options
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import LOSS as SQUARED_ERROR
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer

__all__ = ["LESSON", "TwoNeuron"]

ONE, TWO = "Linear(1, 1)", "Linear(1, 1), Linear(1, 1)"
TWO_RELU = "Linear(1, 1), ReLU, Linear(1, 1)"
BETTER = {"a": 1.0, "b": 10.0, "c": 1.0, "d": 10.0}
_RATES = {"momentum": 3e-6, "adam": 0.1}


class TwoNeuron(LessonPlan):
    """c·(a·x + b) + d on a line's points, step by step into trouble and out of it."""

    name = "two-neuron"
    order = 2
    summary = "two neurons, c·(a·x + b) + d, with and without ReLU: why it explodes, freezes, dies"

    def build(self, options: Options) -> Lesson:
        data = options.line_data()

        def view(
            id: str,
            network: str,
            rate: float,
            about: str,
            optimizer: str = "sgd",
            start: Mapping[str, float] | None = None,
            detail: str = "",
        ) -> View:
            net = parse_network(network)
            chosen = get_optimizer(optimizer, options.convention)
            words = {ONE: "one neuron", TWO: "two neurons", TWO_RELU: "two neurons, ReLU between"}
            return View(
                Experiment(
                    id=id,
                    network=net,
                    loss=SQUARED_ERROR,
                    optimizer=chosen,
                    learning_rate=rate,
                    start={p: (start or {}).get(p, 1.0) for p in net.parameters},
                ),
                title=f"{words[network]}, {chosen.name}{', ' + detail if detail else ''}",
                about=" ".join((*options.caution, about)),
            )

        # Where the user has chosen one rate for all tabs, none of them is the slow one.
        slow = "a tenth of the rate" if options.learning_rate is None else ""
        views = [
            view(
                "one",
                ONE,
                1e-4,
                "One neuron learns the line without trouble at this rate. Two neurons are a line "
                "as well: look at the next tab.",
            ),
            view(
                "two",
                TWO,
                1e-4,
                "The same rate, and it explodes. The slope for a is multiplied by c and the slope "
                "for c by a: the larger they are, the larger the steps. Once weight + h rounds to "
                "the weight, the numerical derivative is exactly 0 and the sheet freezes. "
                "Set the derivative to backprop and it runs on to #NUM!.",
            ),
            view(
                "two-relu",
                TWO_RELU,
                1e-4,
                "With a ReLU nothing explodes, but nothing is learned: the same steps throw a and "
                "b so far that a·x + b is negative for every x. From then on the unit gives 0 and "
                "three of four derivatives are 0: these weights have found nothing, they are dead. "
                "Only d moves, towards the mean of y.",
            ),
            view(
                "two-slow",
                TWO,
                1e-5,
                "A tenth of the rate, and two neurons train. slope and intercept are the one line "
                "that all four weights together make: pred_collapsed is pred.",
                detail=slow,
            ),
            view(
                "two-relu-slow",
                TWO_RELU,
                1e-5,
                "At this rate the ReLU is never below 0, so it does nothing: every number equals "
                "the tab without it. It was the rate that made it train, not the ReLU.",
                detail=slow,
            ),
            view(
                "two-better-start",
                TWO,
                1e-5,
                "The same rate and network from start weights with larger biases: the slow part, "
                "the intercept, has less far to go.",
                start=BETTER,
                detail="better start",
            ),
        ]
        for name in options.optimizers or ("momentum", "adam"):
            views.append(
                view(
                    f"two-{name}",
                    TWO,
                    _RATES.get(name, 1e-5),
                    f"Two neurons from weights of 1 by {name}. Compare how far it gets, and how "
                    "much learning_rate it takes before it explodes.",
                    optimizer=name,
                )
            )
        return Lesson(
            name=self.name,
            title="Two neurons in a row: c·(a·x + b) + d",
            shows=(
                *options.caution,
                "Two linear neurons in a row are still a straight line: c·(a·x + b) + d is "
                "(a·c)·x + (c·b + d). They should do what one neuron does. At the learning rate "
                "of one neuron they explode instead; with a ReLU between them three of four "
                "weights stop moving. The tabs show both, row by row, and why.",
            ),
            change=(
                "On the tab 'two', lower learning_rate step by step: where does it begin to "
                "train? Between 0.00001 and 0.0001 lies the border.",
                "On 'two', set the derivative to backprop: the freeze goes away, the explosion "
                "does not.",
                "On 'two-relu', look at the row in which relu1 turns grey, then at the step "
                "before it.",
            ),
            watch=(
                "The verdict at the top of a tab: exploded at which step, since when the "
                "derivative is frozen, since when the unit is dead.",
                "Colours in the table: red rows have exploded, blue derivatives are frozen, grey "
                "outputs are a ReLU at 0.",
                "'compare': at a rate of 0.00001 the tabs with and without ReLU are identical.",
            ),
            data=data,
            views=options.apply(views, data),
            target_loss=300.0,
        )


LESSON = TwoNeuron()
