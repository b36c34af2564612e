"""Embeddings: users, films and their ratings, which the well-known sheet needs Solver for."""

from __future__ import annotations

from typing import Any

from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.data.ratings import FILMS, SCHEMA, USERS, made_ratings
from xlsgd.lessons.lesson import NO_COLUMNS, Columns, Lesson, LessonPlan, Options
from xlsgd.tabs.lesson.plan import Answer
from xlsgd.tabs.pairs.plan import Pairs
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import LOSS as SQUARED_ERROR
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer

__all__ = ["LESSON", "Embeddings"]

_PARTS = ("1", "2", "bias")
_GIVEN, _SPREAD, _EPOCHS = 22, 0.3, 20
_RATES = {"sgd": 0.5, "momentum-classic": 0.2, "adam": 0.1}


class Embeddings(LessonPlan):
    """Two numbers and a bias for everybody and everything: their products are the ratings."""

    name = "embeddings"
    order = 14
    summary = "users × films with missing ratings, dot product and biases, trained without Solver"

    def read_data(self, source: str, columns: Columns = NO_COLUMNS) -> Dataset:
        raise SpecError(
            f"--data {source}: the users and films of this lesson are made up, and type over them "
            "as you like; for a table of your own write a module with torch.nn.Embedding, and "
            "xlsgd.export makes a workbook of it"
        )

    def make_data(self, points: int | None, noise: float | None, seed: int | None) -> Dataset:
        return made_ratings(
            _GIVEN if points is None else points, _SPREAD if noise is None else noise, seed or 0
        )

    def build(self, options: Options) -> Lesson:
        data = options.data or self.make_data(None, None, None)
        if options.gradient not in (None, "backprop"):
            raise SpecError(
                f"--gradient {options.gradient}: this lesson updates by backprop; the numerical "
                "derivative is shown beside it, for the weight named in derivative_of"
            )
        if options.start != "random":
            raise SpecError(f"--start {options.start}: this lesson has start weights of its own")
        network = parse_network(_network(), SCHEMA.inputs)
        names = options.optimizers or ("adam",)
        views = []
        for name in names:
            optimizer = get_optimizer(name, options.convention)
            views.append(
                View(
                    Experiment(
                        id="training" if len(names) == 1 else optimizer.name,
                        network=network,
                        loss=SQUARED_ERROR,
                        optimizer=optimizer,
                        learning_rate=_RATES.get(optimizer.name, 0.1),
                        start=_start(network.parameters),
                        gradient="backprop",
                        batch_size=data.rows,
                        epochs=_EPOCHS,
                    ),
                    title=f"users · films + biases, {optimizer.name}",
                    about="A rating is the user's two numbers times the film's two, plus what the "
                    "user, the film and everybody add. Each weight is called after whom it is of.",
                    layout="blocks",
                    derivative_of="Ana.1",
                )
            )
        tabs = tuple(
            Pairs(
                "ratings" if len(views) == 1 else f"ratings-{view.id}",
                view.id,
                "Users × films: given, predicted, and what is missing",
                "Grey is not rated; its prediction is in bold. Beside each user and above each "
                "film stands what was learned of them; a prediction is made of both.",
            )
            for view in views
        )
        return Lesson(
            name=self.name,
            title="Embeddings: who will like which film?",
            shows=(
                *options.caution,
                f"{len(USERS)} users, {len(FILMS)} films, {data.rows} ratings, and nobody tells "
                "the net what a film is about. Of each it learns two numbers and a bias: an "
                "embedding, a row of a table that is looked up and trained.",
                "The well-known sheet for this needs Solver, an add-in. This one trains by "
                f"formulas. The ratings are made up: {data.title}.",
            ),
            change=(
                "On 'data', a rating: raise what Ana gives, and see her row on 'ratings' follow.",
                "learning_rate on 'training'.",
            ),
            watch=(
                "'ratings': the colours of given and predicted come to look alike, and in bold "
                "stand the ratings that nobody gave.",
                "Films that the same users like: are their two numbers alike?",
            ),
            question="Can the sheet for collaborative filtering do without Solver?",
            answers=(
                Answer(
                    "Yes: formulas say which way each weight makes the errors less, and every step "
                    "goes that way. The errors at last, as a root mean square:",
                    f"{{at.pairs/{views[0].id}.root_mean_square}}",
                ),
                Answer(
                    "What is an embedding? The numbers beside a user's name or above a film's; the "
                    "first of Ana:",
                    f"{{at.pairs/{views[0].id}.weight.Ana.1}}",
                ),
                Answer(
                    "Missing ratings have no row of data and no say; a prediction there is all the "
                    "same, as user and film have other rows to learn from. How many are missing:",
                    f"{{at.pairs/{views[0].id}.pairs_missing}}",
                    "0",
                ),
                Answer(
                    "What are biases for? Some users are kind to all films: a number added for "
                    "each says so, and the other two tell taste alone. Finn's bias:",
                    f"{{at.pairs/{views[0].id}.weight.Finn.bias}}",
                ),
                Answer(
                    f"Believe the bold ones? Not blindly: {data.rows} ratings teach "
                    f"{len(network.parameters)} weights, which can fit what is given and be wrong "
                    "elsewhere: overfitting."
                ),
            ),
            data=data,
            views=options.apply(views, data),
            target_loss=0.1,
            pairs=tabs,
        )


def _network() -> str:
    """Return the text of the net, with the weights called after users and films."""
    names = [f"{one}.{part}" for one in (*USERS, *FILMS) for part in _PARTS]
    lines = [f"weights mean, {', '.join(names)}"]
    for input, ones in (("user", USERS), ("film", FILMS)):
        lines += [
            f"{input}_{part} = Chosen of {input}, {', '.join(f'{one}.{part}' for one in ones)}"
            for part in _PARTS
        ]
    lines.append("dot = Dot of user_1, user_2, film_1, film_2")
    lines.append("pred = Sum of dot, user_bias, film_bias, mean")
    return "; ".join(lines)


def _start(parameters: tuple[str, ...]) -> dict[str, float]:
    """Return small numbers, drawn with seed 0; biases begin at 0, the mean in the middle."""
    import numpy as np

    drawn = np.random.default_rng(0).standard_normal(len(parameters)).round(2)
    start: dict[str, Any] = dict(zip(parameters, drawn.tolist(), strict=True))
    biases = {name: 0.0 for name in parameters if name.endswith(".bias")}
    return {**start, **biases, "mean": 2.5}


LESSON = Embeddings()
