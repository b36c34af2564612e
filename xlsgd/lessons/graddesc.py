"""One neuron, one tab per optimizer: fast.ai's graddesc workbook, with every epoch in view."""

from __future__ import annotations

from xlsgd.lessons.lesson import Lesson, LessonPlan, Options
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import LOSS as SQUARED_ERROR
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer, optimizers

__all__ = ["LESSON", "GradDesc"]

# Rates at which each optimizer gets somewhere in ten epochs on the default data.
_RATES = {
    "sgd": 1e-4,
    "momentum": 2e-5,
    "momentum-classic": 1e-5,
    "nesterov": 1e-5,
    "adagrad": 3.0,
    "rmsprop": 0.3,
    "adam": 0.3,
    "rmsprop-fastai": 0.1,
    "adam-fastai": 0.1,
    "momentum-dampened": 1e-5,
    "adagrad-decay": 3.0,
    "adadelta": 10.0,
    "rmsprop-centered": 0.3,
    "rmsprop-momentum": 0.1,
    "rmsprop-centered-momentum": 0.1,
    "amsgrad": 0.3,
    "adamw": 0.3,
    "adamw-amsgrad": 0.3,
    "adamax": 1.0,
    "nadam": 0.3,
    "nadamw": 0.1,
    # Its first steps are not divided by the slope's usual size: as long as those of momentum.
    "radam": 5e-5,
    "radamw": 5e-5,
    "rprop": 0.1,
    "asgd": 1e-5,
}
_WATCH = {
    "sgd": "Steps are learning_rate times the slope. a is found within an epoch, b crawls: its "
    "slope is dozens of times flatter, because it is not multiplied with x.",
    "momentum": "Steps follow a running average of the slopes: single rows no longer push the "
    "weights about. velocity is the average; it starts at 0 and is there to be seen.",
    "momentum-classic": "The velocity adds slopes up: on a steady slope, steps grow to "
    "1/(1 − beta) times their size. So the learning rate is ten times smaller here.",
    "nesterov": "Like classic momentum, but a step already counts with the velocity it will have "
    "after it.",
    "adagrad": "Every weight has its own step, divided by the root of all squared slopes so far. "
    "b gets as far as a at last, and all steps get shorter and shorter.",
    "rmsprop": "Like Adagrad, but old slopes are forgotten: the steps need not get ever shorter.",
    "adam": "Momentum's average for the direction, RMSprop's for the length. m_hat and v_hat make "
    "up for averages that start at 0.",
    "rmsprop-fastai": "RMSprop as in fast.ai's workbook: divided by the average of the rows "
    "before, without eps.",
    "adam-fastai": "Adam as in fast.ai's workbook: without correction for the start, without eps.",
}


class GradDesc(LessonPlan):
    """y = a·x + b by seven optimizers."""

    name = "graddesc"
    order = 1
    summary = "one neuron, y = a·x + b: a tab per optimizer, all epochs, live"

    def build(self, options: Options) -> Lesson:
        data = options.line_data()
        names = options.optimizers or tuple(
            name for name in _WATCH if optimizers()[name].variant_of is None
        )
        chosen = {
            optimizer.name: optimizer
            for optimizer in (get_optimizer(name, options.convention) for name in names)
        }
        network = parse_network("Linear(1, 1)")
        views = [
            View(
                Experiment(
                    id=name,
                    network=network,
                    loss=SQUARED_ERROR,
                    optimizer=optimizer,
                    learning_rate=_RATES.get(name, 1e-4),
                    start={"a": 1.0, "b": 1.0},
                ),
                title=f"one neuron, {name}",
                about=_WATCH.get(name, optimizer.summary),
            )
            for name, optimizer in chosen.items()
        ]
        return Lesson(
            name=self.name,
            title="Gradient descent, one neuron: y = a·x + b",
            shows=(
                *options.caution,
                "A neuron with one input is a straight line: a·x + b. Here it learns from the "
                "points on the tab 'data', one row at a time, in formulas that you can follow "
                "cell by cell.",
                "There is one tab per optimizer. Each row of a tab is one step: the weights "
                "before it, the prediction, the loss, its slope for every weight found in two "
                "ways, and the weights after the step. All epochs stand one below the other: "
                "no macro, no Solver, nothing hidden.",
            ),
            change=(
                "Open a tab and change the learning_rate in its yellow cell: every epoch, the "
                "verdict beside it and the charts follow at once. On 'sgd', 0.0003 still trains, "
                "with wild swings; 0.0005 explodes.",
                "Change the derivative from numerical to backprop, h, the start values of a and b, "
                "or the points on 'data'.",
            ),
            watch=(
                "The chart of the two derivatives, and its columns in the fold 'numerical check': "
                "the numerical one agrees with backprop's up to about h times the curvature. That "
                "is how you check a derivative formula.",
                "The loss and the verdict: what a rate slightly too large does, and how many "
                "steps it takes until numbers run away.",
                "'compare': the same points, the same start, and how far each tab gets.",
                "'surface': the loss over a and b as a map, and the way that each optimizer takes "
                "over it. The valley is steep across and nearly flat along.",
            ),
            data=data,
            views=options.apply(views, data),
            target_loss=100.0,
            surface=tuple(view.id for view in views),
        )


LESSON = GradDesc()
