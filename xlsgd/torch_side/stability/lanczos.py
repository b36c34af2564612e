"""The largest eigenvalue of a matrix that is known by its products alone, by the Lanczos method."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from xlsgd.torch_side.plain import one_thread

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["largest_eigenvalue"]

_ALONE = 48
"""Up to so many rows the whole matrix is asked for: as quick, and there is nothing to converge."""

_SETTLED = 1e-11
"""An eigenvalue has been found whose residual is this share of the largest in size; what is left of
the error is about the square of that."""

_FEWEST = 12
"""Products at least, however soon something seems to be found: what it begins with may have little
of the direction that matters."""


def largest_eigenvalue(times: Callable[[Tensor], Tensor], size: int) -> float:
    """Return the largest eigenvalue of a symmetric matrix; nan where a product is no number.

    times: gives the product of the matrix with a vector, shape (size,).
    The first vector is drawn from a seed, so that it is the same in every run and at right angles
    to no direction that comes of the structure of a net. Every next one is made orthogonal to all
    before, twice: rounding would otherwise bring found directions back.
    Source: Lanczos 1950; Parlett, The Symmetric Eigenvalue Problem, 1980, on the residual.
    """
    with one_thread():  # many small products: threads would only wait for each other
        return _of_all(times, size) if size <= _ALONE else _by_lanczos(times, size)


def _by_lanczos(times: Callable[[Tensor], Tensor], size: int) -> float:
    import torch

    random = torch.Generator().manual_seed(0)
    vector = torch.randn(size, generator=random, dtype=torch.float64)
    vectors = [vector / vector.norm()]
    diagonal: list[float] = []
    beside: list[float] = []
    while True:
        product = times(vectors[-1])
        if not product.isfinite().all():
            return math.nan
        scale = float(product.abs().max()) or 1.0
        rest, basis = product / scale, torch.stack(vectors)
        diagonal.append(float(vectors[-1] @ rest) * scale)
        for _ in range(2):
            rest = rest - basis.T @ (basis @ rest)
        length = float(rest.norm()) * scale
        values, ends = _eigenvalues(diagonal, beside)
        largest = float(values.abs().max())
        # How far the product of the vector found is from the eigenvalue times that vector.
        residual = length * abs(float(ends[-1]))
        settled = residual <= _SETTLED * largest and len(vectors) >= _FEWEST
        if settled or len(vectors) == size or length <= 1e-14 * largest or length == 0:
            return float(values[-1])
        beside.append(length)
        vectors.append(rest / rest.norm())


def _of_all(times: Callable[[Tensor], Tensor], size: int) -> float:
    """Return the same by products with every unit vector."""
    import torch

    matrix = torch.stack([times(unit) for unit in torch.eye(size, dtype=torch.float64)])
    return float(torch.linalg.eigvalsh(matrix)[-1]) if matrix.isfinite().all() else math.nan


def _eigenvalues(diagonal: list[float], beside: list[float]) -> tuple[Tensor, Tensor]:
    """Return the eigenvalues of a tridiagonal matrix, rising, and the last entry of the
    eigenvector of each."""
    import torch

    matrix = torch.diag(torch.tensor(diagonal, dtype=torch.float64))
    if beside:
        off = torch.diag(torch.tensor(beside, dtype=torch.float64), 1)
        matrix = matrix + off + off.T
    values, vectors = torch.linalg.eigh(matrix)
    return values, vectors[-1]
