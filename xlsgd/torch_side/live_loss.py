"""What a live loss of torch is among ours, and its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.errors import SpecError
from xlsgd.training.losses import Loss, get_loss, losses
from xlsgd.training.losses.class_weights import WEIGHT
from xlsgd.training.losses.loss import REDUCTIONS
from xlsgd.training.losses.target_weights import POS_WEIGHT, TARGET_WEIGHT

if TYPE_CHECKING:
    import torch

__all__ = ["loss_of"]

_IGNORED = -100
"""PyTorch's own ignore_index, which is no class."""
_MEANS = {"training", "reduction", "ignore_index", "eps", "size_average", "reduce"}


def loss_of(
    given: torch.nn.Module | Callable[..., Any] | str, targets: int = 1
) -> tuple[Loss, dict[str, float]]:
    """Return the loss that a module of torch.nn, or a function of torch.nn.functional, is, or that
    is called so.

    With it come its options, by the names of our hyperparameters.
    targets: columns of them; cross-entropy takes one for classes, several for probabilities.
    Raises SpecError for a loss that is none of ours, and for options that no sheet has.
    """
    import torch

    if isinstance(given, str):
        return get_loss(given, targets), {}
    module = given if isinstance(given, torch.nn.Module) else None
    name = getattr(given, "__name__", str(given)) if module is None else type(module).__name__
    others = {name for each in losses().values() for name in (each.of_shares, each.weighted)}
    known = {
        each.torch_class: get_loss(each.name, targets)
        for each in losses().values()
        if each.torch_class and each.name not in others
    }
    if isinstance(given, type) and issubclass(given, torch.nn.Module):
        raise SpecError(f"the loss: got {name}, a class; need a module made of it: {name}(…)")
    functions = {_function(each): each for each in known.values()}
    loss = functions.get(name) if module is None else known.get(name)
    if loss is None:
        raise SpecError(
            f"the loss {name} is none of those there are: {', '.join(sorted(known))}; or pass a "
            "name of xlsgd list, such as 'mnist-loss'"
        )
    if module is None:
        return loss, {}
    options = {**_plain(module), **dict(module.named_buffers())}
    reduction = module.__dict__.get("reduction", "mean")
    if reduction not in REDUCTIONS:
        raise SpecError(
            f"the loss {name} with reduction='{reduction}': a step follows one number, need "
            f"{' or '.join(repr(each) for each in REDUCTIONS)}"
        )
    for key, value in loss.torch_needs.items():
        if options.pop(key, value) != value:
            raise SpecError(f"the loss {name} with {key}={not value}, which no sheet has")
    if module.__dict__.get("ignore_index", _IGNORED) != _IGNORED:
        raise SpecError(
            f"the loss {name} with ignore_index={module.ignore_index}: no row of a sheet is passed "
            "over; leave those rows out of the data"
        )
    loss, found = _weighed(loss, name, options, targets)
    for hyper in loss.hyperparameters:
        value = options.pop(loss.torch_names.get(hyper.key, hyper.key), None)
        if value is not None:
            found[hyper.key] = _one_number(name, hyper.key, value)
    for key, value in options.items():
        if value is not None:
            raise SpecError(f"the loss {name} with {key}, which no sheet has; leave it out")
    return loss.reduced(reduction), found


def _weighed(
    loss: Loss, name: str, options: dict[str, Any], targets: int
) -> tuple[Loss, dict[str, float]]:
    """Return a loss with weights where a live one has such, and these; they are taken out of its
    options.   targets: columns of them.   Raises SpecError for weights of rows."""
    import torch

    weight, of_ones = options.get("weight"), options.get("pos_weight")
    weighted = get_loss(loss.weighted) if loss.weighted else loss
    if weighted is loss or (weight is None and (of_ones is None or of_ones.numel() == 1)):
        return loss, {}
    if not weighted.apart:
        del options["weight"]
        numbers = torch.as_tensor(weight).tolist()
        return weighted, {f"{WEIGHT}{c}": float(each) for c, each in enumerate(numbers)}
    found: dict[str, float] = {}
    for key, values in ((TARGET_WEIGHT, weight), (POS_WEIGHT, of_ones)):
        called = key.rstrip("_") if values is of_ones else "weight"
        options.pop(called, None)
        if values is not None:
            numbers = _of_targets(name, called, values, targets)
            found |= {f"{key}{i}": each for i, each in enumerate(numbers, 1)}
    return weighted, found


def _of_targets(name: str, key: str, values: torch.Tensor, targets: int) -> list[float]:
    """Return a number for every target out of a tensor.  Raises SpecError for one with a number for
    every row of a batch, and for one of another size."""
    shape, numbers = tuple(values.shape), [float(v) for v in values.flatten()]
    if len(numbers) == 1:
        return numbers * targets
    if targets > 1 and shape[-1] == targets == len(numbers):
        return numbers
    raise SpecError(
        f"the loss {name} with {key} of the shape {shape}: need one number"
        + (f", or one for each of {targets} targets" if targets > 1 else "")
        + ", the same in all rows. Numbers that go by the place of a row in its "
        "batch have no place in a sheet: leave them out, or let rows that count twice stand twice "
        "in the data"
    )


def _one_number(name: str, key: str, value: Any) -> float:
    """Return the number that an option is.  Raises SpecError for one with several."""
    import torch

    numbers = set(torch.as_tensor(value, dtype=torch.float64).flatten().tolist())
    if len(numbers) != 1:
        raise SpecError(
            f"the loss {name} with {key} of {len(numbers)} numbers; a sheet has one for all targets"
        )
    return float(numbers.pop())


def _plain(module: torch.nn.Module) -> Mapping[str, Any]:
    return {k: v for k, v in vars(module).items() if not k.startswith("_") and k not in _MEANS}


def _function(loss: Loss) -> str:
    """Return the name in torch.nn.functional, as ``mse_loss``, out of the loss's line of torch."""
    head = loss.torch.partition("(")[0]
    return head.rpartition(".")[2] if head.startswith("torch.nn.functional.") else ""
