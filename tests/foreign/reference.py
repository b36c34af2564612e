"""What trainings come to, calculated step by step without a spreadsheet: slopes by torch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

__all__ = [
    "Rule",
    "adagrad",
    "adam",
    "central",
    "decay",
    "forward",
    "momentum",
    "plain",
    "rmsprop",
    "slopes",
    "train",
]

Loss = Callable[..., Any]
"""Of the weights, as tensors, and the number of the step."""

Rule = Callable[[int, float, float, dict[str, float]], float]
"""A weight's next number from the number of the step, from 1 on, the weight, its slope, and what
is remembered of it, which it changes."""

Slopes = Callable[[Loss, Sequence[float], int], list[float]]


def slopes(loss: Loss, weights: Sequence[float], step: int) -> list[float]:
    """Return the derivatives of a loss."""
    import torch

    given = [torch.tensor(w, dtype=torch.float64, requires_grad=True) for w in weights]
    found = torch.autograd.grad(loss(*given, step), given)
    return [float(slope) for slope in found]


def _number(loss: Loss, weights: Sequence[float], step: int) -> float:
    import torch

    return float(loss(*(torch.tensor(w, dtype=torch.float64) for w in weights), step))


def forward(h: float) -> Slopes:
    """Return what gives the quotients (loss(w+h) − loss(w)) / h."""

    def found(loss: Loss, weights: Sequence[float], step: int) -> list[float]:
        here = _number(loss, weights, step)
        return [
            (_number(loss, _moved(weights, i, h), step) - here) / h for i in range(len(weights))
        ]

    return found


def central(h: float) -> Slopes:
    """Return what gives the quotients (loss(w+h) − loss(w−h)) / 2h."""

    def found(loss: Loss, weights: Sequence[float], step: int) -> list[float]:
        return [
            (
                _number(loss, _moved(weights, i, h), step)
                - _number(loss, _moved(weights, i, -h), step)
            )
            / (2 * h)
            for i in range(len(weights))
        ]

    return found


def _moved(weights: Sequence[float], i: int, h: float) -> list[float]:
    return [w + h if j == i else w for j, w in enumerate(weights)]


def train(
    start: Sequence[float], loss: Loss, rule: Rule, steps: int, by: Slopes = slopes
) -> list[float]:
    """Return the weights after some steps."""
    weights = list(start)
    memory: list[dict[str, float]] = [{} for _ in weights]
    for step in range(steps):
        found = by(loss, weights, step)
        weights = [
            rule(step + 1, w, g, own) for w, g, own in zip(weights, found, memory, strict=True)
        ]
    return weights


def plain(rate: float | Callable[[int], float], lost: float = 0.0) -> Rule:
    """Gradient descent.   lost: the share of the weight that is added to its slope."""

    def rule(t: int, w: float, g: float, own: dict[str, float]) -> float:
        now = rate(t) if callable(rate) else rate
        return w - now * (g + lost * w)

    return rule


def decay(rate: float, lost: float, inner: Rule) -> Rule:
    """A rule after which rate·lost of the weight is taken away."""

    def rule(t: int, w: float, g: float, own: dict[str, float]) -> float:
        return inner(t, w, g, own) - rate * lost * w

    return rule


def momentum(rate: float, beta: float, share: float = 1.0, ahead: bool = False) -> Rule:
    """share: of the slope that is added.   ahead: Nesterov's, as torch has it."""

    def rule(t: int, w: float, g: float, own: dict[str, float]) -> float:
        v = own["v"] = beta * own.get("v", 0.0) + share * g
        return w - rate * (g + beta * v if ahead else v)

    return rule


def adagrad(rate: float, eps: float) -> Rule:
    def rule(t: int, w: float, g: float, own: dict[str, float]) -> float:
        s = own["s"] = own.get("s", 0.0) + g * g
        return w - rate * g / (math.sqrt(s) + eps)

    return rule


def rmsprop(rate: float, beta: float, eps: float = 0.0, old: float | None = None) -> Rule:
    """old: what the average begins with, if the step takes the one before."""

    def rule(t: int, w: float, g: float, own: dict[str, float]) -> float:
        before = own.get("s", old or 0.0)
        now = own["s"] = beta * before + (1 - beta) * g * g
        return w - rate * g / (math.sqrt(now if old is None else before) + eps)

    return rule


def adam(
    rate: float, beta1: float, beta2: float, eps: float, correct: bool, inside: bool = False
) -> Rule:
    def rule(t: int, w: float, g: float, own: dict[str, float]) -> float:
        m = own["m"] = beta1 * own.get("m", 0.0) + (1 - beta1) * g
        v = own["v"] = beta2 * own.get("v", 0.0) + (1 - beta2) * g * g
        if correct:
            m, v = m / (1 - beta1**t), v / (1 - beta2**t)
        return w - rate * m / (math.sqrt(v + eps) if inside else math.sqrt(v) + eps)

    return rule
