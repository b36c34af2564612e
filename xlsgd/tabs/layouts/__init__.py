"""Layouts: how a run of training is laid out as tables. Each layout is a folder."""

from __future__ import annotations

from functools import cache
from typing import cast

from xlsgd.base.registry import find, pick
from xlsgd.tabs.layouts.layout import ROWS, Layout

__all__ = ["ROWS", "Layout", "get_layout", "layouts"]


@cache
def layouts() -> dict[str, Layout]:
    """Return every layout by its name."""
    return cast(dict[str, Layout], find("xlsgd.tabs.layouts", "LAYOUT", folders=True))


def get_layout(name: str) -> Layout:
    """Return the layout of that name.  Raises SpecError for an unknown one."""
    return cast(Layout, pick("layout", name, cast(dict[str, object], layouts())))
