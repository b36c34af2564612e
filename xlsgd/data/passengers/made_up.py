"""Make up Titanic passengers: nobody who lived, but shares as on the ship.

The tables below are rounded from what is published of the ship's passengers. Who survives is drawn
from the share of those of the same class, sex and age, so that a net finds what it would find in
Kaggle's file: first the women and children, and those with money.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlsgd.base.errors import SpecError
from xlsgd.data import dataset
from xlsgd.data.passengers.columns import PORTS, RAW_COLUMNS, SEXES, Passengers, passengers_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.intp]

__all__ = ["made_passengers"]

# Shares of a list are in the order of what they choose; they add up to 1. Where a table has three
# rows, they are for the first, second and third class.

_CLASSES = (0.24, 0.21, 0.55)
_MALE = (0.56, 0.59, 0.71)
_PORT = ((0.60, 0.39, 0.01), (0.89, 0.09, 0.02), (0.77, 0.13, 0.10))  # as PORTS: S, C, Q

# (share below, age), with straight lines between.
_AGES = (
    ((0.0, 1), (0.03, 12), (0.05, 17), (0.25, 27), (0.5, 37), (0.75, 49), (0.95, 62), (1.0, 80)),
    ((0.0, 1), (0.10, 12), (0.12, 16), (0.25, 23), (0.5, 29), (0.75, 36), (0.95, 54), (1.0, 70)),
    ((0.0, 1), (0.12, 12), (0.16, 16), (0.25, 19), (0.5, 24), (0.75, 32), (0.95, 45), (1.0, 74)),
)
_HALF_YEARS = 0.03  # share of ages that are guesses, such as 30.5

# (SibSp, Parch) and their shares, for men, women and children.
_CHILD_BELOW = 12
_COMPANY = (
    (
        *(((0, 0), 0.73), ((1, 0), 0.13), ((1, 1), 0.05), ((0, 1), 0.03)),
        *(((2, 0), 0.03), ((0, 2), 0.015), ((1, 2), 0.015)),
    ),
    (
        *(((0, 0), 0.43), ((1, 0), 0.22), ((1, 1), 0.09), ((0, 1), 0.09)),
        *(((0, 2), 0.06), ((1, 2), 0.05), ((2, 0), 0.02), ((2, 1), 0.02), ((1, 4), 0.02)),
    ),
    (
        *(((1, 1), 0.23), ((0, 2), 0.14), ((4, 2), 0.14), ((0, 1), 0.11), ((4, 1), 0.10)),
        *(((1, 2), 0.10), ((2, 1), 0.08), ((3, 1), 0.05), ((3, 2), 0.05)),
    ),
)

# (share below, fare in pounds of who travels alone), with straight lines between. Companions,
# who travel on the same ticket, add their part.
_FARES = (
    ((0.0, 25.5), (0.3, 28), (0.5, 47), (0.75, 80), (0.92, 130), (0.98, 190), (1.0, 260)),
    ((0.0, 10.5), (0.25, 12.5), (0.5, 13), (0.8, 13.5), (0.95, 26), (1.0, 40)),
    ((0.0, 6.5), (0.2, 7.25), (0.5, 7.8), (0.8, 8.1), (0.95, 15), (1.0, 30)),
)
_PER_COMPANION = 0.4
_PENCE = 240  # in a pound
_GREATEST_FARE = 500.0
_FREE = 0.03  # of the men who travel alone: crew of the shipyard, guests of the line

# Shares who survive, for men, women, boys and girls. Men and boys together: 37, 16 and 14 %,
# women and girls: 97, 92 and 50 %.
_SURVIVED = ((0.355, 0.07, 0.11), (0.97, 0.91, 0.50), (1.0, 1.0, 0.36), (1.0, 1.0, 0.50))

_CABIN = (0.6, 0.06, 0.02)  # share whose cabin is known

_SURNAMES = (
    *("Anchor", "Biscuit", "Button", "Candle", "Compass", "Cushion", "Feather", "Kettle"),
    *("Lantern", "Marmalade", "Mitten", "Muffin", "Napkin", "Parasol", "Pebble", "Pudding"),
    *("Ribbon", "Saucer", "Slipper", "Spoon", "Teapot", "Thimble", "Trumpet", "Umbrella"),
)


def made_passengers(rows: int = 712, seed: int = 0) -> Passengers:
    """Make up passengers with every cell filled but Cabin; the same arguments give the same ones.

    rows: how many, 2 to MAX_ROWS.
    seed: start of numpy's default_rng, >= 0.
    Only its random() is called, whose stream of bits numpy keeps from version to version. Shares
    are kept as closely as whole passengers allow, so that any seed shows the same picture.
    Raises SpecError if an argument is outside its range.
    """
    if not 2 <= rows <= dataset.MAX_ROWS:
        raise SpecError(f"rows: got {rows}, need a whole number from 2 to {dataset.MAX_ROWS:,}.")
    if seed < 0:
        raise SpecError(f"seed: got {seed}, need a whole number, 0 or greater.")
    import numpy as np
    import pandas as pd

    chance = iter(np.random.default_rng(seed).random((12, rows)))

    place = _chosen((_CLASSES,), _even(next(chance)))  # the first class is 0
    male = _even(next(chance), place) < np.array(_MALE)[place]
    age = np.floor(_between(_AGES, _even(next(chance), place), place))
    age += np.where((next(chance) < _HALF_YEARS) & (age >= _CHILD_BELOW) & (age < 80), 0.5, 0.0)
    child = age < _CHILD_BELOW
    adult_kind = np.where(male, 0, 1)
    sibsp, parch = _company(next(chance), np.where(child, 2, adult_kind))
    port = _chosen(_PORT, _even(next(chance), place), place)
    fare = _between(_FARES, next(chance), place) * (1 + _PER_COMPANION * (sibsp + parch))
    fare = np.round(np.round(np.minimum(fare, _GREATEST_FARE) * _PENCE) / _PENCE, 4)
    free = (next(chance) < _FREE) & male & ~child & (sibsp + parch == 0)
    fare = np.where(free, 0.0, fare)
    kind = adult_kind + 2 * child
    survived = _even(next(chance), 4 * place + kind) < np.array(_SURVIVED)[kind, place]
    surname = (next(chance) * len(_SURNAMES)).astype(np.intp)
    cabin = next(chance) < np.array(_CABIN)[place]
    cabin_number = 1 + (next(chance) * 99).astype(np.intp)

    titles = np.where(
        male,
        np.where(child, "Master.", "Mr."),
        np.where(child | (sibsp == 0), "Miss.", "Mrs."),
    )
    frame = pd.DataFrame(
        {
            "PassengerId": np.arange(1.0, rows + 1),
            "Survived": survived.astype(float),
            "Pclass": place + 1.0,
            "Name": [
                f"{_SURNAMES[name]}, {title} Made-up {number}"
                for number, (name, title) in enumerate(zip(surname, titles, strict=True), 1)
            ],
            "Sex": [SEXES[0] if is_male else SEXES[1] for is_male in male],
            "Age": age,
            "SibSp": sibsp.astype(float),
            "Parch": parch.astype(float),
            "Ticket": [f"M {number:04d}" for number in range(1, rows + 1)],
            "Fare": fare,
            "Cabin": [
                f"M{number}" if known else None
                for known, number in zip(cabin, cabin_number, strict=True)
            ],
            "Embarked": [PORTS[index] for index in port],
        },
        columns=list(RAW_COLUMNS),
    )
    title = f"{rows} made-up passengers" + (f", seed {seed}" if seed else "")
    return passengers_of(title, frame, rows, {"Age": 0, "Embarked": 0}, made_up=True)


def _even(chance: Floats, group: Indices | None = None) -> Floats:
    """Return chances in the same order within each group, but at even distances from 0 to 1."""
    import numpy as np

    if group is None:
        group = np.zeros(len(chance), dtype=np.intp)
    order = np.lexsort((chance, group))
    sizes = np.bincount(group)
    first = np.cumsum(sizes) - sizes
    even = np.empty(len(chance))
    mine = group[order]
    even[order] = (np.arange(len(chance)) - first[mine] + 0.5) / sizes[mine]
    return even


def _chosen(
    shares: tuple[tuple[float, ...], ...], chance: Floats, kind: Indices | None = None
) -> Indices:
    """Return for each chance the index it chooses from the shares of its kind, or the only ones."""
    import numpy as np

    # The last border, 1 but for rounding, is never crossed.
    borders = np.array([np.cumsum(row)[:-1] for row in shares])
    rows = borders[0] if kind is None else borders[kind]
    return np.asarray((chance[:, None] >= rows).sum(axis=1), dtype=np.intp)


def _between(
    tables: tuple[tuple[tuple[float, float], ...], ...], chance: Floats, kind: Indices
) -> Floats:
    """Return for each chance the value at it in the table of its kind, on straight lines."""
    import numpy as np

    curves = [np.interp(chance, *np.array(table, dtype=float).T) for table in tables]
    return np.asarray(np.choose(kind, curves), dtype=float)


def _company(chance: Floats, kind: Indices) -> tuple[Indices, Indices]:
    """Return SibSp and Parch for each chance."""
    import numpy as np

    sibsp, parch = np.zeros((2, len(chance)), dtype=np.intp)
    for index, table in enumerate(_COMPANY):
        mine = kind == index
        shares = (tuple(share for _, share in table),)
        pairs = np.array([pair for pair, _ in table], dtype=np.intp)
        chosen = pairs[_chosen(shares, chance[mine])]
        sibsp[mine], parch[mine] = chosen.T
    return sibsp, parch
