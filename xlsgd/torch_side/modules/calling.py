"""Calling a live module: its arguments, and numbers of float64 whatever its forward asks for."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from xlsgd.base.errors import SpecError

if TYPE_CHECKING:
    import torch

__all__ = ["as_in_a_sheet", "in_float64", "input_called", "required_arguments"]


def required_arguments(module: torch.nn.Module) -> list[str]:
    """Return the names of what a forward takes and has no value of its own for; where all have one,
    that of the first, and none where it takes nothing.

    Raises SpecError for what is no module, and for arguments without names.
    """
    import torch

    if not isinstance(module, torch.nn.Module):
        made = isinstance(module, type) and issubclass(module, torch.nn.Module)
        raise SpecError(
            f"model: got {module.__name__}, a class; need a module made of it: {module.__name__}(…)"
            if made
            else f"model: got {type(module).__name__}; need a torch.nn.Module"
        )
    if isinstance(module, torch.jit.ScriptModule):
        raise SpecError("model: compiled by torch.jit; hand over the module it was made of")
    if getattr(module.forward, "__name__", "") == "_forward_unimplemented":
        raise SpecError(f"the module {type(module).__name__} has no forward")
    parameters = list(inspect.signature(module.forward).parameters.values())
    for p in parameters:
        if p.kind is p.VAR_POSITIONAL:
            raise SpecError(f"the module's forward takes *{p.name}; name its arguments")
    parameters = [p for p in parameters if p.kind is not p.VAR_KEYWORD]
    required = [p.name for p in parameters if p.default is inspect.Parameter.empty]
    return required or [p.name for p in parameters[:1]]


def input_called(argument: str, inputs: Collection[str]) -> str | None:
    """Return the input that an argument of a forward is called by, None where there is none: a
    sheet says ``size value`` where ``size`` is taken, as by a column that features are beside."""
    return next((name for name in (argument, f"{argument} value") if name in inputs), None)


@contextmanager
def in_float64() -> Iterator[None]:
    """Let tensors that are made on the way be float64: constants in a forward, and what optimizers
    remember beside the weights, as NAdam's product of momenta, have the type that is usual."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def as_in_a_sheet() -> Iterator[None]:
    """Let a live module compute as a sheet does: in float64, also where its forward asks for
    float32, and with places, as Embedding takes them, that are whole numbers of any type."""
    import torch
    from torch.overrides import TorchFunctionMode

    single = (torch.float32, torch.float16, torch.bfloat16)
    casts = (torch.Tensor.float, torch.Tensor.half, torch.Tensor.bfloat16)
    by_place = (torch.nn.functional.embedding, torch.nn.functional.one_hot)

    def wide(value: Any) -> Any:
        return torch.float64 if value in single else value

    class AsInASheet(TorchFunctionMode):
        def __torch_function__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            kwargs = {
                key: wide(value) if key == "dtype" else value
                for key, value in (kwargs or {}).items()
            }
            if func in casts:
                return args[0].double()
            if func is torch.Tensor.to or func is torch.Tensor.type:
                args = (args[0], *(v if isinstance(v, torch.Tensor) else wide(v) for v in args[1:]))
            if func in by_place and args[0].is_floating_point():
                if not torch.equal(args[0], args[0].round()):
                    raise SpecError(
                        f"{func.__name__} takes whole numbers, from 0 on, and is given others"
                    )
                args = (args[0].long(), *args[1:])
            return func(*args, **kwargs)

    with in_float64(), AsInASheet():
        yield
