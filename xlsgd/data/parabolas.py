"""Points on a parabola, with noise that one cell scales."""

from __future__ import annotations

from collections.abc import Sequence

from xlsgd.data.dataset import Dataset, columns_of
from xlsgd.data.features.feature import Feature
from xlsgd.data.features.noisy import Noisy
from xlsgd.data.points import need_points
from xlsgd.data.schema import Raw, Schema, Words

__all__ = ["parabola_data"]


def parabola_data(
    title: str,
    x: tuple[str, Sequence[float]],
    y: Sequence[float],
    noise: float,
    seed: int,
    features: Sequence[Feature] = (),
    inputs: Sequence[str] = (),
) -> Dataset:
    """Return points whose y is what is given plus ``noise`` times a random number drawn once.

    x: the name of the column, and its numbers.   noise: what is in its cell at first.
    seed: of numpy's default_rng, from which the random numbers are drawn: normal ones.
    features: made of x.   inputs: their names, x itself where there are none.
    """
    need_points(len(y), noise, seed)
    import numpy as np

    name, at = x
    random = np.random.default_rng(seed).standard_normal(len(y)).round(2)
    raw = (
        Raw(name, "where the point is"),
        Raw("curve", "y without noise", width=11),
        Raw("random", "a random number, drawn once"),
        Raw("noise", "how much of the random numbers is added: 0 for none", shared=True),
    )
    schema = Schema(
        "parabola",
        raw,
        tuple(inputs) or (name,),
        ("y",),
        (*features, Noisy("y", "curve", "random", "noise")),
        words=Words(one="point", many="points", question="which y has the net for it?"),
    )
    cells = {name: list(at), "curve": list(y), "random": random.tolist()}
    return Dataset(title, **columns_of(schema, {**cells, "noise": [noise] * len(y)}))
