"""How libraries are imported: when they are first used, and with their asserts.

formulas imports half of SciPy, for statistical functions that no workbook of xlsgd has; that takes
longer than all the rest of formulas.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

from xlsgd.base.errors import EngineError

__all__ = ["asserts_kept", "imported_later"]


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


# python -O leaves asserts out, and some libraries have asserts that they need in order to be right:
# without them formulas takes the text ">0" for a date.


@contextmanager
def asserts_kept(package: str) -> Iterator[None]:
    """Let imports inside have the asserts of a package, whatever Python was told.

    Raises EngineError if the package has been imported without them.
    """
    if not sys.flags.optimize:
        yield
        return
    loaded = sys.modules.get(package)
    if loaded is not None and not isinstance(loaded.__loader__, _Loader):
        raise EngineError(
            f"the library {package} has been imported under python -O, without asserts that it "
            "needs; run Python without -O and PYTHONOPTIMIZE"
        )
    finder = _Finder(package)
    sys.meta_path.insert(0, finder)
    # It stays: functions of the package import others when they are called.
    yield


class _Finder:
    """Finds the modules of a package, to be loaded with their asserts."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(
        self, name: str, path: Any = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self._package and not name.startswith(f"{self._package}."):
            return None
        found = PathFinder.find_spec(name, path, target)
        if found is not None and type(found.loader) is SourceFileLoader and found.origin:
            found.loader = _Loader(name, found.origin)
        return found


class _Loader(SourceFileLoader):
    """Compiles a module with its asserts."""

    def get_code(self, fullname: str) -> CodeType:
        text = self.get_data(self.path)
        code: CodeType = compile(text, self.path, "exec", dont_inherit=True, optimize=0)
        return code
