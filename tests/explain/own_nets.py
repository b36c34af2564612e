"""Nets of one's own to explain, and the same training in plain torch once more.

The loop knows nothing of xlsgd: what an explanation claims of a net is compared with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from xlsgd.data.table import dataset_of
from xlsgd.explaining import TabExplanation, explain_run
from xlsgd.explaining.training import Length, Training, train
from xlsgd.lessons.own_net import OwnNet, own_lesson
from xlsgd.tabs.view import View
from xlsgd.torch_side.modules import read_module
from xlsgd.training.losses import losses
from xlsgd.training.optimizers import optimizers

__all__ = ["Looped", "explained", "looped", "trained", "view_of_module"]


@dataclass(frozen=True)
class Looped:
    """A run in plain torch: before every step, and after the last one.

    weights: of every step, by their names.   slopes: of the mean loss over all rows.
    losses: that mean loss.
    """

    weights: list[dict[str, Tensor]]
    slopes: list[dict[str, Tensor]]
    losses: list[float]

    def still(self) -> set[str]:
        """Return the weights whose derivative was 0 in every step, as ``fc.weight[0,1]``."""
        every = {name: [step[name] for step in self.slopes[:-1]] for name in self.slopes[0]}
        return {
            key
            for name, steps in every.items()
            for key, at in entries(name, steps[0])
            if all(step[at] == 0 for step in steps)
        }


def entries(name: str, values: Tensor) -> list[tuple[str, tuple[int, ...]]]:
    """Return what every number of a tensor is called, ``fc.weight[0,1]``, and where it stands."""
    where = list(np.ndindex(*values.shape))
    return [(f"{name}[{','.join(map(str, at))}]" if at else name, at) for at in where]


def looped(module: nn.Module, x: Tensor, y: Tensor, rate: float, epochs: int) -> Looped:
    """Train by gradient descent on all rows, and leave the module as it was."""
    begin = {name: p.detach().clone() for name, p in module.named_parameters()}
    found = Looped([], [], [])
    for _ in range(epochs + 1):
        module.zero_grad()
        loss = nn.functional.mse_loss(module(x), y)
        loss.backward()
        named = dict(module.named_parameters())
        found.weights.append({name: p.detach().clone() for name, p in named.items()})
        found.slopes.append({name: p.grad.clone() for name, p in named.items()})  # type: ignore[union-attr]
        found.losses.append(loss.item())
        with torch.no_grad():
            for p in module.parameters():
                p -= rate * p.grad
    module.load_state_dict(begin)
    return found


def view_of_module(
    module: nn.Module, x: Tensor, y: Tensor, rate: float, epochs: int, **options: Any
) -> tuple[View, Any]:
    """Return the experiment of a module, as export has it, and its data."""
    columns = {f"x{i}": column.tolist() for i, column in enumerate(x.T, 1)}
    data = dataset_of({**columns, "y": y[:, 0].tolist()}, ["y"])
    network = read_module(module, tuple(data.inputs))
    start = {
        key: float(p.detach()[at])
        for name, p in module.named_parameters()
        for key, at in entries(name, p)
    }
    rule = optimizers()[options.get("optimizer", "sgd")]
    loss = losses()["squared error"]
    lesson = own_lesson(OwnNet(network, loss, rule, data, rate, start, epochs))
    return lesson.views[0], data


def trained(module: nn.Module, x: Tensor, y: Tensor, rate: float, epochs: int = 4) -> Training:
    """Return a module's run, without an explanation: that tries a hundred rates."""
    view, data = view_of_module(module, x, y, rate, epochs)
    return train(view, data, Length(epochs * data.rows, epochs))


def explained(
    module: nn.Module, x: Tensor, y: Tensor, rate: float, epochs: int = 4, **options: Any
) -> TabExplanation:
    """Return the explanation of a module's run."""
    view, data = view_of_module(module, x, y, rate, epochs, **options)
    return explain_run(view, data)
