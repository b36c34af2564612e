"""What the package's modules import, read from their text, for tests of its structure."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from functools import cache
from pathlib import Path

import xlsgd

PACKAGE = Path(xlsgd.__file__).parent

Graph = dict[str, set[str]]
"""Module to the modules that it imports."""


@cache
def modules() -> dict[str, Path]:
    """Return every module of the package by its name."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ("xlsgd", *path.relative_to(PACKAGE).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def graph(at_once: bool = False, typed: bool = False) -> Graph:
    """Return what modules import of the package.

    at_once: only what is imported as soon as the module is, not in a function when it runs.
    typed: also what only type checkers read.
    """
    return {
        name: {n for n in _imported(path, at_once, typed) if n in modules() and n != name}
        for name, path in modules().items()
    }


def reached(start: str, at_once: bool, but: Collection[str] = ()) -> set[str]:
    """Return all modules that importing one reaches, with the packages that they lie in.

    at_once: as graph has it; else also what functions import. Of a package that is imported only
        since a module lies in it, nobody has the functions.
    but: modules at which nobody looks further.
    """
    seen: set[tuple[str, bool]] = set()
    ahead = [(start, at_once)]
    while ahead:
        here = module, only_at_once = ahead.pop()
        if here in seen:
            continue
        seen.add(here)
        if module in but:
            continue
        ahead += ((further, only_at_once) for further in graph(only_at_once)[module])
        if "." in module:
            ahead.append((module.rpartition(".")[0], True))
    return {module for module, _ in seen}


def imports_by_function(module: str) -> dict[str, set[str]]:
    """Return what each function and method of a module imports of the package, by its name."""
    tree = ast.parse(modules()[module].read_text("utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return {f.name: set(_imports_in(f, False, False)) & modules().keys() for f in functions}


def room(module: str, depth: int = 2) -> str:
    """Return the folder, or the file, that a module lies in: of the package's top, or deeper."""
    return ".".join(module.split(".")[:depth])


def rooms(depth: int = 2) -> Graph:
    """Return what rooms import, whoever reads it: when it runs, or to check types."""
    edges: Graph = {}
    for module, imports in graph(typed=True).items():
        if module != "xlsgd":
            mine = edges.setdefault(room(module, depth), set())
            mine |= {room(n, depth) for n in imports if n != "xlsgd"} - {room(module, depth)}
    return edges


def floors() -> dict[str, int]:
    """Return how high every room stands: one above the highest that it imports from.

    Raises ValueError for rooms that import each other in a circle.
    """
    edges = rooms()
    found: dict[str, int] = {}
    while len(found) < len(edges):
        ready = [r for r in edges if r not in found and edges[r] <= found.keys()]
        if not ready:
            raise ValueError(f"in a circle: {', '.join(sorted(edges.keys() - found.keys()))}")
        for r in ready:
            found[r] = 1 + max((found[below] for below in edges[r]), default=0)
    return found


def circles(edges: Graph | None = None) -> list[list[str]]:
    """Return the groups of modules that import each other in a circle.

    edges: what modules import; all that they do by default.
    """
    edges, found = graph() if edges is None else edges, []
    reach = {module: _reach(edges, module) for module in edges}
    seen: set[str] = set()
    for module in edges:
        together = sorted(n for n in reach[module] if module in reach[n])
        if together and not seen & set(together):
            found.append(together)
            seen |= set(together)
    return found


def first_imports() -> Graph:
    """Return what importing a module runs before it: what it imports at once, and the packages in
    which that lies, which Python imports first. Its own packages have begun by then."""
    return {
        module: {
            package
            for other in imports
            for package in _with_packages(other)
            if package != module and not module.startswith(f"{package}.")
        }
        for module, imports in graph(at_once=True).items()
    }


def _with_packages(module: str) -> Iterator[str]:
    while module:
        yield module
        module = module.rpartition(".")[0]


def _reach(edges: Graph, start: str) -> set[str]:
    seen: set[str] = set()
    ahead = list(edges[start])
    while ahead:
        module = ahead.pop()
        if module not in seen:
            seen.add(module)
            ahead += edges[module]
    return seen


def _imported(path: Path, at_once: bool, typed: bool) -> Iterator[str]:
    yield from _imports_in(ast.parse(path.read_text(encoding="utf-8")), at_once, typed)


def _imports_in(tree: ast.AST, at_once: bool, typed: bool) -> Iterator[str]:
    for node in _nodes(tree, at_once, typed):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in modules() else str(node.module)


def _nodes(tree: ast.AST, at_once: bool, typed: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            if typed:
                yield from _nodes(node, at_once, typed)
            continue
        if at_once and isinstance(node, ast.FunctionDef):
            continue
        yield node
        yield from _nodes(node, at_once, typed)
