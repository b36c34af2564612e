"""The rate from step to step: eight schedules for one neuron that learns from noisy points."""

from __future__ import annotations

from dataclasses import replace

from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.data.points import scattered
from xlsgd.lessons.lesson import Lesson, LessonPlan, Options
from xlsgd.tabs.lesson.plan import Answer
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import LOSS as SQUARED_ERROR
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer

__all__ = ["LESSON", "Schedules"]

_RATE, _EPOCHS = 0.1, 10
_LEAST = 0.02
"""What is left of the rate where an exponential ends."""

_POINTS, _SPREAD = 12, 1.0
"""How many points, and the standard deviation of their noise."""

_SCHEDULES = {
    "constant": (
        "constant-factor",
        "The same rate at every step. Close to the line every row still pulls the weights its own "
        "way, by a step as long as at first. The weights go round the same circle every epoch, "
        "and the loss stays high: that is what 'converged' means here.",
    ),
    "step": ("step", "The rate is halved four times, and waits between."),
    "exponential": (
        "exponential",
        "Every rate is the same part of the one before: what people call decay.",
    ),
    "cosine": (
        "cosine",
        "Half a wave of a cosine, from the rate down to 0: what people call annealing. It stays "
        "high for longer than decay does, and is lower at the end.",
    ),
    "one-cycle": ("one-cycle", "Up first, then down: begun with care, fast in the middle."),
    "plateau": (
        "plateau",
        "The rate is halved where an epoch's mean loss was no better: it follows the losses, not "
        "the clock.",
    ),
    "flat-cos": (
        "flat-cos",
        "fast.ai's fit_flat_cos: the whole rate for three quarters of the way, then a cosine.",
    ),
    "combined-cos": (
        "combined-cos",
        "fast.ai's fit_one_cycle: one cosine up, another one down.",
    ),
}


class Schedules(LessonPlan):
    """One neuron, one start, the same noisy points; only what becomes of the rate differs."""

    name = "schedules"
    order = 13
    summary = "what becomes of the learning rate: eight schedules, decay and annealing side by side"

    def make_data(self, points: int | None, noise: float | None, seed: int | None) -> Dataset:
        spread = _SPREAD if noise is None else noise
        return scattered(_POINTS if points is None else points, spread, seed or 0)

    def build(self, options: Options) -> Lesson:
        if options.data is None:
            options = replace(options, data=self.make_data(None, None, None))
        data = options.line_data()
        if options.schedule is not None:
            raise SpecError(
                f"--schedule {options.schedule}: this lesson compares schedules, a tab for each of "
                "eight; leave it out, or take the lesson graddesc"
            )
        if len(options.optimizers) > 1:
            raise SpecError(
                f"--optimizer: got {', '.join(options.optimizers)}; this lesson takes one, and "
                "compares schedules"
            )
        optimizer = get_optimizer((*options.optimizers, "sgd")[0], options.convention)
        network = parse_network("Linear(1, 1)")
        views = []
        for id, (schedule, about) in _SCHEDULES.items():
            view = View(
                Experiment(
                    id=id,
                    network=network,
                    loss=SQUARED_ERROR,
                    optimizer=optimizer,
                    learning_rate=_RATE,
                    start=dict.fromkeys(network.parameters, -1.0),
                    gradient="backprop",
                    epochs=_EPOCHS,
                ),
                title=f"one neuron, {optimizer.name}, rate {id}",
                about=about,
            )
            asked = replace(options, schedule=schedule, hyper={}, init={})
            (view,) = asked.apply([view], data)
            views.append(view.but(hyper={**view.experiment.hyper, **_hyper(view, data)}))
        return Lesson(
            name=self.name,
            title="Schedules: what becomes of the learning rate",
            shows=(
                *options.caution,
                "Decay and annealing seem alike, and are: both let the learning rate fall, so that "
                "steps are long at first and short at the end. They are different curves. "
                "Each tab trains the same neuron from the same start on the same noisy points, a "
                "row a step; only the column 'rate' differs.",
                "Simulated annealing is something else: it takes a step uphill now and then, by "
                "chance, and the falling temperature is not a learning rate.",
            ),
            change=(
                "learning_rate on 'constant': a tenth of it takes longer, and ends lower.",
                "gamma on 'step' and 'exponential', patience on 'plateau', pct_start on "
                "'one-cycle': the column 'rate' and the charts follow.",
            ),
            watch=(
                "'compare': the rate of every step beside the losses. While the rate is high the "
                "loss stays about where the noise of single rows keeps it; as it falls, so does "
                "the loss.",
                "The column 'rate' of each tab, with its formula on paper above it.",
            ),
            question="A learning rate that decays, and annealing: are they not the same?",
            answers=(
                Answer(
                    "No, though both let the rate fall. Decay is the curve that falls by the same "
                    "part every step, as on 'exponential': its last rate.",
                    "{@exponential.last.rate}",
                ),
                Answer(
                    "Annealing is the cosine: high for longer, lower in the end. Its last rate.",
                    "{@cosine.last.rate}",
                    "0.000000",
                ),
                Answer(
                    "Why let it fall? At a constant rate single rows keep pushing the weights "
                    "about: the loss that it ends with is the highest of all.",
                    "{@constant.last_loss}",
                ),
                Answer(
                    "With the rate falling along a cosine, from the same start, it ends lower.",
                    "{@cosine.last_loss}",
                ),
                Answer(
                    "Why begin low, as 'one-cycle' does? Where slopes are steep at first, a high "
                    "rate can throw weights far off; here it does not. A 25th of the rate:",
                    "{@one-cycle.first.rate}",
                ),
            ),
            data=data,
            views=options.apply(views, data),
            target_loss=1.0,
        )


def _hyper(view: View, data: Dataset) -> dict[str, float]:
    """Return hyperparameters that suit the length of the run."""
    e = view.experiment
    steps = e.epochs * e.steps_per_epoch(data.rows)
    own = {
        "constant": {"factor": 1.0},
        "step": {"step_size": float(max(1, steps // 5)), "gamma": 0.5},
        "cosine": {"cosine_steps": float(steps)},
        "exponential": {"gamma": round(_LEAST ** (1 / steps), 4)},
        "plateau": {"factor": 0.5, "patience": 0.0},
    }
    return own.get(e.id, {})


LESSON = Schedules()
