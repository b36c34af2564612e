"""A function of weights alone: one row of the table is one step, and there is no data."""

from xlsgd.tabs.layouts.function.layout import LAYOUT

__all__ = ["LAYOUT"]
