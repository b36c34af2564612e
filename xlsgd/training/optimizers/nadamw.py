"""NAdam with decoupled weight decay, as AdamW has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xlsgd.training.optimizers.adamw import DECAY
from xlsgd.training.optimizers.nadam import NAdam

__all__ = ["OPTIMIZER", "NAdamW"]


class NAdamW(NAdam):
    """p · (1 - learning_rate · weight_decay), then as NAdam.

    Source: torch.optim.NAdam with decoupled_weight_decay=True.
    """

    name = "nadamw"
    order = 31
    torch_class = "NAdam"
    summary = "NAdam, and every weight shrinks by learning_rate·weight_decay of itself"
    torch_line = "torch.optim.NAdam(params, lr, …, weight_decay=…, decoupled_weight_decay=True)"
    hyperparameters = (DECAY, *NAdam.hyperparameters)
    uses_weight = True
    decays = True

    def reads(self, group: Mapping[str, Any]) -> bool:
        return not super().reads(group)


OPTIMIZER = NAdamW()
