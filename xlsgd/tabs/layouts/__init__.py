"""Layouts: how a run of training is laid out as tables. Each layout is a folder."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, cast

from xlsgd.base.registry import find, pick
from xlsgd.tabs.layouts.layout import ROWS, Layout

if TYPE_CHECKING:
    from xlsgd.data import Dataset
    from xlsgd.tabs.layouts.tracing import Tracer
    from xlsgd.tabs.view import View

__all__ = ["ROWS", "Layout", "get_layout", "layouts", "tracer"]


@cache
def layouts() -> dict[str, Layout]:
    """Return every layout by its name."""
    return cast(dict[str, Layout], find("xlsgd.tabs.layouts", "LAYOUT", folders=True))


def get_layout(name: str) -> Layout:
    """Return the layout of that name.  Raises SpecError for an unknown one."""
    return cast(Layout, pick("layout", name, cast(dict[str, object], layouts())))


def tracer(view: View, data: Dataset) -> Tracer:
    """Return what traces an experiment on some data, as its tab shows it."""
    return get_layout(view.layout).tracer(view, data)
