"""Ten nets of tutorials as workbooks: each exported from PyTorch, then verified.

    python examples/nets.py FOLDER [NAME ...]

Without NAME all of them; it prints how many weights and formulas each has, and how long it took.
All data is made up from a seed, so that nothing has to be downloaded.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from torch import nn

import xlsgd


class Net(NamedTuple):
    """What is exported: a module, its loss, an optimizer with its rate, and the data."""

    module: nn.Module
    loss: nn.Module
    optimizer: Callable[..., torch.optim.Optimizer]
    rate: float
    x: torch.Tensor
    y: torch.Tensor
    epochs: int = 10
    batch_size: int | None = None


XOR = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def xor_by_one() -> Net:
    """XOR, 2-2-1 with sigmoids: the net that started it all, and often gets stuck."""
    module = nn.Sequential(nn.Linear(2, 2), nn.Sigmoid(), nn.Linear(2, 1))
    y = torch.tensor([0.0, 1.0, 1.0, 0.0])
    return Net(module, nn.BCEWithLogitsLoss(), torch.optim.Adam, 0.1, XOR, y, epochs=30)


def xor_by_two() -> Net:
    """XOR, 2-2-2: one prediction for each class, cross-entropy."""
    module = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2))
    y = torch.tensor([0.0, 1.0, 1.0, 0.0])
    return Net(module, nn.CrossEntropyLoss(), torch.optim.Adam, 0.1, XOR, y, epochs=30)


def three_flowers() -> Net:
    """4-8-3: four measures, three kinds of flower."""
    kind = torch.arange(3).repeat_interleave(10)
    middle = torch.tensor([[5.0, 3.4, 1.5, 0.2], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.6, 2.0]])
    x = (middle[kind] + 0.3 * torch.randn(30, 4)).round(decimals=1)
    module = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    return Net(module, nn.CrossEntropyLoss(), torch.optim.Adam, 0.05, x, kind.double())


def two_moons() -> Net:
    """Two half moons, which no line can part."""
    angle = torch.rand(30) * torch.pi
    upper = torch.stack([angle.cos(), angle.sin()], 1)
    lower = torch.stack([1 - angle.cos(), 0.5 - angle.sin()], 1)
    y = (torch.arange(30) % 2).double()
    x = (torch.where(y[:, None] == 0, upper, lower) + 0.1 * torch.randn(30, 2)).round(decimals=2)
    module = nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 1))
    return Net(module, nn.BCEWithLogitsLoss(), torch.optim.RMSprop, 0.05, x, y, batch_size=10)


def _glyphs(rows: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images of 8 × 8 of ten made-up signs, and which sign each is."""
    signs = (torch.rand(10, 64) > 0.6).float()
    kind = torch.arange(rows) % 10
    noise = 0.3 * torch.rand(rows, 64)
    return (signs[kind] * 0.8 + noise).clamp(0, 1).round(decimals=1), kind.double()


def glyphs_by_weights() -> Net:
    """64 weights: is it the third sign or not?"""
    x, kind = _glyphs(20)
    y = (kind == 2).double()
    return Net(nn.Linear(64, 1), nn.BCEWithLogitsLoss(), torch.optim.SGD, 0.1, x, y)


def glyphs_by_a_hidden_layer() -> Net:
    """64-16-10: ten signs."""
    x, kind = _glyphs(20)
    module = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))
    return Net(module, nn.CrossEntropyLoss(), torch.optim.SGD, 0.2, x, kind, epochs=5)


def glyphs_by_convolution() -> Net:
    """A small LeNet: convolution, pooling, convolution, a linear layer."""
    x, kind = _glyphs(10)
    module = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 2, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(2, 3, 2),
        nn.Tanh(),
        nn.Flatten(),
        nn.Linear(12, 10),
    )
    return Net(module, nn.CrossEntropyLoss(), torch.optim.SGD, 0.1, x, kind, epochs=3)


class NextWord(nn.Module):
    """Two numbers for every word, and from those of one word the next one."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, 2)
        self.next = nn.Linear(2, words)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.next(self.embedding(x[:, 0].long()))


def words() -> Net:
    """Embeddings of five words, learned from which word follows which."""
    sentence = torch.tensor([0, 1, 2, 0, 3, 4, 0, 1, 4, 0, 3, 2, 0, 1, 2])
    x, y = sentence[:-1, None], sentence[1:].double()
    return Net(NextWord(5), nn.CrossEntropyLoss(), torch.optim.Adam, 0.1, x, y)


def autoencoder() -> Net:
    """4-2-4: four numbers through a bottleneck of two."""
    x = torch.eye(4).repeat(3, 1)
    module = nn.Sequential(nn.Linear(4, 2), nn.Sigmoid(), nn.Linear(2, 4))
    return Net(module, nn.MSELoss(), torch.optim.Adam, 0.1, x, x, epochs=20)


class Polynomial(nn.Module):
    """a + b·x + c·x² + d·x³."""

    def __init__(self) -> None:
        super().__init__()
        for name in "abcd":
            setattr(self, name, nn.Parameter(torch.tensor(0.1)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.a + self.b * x + self.c * x**2 + self.d * x**3


def polynomial() -> Net:
    """A curve of the third degree through points of a sine."""
    x = torch.linspace(-1, 1, 21)[:, None].round(decimals=1)
    y = torch.sin(3 * x[:, 0])
    return Net(Polynomial(), nn.MSELoss(), torch.optim.SGD, 0.3, x, y, epochs=30)


NETS = {
    function.__name__.replace("_", "-"): function
    for function in (
        *(xor_by_one, xor_by_two, three_flowers, two_moons, glyphs_by_weights),
        *(glyphs_by_a_hidden_layer, glyphs_by_convolution, words, autoencoder, polynomial),
    )
}


def export(name: str, folder: Path) -> tuple[Path, int]:
    """Write the workbook of a net; return its path, and how many weights it has."""
    torch.manual_seed(0)
    net = NETS[name]()
    optimizer = net.optimizer(net.module.parameters(), lr=net.rate)
    path = xlsgd.export(
        net.module, optimizer, net.loss, data=(net.x, net.y), path=folder / f"{name}.xlsx",
        epochs=net.epochs, batch_size=net.batch_size, title=name, force=True,
    )  # fmt: skip
    return path, sum(p.numel() for p in net.module.parameters())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="where the workbooks are written to")
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*NETS, []], help="which nets")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in options.names or NETS:
        begin = time.perf_counter()
        path, weights = export(name, options.folder)
        written = time.perf_counter()
        report = xlsgd.verify(path)
        verdict = "agrees" if report.ok else "DIFFERS"
        print(
            f"{name:25} {weights:5,} weights  {report.cells_compared:8,} formulas  "
            f"{path.stat().st_size / 1e6:5.2f} MB  written in {written - begin:4.1f} s, "
            f"checked in {time.perf_counter() - written:4.1f} s: {verdict}"
        )


if __name__ == "__main__":
    main()
