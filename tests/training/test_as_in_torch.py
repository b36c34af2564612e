"""Layers in a text as a file has them that begins with ``import torch``: with its keywords."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from xlsgd.base.errors import SpecError
from xlsgd.training.nets import parse_network

CALLS = (
    "nn.Linear(2, 2, bias=False)",
    "torch.nn.Linear(in_features=2, out_features=2)",
    "nn.Linear(2, out_features = 2, bias = True)",
    "nn.Linear(2, 2, False)",
    "nn.ReLU(inplace=True)",
    "nn.LeakyReLU(negative_slope=0.2)",
    "nn.LeakyReLU(0.2, inplace=True)",
    "nn.ELU(alpha=0.7)",
    "nn.CELU(alpha=0.7, inplace=False)",
    "nn.GELU(approximate='tanh')",
    'nn.GELU(approximate = "none")',
    "nn.Softplus(beta=2, threshold=5)",
    "nn.Hardtanh(min_val=-0.3, max_val=0.4)",
    "nn.Threshold(threshold=0.1, value=-0.2)",
    "nn.Softshrink(lambd=0.2)",
    "nn.Softmax(dim=1)",
    "nn.LogSoftmax(dim = -1)",
    "nn.Tanh()",
)


@pytest.mark.every
@pytest.mark.parametrize("call", CALLS)
def test_a_call_of_torch_is_the_layer_that_torch_makes(call: str) -> None:
    made: Any = eval(call, {"nn": nn, "torch": torch})
    (layer,) = parse_network(f"{call}, nn.ReLU()", 2).layers[:-1]
    own = layer.module()
    own.load_state_dict({name: value.double() for name, value in made.state_dict().items()})
    x = torch.linspace(-7, 7, 22, dtype=torch.float64).reshape(11, 2)
    torch.testing.assert_close(own(x), made.double()(x.clone()), rtol=1e-12, atol=1e-14)
    # What stands in the workbook is read back.
    assert parse_network(str(layer), 2).layers == (layer,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Linear(2, 2, bias=no)", "(inputs, outputs, bias=False); got 'bias=no'"),
        ("Linear(2, 2, device=cpu)", "got 'device=cpu'"),
        ("Linear(2, 2, False, 3)", "got '3'"),
        ("Linear(2)", "got (2)"),
        ("Linear(2, 2, in_features=2)", "got 'in_features=2'"),
        ("Linear(2.5, 2)", "got '2.5'"),
        ("Linear(no bias, 2)", "got 'no bias'"),
        ("ReLU(inplace=1)", "ReLU takes no arguments"),
    ],
)
def test_what_torch_would_not_take_either(text: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_network(text, 2)
    assert words in str(caught.value)
