"""What a forward may be written with: the network that is read gives what the module gives, and its
slopes, whichever way of writing it was."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from tests.modules.nets import Of
from tests.modules.test_modules import rebuilt
from xlsgd.torch_side.live import start_weights
from xlsgd.torch_side.modules import read_module
from xlsgd.training.nets import parse_network
from xlsgd.training.nets.graph import flat, weight_names

NAMES = ("x1", "x2", "x3", "x4")

# What is done to a tensor of shape (rows, 4), between two linear layers.
STEPS: dict[str, Callable[[Any], Any]] = {
    "methods": lambda z: z.relu().pow(2).add(z).mul(2).sub(1).div(3).neg().exp().tanh().abs(),
    "operators": lambda z: -(2 * z - 1) / (3 + z * z) ** 2 + (+z) ** 3 - (1 - z),
    "numbers to a power": lambda z: 2**z + torch.pow(0.5, z) + z**1 + z**0,
    "alpha": lambda z: torch.add(z, z * z, alpha=0.5).sub(z.sin(), alpha=2),
    "functional": lambda z: (
        functional.relu(z, inplace=False)
        + functional.leaky_relu(z, negative_slope=0.2)
        + functional.elu(z, 0.7)
        + functional.gelu(z, approximate="tanh")
        + functional.logsigmoid(z)
        + functional.softplus(z)
        + functional.hardtanh(z, -0.5, 0.5)
        + functional.threshold(z, 0.1, 0.2)
        + functional.dropout(z, 0.5, training=False)
    ),
    "rows of softmax": lambda z: functional.softmax(z, dim=1) + z.log_softmax(-1),
    "layer norm": lambda z: functional.layer_norm(z, z.shape[1:]),
    "clamps": lambda z: torch.clip(z, -0.2, 0.3) + z.clamp(min=-0.1) + z.clamp_max(0.4),
    "extremes of numbers": lambda z: torch.maximum(z, torch.tensor(0.1)) + torch.min(z, z * z),
    "least": lambda z: z + z.min(1, keepdim=True)[0] - z.max(dim=-1, keepdim=True).values,
    "as in numpy": lambda z: z / (1 + z.square().sum(axis=1, keepdims=True)),
    "sums": lambda z: z - z.mean(-1, keepdim=True) + z.view(-1, 2, 2).sum((1, 2))[:, None],
    "ellipsis": lambda z: torch.stack([z[..., 0], z[..., -1], z[:, -2], z[..., 1]], dim=-1),
    "slices": lambda z: torch.cat([z[:, 1:3], z[:, ::2], z[:, -1:]], -1)[:, 1:],
    "listed places": lambda z: z[:, [3, 1, 0, 2]] + z[:, torch.tensor([1, 1, 0, 0])],
    "new dimensions": lambda z: z[:, None, :].transpose(1, 2).squeeze(-1) + z.unsqueeze(1)[:, 0],
    "turned": lambda z: z.flip(1) + z.roll(1, 1) + z.view(-1, 2, 2).mT.flatten(1),
    "taken": lambda z: (
        torch.cat([z.narrow(1, 2, 2), z.select(1, 0)[:, None], z[:, 1:2]], 1)
        + z.index_select(1, torch.tensor([2, 0, 1, 3]))
    ),
    "repeated": lambda z: (
        z.repeat(1, 2)[:, 2:6] + z.repeat_interleave(2, 1)[:, :4] + z[:, :1].expand_as(z)
    ),
    "broadcast": lambda z: z[:, :1].broadcast_to(z.shape) * z.view_as(z),
    "moved": lambda z: (
        z.unflatten(1, (2, 2)).swapaxes(1, 2).flatten(1)
        + z.view(-1, 2, 2).movedim(1, 2).reshape(len_of(z), 4)
    ),
    "unbound": lambda z: torch.stack([a * i for i, a in enumerate(z.unbind(1))], 1),
    "split": lambda z: torch.cat(z.split(1, 1)[::-1], 1) + torch.cat(z.chunk(2, 1)[::-1], 1),
    "stacked beside": lambda z: torch.stack([z, z * z], 2)[:, :, 1] + torch.stack([z, z], 1)[:, 0],
    "columns": lambda z: torch.column_stack([z[:, 0], z[:, 1], z[:, 2:]]),
    "padded": lambda z: (
        functional.pad(z, (1, 0), value=0.5)[:, :4] + functional.pad(z, (0, 1))[:, 1:]
    ),
    "pooled": lambda z: (
        functional.max_pool1d(z[:, None], 2).repeat(1, 1, 2)[:, 0]
        + functional.avg_pool1d(z[:, None], kernel_size=2, stride=1, padding=0)[:, 0, :1]
        + functional.adaptive_avg_pool1d(z[:, None], 2)[:, 0, :1]
        + functional.adaptive_max_pool1d(z[:, None], 1)[:, 0]
    ),
    "like others": lambda z: torch.where(z > 0, z, torch.zeros_like(z)) + torch.ones_like(z),
    "constants": lambda z: z * torch.tensor([0.5, -1.0, 2.0, 0.25]) + torch.arange(4) - math.pi,
    "known beforehand": lambda z: torch.where(torch.tensor([True, False, True, True]), z, -z),
    "places": lambda z: z * functional.one_hot((0 * z[:, 0]).long(), 4).double() + z,
    "a loop over columns": lambda z: torch.stack([z[:, i] ** i for i in range(z.shape[1])], 1),
    "asked for sizes": lambda z: (
        z.reshape(z.shape[0], -1) / math.sqrt(z.size(-1)) if z.dim() == 2 and z.ndim < 3 else z[0]
    ),
}  # fmt: skip


def len_of(z: Any) -> Any:
    """The number of rows, which is another one in every batch."""
    return z.size()[0]


class Defaults(nn.Module):
    """Takes a column of data, and options that have values of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def forward(self, x: Any, scale: float = 2.0, mask: Any = None, squared: bool = True) -> Any:
        if mask is not None:
            x = x * mask
        return self.fc(x * x if squared else x) * scale


class Held(nn.Module):
    """Has constants beside its weights: buffers, and a tensor that is none."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 2)
        self.register_buffer("mean", torch.tensor([0.1, 0.2, -0.3, 0.7]))
        self.register_buffer("kept", torch.tensor([True, False]))
        self.scale = torch.tensor(2.5)

    def forward(self, x: Any) -> Any:
        return self.fc((x - self.mean) / self.scale).masked_fill(self.kept, 0.25) + self.fc(x)


class Layers(nn.Module):
    """A list of layers, a dictionary of them, a list of weights."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(2)])
        self.ends = nn.ModuleDict({"out": nn.Linear(4, 2), "same": nn.Identity()})
        self.scales = nn.ParameterList([torch.tensor(0.5), torch.tensor([0.1, -0.2])])

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = torch.tanh(layer(x)) + x
        return self.ends["same"](self.ends["out"](x)) * self.scales[0] + self.scales[1]


def _in_place(m: Any, x: Any) -> Any:
    z = m.fc(x)
    z += 1
    z *= 2
    z -= x
    z /= 3
    return m.out(z.add_(1).relu_())


MODULES: dict[str, Callable[[], nn.Module]] = {
    "defaults": Defaults,
    "held": Held,
    "layers": Layers,
    "in place": lambda: Of(_in_place, fc=nn.Linear(4, 4), out=nn.Linear(4, 1)),
    "used twice": lambda: Of(
        lambda m, x: m.fc(torch.tanh(m.fc(x))) @ m.fc.weight[0] + m.fc.bias.sum(),
        fc=nn.Linear(4, 4),
    ),
    "products": lambda: Of(
        lambda m, x: torch.addmm(m.b, x, m.w) + torch.mv(x, m.v)[:, None] + torch.matmul(x, m.w),
        w=[[0.1], [0.2], [-0.3], [0.4]],
        v=[0.5, -0.6, 0.7, 0.8],
        b=[0.3],
    ),
    "functions with weights": lambda: Of(
        lambda m, x: (
            functional.prelu(functional.linear(x, m.w), m.a)
            + functional.bilinear(x, x, m.u)
            + functional.embedding((0 * x[:, 0]).long(), m.t)
        ),
        w=[[0.1, 0.2, -0.3, 0.4]],
        a=[0.2],
        u=[[[0.1, 0.0, 0.2, 0.1]] * 4],
        t=[[0.3], [-0.4]],
    ),
    "pooled with padding": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 2, 2)),
        nn.Conv2d(1, 2, 1),
        nn.MaxPool2d(2, stride=1, padding=1),
        nn.AvgPool2d(3, padding=1),
        nn.Flatten(),
        nn.Linear(2, 1),
    ),
    "padded image": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 2, 2)),
        nn.ZeroPad2d(1),
        nn.Conv2d(1, 1, 2),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
    ),
}


def _between(step: Callable[[Any], Any]) -> nn.Module:
    return Of(lambda m, x: m.out(step(m.fc(x))), fc=nn.Linear(4, 4), out=nn.Linear(4, 1))


ALL: dict[str, Callable[[], nn.Module]] = {
    **MODULES,
    **{name: lambda step=step: _between(step) for name, step in STEPS.items()},  # type: ignore[misc]
}


@pytest.mark.every
@pytest.mark.parametrize("name", ALL)
def test_what_is_read_does_what_the_module_does(name: str) -> None:
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(7)
            module = ALL[name]().double()
            x = torch.rand(5, 4) * 2 - 1
        network = parse_network(read_module(module, NAMES).text, NAMES)
        expected = module(x)
    finally:
        torch.set_default_dtype(before)
    expected.square().sum().backward()
    found = rebuilt(network, start_weights(module), x)
    torch.testing.assert_close(
        found["pred"], expected.detach().reshape(5, -1), rtol=1e-11, atol=1e-12
    )
    for tensor, parameter in module.named_parameters():
        assert parameter.grad is not None
        names = flat(weight_names(tensor, tuple(parameter.shape)))
        for key, slope in zip(names, parameter.grad.ravel().tolist(), strict=True):
            assert found[key] == pytest.approx(slope, rel=1e-10, abs=1e-12), key


def test_following_a_module_leaves_it_and_random_numbers_alone() -> None:
    module = Held()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    state = torch.get_rng_state()
    read_module(module, NAMES)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(module.state_dict()[name], value) for name, value in before.items())
    assert all(p.dtype == torch.float32 for p in module.parameters())
