"""What the package's modules import, read from their text, for tests of its structure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
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
def graph(at_once: bool = False) -> Graph:
    """Return what modules import of the package, but for what only type checkers read.

    at_once: only what is imported as soon as the module is, not in a function when it runs.
    """
    return {
        name: {n for n in _imported(path, at_once) if n in modules() and n != name}
        for name, path in modules().items()
    }


def reached(start: str, at_once: bool) -> set[str]:
    """Return all modules that importing one reaches, with the packages that they lie in."""
    edges, seen, ahead = graph(at_once), set(), [start]
    while ahead:
        module = ahead.pop()
        if module in seen:
            continue
        seen.add(module)
        ahead += edges[module]
        if "." in module:
            ahead.append(module.rpartition(".")[0])
    return seen


def room(module: str) -> str:
    """Return the folder, or the file, of the package's top that a module lies in."""
    return ".".join(module.split(".")[:2])


def floors() -> dict[str, int]:
    """Return how high every room stands: one above the highest that it imports from.

    Raises ValueError for rooms that import each other in a circle.
    """
    edges: Graph = {}
    for module, imports in graph().items():
        if module != "xlsgd":
            mine = edges.setdefault(room(module), set())
            mine |= {room(n) for n in imports if n != "xlsgd"} - {room(module)}
    found: dict[str, int] = {}
    while len(found) < len(edges):
        ready = [r for r in edges if r not in found and edges[r] <= found.keys()]
        if not ready:
            raise ValueError(f"in a circle: {', '.join(sorted(edges.keys() - found.keys()))}")
        for r in ready:
            found[r] = 1 + max((found[below] for below in edges[r]), default=0)
    return found


def circles() -> list[list[str]]:
    """Return the groups of modules that import each other in a circle."""
    edges, found = graph(), []
    reach = {module: _reach(edges, module) for module in edges}
    seen: set[str] = set()
    for module in edges:
        together = sorted(n for n in reach[module] if module in reach[n])
        if together and not seen & set(together):
            found.append(together)
            seen |= set(together)
    return found


def _reach(edges: Graph, start: str) -> set[str]:
    seen: set[str] = set()
    ahead = list(edges[start])
    while ahead:
        module = ahead.pop()
        if module not in seen:
            seen.add(module)
            ahead += edges[module]
    return seen


def _imported(path: Path, at_once: bool) -> Iterator[str]:
    for node in _nodes(ast.parse(path.read_text(encoding="utf-8")), at_once):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in modules() else str(node.module)


def _nodes(tree: ast.AST, at_once: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            continue
        if at_once and isinstance(node, ast.FunctionDef):
            continue
        yield node
        yield from _nodes(node, at_once)
