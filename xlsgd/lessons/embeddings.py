"""Embeddings: users, films and their ratings, which the well-known sheet needs Solver for."""

from __future__ import annotations

from typing import Any

from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.data.dataset import columns_of
from xlsgd.data.features import parse_feature
from xlsgd.data.points import need_points
from xlsgd.data.schema import Raw, Schema, Words
from xlsgd.lessons.lesson import NO_COLUMNS, Columns, Lesson, LessonPlan, Options
from xlsgd.tabs.pairs.plan import Pairs
from xlsgd.tabs.view import View
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import LOSS as SQUARED_ERROR
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import get_optimizer

__all__ = ["LESSON", "Embeddings"]

_USERS = ("Ana", "Ben", "Cleo", "Dan", "Eva", "Finn")
_FILMS = ("Comet", "Harbour", "Lantern", "Orchard", "Signal")
_PARTS = ("1", "2", "bias")
_GIVEN, _SPREAD, _EPOCHS = 22, 0.3, 20
_RATES = {"sgd": 0.5, "momentum-classic": 0.2, "adam": 0.1}
_EVERY = len(_USERS) * len(_FILMS)

_SCHEMA = Schema(
    "ratings",
    raw=(
        Raw("who", "who rates", "word", _USERS, _USERS[0]),
        Raw("what", "which film", "word", _FILMS, _FILMS[0]),
        Raw("rating", "0 to 5 stars"),
    ),
    features=(
        parse_feature("user", f"index(who, {', '.join(map(repr, _USERS))})".replace("'", '"')),
        parse_feature("film", f"index(what, {', '.join(map(repr, _FILMS))})".replace("'", '"')),
    ),
    inputs=("user", "film"),
    targets=("rating",),
    words=Words(title="Who rated what", one="rating", many="ratings"),
)


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
        return _ratings(
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
        if tuple(data.inputs) != _SCHEMA.inputs:
            raise SpecError("the data has no users and films; leave it out")
        network = parse_network(_network(), _SCHEMA.inputs)
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
        missing = _EVERY - data.rows
        return Lesson(
            name=self.name,
            title="Embeddings: who will like which film?",
            shows=(
                *options.caution,
                f"{len(_USERS)} users, {len(_FILMS)} films, {data.rows} ratings; {missing} are "
                "missing, and nobody tells the net what a film is about. Of each user and each "
                "film it learns two numbers and a bias: an embedding is nothing else, a row of a "
                "table that is looked up and trained.",
                "The well-known sheet for this is trained by Solver, an add-in. Here the sheet "
                "trains by itself, by gradient descent, in formulas.",
                f"The ratings are made up: {data.title}.",
            ),
            change=(
                "On 'data', a rating: raise what Ana gives, and see her row on 'ratings' follow.",
                "learning_rate on 'training'.",
            ),
            watch=(
                "'ratings': the colours of given and predicted come to look alike, and in bold "
                "stand the ratings that nobody gave.",
                "The two numbers of films that are liked by the same users.",
            ),
            answers=(
                "Does it need Solver? No: each weight has a slope, and steps follow it.",
                "What is an embedding? The numbers beside a user's name, or above a film's.",
                "What becomes of missing ratings? They have no row of data and no say; still there "
                "is a prediction, as user and film have other rows to learn from.",
                "What are biases for? Some users are kind to all films, and some films are liked "
                "by all: then the product has only the taste to tell.",
                f"Is it right about the missing ones? {data.rows} ratings teach "
                f"{len(network.parameters)} weights: it fits what is given better than what is "
                "not. That is overfitting.",
            ),
            data=data,
            views=options.apply(views, data),
            target_loss=0.1,
            pairs=tabs,
        )


def _network() -> str:
    """Return the text of the net, with the weights called after users and films."""
    names = [f"{one}.{part}" for one in (*_USERS, *_FILMS) for part in _PARTS]
    lines = [f"weights mean, {', '.join(names)}"]
    for input, ones in (("user", _USERS), ("film", _FILMS)):
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


def _ratings(given: int, noise: float, seed: int) -> Dataset:
    """Make up ratings: tastes of users times what films are like, in half stars."""
    need_points(given, noise, seed)
    if given > _EVERY:
        raise SpecError(f"points: got {given}, need at most {_EVERY}, one for every pair")
    import numpy as np

    rng = np.random.default_rng(seed)
    tastes, films = rng.standard_normal((6, 2)), rng.standard_normal((5, 2))
    stars = 3 + tastes @ films.T + noise * rng.standard_normal((6, 5))
    stars = (2 * stars.clip(0, 5)).round() / 2
    chosen = np.sort(rng.permutation(_EVERY)[:given])
    users, titles = np.divmod(chosen, len(_FILMS))
    frame = {
        "who": [_USERS[i] for i in users],
        "what": [_FILMS[j] for j in titles],
        "rating": stars[users, titles].tolist(),
    }
    title = f"{given} ratings of {_EVERY}, noise {noise:g}, seed {seed}"
    return Dataset(title, **columns_of(_SCHEMA, frame))


LESSON = Embeddings()
