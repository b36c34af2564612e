"""Random modules: a handful of operations, each on what those before it give, as anybody writes.

What is drawn is a list of steps; a step knows the widths that it gets. Numbers stay small by what
stands around them, never by leaving an operation out: a quotient has 1 + b² below it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

__all__ = ["Drawn", "modules"]

ACTIVATIONS = (
    *("ReLU", "ReLU6", "LeakyReLU", "ELU", "SELU", "CELU", "GELU", "SiLU", "Mish", "Softplus"),
    *("Softsign", "Sigmoid", "LogSigmoid", "Hardsigmoid", "Hardtanh", "Hardswish", "Tanh"),
    *("Softshrink", "Hardshrink", "Tanhshrink", "PReLU"),
)
ONE: dict[str, Callable[[Any], Any]] = {
    "sin": torch.sin,
    "cos": lambda x: x.cos(),
    "abs": abs,
    "exp": lambda x: torch.exp(0.3 * torch.tanh(x)),
    "exp of a square": lambda x: (-x * x).exp(),
    "log": lambda x: torch.log(x * x + 1),
    "sqrt": lambda x: (x.square() + 0.5).sqrt(),
    "rsqrt": lambda x: (x**2 + 1.5).rsqrt(),
    "cube": lambda x: 0.1 * x**3,
    "fifth": lambda x: 0.01 * x.pow(5),
    "power": lambda x: (x * x + 0.5) ** 1.5,
    "below": lambda x: (x * x + 1) ** -1,
    "minus": lambda x: -x,
    "turned": lambda x: 1 - x / 2,
    "over": lambda x: 2 / (3 + x.cos()),
    "clamp": lambda x: x.clamp(-0.45, 0.55),
    "steps": lambda x: x * (x > 0.15) + 0.3 * (x <= -0.35).double(),
    "functional": lambda x: functional.leaky_relu(x, 0.2),
}
TWO: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / (1 + b * b),
    "maximum": torch.maximum,
    "where": lambda a, b: torch.where(a > b, a + b, b - a),
    "minimum": lambda a, b: torch.min(a, b),
}


class Drawn(nn.Module):
    """A module whose forward goes through a list of steps.

    steps: each a function of the module and of all values so far, the first of which is the input.
    """

    def __init__(self, steps: list[Callable[[Any, list[Any]], Any]], said: list[str]) -> None:
        super().__init__()
        self.steps, self.said = steps, said

    def forward(self, x: Any) -> Any:
        values = [x]
        for step in self.steps:
            values.append(step(self, values))
        return values[-1]

    def __repr__(self) -> str:
        return f"Drawn({'; '.join(self.said)})"


class _Drawing:
    """What is being drawn: the module, and the width of every value so far."""

    def __init__(self, draw: st.DrawFn, inputs: int) -> None:
        self.draw, self.widths, self.idle = draw, [inputs], {0}
        self.module = Drawn([], [])
        self.linears: list[tuple[str, int, int]] = []

    def pick(self, width: int | None = None) -> int:
        """Return the number of a value, of a width; the latest as often as all others."""
        fitting = [i for i, w in enumerate(self.widths) if width in (None, w)]
        return fitting[-1] if self.draw(st.booleans()) else self.draw(st.sampled_from(fitting))

    def add(self, said: str, taken: list[int], width: int, step: Callable[..., Any]) -> None:
        """Add a step.  step: of the module and of the values that it takes."""
        self.module.said.append(f"v{len(self.widths)} = {said} of {taken}")
        self.module.steps.append(lambda m, values: step(m, *(values[i] for i in taken)))
        self.idle -= {*taken}
        self.idle.add(len(self.widths))
        self.widths.append(width)

    def part(self, kind: str, made: Any) -> str:
        name = f"{kind}{len(list(self.module.children())) + len(self.module._parameters) + 1}"
        setattr(self.module, name, made)
        return name

    def weight(self, *shape: int) -> str:
        return self.part("w", nn.Parameter(torch.randn(shape, dtype=torch.float64) * 0.7))

    # Steps

    def linear(self) -> None:
        at = self.pick()
        width = self.widths[at]
        known = [(n, o) for n, i, o in self.linears if i == width]
        if known and self.draw(st.booleans()):
            name, out = self.draw(st.sampled_from(known))
        else:
            out = self.draw(st.integers(1, 3))
            name = self.part("fc", nn.Linear(width, out, bias=self.draw(st.booleans())))
            self.linears.append((name, width, out))
        self.add(name, [at], out, lambda m, x: getattr(m, name)(x))

    def activation(self) -> None:
        at, kind = self.pick(), self.draw(st.sampled_from(ACTIVATIONS))
        name = self.part("act", getattr(nn, kind)())
        self.add(kind, [at], self.widths[at], lambda m, x: getattr(m, name)(x))

    def one(self) -> None:
        at, name = self.pick(), self.draw(st.sampled_from(list(ONE)))
        self.add(name, [at], self.widths[at], lambda m, x: ONE[name](x))

    def two(self) -> None:
        at, name = self.pick(), self.draw(st.sampled_from(list(TWO)))
        other = self.pick(self.draw(st.sampled_from((1, self.widths[at]))) if 1 in self.widths
                          else self.widths[at])  # fmt: skip
        self.add(name, [at, other], self.widths[at], lambda m, a, b: TWO[name](a, b))

    def with_weight(self) -> None:
        at, name = self.pick(), self.draw(st.sampled_from(list(TWO)))
        shape = self.draw(st.sampled_from(((), (1,), (self.widths[at],))))
        weight, other = self.weight(*shape), self.draw(st.sampled_from(("", "sin", "exp", "log")))
        turned = self.draw(st.booleans())

        def step(m: Any, x: Any) -> Any:
            w = getattr(m, weight)
            w = ONE[other](w) if other else w
            return TWO[name](w, x) if turned else TWO[name](x, w)

        self.add(f"{name} {other} {weight}{shape} {turned}", [at], self.widths[at], step)

    def moved(self) -> None:
        at = self.pick()
        width = self.widths[at]
        if width == 1:
            self.add("three times", [at], 3, lambda m, x: x.expand(-1, 3))
        elif width % 2:
            begin = self.draw(st.integers(0, width - 1))
            end = self.draw(st.integers(begin + 1, width))
            self.add(f"[{begin}:{end}]", [at], end - begin, lambda m, x: x[:, begin:end])
        else:
            ways: dict[str, Callable[[Any], Any]] = {
                "transposed": lambda x: x.view(-1, 2, width // 2).transpose(1, 2).flatten(1),
                "second half": lambda x: x.chunk(2, dim=1)[1],
                "stacked": lambda x: torch.stack([x[:, -1], x[:, 0]], dim=1),
            }
            name = self.draw(st.sampled_from(list(ways)))
            out = {"transposed": width, "second half": width // 2, "stacked": 2}[name]
            self.add(name, [at], out, lambda m, x: ways[name](x))

    def joined(self) -> None:
        at, other = self.pick(), self.pick()
        if self.widths[at] + self.widths[other] <= 6:
            width = self.widths[at] + self.widths[other]
            self.add("cat", [at, other], width, lambda m, a, b: torch.cat([a, b], 1))

    def together(self) -> None:
        at = self.pick()
        ways: dict[str, Callable[[Any], Any]] = {
            "sum": lambda x: x.sum(1, keepdim=True),
            "mean": lambda x: x.mean(dim=-1).unsqueeze(1),
            "max": lambda x: x.max(1, keepdim=True)[0],
            "product": lambda x: x.unsqueeze(1).matmul(x.unsqueeze(2)).squeeze(2),
        }
        name = self.draw(st.sampled_from(list(ways)))
        self.add(name, [at], 1, lambda m, x: ways[name](x))

    def rowwise(self) -> None:
        at = self.pick()
        width = self.widths[at]
        if width == 1:
            return  # always the same
        kind = self.draw(st.sampled_from(("Softmax", "LogSoftmax", "LayerNorm")))
        made = nn.LayerNorm(width, eps=0.1) if kind == "LayerNorm" else getattr(nn, kind)(dim=1)
        name = self.part("row", made)
        self.add(kind, [at], width, lambda m, x: getattr(m, name)(x))

    def matrix(self) -> None:
        at, out = self.pick(), self.draw(st.integers(1, 3))
        name = self.weight(self.widths[at], out)
        self.add(f"@ {name}", [at], out, lambda m, x: x @ getattr(m, name))

    def bilinear(self) -> None:
        at, other = self.pick(), self.pick()
        one, two = self.widths[at], self.widths[other]
        if one * two <= 6:
            name = self.part("bi", nn.Bilinear(one, two, 1))
            self.add("Bilinear", [at, other], 1, lambda m, a, b: getattr(m, name)(a, b))

    def convolved(self) -> None:
        at = self.pick()
        width = self.widths[at]
        if width < 2:
            return
        name = self.part("conv", nn.Conv1d(1, 1, 2, padding=self.draw(st.integers(0, 1))))
        out = width - 1 + 2 * getattr(self.module, name).padding[0]
        self.add("Conv1d", [at], out, lambda m, x: getattr(m, name)(x.unsqueeze(1)).squeeze(1))


STEPS = (
    *("linear", "linear", "activation", "activation", "one", "one", "two", "two", "with_weight"),
    *("moved", "joined", "together", "rowwise", "matrix", "bilinear", "convolved"),
)


@st.composite
def modules(draw: st.DrawFn, inputs: int, outputs: int, end: str = "") -> Drawn:
    """Return a module of so many inputs and outputs, in float64.

    end: of torch, what it ends in, such as ``sigmoid``.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(draw(st.integers(0, 99)))
        drawing = _Drawing(draw, inputs)
        for _ in range(draw(st.integers(1, 6))):
            getattr(drawing, draw(st.sampled_from(STEPS)))()
        # What nothing has taken yet goes into the end: all weights do something.
        taken = sorted(drawing.idle)
        width = sum(drawing.widths[i] for i in taken)
        if width != outputs or draw(st.booleans()):
            name = drawing.part("out", nn.Linear(width, outputs))
        else:
            name = drawing.part("scale", nn.Linear(width, outputs, bias=False))
        squeezed = outputs == 1 and draw(st.booleans())

        def last(m: Any, *values: Any) -> Any:
            y = getattr(m, name)(torch.cat(values, 1) if len(values) > 1 else values[0])
            if end:
                y = getattr(torch, end)(y, *([-1] if "softmax" in end else []))
            return y.squeeze(-1) if squeezed else y

        drawing.add(f"{name} {end}", taken, outputs, last)
    return drawing.module.double()
