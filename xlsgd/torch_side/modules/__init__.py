"""PyTorch modules read as networks of ours: what a user has, layer by layer, number by number."""

from xlsgd.torch_side.modules.reader import read_module

__all__ = ["read_module"]
