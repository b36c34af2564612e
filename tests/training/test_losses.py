"""Losses: formulas against torch, and against hundreds of digits, for small and huge numbers."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.training.evaluated import calculated
from xlsgd.base.columns import fill
from xlsgd.training.losses import losses

Floats = NDArray[np.float64]
mp = mpmath.mp.clone()
mp.dps = 800  # as many as e^−1600 is from 1

_SIZES = (1e-300, 1e-8, 0.3, 1.0, 2.6, 5.0, 20.5, 50.0, 800.0)
NUMBERS = (0.0, *_SIZES, *(-size for size in _SIZES))
LOGITS = tuple(v for v in NUMBERS if abs(v) <= 800)
SHARES = (0.0, 1e-300, 1e-20, 1e-8, 0.2, 0.4999, 0.5, 0.7, 1 - 1e-8, 1 - 2.0**-53, 1.0)
SMALL = tuple(v for v in NUMBERS if abs(v) <= 300)


def _softplus(x: Any) -> Any:
    return mp.log1p(mp.exp(x)) if x < 0 else x + mp.log1p(mp.exp(-x))


def _log(p: Any) -> Any:
    return max(mp.mpf(-100), mp.log(p)) if p > 0 else mp.mpf(-100)


def _cross_entropy(z: Any, y: int, label_smoothing: float) -> Any:
    most = max(z)
    total = mp.log(sum(mp.exp(each - most) for each in z)) + most
    alike = sum(total - each for each in z) / len(z)
    return (1 - mp.mpf(label_smoothing)) * (total - z[y]) + mp.mpf(label_smoothing) * alike


def _weighted_cross_entropy(z: Any, y: int, label_smoothing: float, **weights: float) -> Any:
    own, smooth = list(map(mp.mpf, weights.values())), mp.mpf(label_smoothing)
    alike = sum(w * _cross_entropy(z, c, 0) for c, w in enumerate(own)) / len(z)
    return (1 - smooth) * own[y] * _cross_entropy(z, y, 0) + smooth * alike


def _cross_entropy_of_shares(z: Any, shares: Any, label_smoothing: float) -> Any:
    return sum(y * _cross_entropy(z, c, label_smoothing) for c, y in enumerate(shares)) + sum(
        # What is smoothed is the target: of one whose sum is not 1, all classes get a whole share.
        (1 - sum(shares)) * mp.mpf(label_smoothing) * _cross_entropy(z, c, 0) / len(z)
        for c in range(len(z))
    )


def _huber(off: Any, delta: float) -> Any:
    return off**2 / 2 if abs(off) <= delta else delta * (abs(off) - mp.mpf(delta) / 2)


def _smooth(off: Any, beta: float) -> Any:
    return off**2 / 2 / beta if abs(off) < beta else abs(off) - mp.mpf(beta) / 2


Exact = Callable[..., Any]
ONE: dict[str, tuple[tuple[float, ...], tuple[float, ...], dict[str, float], Exact]] = {
    "l1": (NUMBERS, (0.0, 1.0, -2.5), {}, lambda p, y: abs(p - y)),
    "smooth-l1": (NUMBERS, (0.0, -2.5), {"l1_beta": 0.7}, lambda p, y, b: _smooth(p - y, b)),
    "huber": (NUMBERS, (0.0, -2.5), {"delta": 1.3}, lambda p, y, d: _huber(p - y, d)),
    "squared error": (SMALL, (0.0, -2.5), {}, lambda p, y: (p - y) ** 2),
    "half squared error": (SMALL, (0.0, -2.5), {}, lambda p, y: (p - y) ** 2 / 2),
    "bce": (SHARES, (0.0, 0.3, 1.0), {}, lambda p, y: -y * _log(p) - (1 - y) * _log(1 - p)),
    "bce-with-logits": (
        LOGITS,
        (0.0, 0.3, 1.0),
        {"pos_weight": 2.5},
        lambda p, y, w: (1 - y) * _softplus(p) + w * y * _softplus(-p),
    ),
    "weighted-bce": (
        SHARES,
        (0.0, 0.3, 1.0),
        {"target_weight_1": 0.4},
        lambda p, y, w: w * (-y * _log(p) - (1 - y) * _log(1 - p)),
    ),
    "weighted-bce-with-logits": (
        LOGITS,
        (0.0, 0.3, 1.0),
        {"target_weight_1": 0.4, "pos_weight_1": 2.5},
        lambda p, y, w, one: w * ((1 - y) * _softplus(p) + one * y * _softplus(-p)),
    ),
    "soft-margin": (LOGITS, (-1.0, 1.0), {}, lambda p, y: _softplus(-y * p)),
    "hinge-embedding": (
        NUMBERS,
        (-1.0, 1.0),
        {"margin": 1.3},
        lambda p, y, m: p if y == 1 else max(0, m - p),
    ),
    "poisson-nll": (SMALL, (0.0, 3.0), {}, lambda p, y: mp.exp(p) - y * p),
    "mnist-loss": (SHARES, (0.0, 1.0), {}, lambda p, y: 1 - p if y == 1 else p),
    "output": (NUMBERS, (0.0,), {}, lambda p, y: p),
}
"""Of one prediction: predictions, targets, hyperparameters, and the loss in many digits."""

CLASSES = [
    (z, float(y))
    for z in (
        *((0.0, 0.0, 0.0), (0.3, -0.2, 1.1), (50.0, -50.0, 0.0), (-50.0, 50.0, 50.0)),
        *((800.0, -800.0, 799.0), (-800.0, -800.0, -801.0), (20.0, 0.0, -20.0), (1e-8, 0.0, 0.0)),
    )
    for y in range(3)
]


WEIGHTS = {"class_weight_0": 0.5, "class_weight_1": 2.0, "class_weight_2": 3.25}
PROBABILITIES: dict[str, Exact] = {
    "log-loss": lambda p, log_base: -mp.log(p) / mp.log(log_base),
    "one-minus-p": lambda p: 1 - p,
}
"""Of the probability of the right class."""
OF_THREE = [
    (p, float(y))
    for p in ((0.2, 0.5, 0.3), (1e-300, 1e-8, 1.0), (0.4999, 0.0001, 0.5), (1 - 1e-8, 1e-20, 1e-8))
    for y in range(3)
]
OF_CLASSES = ((0.25, 0.5, 0.25), (0.0, 1.0, 0.0), (1e-8, 1e-300, 1 - 1e-8), (0.2, 0.9, 0.3))
"""Shares of three classes; those of the last are none of a whole."""


def cell(names: Mapping[str, str]) -> Callable[[str], str]:
    return lambda name: ":".join(names[part] for part in name.split(":"))


def of_sheet(name: str, preds: Floats, y: Floats, hyper: Mapping[str, float]) -> list[Floats]:
    """Return the loss and its slopes by the formulas of the sheet.  preds: shape (rows, n)."""
    loss = losses()[name]
    keys = [f"pred_{i}" for i in range(preds.shape[1])]
    targets = ["y"] if y.ndim == 1 else [f"y_{i}" for i in range(1, y.shape[1] + 1)]
    given = dict(zip(keys, preds.T, strict=True)) | dict(
        zip(targets, np.atleast_2d(y.T), strict=True)
    )
    given |= {key: np.full(len(y), value) for key, value in hyper.items()}
    texts = [f"{{{key}}}" for key in keys]
    ys = [f"{{{key}}}" for key in targets]
    formulas = [loss.of_row(texts, ys), *loss.slopes(texts, ys)]
    return calculated(given, [lambda names, t=t: fill(t, cell(names)) for t in formulas])


def of_torch(name: str, preds: Floats, y: Floats, hyper: Mapping[str, float]) -> list[Floats]:
    x = torch.tensor(preds, requires_grad=True)
    pred = x[:, 0] if x.shape[1] == 1 else x
    values = losses()[name].module(**hyper)(pred, torch.tensor(y))
    (slopes,) = torch.autograd.grad(values.sum(), x)
    return [values.detach().numpy(), *slopes.numpy().T]


@functools.cache
def case(name: str) -> tuple[Floats, Floats, dict[str, float]]:
    """The predictions, targets and hyperparameters that a loss is tried with."""
    if name in ONE:
        preds, targets, hyper, _ = ONE[name]
        pairs = np.array(list(itertools.product(preds, targets)))
        return pairs[:, :1], pairs[:, 1], hyper
    hyper = {"label_smoothing": 0.15} if "cross-entropy" in name else {}
    hyper |= WEIGHTS if name.startswith("weighted-") else {}
    if losses()[name].together:
        pairs = [(z, shares) for z, _ in CLASSES[::3] for shares in OF_CLASSES]
        return np.array([z for z, _ in pairs]), np.array([s for _, s in pairs]), hyper
    chosen = OF_THREE if name in PROBABILITIES else CLASSES
    hyper |= {"log_base": 10.0} if name == "log-loss" else {}
    return np.array([z for z, _ in chosen]), np.array([y for _, y in chosen]), hyper


def size(name: str) -> Floats:
    """The largest number that goes into a row's loss."""
    preds, y, _ = case(name)
    largest = np.maximum(1, np.abs(preds).max(1))
    if name == "poisson-nll":
        largest = np.maximum(largest * 3, np.exp(preds[:, 0]))
    return np.maximum(largest, np.abs(y) if y.ndim == 1 else np.abs(y).max(1))


def test_every_loss_is_here() -> None:
    classes = {"cross-entropy", "cross-entropy-of-shares", "nll"}
    classes |= {"weighted-cross-entropy", "weighted-nll", "weighted-cross-entropy-of-shares"}
    assert set(ONE) | set(PROBABILITIES) | classes == set(losses())


@pytest.mark.every
@pytest.mark.parametrize("name", losses())
def test_formulas_are_torch_for_every_number(name: str) -> None:
    found, expected = of_sheet(name, *case(name)), of_torch(name, *case(name))
    for number, (own, other) in enumerate(zip(found, expected, strict=True)):
        # The value may be left of large numbers, the slope of numbers about 1.
        cancelled = 2.0**-52 * (size(name) if number == 0 else 4)
        allowed = 1e-13 * np.abs(other) + 2 * cancelled + 1e-300
        off = np.abs(own - other)
        assert (off <= allowed).all(), [a[~(off <= allowed)] for a in case(name)[:2]]


@pytest.mark.every
@pytest.mark.parametrize("name", losses())
def test_formulas_are_right_to_the_last_digits(name: str) -> None:
    """The loss against the same in many digits: closed forms for logits of ±50 and ±800."""
    preds, y, hyper = case(name)
    values = of_sheet(name, preds, y, hyper)[0]
    for i, (z, target) in enumerate(zip(preds.tolist(), y.tolist(), strict=True)):
        exact = list(map(mp.mpf, z))
        if name == "cross-entropy":
            expected = _cross_entropy(exact, int(target), **hyper)
        elif name == "cross-entropy-of-shares":
            expected = _cross_entropy_of_shares(exact, list(map(mp.mpf, target)), **hyper)
        elif name == "weighted-cross-entropy-of-shares":
            smooth, own = mp.mpf(hyper["label_smoothing"]), list(map(mp.mpf, WEIGHTS.values()))
            expected = sum(
                w * ((1 - smooth) * y + smooth / len(exact)) * _cross_entropy(exact, c, 0)
                for c, (w, y) in enumerate(zip(own, map(mp.mpf, target), strict=True))
            )
        elif name == "weighted-cross-entropy":
            expected = _weighted_cross_entropy(exact, int(target), **hyper)
        elif name in ("nll", "weighted-nll"):
            expected = -exact[int(target)] * mp.mpf(hyper.get(f"class_weight_{int(target)}", 1))
        elif name in PROBABILITIES:
            expected = PROBABILITIES[name](exact[int(target)], *hyper.values())
        else:
            expected = ONE[name][3](exact[0], mp.mpf(target), *hyper.values())
        # Near 0 a surprise of 1e-22 may be none, as in torch: it is left of ln 1.
        bare = 2.0**-52 * size(name)[i] * 2
        assert values[i] == pytest.approx(float(expected), rel=1e-13, abs=bare), (z, target)


@pytest.mark.every
@pytest.mark.parametrize("name", losses())
def test_slopes_are_those_of_the_values(name: str) -> None:
    """torch.autograd.gradcheck over a function both of whose sides an engine calculates."""
    loss = losses()[name]
    labels: Any = OF_CLASSES if loss.together else [0, 1, 2, 1]
    if loss.fewest == 1:
        labels = [t for t in (0.3, -2.5, 1, 0, -1) if not loss.label_fault(t, 1)][:4]
        labels = (labels * 4)[:4]
    y = np.array(labels, dtype=float)
    _, _, hyper = case(name)
    rows = [[0.21, 0.64, -0.4], [0.83, -0.9, 0.2], [0.44, 0.7, 0.1], [0.15, 0.3, 0.9]]
    preds = np.array(rows)[:, : 3 if loss.fewest > 1 else 1]
    if name in PROBABILITIES:
        preds = np.abs(preds)

    class OfTheSheet(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            values, *slopes = of_sheet(name, x.numpy(), y, hyper)
            ctx.save_for_backward(torch.tensor(np.array(slopes).T))
            return torch.tensor(values)

        @staticmethod
        def backward(ctx: Any, *grads: torch.Tensor) -> torch.Tensor:
            (slopes,) = ctx.saved_tensors
            return grads[0][:, None] * slopes

    x = torch.tensor(preds, requires_grad=True)
    assert torch.autograd.gradcheck(OfTheSheet.apply, (x,), atol=1e-6, fast_mode=True)


def test_a_soft_margin_is_torch_s_where_torch_has_one() -> None:
    x = torch.linspace(-700, 700, 281, dtype=torch.float64)
    y = torch.where(torch.arange(281) % 3 == 0, 1.0, -1.0).double()
    own = losses()["soft-margin"].module()(x, y)
    torch.testing.assert_close(
        own, torch.nn.functional.soft_margin_loss(x, y, reduction="none"), rtol=1e-13, atol=0
    )
    beyond = torch.tensor([800.0], dtype=torch.float64)
    assert torch.nn.functional.soft_margin_loss(beyond, -torch.ones(1)).isinf()
    assert losses()["soft-margin"].module()(beyond, -torch.ones(1)).item() == 800


@pytest.mark.every
@pytest.mark.parametrize("p", [-1e-3, 1.001, 30.0, float("inf")])
def test_what_is_no_probability_has_no_loss(p: float) -> None:
    module = losses()["bce"].module()
    x = torch.tensor([p, 0.3], dtype=torch.float64, requires_grad=True)
    values = module(x, torch.ones(2, dtype=torch.float64))
    (slopes,) = torch.autograd.grad(values.sum(), x)
    assert values.isnan().tolist() == [True, False]
    assert slopes.isfinite().tolist()[1]
    if np.isfinite(p):
        assert slopes.isnan().tolist()[0]
        value, slope = of_sheet("bce", np.array([[p]]), np.ones(1), {})
        assert np.isnan([value, slope]).all()


# What it says of y


@pytest.mark.every
@pytest.mark.parametrize(
    ("name", "fits", "fails", "words"),
    [
        ("bce", (0, 1, 0.3), (-0.1, 2, 1.0000001), "a probability, from 0 to 1"),
        ("bce-with-logits", (0, 1, 0.3), (-1, 3), "a probability, from 0 to 1"),
        ("soft-margin", (-1, 1), (0, 0.5), "a label, -1 or 1"),
        ("hinge-embedding", (-1, 1), (0, 2), "a label, -1 or 1"),
        ("mnist-loss", (0, 1), (0.5, 3), "a label, 0 or 1"),
        ("cross-entropy", (0, 1, 2), (3, -1, 0.5), "a class, a whole number from 0 to 2"),
        ("nll", (0, 1, 2), (3, -1, 0.5), "a class, a whole number from 0 to 2"),
        (
            "cross-entropy-of-shares",
            (0, 1, 0.3),
            (-1, 2),
            "the probability of a class, from 0 to 1",
        ),
        ("huber", (0, -7.5), (), ""),
    ],
)
def test_labels(name: str, fits: Any, fails: Any, words: str) -> None:
    loss = losses()[name]
    assert {loss.label_fault(y, 3) for y in fits} == {""}
    assert {loss.label_fault(y, 3) for y in fails} == ({words} if fails else set())


@pytest.mark.every
@pytest.mark.parametrize("name", losses())
def test_what_the_best_guess_costs(name: str) -> None:
    """That number is what torch finds for the best prediction, or for the mean of y."""
    loss = losses()[name]
    y: Any = next(
        y
        for y in ([0.5, 2.0, 2.0, 3.5], [1.0, 0.0, 0.0, 1.0, 1.0], [1.0, -1.0, 1.0])
        if not any(loss.label_fault(each, loss.fewest) for each in y)
    )
    columns = [y]
    if loss.together:
        columns = [[0.3, 0.9, 0.6], [0.7, 0.1, 0.4]]
        y = list(zip(*columns, strict=True))
    hyper = {given.key: float(given.value) for given in loss.hyperparameters}
    told = loss.constant_of(columns, **hyper)
    if told is None:
        unknown = ("soft-margin", "hinge-embedding", "output", "one-minus-p")
        assert name in unknown or name.startswith("weighted-")
        return
    target = torch.tensor(y, dtype=torch.float64)
    if name in ("l1", "huber", "smooth-l1", "mnist-loss"):  # of the mean, which need not be best
        best = loss.module(**hyper)(target.mean().expand(len(y)), target).mean()
        assert told == pytest.approx(float(best), rel=1e-12)
        return
    guess = torch.full((loss.fewest,), 0.4, dtype=torch.float64, requires_grad=True)
    solver = torch.optim.LBFGS([guess], max_iter=200, line_search_fn="strong_wolfe")

    def cost() -> torch.Tensor:
        solver.zero_grad()
        own = guess.log_softmax(0) if loss.takes == "log-probabilities" else guess
        if loss.takes == "probabilities":
            own = own.softmax(0) if loss.fewest > 1 else own.sigmoid()
        preds = own.expand(len(y), -1) if loss.fewest > 1 else own.expand(len(y))
        mean: torch.Tensor = loss.module(**hyper)(preds, target).mean()
        mean.backward()
        return mean

    solver.step(cost)
    assert told == pytest.approx(cost().item(), rel=1e-9)
