"""Read a PyTorch module as a graph of layers.

torch.fx follows the module's ``forward`` once and writes down what it calls, with the names that
the code has. Every call is then done to names instead of numbers (xlsgd.torch_side.modules.names):
calls that compute become layers at their places, calls that only move numbers become nothing.

The module's own code runs, its numbers are not touched.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from xlsgd.base.errors import SpecError
from xlsgd.torch_side.modules.names import Names, as_names, named
from xlsgd.training.nets import Network
from xlsgd.training.nets.elementwise import Elementwise
from xlsgd.training.nets.graph import flat, weight_names
from xlsgd.training.nets.layer import Layer
from xlsgd.training.nets.network import PREDICTION
from xlsgd.training.nets.place import Place, is_number
from xlsgd.training.nets.sum import Sum
from xlsgd.training.operations.binary import Binary
from xlsgd.training.operations.where import Where

if TYPE_CHECKING:
    import torch

__all__ = ["Reader", "read_module"]

MOST_PLACES = 20_000
"""Layers at their places that still make a workbook."""

_TAKEN = re.compile(
    r"(?:pred|loss|new|grad|param|up|down|plot|rate|row|step|epoch|batch)(?:_.*)?|y\d*"
)
"""Names that columns of other kinds have."""


def read_module(module: torch.nn.Module, input_names: Sequence[str]) -> Network:
    """Return the network that a module is, with its own names for its weights.

    input_names: of the columns that go in. A ``forward`` of one argument is given all of them, as
    a tensor of shape (rows, inputs); one of several arguments is given one column each, by name.
    Raises SpecError for what a sheet cannot have, by name.
    """
    import torch
    from torch import fx

    _refuse_buffers_and_hooks(module)
    try:
        traced = fx.symbolic_trace(module)
    except (fx.proxy.TraceError, TypeError, NameError, AttributeError, RuntimeError) as error:
        raise SpecError(
            f"the module {type(module).__name__} cannot be followed: {str(error).splitlines()[0]}; "
            "its forward must do the same whatever the numbers are: no if, no loop, no assignment "
            "that depends on them"
        ) from error
    reader = Reader(traced, input_names, dict(module.named_parameters()))
    with torch.no_grad():
        output = reader.run()
    return reader.network(output)


def _refuse_buffers_and_hooks(module: torch.nn.Module) -> None:
    for name, buffer in module.named_buffers():
        raise SpecError(
            f"the module has a buffer, {name} of shape {tuple(buffer.shape)}: a sheet trains "
            "weights alone; make it a parameter, or leave out the layer that has it"
        )
    for name, part in module.named_modules():
        if part._forward_hooks or part._forward_pre_hooks or part._backward_hooks:
            raise SpecError(
                f"the module's part '{name or type(part).__name__}' has hooks, which no sheet "
                "can run; remove them"
            )


class Reader:
    """Goes through what torch.fx wrote down, and keeps the layers that come of it.

    Whoever knows how to read a call uses ``place``, ``free`` and ``new``.
    """

    def __init__(
        self,
        traced: torch.fx.GraphModule,
        input_names: Sequence[str],
        parameters: Mapping[str, torch.nn.Parameter],
    ) -> None:
        self._traced, self._inputs = traced, tuple(input_names)
        self._modules = dict(traced.named_modules())
        self._parameters = parameters
        self._places: list[Place] = []
        self._free: dict[str, None] = {}
        self._same_in_all_rows: set[str] = set()
        self._used = {*self._inputs}
        self._where = ""

    def run(self) -> Any:
        """Return the names of what comes out, as the module's forward returns it."""
        found: dict[torch.fx.Node, Any] = {}
        arguments = [node for node in self._traced.graph.nodes if node.op == "placeholder"]

        def of(node: torch.fx.Node) -> Any:
            return found[node]

        from torch.fx.node import map_arg

        for node in self._traced.graph.nodes:
            self._where = node.name
            args, kwargs = map_arg(node.args, of), map_arg(node.kwargs, of)
            if node.op == "placeholder":
                found[node] = self._argument(node, len(arguments), args)
            elif node.op == "get_attr":
                found[node] = self._weights(node.target)
            elif node.op == "call_module":
                found[node] = self._module(node, args, kwargs)
            elif node.op == "output":
                return args[0]
            else:
                found[node] = self._call(node, args, kwargs)
        raise AssertionError("a graph of torch.fx ends with its output")

    def fault(self, message: str) -> SpecError:
        """Return the error that something at the present place cannot be had."""
        return SpecError(f"the module, at '{self._where}': {message}")

    # What readers of single calls use

    def named(self, shape: Sequence[int]) -> Names:
        """Return new names for the value of the present call, of a shape."""
        # torch.fx calls the parts of a Sequential _0, _1, …
        name = f"layer{self._where[1:]}" if self._where.startswith("_") else self._where
        found = named(name, shape)
        while _TAKEN.fullmatch(name) or not self._used.isdisjoint(found.ravel()):
            name += "_"
            found = named(name, shape)
        self._used |= {*found.ravel()}
        return found

    def place(
        self,
        layer: Layer,
        inputs: Iterable[Any],
        outputs: Iterable[Any],
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        """Put a layer at its place in the graph.

        inputs, outputs: names, in arrays of any shape.
        """
        taken, given = map(_flat, (inputs, outputs))
        self._places.append(Place(layer, dict(parameters or {}), taken, given))
        if not self.goes_through_rows(taken):
            self._same_in_all_rows |= {*given}
        if len(self._places) > MOST_PLACES:
            raise self.fault(f"more than {MOST_PLACES:,} layers, too many for a workbook")

    def goes_through_rows(self, names: Iterable[str]) -> bool:
        """Return whether numbers differ from row to row of the data, so that the first dimension
        of their tensor goes through the rows; those made of weights alone have no such dimension.
        """
        return any(not (n in self._same_in_all_rows or is_number(n)) for n in names)

    def elementwise(self, layer: Layer, x: Names) -> Names:
        """Return what a layer gives that does the same to every number by itself."""
        y = self.named(x.shape)
        self.place(layer, x, y)
        return y

    def names_of(self, tensor: str) -> Names:
        """Return the names of a tensor of weights, by the name of the parameter."""
        shape = tuple(self._parameters[tensor].shape)
        return as_names(flat(weight_names(tensor, shape)), shape)

    def first_name(self, parameter: torch.nn.Parameter) -> str:
        """Return the name of a tensor of weights: the first one, where several parts share it."""
        return next(name for name, own in self._parameters.items() if own is parameter)

    def spread(self, *tensors: Names) -> tuple[Names, ...]:
        """Return tensors spread over each other, as PyTorch does where sizes are 1.

        Raises SpecError where rows of data would meet other rows.
        """
        found = np.broadcast_arrays(*tensors)
        for tensor in tensors:
            if self.goes_through_rows(tensor.ravel()) and (
                tensor.ndim < found[0].ndim or found[0].shape[0] != 1
            ):
                shapes = " and ".join(
                    f"({', '.join(('rows', *map(str, t.shape[1:])))})"
                    if self.goes_through_rows(t.ravel())
                    else str(t.shape)
                    for t in tensors
                )
                raise self.fault(
                    f"the shapes {shapes}: every row of the data would meet all others; give both "
                    "as many dimensions, as in x[:, :1] or y.squeeze(-1)"
                )
        return tuple(found)

    def use(self, weights: Names) -> None:
        """Note that weights stand directly among the inputs of layers."""
        self._free |= dict.fromkeys(weights.ravel())
        self._same_in_all_rows |= {*weights.ravel()}

    # Calls

    def _argument(self, node: torch.fx.Node, count: int, default: Sequence[Any]) -> Any:
        if count == 1:
            return as_names(self._inputs, (1, len(self._inputs)))
        if node.target in self._inputs:
            return as_names([str(node.target)], (1,))
        if default:
            return default[0]
        raise SpecError(
            f"the module's forward takes {node.target}, and the data has no such column; there "
            f"are: {', '.join(self._inputs)}"
        )

    def _weights(self, target: Any) -> Names:
        name = str(target)
        if name not in self._parameters:
            raise self.fault(
                "a tensor that is no parameter, such as random numbers made in forward; a sheet "
                "has weights and data only: make it a torch.nn.Parameter, or a plain number"
            )
        names = self.names_of(name)
        self.use(names)
        return names

    def _module(self, node: torch.fx.Node, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        from xlsgd.torch_side.modules.layers import read_layer

        return read_layer(self, self._modules[str(node.target)], args, kwargs)

    def _call(self, node: torch.fx.Node, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        from xlsgd.torch_side.modules.calls import read_call

        return read_call(self, node.op == "call_method", node.target, args, kwargs)

    # The end

    def network(self, output: Any) -> Network:
        """Return the network whose predictions are an array of names."""
        self._where = "output"
        if not isinstance(output, np.ndarray):
            raise SpecError(
                f"the module's forward returns {type(output).__name__}; need one tensor, of shape "
                "(rows,) or (rows, predictions)"
            )
        names = list(output.ravel())
        count = len(names)
        given = {name for place in self._places for name in place.outputs}
        taken = {name for place in self._places for name in place.inputs}
        renamed: dict[str, str] = {}
        copies: list[str] = []
        for i, name in enumerate(names, 1):
            new = PREDICTION if count == 1 else f"{PREDICTION}_{i}"
            if name in given and name not in taken and name not in renamed:
                renamed[name] = new
            else:
                # Returned twice, or used on the way as well.
                self.place(Sum(), [name], [new])
                copies.append(new)
        places = [
            Place(p.layer, p.parameters, p.inputs, tuple(renamed.get(n, n) for n in p.outputs))
            for p in self._needed({*renamed, *copies})
        ]
        # A tensor of weights is there as a whole, also where some of them do nothing.
        free = {_tensor_of(n) for place in places for n in place.inputs if n in self._free}
        kept = [n for n in self._free if _tensor_of(n) in free]
        network = Network.of_places(places, self._inputs, kept)
        network.places  # noqa: B018 - finds what does not fit
        unused = [n for n in self._parameters if not _uses(network, n)]
        if unused:
            raise SpecError(
                f"the module's parameter {unused[0]} does nothing for what it returns; leave it out"
            )
        return network

    def _needed(self, wanted: set[str]) -> list[Place]:
        """Return the places that what is wanted is made of, in order."""
        kept: list[Place] = []
        for place in reversed(self._places):
            if wanted.intersection(place.outputs):
                kept.append(_only(place, wanted))
                wanted |= {*kept[-1].inputs}
        return kept[::-1]


def _tensor_of(weight: str) -> str:
    return weight.partition("[")[0]


def _flat(names: Iterable[Any]) -> tuple[str, ...]:
    return tuple(map(str, np.ravel(names if isinstance(names, np.ndarray) else list(names))))


def _only(place: Place, wanted: Collection[str]) -> Place:
    """Return a place that gives only what is wanted, where its layer does so number by number."""
    at = [i for i, name in enumerate(place.outputs) if name in wanted]
    each = {Binary: 2, Elementwise: 1, Where: 3}
    groups = next((n for kind, n in each.items() if isinstance(place.layer, kind)), 0)
    if not groups or len(at) == len(place.outputs):
        return place
    width = len(place.outputs)
    inputs = tuple(place.inputs[group * width + i] for group in range(groups) for i in at)
    return Place(place.layer, place.parameters, inputs, tuple(place.outputs[i] for i in at))


def _uses(network: Network, tensor: str) -> bool:
    return any(p == tensor or p.startswith(f"{tensor}[") for p in network.parameters)
