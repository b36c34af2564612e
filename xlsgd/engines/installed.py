"""Is a Python package installed, and which version?  Without importing it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

__all__ = ["package_version"]


def package_version(name: str) -> str | None:
    """Return the version of an installed package, None if there is none."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
