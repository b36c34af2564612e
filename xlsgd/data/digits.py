"""The handwritten digits that scikit-learn brings along: images of 8 × 8 pixels."""

from __future__ import annotations

from xlsgd.base.errors import SpecError
from xlsgd.data.dataset import Dataset
from xlsgd.data.drawings import image_data
from xlsgd.data.schema import Words

__all__ = ["HEIGHT", "digit_data"]

HEIGHT = 8
_DARKEST = 16


def digit_data(first: int, second: int, each: int, words: Words) -> Dataset:
    """Return so many images of each of two digits, in turn: y is 0 for the first, 1 for the second.

    Raises SpecError where scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise SpecError(
            "--digits takes images from scikit-learn, which is not installed; install it with "
            "pip install 'xlsgd[digits]', or leave --digits out"
        ) from error
    found = load_digits()
    rows = [[i for i, one in enumerate(found.target) if one == digit] for digit in (first, second)]
    chosen = [i for pair in zip(*(numbers[:each] for numbers in rows), strict=True) for i in pair]
    images = [[float(ink) / _DARKEST for ink in found.data[i]] for i in chosen]
    labels = [0.0, 1.0] * each
    title = f"{len(images)} handwritten digits of scikit-learn's, {HEIGHT} × {HEIGHT} pixels"
    return image_data(title, images, HEIGHT, labels, words)
