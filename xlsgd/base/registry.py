"""Find the files of a folder that hold one thing each: adding a thing is adding a file.

Other packages add things by entry points. The group is called after the folder: an optimizer of
an installed package stands in the group ``xlsgd.optimizers``.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, distributions
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any, TypeVar

from xlsgd.base.errors import SpecError
from xlsgd.base.visible import cut

__all__ = ["find", "pick", "unknown"]

Thing = TypeVar("Thing")


def find(
    package: str, attribute: str, folders: bool = False, file: str = "", group: str = ""
) -> dict[str, Any]:
    """Return ``{thing.name: thing}`` for every module of package that defines attribute, and for
    every installed package that adds one.

    attribute: a module-level name such as ``OPTIMIZER``; modules without it are helpers.
    folders: whether each thing is a folder, and files beside them are none.
    file: that file of each folder has the thing, where folders hold several; folders without the
        file have none.   group: of entry points, for such a thing.
    Things come in the order of their ``order``, then by name.
    Raises SpecError for a name that two modules have, and for what an installed package adds and
    cannot be had.
    """
    found: list[Any] = []
    names: set[str] = set()
    for module in iter_modules(import_module(package).__path__):
        if (folders or file) and not module.ispkg:
            continue
        where = f"{package}.{module.name}"
        if file and find_spec(where := f"{where}.{file}") is None:
            continue
        thing = getattr(import_module(where), attribute, None)
        if thing is None:
            continue
        if thing.name in names:
            raise SpecError(
                f"{where} adds '{thing.name}', which another file beside it adds "
                "already; give it another name"
            )
        names.add(thing.name)
        found.append(thing)
    for where, thing in _installed(f"xlsgd.{group or package.rpartition('.')[2]}"):
        if thing.name in names:
            raise SpecError(f"{where} adds '{thing.name}', which is there already; uninstall it")
        names.add(thing.name)
        found.append(thing)
    found.sort(key=lambda thing: (getattr(thing, "order", 1000), thing.name))
    return {thing.name: thing for thing in found}


def _installed(group: str) -> Iterator[tuple[str, Any]]:
    """Yield what installed packages add to a group, with words for where it comes from."""
    for package, point in _entry_points():
        if point.group != group:
            continue
        where = f"the package {package}, by its entry point {group}: {point.name} = {point.value},"
        try:
            thing = point.load()
        except Exception as error:
            # Whatever a stranger's module does when it is imported.
            raise SpecError(
                f"{where} cannot be loaded: {type(error).__name__}: {error}; mend or uninstall it"
            ) from error
        if not isinstance(getattr(thing, "name", None), str):
            raise SpecError(f"{where} gives {type(thing).__name__}, which has no name; mend it")
        yield where, thing


@cache
def _entry_points() -> tuple[tuple[str, EntryPoint], ...]:
    """Return what installed packages add to any group of ours, with their names."""
    found: dict[tuple[str, str, str], EntryPoint] = {}
    for each in distributions():
        # Looked at as text first: to read the entry points of all packages takes long.
        if "[xlsgd." in (each.read_text("entry_points.txt") or ""):
            found |= {(each.name, point.group, point.name): point for point in each.entry_points}
    return tuple((name, point) for (name, _, _), point in sorted(found.items()))


def pick(what: str, name: str, found: Mapping[str, Thing]) -> Thing:
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
