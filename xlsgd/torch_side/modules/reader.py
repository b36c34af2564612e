"""Read a PyTorch module as a graph of layers.

torch.fx follows the module's ``forward`` once and writes down what it calls, with the names that
the code has. Every call is then done to names instead of numbers (xlsgd.torch_side.modules.names):
calls that compute become layers at their places, calls that only move numbers become nothing.

The module's own code runs, its numbers are not touched.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from xlsgd.base.errors import SpecError
from xlsgd.data import Dataset
from xlsgd.torch_side.modules.calling import input_called, required_arguments
from xlsgd.torch_side.modules.names import Names, Truths, as_names, named, number
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

NOTHING = tuple(Dataset.nothing().inputs)
"""The inputs that stand for none."""

_TAKEN = re.compile(
    r"(?:pred|loss|new|grad|param|up|down|plot|rate|row|step|epoch|batch)(?:_.*)?|y\d*"
)
"""Names that columns of other kinds have."""


def read_module(
    module: torch.nn.Module, input_names: Sequence[str], in_one_column: bool = False
) -> Network:
    """Return the network that a module is, with its own names for its weights.

    input_names: of the columns that go in. A ``forward`` of one argument is given all of them, as
    a tensor of shape (rows, inputs); one of several arguments is given one column each, by name.
    in_one_column: whether the one input is a tensor of shape (rows,).
    Raises SpecError for what a sheet cannot have, by name.
    """
    from xlsgd.torch_side.modules.tracing import copied, follow

    required = required_arguments(module)
    if not required and tuple(input_names) != NOTHING:
        raise SpecError(
            "the module's forward takes nothing, it is a function of its weights: leave data out"
        )
    if required and tuple(input_names) == NOTHING:
        raise SpecError(
            f"the module's forward takes {', '.join(required)}, and there is no data to give it"
        )
    own = copied(module)
    reader = Reader(input_names, dict(own.named_parameters()), in_one_column)
    return reader.network(follow(reader, own))


class Reader:
    """Goes through what torch.fx wrote down, and keeps the layers that come of it.

    Whoever knows how to read a call uses ``place``, ``free`` and ``new``.
    """

    def __init__(
        self,
        input_names: Sequence[str],
        parameters: Mapping[str, torch.nn.Parameter],
        in_one_column: bool = False,
    ) -> None:
        self._inputs, self._in_one_column = tuple(input_names), in_one_column
        self._parameters = parameters
        self._places: list[Place] = []
        self._free: dict[str, None] = {}
        self._same_in_all_rows: set[str] = set()
        self._used = {*self._inputs}
        self._where = ""
        self.values: dict[torch.fx.Node, Any] = {}
        """What everything that was read stands for: names in an array, or a size."""
        self.returned: Any = None
        """The names of what comes out, as the module's forward returns it."""

    def read(self, node: torch.fx.Node, module: torch.nn.Module) -> None:
        """Read the next call in a module.  Raises SpecError for what no sheet can have."""
        from torch.fx.node import map_arg

        self._where = node.name
        args: Any = map_arg(node.args, self.values.__getitem__)
        kwargs: Any = map_arg(node.kwargs, self.values.__getitem__)
        target = str(node.target)
        if node.op == "placeholder":
            found = self._argument(target, module, args)
        elif node.op == "get_attr":
            found = self._held(target, module)
        elif node.op == "call_module":
            from xlsgd.torch_side.modules.layers import read_layer

            found = read_layer(self, module.get_submodule(target), args, kwargs)
        elif node.op == "output":
            (found,) = args
            self.returned = found
        else:
            from xlsgd.torch_side.modules.calls import read_call

            found = read_call(self, node.op == "call_method", node.target, args, kwargs)
        self.values[node] = found

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

    def weights_of(self, module: torch.nn.Module, name: str) -> Names | None:
        """Return the names of a tensor of weights that a part has, None where it has none.

        They are called by the first of the parts that share them.
        """
        # Not by getattr: while torch.fx follows a module, that gives no weights.
        own = module._parameters[name]
        if own is None:
            return None
        return self.names_of(next(n for n, p in self._parameters.items() if p is own))

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

    def _argument(self, target: str, module: torch.nn.Module, default: Sequence[Any]) -> Any:
        required = required_arguments(module)
        if target not in required:
            # Of its own value, whatever the data has.
            return default[0] if default else ()
        if len(required) == 1:
            shape = (1,) if self._in_one_column else (1, len(self._inputs))
            return as_names(self._inputs, shape)
        name = input_called(target, self._inputs)
        if name is not None:
            return as_names([name], (1,))
        raise SpecError(
            f"the module's forward takes {target}, and the data has no such column; there are: "
            f"{', '.join(self._inputs)}"
        )

    def _held(self, target: str, module: torch.nn.Module) -> Any:
        """Return the names of a tensor that a module holds: weights, or numbers that stay."""
        if target in self._parameters:
            names = self.names_of(target)
            self.use(names)
            return names
        held: Any = reduce(getattr, target.split("."), module)
        return self.constants(held)

    def constants(self, tensor: torch.Tensor) -> Names:
        """Return a tensor that nothing moves as numbers, written out."""
        try:
            found = as_names(list(map(number, tensor.ravel().tolist())), tuple(tensor.shape))
        except (TypeError, ValueError) as error:
            raise self.fault(f"a tensor of constants: {error}") from error
        return found.view(Truths) if str(tensor.dtype) == "torch.bool" else found

    # The end

    def network(self, output: Any) -> Network:
        """Return the network whose predictions are an array of names."""
        self._where = "output"
        if not isinstance(output, np.ndarray):
            raise SpecError(_no_tensor(output))
        if not self.goes_through_rows(output.ravel()) and self._inputs != NOTHING:
            raise SpecError(
                "the module's forward returns what is made of weights alone, the same for every "
                "row of the data; leave the data out, or use it"
            )
        if self._inputs == NOTHING and output.size != 1:
            raise SpecError(
                f"the module's forward returns the shape {output.shape}; without data, need one "
                "number that shall become small"
            )
        if output.ndim > 2 and output.size > 1:
            raise SpecError(
                f"the module's forward returns the shape (rows, "
                f"{', '.join(map(str, output.shape[1:]))}); need (rows,) or (rows, predictions): "
                "write .flatten(1) behind it"
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


def _no_tensor(output: Any) -> str:
    """Return what is wrong with several things, or none, that a forward returns."""
    kind = {"immutable_list": "list", "immutable_dict": "dict"}.get(
        type(output).__name__, type(output).__name__
    )
    count = f" of {len(output)}" if isinstance(output, tuple | list | Mapping) else ""
    return (
        f"the module's forward returns a {kind}{count}; need one tensor, of shape (rows,) or "
        "(rows, predictions): return the one that the loss is made of, or torch.cat([a, b], dim=1) "
        "where all of them are predicted"
    )


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
