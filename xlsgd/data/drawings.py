"""Small images drawn with signs, as data: ink, fixed random numbers, and one cell for the noise.

    ###.
    ...#
    .##.

A pixel is a column, ``p12`` the second of the first row. What goes into a net is the ink of a
pixel plus ``noise`` times a random number that was drawn once, from a seed. Pixels that are blank
in every image stay blank, as the edges of handwritten digits are.
"""

from __future__ import annotations

from collections.abc import Sequence

from xlsgd.base.errors import SpecError
from xlsgd.data.dataset import Dataset, columns_of
from xlsgd.data.features.feature import Feature
from xlsgd.data.features.noisy import Noisy
from xlsgd.data.features.number import Number
from xlsgd.data.schema import Raw, Schema, Words

__all__ = ["MOST", "drawn_data", "image_data", "pixel_names"]

MOST = 9
"""Rows or columns of an image whose pixels are called by a digit each."""
_NOISE = Raw("noise", "how much of the random numbers is added: 0 for none", shared=True)
_LABEL = (0.0, 1.0)


def pixel_names(height: int, width: int, prefix: str = "p") -> list[str]:
    """Return the names of the pixels of an image, row by row."""
    return [f"{prefix}{r}{c}" for r in range(1, height + 1) for c in range(1, width + 1)]


def _narrow(name: str) -> float:
    """Return how wide a column is that is as narrow as its header allows."""
    return 1.15 * len(name) + 2


def drawn_data(
    title: str,
    drawings: Sequence[str],
    labels: Sequence[float],
    words: Words,
    noise: float,
    seed: int,
    remark: str = "",
) -> Dataset:
    """Return images as data, a row for every drawing.

    drawings: lines of the same length, ``#`` for ink and ``.`` for blank.
    labels: 0 or 1 for each.
    noise: what is in the cell at first.   seed: of the random numbers, between -1 and 1.
    Raises SpecError for images that are not all of one size, and for a seed below 0.
    """
    import numpy as np

    inks = [drawing.split() for drawing in drawings]
    sizes = {(len(lines), *{len(line) for line in lines}) for lines in inks}
    if len(sizes) != 1 or len(size := next(iter(sizes))) != 2 or max(size) > MOST:
        raise SpecError(f"drawings: got the sizes {sorted(sizes)}, need one, up to {MOST} × {MOST}")
    height, width = size
    ink = np.array([[sign == "#" for line in lines for sign in line] for lines in inks], float)
    random = np.random.default_rng(seed).uniform(-1, 1, ink.shape).round(2)
    pixels, inked, drawn = (pixel_names(height, width, prefix) for prefix in ("p", "ink", "random"))
    raw, features = [], list[Feature]()
    cells: dict[str, Sequence[float]] = {}
    for i, name in enumerate(inked):
        raw.append(Raw(name, "the ink of this pixel: 1 or 0", width=_narrow(name)))
        cells[name] = ink[:, i].tolist()
    for i, (name, own) in enumerate(zip(pixels, inked, strict=True)):
        if not ink[:, i].any():
            features.append(Number(name, own, note="blank in every image"))
            continue
        raw.append(Raw(drawn[i], "a random number, drawn once", width=_narrow(drawn[i])))
        cells[drawn[i]] = random[:, i].tolist()
        features.append(Noisy(name, own, drawn[i], _NOISE.name))
    raw += [_NOISE, Raw("y", "what the image shows", among=_LABEL)]
    cells |= {_NOISE.name: [noise] * len(ink), "y": list(labels)}
    schema = Schema("images", tuple(raw), tuple(pixels), ("y",), tuple(features), words=words)
    return Dataset(title, **columns_of(schema, cells), remark=remark)


def image_data(
    title: str,
    images: Sequence[Sequence[float]],
    height: int,
    labels: Sequence[float],
    words: Words,
) -> Dataset:
    """Return images that are numbers as they are as data.

    images: the pixels of each, row by row.   height: in rows of pixels.
    """
    names = pixel_names(height, len(images[0]) // height)
    raw = [Raw(name, "the ink of this pixel", width=_narrow(name)) for name in names]
    raw.append(Raw("y", "what the image shows", among=_LABEL))
    cells = {name: [image[i] for image in images] for i, name in enumerate(names)}
    schema = Schema("images", tuple(raw), tuple(names), words=words)
    return Dataset(title, **columns_of(schema, {**cells, "y": list(labels)}))
