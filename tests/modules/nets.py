"""Small modules of PyTorch, each with what makes it worth trying."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

__all__ = ["MODULES", "Of", "made"]


class Of(nn.Module):
    """A module whose forward is a function of itself and of what comes in."""

    def __init__(self, forward: Callable[..., Any], **parts: Any) -> None:
        super().__init__()
        self._forward = forward
        for name, part in parts.items():
            if isinstance(part, list | float):
                part = nn.Parameter(torch.tensor(part))
            setattr(self, name, part)

    def forward(self, x: Any) -> Any:
        return self._forward(self, x)


class Separate(nn.Module):
    """A forward of several arguments: columns by their names."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Parameter(torch.tensor(0.4)), nn.Parameter(torch.tensor(-0.2))

    def forward(self, x2: Any, x1: Any) -> Any:
        return self.a * x1 * x2 + self.b * torch.exp(-x2 * x2)


def _tied() -> nn.Module:
    fc = nn.Linear(3, 3)
    return nn.Sequential(fc, nn.Tanh(), fc, nn.Tanh(), nn.Linear(3, 1))


def _image(net: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Unflatten(1, (1, 4, 4)), *net)


# name: number of inputs, how it is made
MODULES: dict[str, tuple[int, Callable[[], nn.Module]]] = {
    "line": (1, lambda: Of(lambda m, x: m.a * x + m.b, a=0.7, b=-0.3)),
    "sequential": (2, lambda: nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))),
    "xor": (2, lambda: nn.Sequential(nn.Linear(2, 2), nn.Sigmoid(), nn.Linear(2, 1))),
    "nested": (
        2,
        lambda: nn.Sequential(
            nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2), nn.Identity())),
            nn.Sequential(nn.Tanh(), nn.Linear(2, 1)),
        ),
    ),
    "no bias": (2, lambda: nn.Linear(2, 2, bias=False)),
    "autoencoder": (4, lambda: nn.Sequential(nn.Linear(4, 2), nn.Tanh(), nn.Linear(2, 4))),
    "separate": (2, Separate),
    "skip": (
        3,
        lambda: Of(
            lambda m, x: m.out(torch.relu(m.fc(x)) + x).squeeze(-1),
            fc=nn.Linear(3, 3),
            out=nn.Linear(3, 1),
        ),
    ),
    "tied": (3, _tied),
    "used twice": (
        2,
        lambda: Of(lambda m, x: m.fc(x) * torch.sigmoid(m.fc(x)), fc=nn.Linear(2, 1)),
    ),
    "two heads": (
        2,
        lambda: Of(
            lambda m, x: torch.cat([m.one(x), torch.tanh(m.other(x))], 1),
            one=nn.Linear(2, 1),
            other=nn.Linear(2, 2),
        ),
    ),
    "powers": (
        1,
        lambda: Of(
            lambda m, x: m.a * x**2 + m.b * x**3 + m.c / (2 + x) + 0.5, a=0.3, b=-0.2, c=0.8
        ),
    ),
    "functions": (
        2,
        lambda: Of(
            lambda m, x: m.fc(torch.sin(x) + torch.cos(2 * x) - torch.exp(-x.abs())),
            fc=nn.Linear(2, 1),
        ),
    ),
    "roots": (
        2,
        lambda: Of(lambda m, x: torch.log((m.fc(x)).square() + 1).sqrt(), fc=nn.Linear(2, 1)),
    ),
    "extremes": (
        3,
        lambda: Of(
            lambda m, x: (
                torch.maximum(m.fc(x), m.gc(x)).clamp(-0.4, 0.5) - torch.min(x[:, :2], x[:, 1:])
            ),
            fc=nn.Linear(3, 2),
            gc=nn.Linear(3, 2),
        ),
    ),
    "comparisons": (
        3,
        lambda: Of(
            lambda m, x: m.fc(
                x * (x > 0.1)
                + (x[:, :1] <= x).double() * x * x
                + torch.lt(x, -0.2).to(torch.float64)
                + (x >= 0.3).type_as(x)
                + (x == x[:, 1:2]).double()
                + x.ne(0.4) * x
            ),
            fc=nn.Linear(3, 1),
        ),
    ),
    "where": (
        3,
        lambda: Of(
            lambda m, x: (
                torch.where(m.fc(x) > 0.1, m.gc(x), 0.3 * x[:, :1])
                + m.fc(x).where(m.fc(x) < 0, -m.gc(x))
                + torch.where((x[:, 1:] > 0) & ~(x[:, 1:] > 0.5) | (x[:, :1] < -0.6), m.b, 1.5)
            ),
            fc=nn.Linear(3, 2),
            gc=nn.Linear(3, 2),
            b=0.7,
        ),
    ),
    "masked": (
        2,
        lambda: Of(
            lambda m, x: m.out(m.fc(x).masked_fill(m.fc(x) < 0, 0.25) + x.clip(max=0.3)),
            fc=nn.Linear(2, 2),
            out=nn.Linear(2, 1),
        ),
    ),
    "clamped": (
        2,
        lambda: Of(
            lambda m, x: m.fc(x).clamp(-0.2, 0.3) + m.gc(x).clamp_min(0) - x.clamp_max(0.1) * m.a,
            fc=nn.Linear(2, 2),
            gc=nn.Linear(2, 2),
            a=0.4,
        ),
    ),
    "greatest": (3, lambda: Of(lambda m, x: m.fc(x).max(1)[0], fc=nn.Linear(3, 3))),
    "matrix": (
        2,
        lambda: Of(lambda m, x: (x @ m.w).sum(-1), w=[[0.1, -0.2, 0.3], [0.4, 0.5, -0.6]]),
    ),
    "attention": (
        4,
        lambda: Of(
            lambda m, x: (
                (
                    torch.softmax(x.view(-1, 2, 2) @ x.view(-1, 2, 2).transpose(1, 2) * m.s, -1)
                    @ x.view(-1, 2, 2)
                )
                .flatten(1)
                .mean(1)
            ),
            s=0.7,
        ),
    ),
    "weights alone": (1, lambda: Of(lambda m, x: x * (m.w * m.w).sum() + m.w[0], w=[0.3, -0.5])),
    "convolution": (
        16,
        lambda: _image(
            nn.Sequential(
                nn.Conv2d(1, 2, 3, padding=1),
                nn.ReLU(),
                nn.MaxPool2d(2),
                nn.Flatten(),
                nn.Linear(8, 1),
            )
        ),
    ),
    "strides": (
        16,
        lambda: _image(
            nn.Sequential(nn.Conv2d(1, 2, 2, stride=2, bias=False), nn.AvgPool2d(2), nn.Flatten())
        ),
    ),
    "sound": (
        6,
        lambda: nn.Sequential(
            nn.Unflatten(1, (1, 6)),
            nn.Conv1d(1, 2, 3, dilation=2),
            nn.Tanh(),
            nn.Flatten(),
            nn.Linear(4, 1),
        ),
    ),
    "groups of channels": (
        8,
        lambda: nn.Sequential(
            nn.Unflatten(1, (2, 4)),
            nn.Conv1d(2, 4, 2, groups=2, stride=2),
            nn.ELU(),
            nn.Conv1d(4, 4, 2, groups=4, bias=False),
            nn.Flatten(),
        ),
    ),
    "windows": (
        20,
        lambda: nn.Sequential(
            nn.Unflatten(1, (1, 4, 5)),
            nn.Conv2d(1, 1, 1),
            Of(
                lambda m, x: torch.cat([pool(x).flatten(1) for pool in m.pools], 1),
                pools=nn.ModuleList(
                    (
                        nn.MaxPool2d(2, stride=(2, 1), dilation=(2, 1)),
                        nn.MaxPool2d((2, 3), padding=1, ceil_mode=True),
                        nn.AvgPool2d(2, padding=1, ceil_mode=True),
                        nn.AvgPool2d(2, padding=1, ceil_mode=True, count_include_pad=False),
                        nn.AvgPool2d((3, 2), stride=2, divisor_override=5),
                    )
                ),
            ),
            nn.Linear(30, 1),
        ),
    ),
    "gates": (
        4,
        lambda: nn.Sequential(
            nn.Linear(4, 4),
            nn.GLU(),
            nn.RReLU(0.1, 0.4).eval(),
            nn.Softmin(1),
            Of(
                lambda m, x: functional.softmin(
                    functional.rrelu(functional.glu(m.fc(x) - 0.5), 0.1, 0.3), dim=1
                ),
                fc=nn.Linear(2, 4),
            ),
            nn.Linear(2, 1),
        ),
    ),
    "normalized": (3, lambda: nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 1))),
    "bilinear": (4, lambda: Of(lambda m, x: m.b(x[:, :2], x[:, 2:]), b=nn.Bilinear(2, 2, 1))),
    "chunks": (
        4,
        lambda: Of(
            lambda m, x: m.fc(x.chunk(2, dim=1)[0] * torch.sigmoid(x.chunk(2, dim=1)[1])),
            fc=nn.Linear(2, 1),
        ),
    ),
    "functional": (
        2,
        lambda: Of(
            lambda m, x: functional.linear(functional.leaky_relu(m.fc(x), 0.2), m.w, m.b),
            fc=nn.Linear(2, 2),
            w=[[0.3, -0.4]],
            b=[0.1],
        ),
    ),
    "embedding": (
        2,
        lambda: Of(
            lambda m, x: m.fc(torch.cat([m.e((0 * x[:, 0]).long()), x[:, 1:]], 1)),
            e=nn.Embedding(3, 2),
            fc=nn.Linear(3, 1),
        ),
    ),
    "prelu": (2, lambda: nn.Sequential(nn.Linear(2, 3), nn.PReLU(3), nn.Linear(3, 1), nn.PReLU())),
    "dropout": (2, lambda: nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5), nn.Linear(2, 1)).eval()),
}


def made(name: str, seed: int = 0) -> tuple[nn.Module, tuple[str, ...]]:
    """Return a module in float64, and the names of its inputs."""
    inputs, make = MODULES[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = make().double()
    return module, ("x",) if inputs == 1 else tuple(f"x{i}" for i in range(1, inputs + 1))
