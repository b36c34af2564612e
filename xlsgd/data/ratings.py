"""Ratings: users, films, and how many stars the ones gave the others; some pairs are missing."""

from __future__ import annotations

from xlsgd.base.errors import SpecError
from xlsgd.data.dataset import Dataset, columns_of
from xlsgd.data.features import parse_feature
from xlsgd.data.points import need_points
from xlsgd.data.schema import Raw, Schema, Words

__all__ = ["FILMS", "SCHEMA", "USERS", "made_ratings"]

USERS = ("Ana", "Ben", "Cleo", "Dan", "Eva", "Finn")
FILMS = ("Comet", "Harbour", "Lantern", "Orchard", "Signal")
_EVERY = len(USERS) * len(FILMS)

SCHEMA = Schema(
    "ratings",
    raw=(
        Raw("who", "who rates", "word", USERS, USERS[0]),
        Raw("what", "which film", "word", FILMS, FILMS[0]),
        Raw("rating", "0 to 5 stars"),
    ),
    features=(
        parse_feature("user", f"index(who, {', '.join(map(repr, USERS))})".replace("'", '"')),
        parse_feature("film", f"index(what, {', '.join(map(repr, FILMS))})".replace("'", '"')),
    ),
    inputs=("user", "film"),
    targets=("rating",),
    words=Words(title="Who rated what", one="rating", many="ratings"),
)


def made_ratings(given: int, noise: float, seed: int) -> Dataset:
    """Make up ratings: tastes of users times what films are like, in half stars.

    given: how many pairs are rated.   noise: standard deviation of what is added, >= 0.
    seed: of numpy's default_rng, >= 0.   Raises SpecError if an argument is outside its range.
    """
    need_points(given, noise, seed)
    if given > _EVERY:
        raise SpecError(f"points: got {given}, need at most {_EVERY}, one for every pair")
    import numpy as np

    rng = np.random.default_rng(seed)
    tastes, films = rng.standard_normal((6, 2)), rng.standard_normal((5, 2))
    stars = 3 + tastes @ films.T + noise * rng.standard_normal((6, 5))
    stars = (2 * stars.clip(0, 5)).round() / 2
    chosen = np.sort(rng.permutation(_EVERY)[:given])
    users, titles = np.divmod(chosen, len(FILMS))
    frame = {
        "who": [USERS[i] for i in users],
        "what": [FILMS[j] for j in titles],
        "rating": stars[users, titles].tolist(),
    }
    title = f"{given} ratings of {_EVERY}, noise {noise:g}, seed {seed}"
    return Dataset(title, **columns_of(SCHEMA, frame))
