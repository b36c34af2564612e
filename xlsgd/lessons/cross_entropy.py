"""Is the loss 1 − p? Softmax, −ln p of the right column, and what either loss can teach."""

from __future__ import annotations

import math
from dataclasses import replace

from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.data.points import three_kinds
from xlsgd.lessons.lesson import Lesson, LessonPlan, Options
from xlsgd.tabs.curves.plan import Curves
from xlsgd.tabs.lesson.plan import Answer
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses import get_loss
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer

__all__ = ["LESSON", "CrossEntropy"]

_RATE, _EPOCHS, _CLASSES = 0.5, 20, 3
_LN_10 = math.log(10)
_POINTS, _SPREAD = 12, 0.5
_SCORES, _SHARES = "Linear(1, 3)", "Linear(1, 3), Softmax"
# The other way round than the points ask for: where x is large the first class is sure to be it.
_START = {"a1": 2.0, "a2": 0.3, "a3": -2.0, "b1": 0.2, "b2": -0.1, "b3": 0.1}

_LOSSES = {
    "softmax": (
        _SHARES,
        "log-loss",
        "Three scores become three probabilities, pred_1 … pred_3, that add up to 1: softmax. The "
        "loss is −ln of the one in the column of y. Further right: the slope for a score is its "
        "probability, minus 1 in the right column: p − target.",
    ),
    "cross-entropy": (
        _SCORES,
        "cross-entropy",
        "The same in one function, as PyTorch's cross_entropy has it: it takes scores, softmax is "
        "inside. Weights and losses are those of 'softmax', step by step.",
    ),
    "log10": (
        _SHARES,
        "log-loss",
        "The logarithm to base 10, as in a well-known sheet: every loss and slope is that to base "
        "e divided by 2.302585. At a rate 2.302585 times as large every step is the same: the "
        "scale is another one, the way and the end are not.",
    ),
    "one-minus-p": (
        _SHARES,
        "one-minus-p",
        "1 − p in the column of y, from the same start. Where the net is sure and wrong, p is "
        "nearly 0 and so is the slope, p·(1 − p) at most: these rows teach it little.",
    ),
}


class CrossEntropy(LessonPlan):
    """Three classes by one number, and one start, by four losses."""

    name = "cross-entropy"
    order = 12
    summary = "is the loss 1 − p? softmax, −ln p of the right column, and its slope p − target"

    def make_data(self, points: int | None, noise: float | None, seed: int | None) -> Dataset:
        return three_kinds(
            _POINTS if points is None else points, _SPREAD if noise is None else noise, seed or 0
        )

    def build(self, options: Options) -> Lesson:
        if options.data is None:
            options = replace(options, data=self.make_data(None, None, None))
        data = options.line_data()
        if options.loss is not None:
            raise SpecError(
                f"--loss {options.loss}: this lesson compares losses, a tab for each of four; "
                "leave it out"
            )
        if options.gradient not in (None, "backprop"):
            raise SpecError(
                f"--gradient {options.gradient}: this lesson updates by backprop; the numerical "
                "derivative is shown beside it, for the weight named in derivative_of"
            )
        if len(options.optimizers) > 1:
            raise SpecError(
                f"--optimizer: got {', '.join(options.optimizers)}; this lesson takes one, and "
                "compares losses"
            )
        optimizer = get_optimizer((*options.optimizers, "sgd")[0], options.convention)
        views = []
        for id, (network, loss, about) in _LOSSES.items():
            ten = id == "log10"
            views.append(
                View(
                    Experiment(
                        id=id,
                        network=parse_network(network),
                        loss=get_loss(loss, 1),
                        optimizer=optimizer,
                        learning_rate=_RATE,
                        start=_START,
                        hyper={"log_base": 10.0} if ten else {},
                        gradient="backprop",
                        batch_size=data.rows,
                        epochs=_EPOCHS,
                    ),
                    title=f"three classes, {id}",
                    about=about,
                    layout="blocks",
                )
            )
        views = [
            view.but(learning_rate=view.experiment.learning_rate * _LN_10)
            if view.id == "log10"
            else view
            for view in options.apply(views, data)
        ]
        return Lesson(
            name=self.name,
            title="Is the loss 1 − p? Softmax and cross-entropy",
            shows=(
                *options.caution,
                "A net that has to choose gives a score for every class. Softmax makes "
                "probabilities of them; the loss looks at one alone, that of the right class.",
                "That loss is −ln p, cross-entropy: 0 where p is 1, and without end where p is "
                "near 0. 1 − p is a loss as well, fast.ai's first one, and never above 1.",
                "'losses' has both over p, with their slopes; 'scores' over the score of the right "
                "class. The other tabs train the same net from the same start, which is sure and "
                "wrong.",
            ),
            change=(
                "learning_rate of 'one-minus-p': how large has it to be to get as far?",
                "log_base on 'log10': 2, 10, or any other.",
                "first p and apart on 'losses': look closely at p near 0.",
            ),
            watch=(
                "On 'softmax', the first block to the right: grad.lin is p − 1 in the column of y "
                "and p in the others.",
                "'compare': softmax and cross-entropy are the same line; log10 is theirs divided "
                "by 2.302585; one-minus-p starts slowly.",
            ),
            question="Is the loss 1 − p? There is no 1 − in the notebook.",
            answers=(
                Answer(
                    "No: with p for the probability of the right class, the loss is −ln p, "
                    "cross-entropy: above 2 at a p of a tenth. 1 − p, fast.ai's first, is 0.9.",
                    "{at.curves/losses.curves.value.2#2}",
                ),
                Answer(
                    "Near p = 1 they are nearly the same: −ln p at p = 0.95, where 1 − p is 0.05.",
                    "{at.curves/losses.curves.value.2#19}",
                ),
                Answer(
                    "Raise the right class's score z a little: how much does −ln p fall? By nearly "
                    "as much where the net is sure and wrong, at z = −6: the slope is p − 1.",
                    "{at.curves/scores.curves.slope.3#1}",
                ),
                Answer(
                    "1 − p hardly falls there, where most is to be learned: this is its slope, and "
                    "a net that follows it is last on 'compare'.",
                    "{at.curves/scores.curves.slope.2#1}",
                ),
                Answer(
                    "LOG to base 10, as in a well-known sheet, is ln divided by 2.302585: the same "
                    "minimum, another scale. The first loss on 'log10', times 2.302585, is that on "
                    "'softmax'.",
                    "{@log10.first.loss}",
                ),
            ),
            data=data,
            views=tuple(views),
            target_loss=0.5,
            curves=(
                Curves(
                    "losses",
                    "p",
                    0.05,
                    0.05,
                    20,
                    {"1 − p": "1-p", "−ln p": "-ln(p)", "−log10 p": "-log10(p)"},
                    "Both losses over p, the probability of the right class",
                    "Near p = 1 they are nearly the same; near 0 one of them grows without end.",
                ),
                Curves(
                    "scores",
                    "z",
                    -6,
                    0.6,
                    21,
                    {"p": "1/(1+exp(-z))", "1 − p": "1/(1+exp(z))", "−ln p": "ln(1+exp(-z))"},
                    "Two classes: z is how far the right one's score is ahead",
                    "The slope of −ln p is p − 1 everywhere; 1 − p is flat on the far left, where "
                    "the net is sure and wrong.",
                ),
            ),
        )


LESSON = CrossEntropy()
