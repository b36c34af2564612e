"""Points around a line: built in, made up, or read from a CSV file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from xlsgd.base.errors import DataError, SpecError
from xlsgd.data import dataset
from xlsgd.data.csvnumbers import NumberReader
from xlsgd.data.csvtext import cell_place, data_rows, header_of, key, text_of
from xlsgd.data.dataset import GREATEST, Dataset
from xlsgd.data.source import Received, received

__all__ = ["default_data", "made_data", "need_points", "read_csv", "scattered", "three_kinds"]

# The x column of fast.ai's graddesc workbook, in its order.
_FASTAI_X = (
    *(14, 86, 28, 51, 28, 29, 72, 62, 84, 15, 42, 62, 47, 35, 9),
    *(38, 44, 99, 13, 21, 28, 20, 8, 64, 99, 70, 27, 17, 8),
)

_TRUTH = (2.0, 30.0)
"""Slope and intercept of the line that points are made up around."""


def default_data() -> Dataset:
    """Return fast.ai's 29 points: whole numbers up to 99, all exactly on y = 2x + 30."""
    x = tuple(float(number) for number in _FASTAI_X)
    slope, intercept = _TRUTH
    y = tuple(slope * number + intercept for number in x)
    return Dataset(f"{len(x)} points on y = 2x + 30", {"x": x}, y, truth=_TRUTH)


def made_data(points: int, noise: float, seed: int) -> Dataset:
    """Make up points around y = 2x + 30; the same arguments give the same points.

    points: how many, 2 to MAX_ROWS.   noise: standard deviation of what is added to y, >= 0.
    seed: start of numpy's default_rng, >= 0.
    x are whole numbers drawn uniformly from 1 to 99.
    Raises SpecError if an argument is outside its range.
    """
    need_points(points, noise, seed)
    import numpy as np

    rng = np.random.default_rng(seed)
    x = tuple(float(number) for number in rng.integers(1, 100, size=points))
    normal = rng.standard_normal(points)
    slope, intercept = _TRUTH
    y = tuple(
        slope * number + intercept + noise * float(z) for number, z in zip(x, normal, strict=True)
    )
    if not all(abs(number) <= GREATEST for number in y):
        raise SpecError(f"noise: got {noise}, so great that y² overflows. Choose a smaller one.")
    title = f"{points} points {'around' if noise else 'on'} y = 2x + 30"
    return Dataset(f"{title}, noise {noise:g}, seed {seed}", {"x": x}, y, truth=_TRUTH)


def scattered(points: int, noise: float, seed: int) -> Dataset:
    """Make up points around y = 2x + 1 for x from -1.5 to 1.5, in an order drawn as well.

    points, noise, seed: as of ``made_data``.
    """
    need_points(points, noise, seed)
    import numpy as np

    rng = np.random.default_rng(seed)
    x = rng.permutation(np.linspace(-1.5, 1.5, points).round(2))
    y = (2 * x + 1 + noise * rng.standard_normal(points)).round(2)
    title = f"{points} points around y = 2x + 1, noise {noise:g}, seed {seed}"
    return Dataset(title, {"x": tuple(x.tolist())}, tuple(y.tolist()), truth=(2.0, 1.0))


def three_kinds(points: int, noise: float, seed: int) -> Dataset:
    """Make up points of three kinds: small, middling and large x, with borders not sharp."""
    need_points(points, noise, seed)
    import numpy as np

    rng = np.random.default_rng(seed)
    x = rng.permutation(np.linspace(-3, 3, points).round(1))
    felt = x + noise * rng.standard_normal(points)
    y = (felt > -1).astype(float) + (felt > 1)
    title = f"{points} points of three kinds, noise {noise:g}, seed {seed}"
    return Dataset(title, {"x": tuple(x.tolist())}, tuple(y.tolist()))


def need_points(points: int, noise: float, seed: int) -> None:
    """Raise SpecError for what no points can be made up of."""
    if not 2 <= points <= dataset.MAX_ROWS:
        raise SpecError(
            f"points: got {points}, need a whole number from 2 to {dataset.MAX_ROWS:,}."
        )
    if not (math.isfinite(noise) and noise >= 0):
        raise SpecError(f"noise: got {noise}, need a finite number, 0 or greater.")
    if seed < 0:
        raise SpecError(f"seed: got {seed}, need a whole number, 0 or greater.")


def read_csv(path: str | Path, inputs: Sequence[str] = ("x",)) -> Dataset:
    """Read the columns named in inputs, and y, from a CSV file in UTF-8.

    path: of a file, or a URL, to which #sha256=HEX may be added.

    Commas, semicolons or tabs stand between the cells; the header line decides which. Column names
    match whatever their case, in any order; further columns are ignored, and so are blank lines at
    the end. Between semicolons or tabs a number may have a decimal comma, as Excel writes it in
    much of Europe; one file keeps to one decimal mark.
    Raises DataError for a file that cannot be read, or could be read in two ways;
    SpecError if inputs is empty or names a column twice.
    """
    names = _wanted_columns(inputs)
    got = received(path)
    try:
        return _points(got, names)
    except DataError:
        got.forget()
        raise


def _points(got: Received, names: Sequence[str]) -> Dataset:
    file = got.file
    text = text_of(got.content, file)
    header = header_of(text, names, file)

    reader = NumberReader(file, header.delimiter)
    columns: dict[str, list[float]] = {name: [] for name in names}
    for line, cells in data_rows(text, header, file):
        for name, place in header.places.items():
            where = partial(cell_place, line, cells, place, name)
            columns[name].append(reader.number(cells[place], where))
    reader.finish()

    if not columns["y"]:
        raise DataError(f"{file}: got a header but no row below it. Add rows of numbers.")
    y = tuple(columns.pop("y"))
    title = f"{len(y)} {'row' if len(y) == 1 else 'rows'} from {got.name}"
    given = {name: tuple(column) for name, column in columns.items()}
    return Dataset(title, given, y, sha256=got.sha256, checked=got.checked)


def _wanted_columns(inputs: Sequence[str]) -> list[str]:
    """Return the columns to look for: the inputs, then y."""
    names = [] if isinstance(inputs, str) else [*inputs, "y"]
    keys = [key(name) for name in names]
    if len(names) < 2 or len(set(keys)) < len(keys) or not all(keys):
        raise SpecError(
            f"inputs: got {inputs!r}, need a list of one or more different column names "
            "beside y, such as ('x1', 'x2')."
        )
    return names
