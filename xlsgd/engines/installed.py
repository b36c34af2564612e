"""Is what an engine calculates with installed?  Python packages are not imported to find out."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TypeVar

from xlsgd.base.errors import EngineError

__all__ = ["needed", "package_version"]

Found = TypeVar("Found")


def package_version(name: str) -> str | None:
    """Return the version of an installed package, None if there is none."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def needed(engine: str, found: Found | None, install: str) -> Found:
    """Return what an engine needs.  Raises EngineError, with how to install it, if it is None."""
    if found is None:
        raise EngineError(f"the engine '{engine}' is not installed; {install}")
    return found
