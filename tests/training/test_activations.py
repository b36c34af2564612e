"""Elementwise layers: formulas against torch, and against hundreds of digits, wherever x is."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, cast

import mpmath
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.training.evaluated import POINTS, calculated
from xlsgd.base.errors import SpecError
from xlsgd.training.nets import layer_types, parse_network
from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.stable import number

Floats = NDArray[np.float64]
mp = mpmath.mp.clone()
mp.dps = 500  # as many as e^−1000 is from 1


def _elu(x: Any, alpha: float = 1.0) -> Any:
    return x if x > 0 else alpha * mp.expm1(x)


def _softplus(x: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    return x if beta * x > threshold else mp.log1p(mp.exp(beta * x)) / beta


def _gelu_tanh(x: Any) -> Any:
    return x / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (x + mp.mpf(0.044715) * x**3)))


def _selu(x: Any) -> Any:
    return mp.mpf(1.0507009873554805) * _elu(x, 1.6732632423543772)


EXACT: dict[str, Callable[[Any], Any]] = {
    "ReLU": lambda x: max(0, x),
    "Sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "Tanh": mp.tanh,
    "ReLU6": lambda x: min(max(0, x), 6),
    "LeakyReLU": lambda x: x if x > 0 else mp.mpf(0.01) * x,
    "LeakyReLU(-0.3)": lambda x: x if x > 0 else mp.mpf(-0.3) * x,
    "ELU": _elu,
    "ELU(0.7)": functools.partial(_elu, alpha=0.7),
    "SELU": _selu,
    "CELU": _elu,
    "CELU(0.5)": lambda x: x if x > 0 else mp.expm1(2 * x) / 2,
    "GELU": lambda x: x * mp.ncdf(x),
    "GELU(tanh)": _gelu_tanh,
    "SiLU": lambda x: x / (1 + mp.exp(-x)),
    "Mish": lambda x: x * mp.tanh(mp.log1p(mp.exp(x))),
    "Softplus": _softplus,
    "Softplus(2.5, 5)": functools.partial(_softplus, beta=2.5, threshold=5),
    "Softsign": lambda x: x / (1 + abs(x)),
    "LogSigmoid": lambda x: -mp.log1p(mp.exp(-x)),
    "Hardsigmoid": lambda x: min(max(0, x + 3), 6) / 6,
    "Hardtanh": lambda x: max(-1, min(1, x)),
    "Hardtanh(-0.5, 2.5)": lambda x: max(-0.5, min(2.5, x)),
    "Hardswish": lambda x: x * min(max(0, x + 3), 6) / 6,
    "Hardshrink": lambda x: x if abs(x) > 0.5 else 0,
    "Hardshrink(2)": lambda x: x if abs(x) > 2 else 0,
    "Softshrink": lambda x: max(0, x - 0.5) + min(0, x + 0.5),
    "Tanhshrink": lambda x: x - mp.tanh(x),
    "Threshold(0.5, -2)": lambda x: x if x > 0.5 else -2,
}
"""Every elementwise layer, with other numbers than its own where it takes any, in many digits."""

KINDS = list(EXACT)


def layer_of(text: str) -> Elementwise:
    (layer,) = parse_network(text).layers
    return cast(Elementwise, layer)


@functools.cache
def sheet() -> dict[str, tuple[Floats, Floats]]:
    """The value and the slope of every layer at all points, by the formulas of the sheet."""
    formulas = []
    for place, text in enumerate(KINDS):
        layer = layer_of(text)
        formulas += [
            lambda cell, layer=layer: layer.value(cell["x"]),
            lambda cell, layer=layer, y=2 * place: layer.slope(cell["x"], cell[str(y)]),
        ]
    found = calculated({"x": POINTS}, formulas)
    return {text: (found[2 * i], found[2 * i + 1]) for i, text in enumerate(KINDS)}


def of_torch(text: str, points: Floats) -> tuple[Floats, Floats]:
    x = torch.tensor(points, requires_grad=True)
    y = layer_of(text).module()(x)
    (slope,) = torch.autograd.grad(y.sum(), x)
    return y.detach().numpy(), slope.numpy()


def cancelled(points: Floats, units: float) -> Floats:
    """What is left of a number that the greatest of x and 1 was taken away from."""
    return units * 2.0**-52 * np.maximum(1, np.abs(points))


def test_every_elementwise_layer_is_here() -> None:
    kinds = {n for n, kind in layer_types().items() if issubclass(kind, Elementwise)}
    assert {layer_of(text).name for text in KINDS} == kinds


@pytest.mark.every
@pytest.mark.parametrize("text", KINDS)
def test_formulas_are_torch_wherever_x_is(text: str) -> None:
    for found, expected in zip(sheet()[text], of_torch(text, POINTS), strict=True):
        # Torch, too, has 1 + tanh(x) where little is left of it.
        allowed = 1e-13 * np.abs(expected) + cancelled(POINTS, 4) + 1e-300
        off = np.abs(found - expected)
        assert (off <= allowed).all(), POINTS[~(off <= allowed)]


CANCELS = {"GELU(tanh)", "Tanhshrink", "Sigmoid", "Tanh"}
"""Where formulas mirror torch in that numbers cancel: what is left has the error of the larger."""
ROUNDED = {"Hardsigmoid": 1e-7}
"""Torch's own constants in single precision, which its derivatives have, and so the sheet's."""


@pytest.mark.every
@pytest.mark.parametrize("text", KINDS)
def test_formulas_are_right_to_the_last_digits(text: str) -> None:
    """Values and slopes against the function in many digits, and its derivative there."""
    value, slope = sheet()[text]
    function = EXACT[text]
    kinks = layer_of(text).kinks
    for i, x in enumerate(POINTS.tolist()):
        expected = float(function(mp.mpf(x)))
        bare = 0.0 if text not in CANCELS else cancelled(POINTS, 2)[i]
        assert value[i] == pytest.approx(expected, rel=2e-14, abs=1e-300 + bare), x
        if x in kinks:
            continue
        # Away from 0 on both sides, next to it on the one on which x is.
        step = mp.mpf(10) ** -25
        near = abs(x) < 1e-20
        up = function(mp.mpf(x) + (0 if near and x < 0 else step))
        down = function(mp.mpf(x) - (0 if near and x >= 0 else step))
        expected = float((up - down) / (step if near else 2 * step))
        rel = max(1e-13, ROUNDED.get(text, 0))
        bare = (
            cancelled(np.zeros(1), 8)[0]
            if text in CANCELS | {"SiLU", "Mish"}
            else (1e-22 if near else 1e-300)
        )
        assert slope[i] == pytest.approx(expected, rel=rel, abs=bare), x


def test_slopes_are_those_of_the_values() -> None:
    """torch.autograd.gradcheck over functions both of whose sides an engine calculates."""
    points = np.array([-7.1, -2.2, -1.7, -0.3, 0.9, 3.6, 8.0])
    layers = list(map(layer_of, KINDS))

    class OfTheSheet(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
            formulas = [lambda cell, layer=layer: layer.value(cell["x"]) for layer in layers]
            ctx.save_for_backward(x)
            return torch.tensor(np.array(calculated({"x": x.numpy()}, formulas)))

        @staticmethod
        def backward(ctx: Any, *grads: torch.Tensor) -> torch.Tensor:
            (x,) = ctx.saved_tensors
            (grad,) = grads
            found = torch.tensor(handed_back(tuple(x.tolist())))
            return (grad * found).sum(0)

    @functools.cache
    def handed_back(x: tuple[float, ...]) -> Floats:
        formulas: list[Any] = []
        for i, layer in enumerate(layers):
            formulas += [
                lambda cell, layer=layer: layer.value(cell["x"]),
                lambda cell, layer=layer, y=str(2 * i): layer.handed_back("1", cell["x"], cell[y]),
            ]
        return np.array(calculated({"x": np.array(x)}, formulas)[1::2])

    x = torch.tensor(points, requires_grad=True)
    assert torch.autograd.gradcheck(OfTheSheet.apply, (x,), atol=2e-7, rtol=1e-6)


# What it takes


@pytest.mark.parametrize("text", KINDS)
def test_what_it_takes_is_read_back(text: str) -> None:
    layer = layer_of(text)
    assert str(layer) == text
    assert layer_of(str(layer)) == layer


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("LeakyReLU(0.01)", "LeakyReLU"),
        ("LeakyReLU(negative_slope=0.2)", "LeakyReLU(0.2)"),
        ("Hardtanh(max_val=2, min_val=0)", "Hardtanh(0, 2)"),
        ("Softplus(1, 20)", "Softplus"),
        ("Softplus(threshold=9)", "Softplus(1, 9)"),
        ("Threshold(threshold=0.1, value=20)", "Threshold(0.1, 20)"),
        ("GELU(approximate='tanh')", "GELU(tanh)"),
        ("ELU(1e-3)", "ELU(0.001)"),
    ],
)
def test_as_torch_prints_it(text: str, same: str) -> None:
    assert str(layer_of(text)) == same


@pytest.mark.every
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.01, "0.01"),
        (-3.0, "-3"),
        (1e-5, "0.00001"),
        (2.5e-12, "0.0000000000025"),
        (1e20, "1*10^20"),
        (1.5e-40, "1.5*10^-40"),
        (0.1 + 0.2, "0.30000000000000004"),
    ],
)
def test_a_number_in_a_formula_has_no_exponent(value: float, text: str) -> None:
    assert number(value) == text


@pytest.mark.every
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("LeakyReLU(x)", "takes (negative_slope), numbers in this order or each by its name"),
        ("LeakyReLU(0)", "is a ReLU: write ReLU"),
        ("ELU(1, 2)", "takes (alpha), numbers in this order or each by its name; got '2'"),
        ("ELU(beta=1)", "got 'beta=1'"),
        ("ELU(nan)", "got 'nan'"),
        ("CELU(-1)", "takes an alpha above 0, got -1"),
        ("Hardtanh(2, 1)", "takes a min_val below its max_val, got 2 and 1"),
        ("Hardshrink(-1)", "takes a lambd above 0, got -1"),
        ("Softplus(0)", "takes a beta other than 0"),
        ("Threshold(1)", "takes (threshold, value); value is missing"),
        ("GELU(erf)", "takes nothing or (tanh), got (erf)"),
        ("SiLU(1)", "takes no arguments"),
        ("Softmax", "of one number is always the same; give it two or more"),
        ("Linear(1, 2), LogSoftmax(0)", "goes over the outputs of a row, dim=1 or -1; got (0)"),
    ],
)
def test_what_it_does_not_take(text: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_network(text)
    assert words in str(caught.value)
    assert text in str(caught.value)


def test_a_constant_in_single_precision() -> None:
    """Torch rounds alpha to a float32 in the derivative of CELU; the sheet follows it."""
    layer = layer_of("CELU(0.3)")
    (slope,) = calculated({"x": POINTS}, [lambda cell: layer.slope(cell["x"], "")])
    expected = of_torch("CELU(0.3)", POINTS)[1]
    assert slope == pytest.approx(expected, rel=1e-13, abs=1e-300)
    at = POINTS.tolist().index(-1.0)
    assert not math.isclose(slope[at], math.exp(-1 / 0.3), rel_tol=1e-9)
