"""Report formats: how what was found is written down. Each is one file and found by itself."""

from __future__ import annotations

from typing import cast

from xlsgd.base.registry import find
from xlsgd.report.formats.format import Format

__all__ = ["Format", "formats"]


def formats(what: str = "") -> dict[str, Format]:
    """Return the formats that can show something, all by default, by their names.

    what: the name of the method of ``Format`` that shows it.
    """
    found = cast("dict[str, Format]", find(__name__, "FORMAT"))
    return {name: format for name, format in found.items() if not what or format.shows(what)}
