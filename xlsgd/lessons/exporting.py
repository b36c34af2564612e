"""Export: a training script's module, optimizer, loss and data as a workbook that trains itself."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xlsgd.base.errors import SpecError
from xlsgd.base.progress import Progress
from xlsgd.base.registry import pick
from xlsgd.data import Dataset
from xlsgd.data.table import dataset_of
from xlsgd.data.table_file import read_table
from xlsgd.lessons.generation import check_output, write_lesson
from xlsgd.lessons.lesson import BY
from xlsgd.lessons.live_check import need_same
from xlsgd.lessons.own_net import OwnNet, own_lesson, shape_of_image
from xlsgd.training.losses.output import LOSS as OUTPUT
from xlsgd.training.schedules import RATE, get_schedule
from xlsgd.training.schedules.schedule import EVERY
from xlsgd.training.transforms import transforms

if TYPE_CHECKING:
    import pandas as pd
    import torch

__all__ = ["export"]

_VALIDATES = "validates"
"""The column that says which of the rows of tensors validate; a sheet does not show it."""


def export(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Any = None,
    *,
    data: str | Path | pd.DataFrame | Mapping[str, Sequence[Any]] | tuple[Any, Any] | None = None,
    path: str | Path,
    target: str | int | Sequence[str | int] = "y",
    inputs: Sequence[str | int] = (),
    features: Sequence[str] = (),
    epochs: int = 10,
    batch_size: int | None = None,
    scheduler: Any = None,
    schedule_by: str = "step",
    clip_norm: float | None = None,
    clip_value: float | None = None,
    shuffle: int | None = None,
    validation: str | float | tuple[Any, Any] | None = None,
    image: tuple[int, int] | None = None,
    title: str = "",
    force: bool = False,
    progress: Progress | None = None,
) -> Path:
    """Write the workbook that trains a module as torch would, and return its path.

    model: its weights are where training starts.   optimizer: of torch.optim, new.
    loss: a module of torch.nn, a function of torch.nn.functional, or the name of one that PyTorch
        does not have, as ``mnist-loss``.
        None for a module without inputs, whose value is what shall become small.
    data: a CSV or Parquet file, a frame, columns by name, or two tensors, (rows, inputs) and
        (rows,) or (rows, targets).   None for a module without inputs.
    target: the column or columns to predict.   inputs: what from, in this order; all others by
        default.   Neither is for tensors, whose columns are called x and y.
    features: inputs made of columns, as ``standardised(size)``.
    batch_size: rows per step, in the order of the data; all rows by default.   shuffle: seed of
        the order, the same in every epoch; as they are by default.
    image: rows and columns of pixels where the inputs are those of an image, row by row: a tab more
        shows image, weights and outputs as coloured cells.
    validation: the column that says which rows validate and do not train (0 and 1, false and true,
        train and valid), or a share of the rows, the last ones; beside two tensors also two more.
    scheduler: of torch.optim.lr_scheduler, new, stepped after every ``step`` or every ``epoch``;
        ReduceLROnPlateau after every epoch, with the mean loss of its rows. Or the text of a
        schedule: a name, a chain such as ``linear 5, cosine``, or a formula such as
        ``learning_rate/(1+0.1*count)``, which stands for a LambdaLR.
    clip_norm, clip_value: of torch.nn.utils.clip_grad_norm_ and clip_grad_value_, at every step.
    Before anything is written, loss, slopes and weights of the first step are compared with what
    the live objects do; they themselves stay as they are.
    Raises SpecError for what a sheet cannot have, DataError for data that cannot be used,
    OutputExistsError if the file exists and force is False.
    """
    from xlsgd.torch_side.from_torch import from_torch
    from xlsgd.torch_side.live import criterion_of, first_step, start_weights
    from xlsgd.torch_side.live_groups import fixed_tensors, tensor_names
    from xlsgd.torch_side.live_loss import loss_of
    from xlsgd.torch_side.loss_fit import notes_before
    from xlsgd.torch_side.modules import read_module
    from xlsgd.torch_side.rates import scheduled

    where = Path(path)
    check_output(where, force)
    # Columns of a frame may be called by numbers.
    targets = list(map(str, target if isinstance(target, list | tuple) else [target]))
    columns = list(map(str, inputs))
    if (data is None) != (loss is None):
        raise SpecError(
            f"data {'None' if data is None else 'given'}, loss {loss!r}: without data there is "
            "nothing to compare with, and no loss: pass both, or neither"
        )
    if data is None:
        rows = Dataset.nothing()
    else:
        rows = _dataset(data, targets, columns, features, shuffle, validation)
    if not isinstance(epochs, int):
        raise SpecError(f"epochs: got {epochs!r}, need a whole number")
    if epochs < 1 or (batch_size is not None and batch_size < 1):
        raise SpecError(f"epochs {epochs}, batch_size {batch_size}: need 1 or more")
    flat = len(rows.inputs) == 1 and _is_flat(data)
    network = read_module(model, tuple(rows.inputs), flat)
    size = rows.rows if batch_size is None else min(batch_size, rows.rows)
    pick("schedule_by", schedule_by, dict.fromkeys(BY))
    every = -(-rows.rows // size) if schedule_by == "epoch" else 1
    written = get_schedule(scheduler) if isinstance(scheduler, str) else None
    frozen = fixed_tensors(model, optimizer)
    names = {key: name for key, name in tensor_names(model).items() if name not in frozen}
    if not names:
        foreign = any(p.requires_grad for p in model.parameters())
        raise SpecError(
            "the optimizer holds no weight of the module: make it of model.parameters()"
            if foreign
            else "every weight of the module is kept fixed: there is nothing to train"
        )
    loose = [name for name, p in model.named_parameters() if name in frozen and p.requires_grad]
    if clip_norm is not None and loose:
        raise SpecError(
            f"clip_norm: the optimizer does not hold {', '.join(loose)}, whose slope counts all "
            "the same for clip_grad_norm_(model.parameters(), …), and adds up step by step; call "
            "requires_grad_(False) on it"
        )
    rule = from_torch(optimizer, None if written else scheduler, every, names)
    cost, own = (OUTPUT, dict[str, float]()) if loss is None else loss_of(loss, len(rows.targets))
    asked = {"clip_value": clip_value, "clip_norm": clip_norm}
    steps = epochs * -(-rows.rows // size) // every
    longest = getattr(scheduler, "total_steps", None)
    if longest is not None and steps > longest:
        raise SpecError(
            f"the scheduler {type(scheduler).__name__} ends after {longest} steps, and is stepped "
            f"{steps} times here; give it total_steps={steps}, or train for fewer epochs"
        )
    if written is not None:
        rule = replace(rule, schedule=written, hyper={**rule.hyper, **written.lasting(steps)})
        rule = replace(rule, hyper={**rule.hyper, EVERY.key: float(every)})
    clips = {key: value for key, value in asked.items() if value is not None}
    known = transforms()
    clipped = [each for each in known.values() if {h.key for h in each.hyperparameters} & {*clips}]
    start = start_weights(model)
    learning = [p for p in start if network.tensor_of(p) not in frozen]
    start |= {f"{state}.{p}": value for state, value in rule.start.items() for p in learning}
    lesson = own_lesson(
        OwnNet(
            network,
            cost,
            rule.optimizer,
            rows,
            rule.learning_rate,
            start,
            epochs,
            batch_size,
            {**rule.hyper, **own, **clips},
            rule.schedule,
            (*clipped, *rule.transforms),
            title=title or type(model).__name__,
            param_groups=rule.groups,
            frozen=frozen,
            compared="loss, slopes and new weights",
        )
    )
    (view,) = lesson.views
    if image is not None:
        lesson = replace(lesson, images={view.id: shape_of_image(image, network)})
    e = view.experiment
    given: list[dict[str, float]] = []
    if written is not None and not written.follows_losses:
        rates = next(scheduled(e))
        given = [{**rates, RATE: rates.get(f"{RATE}.{name}", rates[RATE])} for name in rule.live]
    for words in (*_whole_targets(data, cost.name), *notes_before(e, rows)):
        warnings.warn(words, stacklevel=2)
    criterion: Any = criterion_of(e) if isinstance(loss, str) else loss or _itself
    live = first_step(model, optimizer, criterion, rows, size, clips, flat, given)
    write_lesson(
        lesson, where, force, progress, lambda maps, values: need_same(view, maps, values, live)
    )
    return where


def _whole_targets(data: Any, loss: str) -> list[str]:
    """Return a word on targets of whole numbers beside a loss that takes them for quantities, as
    PyTorch does: they may be meant as classes."""
    targets = data[1] if isinstance(data, tuple | list) and len(data) == 2 else None
    kind = str(getattr(targets, "dtype", "")).removeprefix("torch.")
    if not kind.startswith(("int", "uint")) or {"cross", "nll"} & set(loss.split("-")):
        return []
    return [
        f"the targets are whole numbers ({kind}), which the loss {loss} takes for quantities: for "
        "classes take CrossEntropyLoss and an output for each of them, else give targets.double()"
    ]


def _dataset(
    data: Any,
    targets: list[str],
    inputs: Sequence[str],
    features: Sequence[str],
    shuffle: int | None,
    validation: str | float | tuple[Any, Any] | None,
) -> Dataset:
    if isinstance(data, tuple | list) and len(data) == 2:
        if targets != ["y"] or inputs:
            raise SpecError(
                f"target {', '.join(targets)}, inputs {', '.join(inputs) or 'not given'}: two "
                "tensors have no names of columns; leave target and inputs out, or pass a frame"
            )
        x, y = (_columns(tensor, name) for tensor, name in zip(data, ("x", "y"), strict=True))
        table, targets = {**x, **y}, list(y)
        if isinstance(validation, tuple | list):
            table, validation = _with_more(table, validation), _VALIDATES
        return dataset_of(table, targets, (), features, shuffle=shuffle, validation=validation)
    if isinstance(validation, tuple | list):
        raise SpecError(
            "validation: two tensors go with two tensors as data; of a table name the column that "
            "says which rows validate"
        )
    if isinstance(data, str | Path):
        return read_table(data, targets, inputs, features, shuffle, validation=validation)
    return dataset_of(data, targets, inputs, features, shuffle=shuffle, validation=validation)


def _with_more(table: Mapping[str, list[Any]], held: Sequence[Any]) -> dict[str, list[Any]]:
    """Return columns with the rows of two more tensors, and a column that says which those are."""
    if len(held) != 2:
        raise SpecError(f"validation: got {len(held)} tensors, need two, x and y")
    x, y = (_columns(tensor, name) for tensor, name in zip(held, ("x", "y"), strict=True))
    more = {**x, **y}
    if more.keys() != table.keys():
        raise SpecError(
            f"validation: got tensors for {', '.join(more)}, and data for {', '.join(table)}; "
            "both need as many columns"
        )
    found = {name: [*column, *more[name]] for name, column in table.items()}
    trains, validates = (len(next(iter(columns.values()))) for columns in (table, y))
    return {**found, _VALIDATES: [0] * trains + [1] * validates}


def _itself(pred: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return pred.reshape(())


def _is_flat(data: Any) -> bool:
    """Return whether what goes in is a tensor of shape (rows,)."""
    import numpy as np

    return isinstance(data, tuple | list) and np.ndim(data[0]) == 1


def _columns(tensor: Any, name: str) -> dict[str, list[Any]]:
    """Return the columns of a tensor of shape (rows,) or (rows, columns), as numpy's numbers."""
    import torch

    values = torch.as_tensor(tensor).detach().cpu()
    if values.dtype == torch.bfloat16:  # which numpy does not have
        values = values.float()
    if values.dim() == 1:
        values = values[:, None]
    if values.dim() != 2:
        raise SpecError(
            f"data, {name}: got the shape {tuple(values.shape)}, need (rows, columns); the module "
            "can reshape them"
        )
    if values.shape[1] == 1:
        return {name: list(values[:, 0].numpy())}
    separator = "_" if name == "y" else ""
    return {
        f"{name}{separator}{i}": list(column.numpy())
        for i, column in enumerate(values.unbind(1), 1)
    }
