"""Export: a training script's module, optimizer, loss and data as a workbook that trains itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlsgd.base.errors import SpecError
from xlsgd.base.progress import Progress
from xlsgd.data import Dataset
from xlsgd.data.table import dataset_of, read_table
from xlsgd.lessons.generation import Values, check_output, write_lesson
from xlsgd.lessons.own_net import OwnNet, own_lesson
from xlsgd.tabs.layouts import get_layout
from xlsgd.tabs.view import View

if TYPE_CHECKING:
    import pandas as pd
    import torch

    from xlsgd.sheets.maps import BookMap
    from xlsgd.torch_side.live import FirstStep

__all__ = ["export"]

_CLOSE = 1e-9
"""How far a cell may be from the live objects, relative to the largest number of its kind: both
compute in float64, in another order."""


def export(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Any,
    *,
    data: str | Path | pd.DataFrame | Mapping[str, Sequence[Any]] | tuple[Any, Any],
    path: str | Path,
    target: str | Sequence[str] = "y",
    inputs: Sequence[str] = (),
    features: Sequence[str] = (),
    epochs: int = 10,
    batch_size: int | None = None,
    title: str = "",
    force: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write the workbook that trains a module as torch would, and return its path.

    model: its weights are where training starts.   optimizer: of torch.optim, new.
    loss: a module of torch.nn, or a function of torch.nn.functional.
    data: a CSV or Parquet file, a frame, columns by name, or two tensors, (rows, inputs) and
        (rows,) or (rows, targets).
    target: the column or columns to predict.   inputs: what from, in this order; all others by
        default.   features: inputs made of columns, as ``standardised(size)``.
    batch_size: rows per step, in the order of the data; all rows by default.
    Before anything is written, loss, slopes and weights of the first step are compared with what
    the live objects do; they themselves stay as they are.
    Raises SpecError for what a sheet cannot have, DataError for data that cannot be used,
    OutputExistsError if the file exists and force is False.
    """
    from xlsgd.torch_side.from_torch import from_torch
    from xlsgd.torch_side.live import first_step, start_weights
    from xlsgd.torch_side.live_loss import loss_of
    from xlsgd.torch_side.modules import read_module

    where = Path(path)
    check_output(where, force)
    rows = _dataset(data, [target] if isinstance(target, str) else list(target), inputs, features)
    if epochs < 1 or (batch_size is not None and batch_size < 1):
        raise SpecError(f"epochs {epochs}, batch_size {batch_size}: need 1 or more")
    network = read_module(model, tuple(rows.inputs))
    rule, criterion = from_torch(optimizer), loss_of(loss)
    start = start_weights(model)
    start |= {f"{state}.{p}": value for state, value in rule.start.items() for p in start}
    size = rows.rows if batch_size is None else min(batch_size, rows.rows)
    live = first_step(model, optimizer, loss, rows, size)
    lesson = own_lesson(
        OwnNet(
            network,
            criterion[0],
            rule.optimizer,
            rows,
            rule.learning_rate,
            start,
            epochs,
            batch_size,
            {**rule.hyper, **criterion[1]},
            transforms=rule.transforms,
            title=title or type(model).__name__,
        )
    )
    (view,) = lesson.views
    write_lesson(lesson, where, force, progress, lambda m, v: _same(view, m, v, live))
    return where


def _dataset(
    data: Any, targets: list[str], inputs: Sequence[str], features: Sequence[str]
) -> Dataset:
    if isinstance(data, str | Path):
        return read_table(data, targets, inputs, features)
    if isinstance(data, tuple | list) and len(data) == 2:
        x, y = (_columns(tensor, name) for tensor, name in zip(data, ("x", "y"), strict=True))
        return dataset_of({**x, **y}, list(y), (), features)
    return dataset_of(data, targets, inputs, features)


def _columns(tensor: Any, name: str) -> dict[str, list[float]]:
    """Return the columns of a tensor of shape (rows,) or (rows, columns)."""
    import torch

    values = torch.as_tensor(tensor).detach().cpu().double()
    if values.dim() == 1:
        values = values[:, None]
    if values.dim() != 2:
        raise SpecError(
            f"data, {name}: got the shape {tuple(values.shape)}, need (rows, columns); the module "
            "can reshape them"
        )
    if values.shape[1] == 1:
        return {name: values[:, 0].tolist()}
    separator = "_" if name == "y" else ""
    return {
        f"{name}{separator}{i}": column.tolist() for i, column in enumerate(values.unbind(1), 1)
    }


def _same(view: View, maps: BookMap, values: Values, live: FirstStep) -> None:
    """Raise SpecError unless the cells of the first step have what the live objects do."""
    e, layout = view.experiment, get_layout(view.layout)
    tab = maps.training[e.id]
    steps = tab.tables["steps"]

    def cell(quantity: str) -> float:
        value = values[tab.sheet].get(steps.cell(quantity, 0), float("nan"))
        return float(value) if isinstance(value, float | int) else float("nan")

    checks: list[tuple[str, Callable[[str], str], Mapping[str, float]]] = [
        ("mean loss", str, {"loss": live.loss}),
        ("slope", layout.gradient, live.gradients),
        ("new weight", "new.{}".format, live.after),
    ]
    for what, quantity, expected in checks:
        size = max(map(abs, expected.values())) + 1e-300
        for name, number in expected.items():
            got = cell(quantity(name))
            if not abs(got - number) <= _CLOSE * size:
                raise SpecError(
                    f"the workbook would not do what the module does: the {what} of the first step"
                    f" for {name} is {got:.9g} in the sheet, {number:.9g} in torch; does the "
                    "module do something with the rows of a batch together?"
                )
