"""What layers, losses and optimizers say of themselves is what torch finds of them."""

from __future__ import annotations

import math

import pytest

from tests.two_sides import (
    HIDDEN,
    some_layer,
    with_optimizer,
)
from xlsgd.base.errors import SpecError
from xlsgd.torch_side.step_check import need_steps_that_scale, uses_weight
from xlsgd.training.losses import losses
from xlsgd.training.nets import layer_types
from xlsgd.training.optimizers import optimizers

pytestmark = pytest.mark.every


@pytest.mark.parametrize("name", losses())
def test_a_loss_bends_as_it_says(name: str) -> None:
    import torch

    loss = losses()[name]
    low, high = (0.02, 0.98) if loss.takes == "probabilities" else (-3, 3)
    shape = (25,) if loss.fewest == 1 else (25, loss.fewest)
    pred = torch.linspace(low, high, math.prod(shape), dtype=torch.float64).reshape(shape)
    pred.requires_grad_()
    # A label, where labels are asked for.
    y = torch.ones(shape if loss.together else 25, dtype=torch.float64)
    (slope,) = torch.autograd.grad(loss.module()(pred, y).sum(), pred, create_graph=True)
    bend = torch.zeros_like(pred)
    if slope.requires_grad:
        (bend,) = torch.autograd.grad(slope.sum(), pred)
    first = bend.flatten()[0]
    same = bool(torch.allclose(bend, first)) and bool(first)
    assert loss.curvature == (pytest.approx(float(first)) if same else None)


@pytest.mark.parametrize("name", layer_types())
def test_a_layer_is_flat_where_it_says_it_is_silent(name: str) -> None:
    import torch

    layer = some_layer(layer_types()[name])
    x = torch.linspace(-9, 9, 2 * 73, dtype=torch.float64).reshape(-1, 2).requires_grad_()
    y = layer.module()(x)
    # Weighed, for what is shared out adds up to 1 whatever x is.
    (slope,) = torch.autograd.grad((y * torch.arange(1.0, y.shape[-1] + 1)).sum(), x)
    if layer.silence is None:
        assert (slope != 0).all()
    else:
        silent = layer.silence.signal_of(y.detach()) <= 0
        assert silent.any()
        assert (~silent).any()
        assert ((slope == 0) == silent).all()


@pytest.mark.parametrize("name", layer_types())
def test_a_layer_is_linear_as_it_says(name: str) -> None:
    import torch

    layer = some_layer(layer_types()[name])
    gains = layer.gains(HIDDEN)
    module = layer.module()
    slopes = [
        torch.autograd.functional.jacobian(module, torch.tensor(at, dtype=torch.float64))
        for at in ([0.3, -2.0], [-9.0, 7.0])
    ]
    fixed = bool(torch.equal(*slopes))
    if layer.parameter_shapes():
        assert gains is None
        assert layer.weighs_inputs == fixed
    else:
        assert gains == (slopes[0].tolist() if fixed else None)
        assert not layer.weighs_inputs


@pytest.mark.parametrize("name", optimizers())
def test_a_step_depends_on_the_weight_as_it_says(name: str) -> None:
    experiment = with_optimizer(name)
    if experiment.optimizer.own_rates:
        with pytest.raises(SpecError, match=f"the step of {name} is not learning_rate times"):
            need_steps_that_scale(experiment)
    else:
        need_steps_that_scale(experiment)
    assert uses_weight(experiment) == experiment.optimizer.uses_weight
