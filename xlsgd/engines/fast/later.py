"""Libraries that are imported when they are first used, not when they are first named.

formulas imports half of SciPy, for statistical functions that no workbook of xlsgd has; that takes
longer than all the rest of formulas.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["imported_later"]


@contextmanager
def imported_later(*modules: str) -> Iterator[None]:
    """Let imports inside have stand-ins for modules; what has been imported already stays."""
    stand_ins = {name: _Module(name) for name in modules if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


class _Module(ModuleType):
    """Stands for a module."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Thing(self.__name__, name)


class _Thing:
    """Stands for what a module holds, such as a function, or a method of an object in it."""

    def __init__(self, module: str, path: str) -> None:
        self._module, self._path = module, path

    def _real(self) -> Any:
        found: Any = import_module(self._module)
        for name in self._path.split("."):
            found = getattr(found, name)
        return found

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self._real()(*args, **keywords)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Thing(self._module, f"{self._path}.{name}")
