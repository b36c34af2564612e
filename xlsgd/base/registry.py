"""Find the two-sided files of a folder by themselves: adding one is adding a file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules

from xlsgd.base.errors import SpecError
from xlsgd.base.visible import cut

__all__ = ["find", "pick", "unknown"]


def find(package: str, attribute: str, folders: bool = False) -> dict[str, object]:
    """Return ``{thing.name: thing}`` for every module of package that defines attribute.

    attribute: a module-level name such as ``OPTIMIZER``; modules without it are helpers.
    folders: whether each thing is a folder, and files beside them are none.
    Things come in the order of their ``order``, then by name.
    """
    found = []
    for module in iter_modules(import_module(package).__path__):
        if folders and not module.ispkg:
            continue
        thing = getattr(import_module(f"{package}.{module.name}"), attribute, None)
        if thing is not None:
            found.append(thing)
    found.sort(key=lambda thing: (getattr(thing, "order", 1000), thing.name))
    return {thing.name: thing for thing in found}


def pick(what: str, name: str, found: dict[str, object]) -> object:
    """Return ``found[name]``.  Raises SpecError naming what there is."""
    if name not in found:
        raise SpecError(unknown(what, name, found))
    return found[name]


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Return the words for a name that is none of those known: which is like it, and all."""
    names = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(name.casefold(), names, n=1)
    # A beginning is what people type who know the name: rms for rmsprop.
    near = near or [each for each in names if name and each.startswith(name.casefold())][:1]
    guess = f"did you mean '{names[near[0]]}'? There" if near else "there"
    return f"unknown {what} '{cut(name)}'; {guess} are: {', '.join(names.values())}"
