"""One row of the table is one row of data: all that a step takes stands beside each other."""

from xlsgd.tabs.layouts.rows.layout import LAYOUT

__all__ = ["LAYOUT"]
