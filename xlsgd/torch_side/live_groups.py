"""Groups of weights of a live optimizer: what each does otherwise than the first, and its name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from xlsgd.base.errors import SpecError

if TYPE_CHECKING:
    import torch

__all__ = ["fixed_tensors", "name_of_group", "tensor_names"]

_LONGEST = 31


def tensor_names(module: torch.nn.Module) -> dict[int, str]:
    """Return the name of every parameter of a module, by its id."""
    return {id(p): name for name, p in module.named_parameters()}


def fixed_tensors(
    module: torch.nn.Module, optimizer: torch.optim.Optimizer | None = None
) -> tuple[str, ...]:
    """Return the parameters of a module that no step moves: those without a gradient, and those
    that the optimizer does not hold."""
    held = None
    if optimizer is not None:
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    return tuple(
        name
        for name, p in module.named_parameters()
        if not p.requires_grad or (held is not None and id(p) not in held)
    )


def name_of_group(group: Mapping[str, Any], tensors: Sequence[str], taken: Iterable[str]) -> str:
    """Return what a group is called in a sheet: its own ``name``, or what its tensors have in
    common, as ``out`` of ``out.weight`` and ``out.bias``; a number where that is nothing.

    taken: names of other groups.   Raises SpecError for a name that two groups have.
    """
    known = {name.casefold() for name in taken}
    if "name" in group:
        name = _word(str(group["name"]))
        if name.casefold() in known:
            raise SpecError(f"the optimizer has two groups called {group['name']}; rename one")
        return name
    parts = [name.split(".") for name in tensors]
    for common in ([each[:-1] for each in parts], [each[-1:] for each in parts]):
        name = ".".join(common[0])
        if name and all(each == common[0] for each in common):
            word = _word(name)
            if word.casefold() not in known:
                return word
    number = 2
    while f"group{number}" in known:
        number += 1
    return f"group{number}"


def _word(text: str) -> str:
    """Return a text as a name of letters, digits and _ that begins with a letter."""
    word = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[: _LONGEST - 1]
    return word if word[:1].isalpha() else f"g{word}"
