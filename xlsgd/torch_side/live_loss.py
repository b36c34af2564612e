"""What a live loss of torch is among ours, and its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.errors import SpecError
from xlsgd.training.losses import Loss, get_loss, losses
from xlsgd.training.losses.class_weights import WEIGHT
from xlsgd.training.losses.loss import REDUCTIONS

if TYPE_CHECKING:
    import torch

__all__ = ["loss_of"]

_IGNORED = -100
"""PyTorch's own ignore_index, which is no class."""
_MEANS = {"training", "reduction", "ignore_index", "eps", "size_average", "reduce"}


def loss_of(
    given: torch.nn.Module | Callable[..., Any], targets: int = 1
) -> tuple[Loss, dict[str, float]]:
    """Return the loss that a module of torch.nn, or a function of torch.nn.functional, is.

    With it come its options, by the names of our hyperparameters.
    targets: columns of them; cross-entropy takes one for classes, several for probabilities.
    Raises SpecError for a loss that is none of ours, and for options that no sheet has.
    """
    import torch

    module = given if isinstance(given, torch.nn.Module) else None
    name = getattr(given, "__name__", str(given)) if module is None else type(module).__name__
    others = {name for each in losses().values() for name in (each.of_shares, each.weighted)}
    known = {
        each.torch_class: get_loss(each.name, targets)
        for each in losses().values()
        if each.torch_class and each.name not in others
    }
    functions = {_function(each): each for each in known.values()}
    loss = functions.get(name) if module is None else known.get(name)
    if loss is None:
        raise SpecError(f"the loss {name} is none of those there are: {', '.join(sorted(known))}")
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
    found: dict[str, float] = {}
    if module.__dict__.get("ignore_index", _IGNORED) != _IGNORED:
        raise SpecError(
            f"the loss {name} with ignore_index={module.ignore_index}: no row of a sheet is passed "
            "over; leave those rows out of the data"
        )
    weight = options.get("weight")
    if weight is not None and loss.weighted:
        del options["weight"]
        loss = get_loss(loss.weighted)
        found = {f"{WEIGHT}{c}": float(each) for c, each in enumerate(weight)}
    for hyper in loss.hyperparameters:
        value = options.pop(loss.torch_names.get(hyper.key, hyper.key), None)
        if value is not None:
            found[hyper.key] = _one_number(name, hyper.key, value)
    for key, value in options.items():
        if key == "weight" and value is not None:
            raise SpecError(
                f"the loss {name} with weight: its numbers go by the place of a row in its batch, "
                "or of a target in its row, and a sheet has one formula for all of them; leave it "
                "out"
                + (", or count labels of 1 otherwise by pos_weight" if "Logits" in name else "")
            )
        if value is not None:
            raise SpecError(f"the loss {name} with {key}, which no sheet has; leave it out")
    return loss.reduced(reduction), found


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
