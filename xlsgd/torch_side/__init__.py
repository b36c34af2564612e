"""What a torch run is made of: the network, the optimizer's memory, and the rounding."""

from __future__ import annotations

from xlsgd.torch_side.ensemble import Ensemble, is_rounding
from xlsgd.torch_side.net import TorchNet, data_tensors
from xlsgd.torch_side.plain import load_torch
from xlsgd.torch_side.side_by_side import SideBySide, can_run_together
from xlsgd.torch_side.sides import Sides
from xlsgd.torch_side.stepper import Stepper

__all__ = [
    "Ensemble",
    "SideBySide",
    "Sides",
    "Stepper",
    "TorchNet",
    "can_run_together",
    "data_tensors",
    "is_rounding",
    "load_torch",
]
