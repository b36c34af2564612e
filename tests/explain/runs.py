"""Runs to explain, each explained once, and the same training written here once more.

The loops below are plain torch and know nothing of xlsgd: what an explanation claims of a run is
compared with them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from tests.builders import experiment_of
from xlsgd.data import Dataset, default_data
from xlsgd.explaining import TabExplanation, explain_run
from xlsgd.tabs.view import View

__all__ = ["ONE", "RELU", "TWO", "Plain", "explained", "known", "one", "plain", "two", "two_relu"]

ONE, TWO = "Linear(1, 1)", "Linear(1, 1), Linear(1, 1)"
RELU = "Linear(1, 1), ReLU, Linear(1, 1)"

Predict = Callable[[Tensor, Tensor], Tensor]
"""From weights, shape (weights, …), and x, shape (…), to the prediction."""


def one(w: Tensor, x: Tensor) -> Tensor:
    return w[0] * x + w[1]


def two(w: Tensor, x: Tensor) -> Tensor:
    return w[2] * (w[0] * x + w[1]) + w[3]


def two_relu(w: Tensor, x: Tensor) -> Tensor:
    return w[2] * torch.relu(w[0] * x + w[1]) + w[3]


@functools.cache
def explained(network: str, rate: float, epochs: int = 10, batch_size: int = 1) -> TabExplanation:
    """Return the explanation of a run by plain gradient descent on the 29 points, from weights
    of 1."""
    experiment = experiment_of(
        network,
        data=default_data(),
        learning_rate=rate,
        start=dict.fromkeys("abcd" if "," in network[12:] else "ab", 1.0),
        epochs=epochs,
        batch_size=batch_size,
    )
    return explain_run(View(experiment), default_data())


@dataclass(frozen=True)
class Plain:
    """A run in plain torch.

    rmse: of the last epoch, every row before its own update.
    losses: of every row as it came by.
    weights: before every step and after the last one.
    mean_losses: over all rows of data, at those.
    """

    rmse: float
    losses: list[float]
    weights: list[Tensor]
    mean_losses: list[float]


@functools.cache
def known(predict: Predict, rate: float, epochs: int = 10) -> Plain:
    """Return ``plain`` on the 29 points from weights of 1, calculated once."""
    return plain(predict, rate, epochs)


def plain(
    predict: Predict,
    rate: float,
    epochs: int = 10,
    *,
    data: Dataset | None = None,
    start: Mapping[str, float] | None = None,
    batch_size: int = 1,
    h: float | None = 0.01,
    beta: float = 0.0,
) -> Plain:
    """Train by gradient descent and return what happens.

    h: of a forward difference; None for autograd.   beta: share of the old velocity that is kept.
    """
    data = data or default_data()
    count = 2 if predict is one else 4
    w = torch.tensor(list((start or {}).values()) or [1.0] * count, dtype=torch.float64)
    inputs = [torch.tensor(v, dtype=torch.float64) for v in data.inputs.values()]
    x = inputs[0] if len(inputs) == 1 else torch.stack(inputs)
    y = torch.tensor(data.y, dtype=torch.float64)

    def loss(w: Tensor, rows: slice) -> Tensor:
        return (predict(w, x[..., rows]) - y[rows]) ** 2

    every = slice(None)
    velocity = torch.zeros_like(w)
    weights, losses, mean_losses = [w], [], [float(loss(w, every).mean())]
    for _ in range(epochs):
        for begin in range(0, data.rows, batch_size):
            rows = slice(begin, begin + batch_size)
            now = loss(w, rows)
            losses += now.tolist()
            if h is None:
                leaf = w.clone().requires_grad_()
                (slope,) = torch.autograd.grad(loss(leaf, rows).mean(), leaf)
            else:
                moves = h * torch.eye(len(w), dtype=torch.float64)
                slope = torch.stack([((loss(w + m, rows) - now) / h).mean() for m in moves])
            velocity = beta * velocity + (1 - beta) * slope
            w = w - rate * velocity
            weights.append(w)
            mean_losses.append(float(loss(w, every).mean()))
    last = torch.tensor(losses[-data.rows :], dtype=torch.float64)
    return Plain(float(last.mean().sqrt()), losses, weights, mean_losses)
