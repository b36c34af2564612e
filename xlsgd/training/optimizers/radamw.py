"""RAdam with decoupled weight decay, as AdamW has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xlsgd.training.optimizers.adamw import DECAY
from xlsgd.training.optimizers.radam import RAdam

__all__ = ["OPTIMIZER", "RAdamW"]


class RAdamW(RAdam):
    """p · (1 - learning_rate · weight_decay), then as RAdam.

    Source: torch.optim.RAdam with decoupled_weight_decay=True.
    """

    name = "radamw"
    order = 33
    torch_class = "RAdam"
    summary = "RAdam, and every weight shrinks by learning_rate·weight_decay of itself"
    torch_line = "torch.optim.RAdam(params, lr, …, weight_decay=…, decoupled_weight_decay=True)"
    hyperparameters = (DECAY, *RAdam.hyperparameters)
    uses_weight = True
    decays = True

    def reads(self, group: Mapping[str, Any]) -> bool:
        return not super().reads(group)


OPTIMIZER = RAdamW()
