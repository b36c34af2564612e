"""Fit a·x² + b·x + c to noisy points: the gradient is the slope of the tangent of the mean loss."""

from __future__ import annotations

from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.data.parabolas import parabola_data
from xlsgd.lessons.lesson import Answer, Lesson, LessonPlan, Options
from xlsgd.tabs.slice.plan import Slice
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import LOSS as SQUARED_ERROR
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer

__all__ = ["LESSON", "Quadratic", "points_on"]

TRUTH = (3.0, 2.0, 1.0)
POINTS, NOISE, SEED = 15, 1.0, 0
RATE, EPOCHS = 0.1, 30


def points_on(points: int, noise: float, seed: int) -> Dataset:
    """Return points around 3x² + 2x + 1 for x from −2 to 2."""
    a, b, c = TRUTH
    x = [round(-2 + 4 * i / (points - 1), 2) for i in range(max(points, 2))][:points]
    y = [round(a * each * each + b * each + c, 6) for each in x]
    title = f"{points} points around 3x² + 2x + 1, noise {noise:g}, seed {seed}"
    return parabola_data(title, ("x", x), y, noise, seed)


class Quadratic(LessonPlan):
    """Three weights, all points in one batch."""

    name = "quadratic"
    order = 10
    summary = "a·x² + b·x + c through noisy points: the gradient as the slope of a tangent"

    def make_data(self, points: int | None, noise: float | None, seed: int | None) -> Dataset:
        return points_on(
            POINTS if points is None else points, NOISE if noise is None else noise, seed or SEED
        )

    def build(self, options: Options) -> Lesson:
        if len(options.optimizers) > 1:
            raise SpecError(
                f"--optimizer: got {', '.join(options.optimizers)}; this lesson takes one: leave "
                "the others out"
            )
        data = points_on(POINTS, NOISE, SEED) if options.data is None else options.data
        if list(data.inputs) != ["x"]:
            raise SpecError(
                f"the data has the inputs {', '.join(data.inputs)}; this lesson takes one, x"
            )
        optimizer = get_optimizer((*options.optimizers, "sgd")[0], options.convention)
        view = View(
            Experiment(
                id="fit",
                network=parse_network("Formula(x: a*x^2+b*x+c)", ("x",)),
                loss=SQUARED_ERROR,
                optimizer=optimizer,
                learning_rate=RATE,
                start={"a": 1.0, "b": -2.0, "c": 1.0},
                gradient="backprop",
                batch_size=data.rows,
                epochs=EPOCHS,
            ),
            title=f"a·x² + b·x + c, all points in one batch, {optimizer.name}",
            about=" ".join(
                (
                    *options.caution,
                    "e = pred − y. A row costs e², and its slopes are 2·e·x² for a, 2·e·x for b "
                    "and 2·e for c; the last row of an epoch has their means over all points, and "
                    "takes the step.",
                )
            ),
        )
        (view,) = options.apply([view], data)
        return Lesson(
            name=self.name,
            title="A parabola through noisy points: a·x² + b·x + c",
            question="How do I fit ax² + bx + c to noisy points? Is the gradient the slope of the "
            "tangent of the mean squared error over b?",
            answers=(
                Answer(
                    "Begin with any a, b and c, and say how wrong the curve is: e = pred − y for "
                    "every point, and the mean of all e² is the loss.",
                    "{at.slice.loss_here}",
                ),
                Answer(
                    "Yes: hold a and c still and move b alone, and the loss is a curve over b; "
                    "the gradient for b is the slope of its tangent where b is now.",
                    "{at.slice.slope}",
                ),
                Answer(
                    "The rule says the same without drawing: that slope is the mean of 2·e·x.",
                    _mean_slope(view, data.rows),
                ),
                Answer(
                    "A step goes against the slope: the new b is b − rate · slope.",
                    "{at.slice.step_to}",
                ),
                Answer(
                    "After enough such steps of all three together the curve runs through the "
                    "points as well as a parabola can: what is left of the loss is noise.",
                    "{@fit.last_loss}",
                ),
            ),
            shows=(
                *options.caution,
                "Points around 3x² + 2x + 1, in yellow on 'data' with the noise in a cell of its "
                "own: set it to 0 and the curve comes near 3, 2 and 1.",
            ),
            change=(
                "noise on 'data'. weight and after epoch on 'slice': a, b or c, and how far the "
                "training has come.",
                "learning_rate on 'fit': at 0.2 it swings, at 0.3 it explodes.",
            ),
            watch=(
                "The chart on 'fit': the curve at the start, now, and the points.",
                "On 'slice' the dashed tangent turns level as after epoch grows: at the bottom "
                "there is no slope, and no step.",
            ),
            data=data,
            views=(view,),
            target_loss=1.5,
            slices=(Slice("fit", "b"),),
        )


def _mean_slope(view: View, rows: int) -> str:
    """Return where the mean over all points of the slope for b stands; "" where batches are
    smaller, and there is none."""
    whole = view.experiment.batch_size >= rows > 1
    return f"{{at.training/fit.steps.grad_mean.b#{rows}}}" if whole else ""


LESSON = Quadratic()
