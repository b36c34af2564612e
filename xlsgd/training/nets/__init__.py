"""Networks: lists of layers, each layer one file with its sheet side and its torch side."""

from xlsgd.training.nets.kinds import layer_types
from xlsgd.training.nets.layer import Layer
from xlsgd.training.nets.network import Network, parse_network

__all__ = ["Layer", "Network", "layer_types", "parse_network"]
