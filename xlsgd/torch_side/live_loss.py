"""What a live loss of torch is among ours, and its options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from xlsgd.base.errors import SpecError
from xlsgd.training.losses import Loss, losses

if TYPE_CHECKING:
    import torch

__all__ = ["loss_of"]


def loss_of(given: torch.nn.Module | Any) -> tuple[Loss, dict[str, float]]:
    """Return the loss that a module of torch.nn, or a function of torch.nn.functional, is.

    With it come its options, by the names of our hyperparameters, which are torch's.
    Raises SpecError for a loss that is none of ours, and for options that no sheet has.
    """
    import torch

    is_module = isinstance(given, torch.nn.Module)
    name = type(given).__name__ if is_module else getattr(given, "__name__", str(given))
    fitting = [loss for loss in losses().values() if name in (loss.torch_class, _function(loss))]
    if not fitting:
        known = sorted(loss.torch_class for loss in losses().values() if loss.torch_class)
        raise SpecError(f"the loss {name} is none of those there are: {', '.join(known)}")
    (loss,) = fitting
    options = vars(given) if is_module else {}
    reduction = options.get("reduction", "mean")
    if reduction != "mean":
        raise SpecError(
            f"the loss {name} with reduction='{reduction}'; a step here follows the mean over its "
            "rows: with 'sum', take 'mean' and a learning rate as many times as large as there are "
            "rows in a batch"
        )
    _refuse_tensors(name, given if is_module else None, loss)
    own = {h.key: float(options[h.key]) for h in loss.hyperparameters if h.key in options}
    return loss, own


def _function(loss: Loss) -> str:
    """Return the name in torch.nn.functional, as ``mse_loss``, out of the loss's line of torch."""
    head = loss.torch.partition("(")[0]
    return head.rpartition(".")[2] if head.startswith("torch.nn.functional.") else ""


def _refuse_tensors(name: str, module: Any, loss: Loss) -> None:
    known = {h.key for h in loss.hyperparameters}
    options: Mapping[str, Any] = {} if module is None else dict(module.named_buffers())
    for key, value in options.items():
        if value is not None and key not in known:
            raise SpecError(
                f"the loss {name} has {key} for every class; leave it out, a sheet has none"
            )
