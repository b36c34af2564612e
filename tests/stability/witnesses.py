"""The same questions answered another way: plain numpy, and torch.optim in a plain loop.

Nothing here uses xlsgd.torch_side.stability. The update of every optimizer is written down by
hand, as a matrix that acts on the weights' distance from the solution, and on the velocity below
it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from xlsgd.data import Dataset
from xlsgd.training.experiment import Experiment
from xlsgd.training.losses.squared_error import LOSS as SQUARED_ERROR
from xlsgd.training.nets import parse_network
from xlsgd.training.optimizers import optimizers

Floats = NDArray[np.float64]

BETA = 0.9
UPDATES: dict[str, tuple[float, float, float, float]] = {
    "sgd": (0, 0, 0, 1),
    "momentum": (BETA, 1 - BETA, BETA, 1 - BETA),
    "momentum-classic": (BETA, 1, BETA, 1),
    "nesterov": (BETA, 1, BETA**2, 1 + BETA),
}
"""v becomes first·v + second·g, p becomes p - rate·(third·v + fourth·g); v is the old one."""

TORCH: dict[str, Callable[[Any, float], torch.optim.Optimizer]] = {
    "sgd": lambda p, rate: torch.optim.SGD(p, rate),
    "momentum": lambda p, rate: torch.optim.SGD(p, rate, momentum=BETA, dampening=BETA),
    "momentum-classic": lambda p, rate: torch.optim.SGD(p, rate, momentum=BETA),
    "nesterov": lambda p, rate: torch.optim.SGD(p, rate, momentum=BETA, nesterov=True),
}


# What is asked about


def points(*columns: Any, y: Any = None) -> Dataset:
    """Return data with these inputs; y is the first of them where not given."""
    names = ["x"] if len(columns) == 1 else [f"x{i}" for i in range(1, len(columns) + 1)]
    floats = [tuple(map(float, column)) for column in columns]
    answers = floats[0] if y is None else tuple(map(float, y))
    return Dataset("points", dict(zip(names, floats, strict=True)), answers)


def neuron_on(
    data: Dataset, optimizer: str = "sgd", bias: bool = True, **options: Any
) -> Experiment:
    """Return an experiment with one neuron for all inputs of data, or with another network."""
    inputs = len(data.inputs)
    neuron = f"Linear({inputs}, 1{'' if bias else ', no bias'})"
    return Experiment(
        id="run",
        network=parse_network(options.pop("network", neuron), inputs),
        optimizer=optimizers()[optimizer],
        **{"loss": SQUARED_ERROR, "learning_rate": 0.01, **options},
    )


# Plain numpy


def features(data: Dataset, bias: bool = True) -> Floats:
    """Return what the weights of one neuron are multiplied by, shape (rows, weights)."""
    columns = [np.array(column) for column in data.inputs.values()]
    return np.stack([*columns, np.ones(data.rows)] if bias else columns, axis=1)


def hessians(rows: Floats, batch_size: int) -> list[Floats]:
    """Return the Hessian of every step's loss: the mean of (w·f - y)² over its rows f."""
    split = [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    return [2 * batch.T @ batch / len(batch) for batch in split]


def epoch_matrices(optimizer: str, rows: Floats, batch_size: int, rates: Any) -> Floats:
    """Return for every rate the product of the matrices of all steps of an epoch."""
    kept, taken, from_velocity, from_gradient = UPDATES[optimizer]
    rate = np.asarray(rates)[..., None, None]
    one = np.eye(rows.shape[1]) + 0 * rate
    product = np.eye(2 * rows.shape[1]) + 0 * rate
    for hessian in hessians(rows, batch_size):
        weights = [one - rate * from_gradient * hessian, -rate * from_velocity * one]
        velocity = [taken * hessian + 0 * rate, kept * one]
        step = np.concatenate([np.concatenate(part, -1) for part in (weights, velocity)], -2)
        product = step @ product
    found: Floats = product
    return found


def radius(optimizer: str, rows: Floats, batch_size: int, rates: Any) -> Floats:
    """Return the spectral radius of an epoch for every rate."""
    matrices = epoch_matrices(optimizer, rows, batch_size, rates)
    found: Floats = np.abs(np.linalg.eigvals(matrices)).max(-1)
    return found


# Training


def distances(
    optimizer: str, data: Dataset, batch_size: int, rate: Any, epochs: int, solution: list[float]
) -> list[float]:
    """Train one neuron with torch.optim and return how far it is from the solution, by epochs.

    It starts at a distance of 1 in both weights.
    """
    x = torch.tensor(features(data))
    y = torch.tensor(data.y, dtype=torch.float64)
    weights = torch.nn.Parameter(torch.tensor(solution, dtype=torch.float64) + 1)
    trained = TORCH[optimizer]([weights], float(rate))
    found = []
    for _ in range(epochs):
        for batch, answers in zip(
            torch.split(x, batch_size), torch.split(y, batch_size), strict=True
        ):
            trained.zero_grad()
            (batch @ weights - answers).square().mean().backward()
            trained.step()
        found.append(float((weights.detach() - torch.tensor(solution)).norm()))
    return found
