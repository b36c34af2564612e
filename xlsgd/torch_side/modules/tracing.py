"""Following a module: torch.fx goes through its ``forward`` once and writes down what it calls.

Every call is read at once, so that the sizes of tensors are known while ``forward`` still runs: it
may ask for them, and go through a dimension in a loop. What depends on the numbers, or on how many
rows there are, stays unknown.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from xlsgd.base.errors import SpecError
from xlsgd.torch_side.modules.calling import in_float64, required_arguments
from xlsgd.torch_side.modules.refused import REFUSED, WEIGHTS_OF

if TYPE_CHECKING:
    import torch

    from xlsgd.torch_side.modules.reader import Reader

__all__ = ["copied", "follow"]


_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_TENSOR_HOOKS = ("_backward_hooks", "_post_accumulate_grad_hooks")
"""Where PyTorch keeps what somebody has registered to be called."""


def copied(module: torch.nn.Module) -> torch.nn.Module:
    """Return a copy of a module in float64: following it may touch what it holds.

    Raises SpecError for parts that no sheet can run, by name.
    """
    from torch.nn.modules.lazy import LazyModuleMixin

    for name, part in module.named_modules():
        kind, own = type(part).__name__, type(part).__module__.startswith("torch.")
        where = f"the module's part '{name}', " if name else "the module is "
        if own and kind in REFUSED:
            raise SpecError(f"{where}{kind}: {REFUSED[kind]}")
        if own and kind in WEIGHTS_OF:
            raise SpecError(f"{where}{kind}: its weights are made of others; {WEIGHTS_OF[kind]}")
        if isinstance(part, LazyModuleMixin):
            raise SpecError(f"{where}{kind}: it has no weights yet; run the module once on data")
        if any(getattr(part, hooks) for hooks in _HOOKS):
            raise SpecError(
                f"the module's part '{name or kind}' has hooks, which no sheet can run; remove them"
            )
    for name, parameter in module.named_parameters():
        # A copy has none of them: that it does the same would say nothing.
        if any(getattr(parameter, hooks, None) for hooks in _TENSOR_HOOKS):
            raise SpecError(
                f"the module's parameter {name} has hooks, which no sheet can run; remove them"
            )
        if parameter.is_meta:
            raise SpecError(f"the module's parameter {name} is on 'meta' and has no numbers")
    return copy.deepcopy(module).cpu().double()


def follow(reader: Reader, module: torch.nn.Module) -> Any:
    """Let a reader read what a module's forward does, and return what it returns, in names.

    module: a copy.   Raises SpecError where that depends on the numbers, or draws random ones.
    """
    import inspect

    import torch
    from torch import fx

    kind = type(module).__name__
    required = required_arguments(module)
    fixed = {
        p.name: p.default
        for p in inspect.signature(module.forward).parameters.values()
        if p.name not in required and p.default is not inspect.Parameter.empty
    }
    buffers = {name: buffer.clone() for name, buffer in module.named_buffers()}
    with torch.random.fork_rng(devices=[]), in_float64(), torch.enable_grad():
        drawn = torch.get_rng_state(), repr(np.random.get_state())
        try:
            _follower_type()(reader).trace(module, concrete_args=fixed or None)
        except SpecError:
            raise
        except Exception as error:
            # Whatever the user's own code does when it runs.
            said = (str(error).splitlines() or [""])[0].replace("Sized", "Proxy")
            of_numbers = isinstance(error, fx.proxy.TraceError) or "Proxy" in said
            if "item assignment" in said:
                advice = "write torch.where or torch.cat in place of x[…] = …"
            elif of_numbers:
                advice = (
                    "its forward must do the same whatever the numbers are: no if, no loop, no "
                    "assignment that depends on them"
                )
            else:
                said, advice = f"{type(error).__name__}: {said}", "mend its forward"
            raise SpecError(f"the module {kind} cannot be followed: {said}; {advice}") from error
        after = torch.get_rng_state(), repr(np.random.get_state())
    if not torch.equal(drawn[0], after[0]) or drawn[1] != after[1]:
        raise SpecError(
            f"the module {kind} draws random numbers in forward, which a sheet cannot; leave them "
            "out, or make them a torch.nn.Parameter"
        )
    for name, buffer in module.named_buffers():
        if name not in buffers or not torch.equal(buffer, buffers[name]):
            raise SpecError(
                f"the module's buffer {name} changes in forward; a sheet has constants and weights "
                "that an optimizer moves, nothing else"
            )
    return reader.returned


@cache
def _follower_type() -> Any:
    """Return what follows a module: torch.fx, of whose values the sizes are known on the way."""
    import torch
    from torch import fx

    class Follower(fx.Tracer):
        def __init__(self, reader: Reader) -> None:
            super().__init__()
            self.reader = reader

        def create_node(self, *args: Any, **kwargs: Any) -> fx.Node:
            node = super().create_node(*args, **kwargs)
            if not torch.is_grad_enabled():
                raise SpecError(
                    f"the module, at '{node.name}': torch.no_grad(), which keeps derivatives from "
                    "flowing back; a sheet has no such wall"
                )
            self.reader.read(node, self.root)
            return node

        def proxy(self, node: fx.Node) -> fx.Proxy:
            return Sized(node, self)

        def iter(self, obj: fx.Proxy) -> Iterator[Any]:
            value = self.reader.values[obj.node]
            along = isinstance(value, np.ndarray) and value.ndim > 0
            if isinstance(value, tuple) or (
                along and not self.reader.goes_through_rows(value.ravel())
            ):
                whole: Any = obj
                return iter([whole[i] for i in range(len(value))])
            raise fx.proxy.TraceError("a loop over the rows of the data")

    class Sized(fx.Proxy):
        """A value on the way, whose sizes are known but for the number of rows."""

        tracer: Follower

        @property
        def _value(self) -> Any:
            return self.tracer.reader.values[self.node]

        def __getattr__(self, name: str) -> Any:
            if name in ("shape", "ndim") and isinstance(self._value, np.ndarray):
                return self.size() if name == "shape" else self._value.ndim
            return super().__getattr__(name)

        def dim(self) -> Any:
            return self._value.ndim

        def size(self, dim: int | None = None) -> Any:
            sizes = list(self._value.shape)
            if sizes and self.tracer.reader.goes_through_rows(self._value.ravel()):
                sizes[0] = self.tracer.create_proxy("call_method", "size", (self, 0), {})
            return tuple(sizes) if dim is None else sizes[dim]

        def __len__(self) -> int:
            size = len(self._value) if isinstance(self._value, tuple) else self.size(0)
            if not isinstance(size, int):
                raise fx.proxy.TraceError("the number of rows, which is another one in every batch")
            return size

    return Follower
