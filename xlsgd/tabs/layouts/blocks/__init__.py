"""One row of the table is one step, and beside it stands a block of rows for every epoch."""

from xlsgd.tabs.layouts.blocks.layout import LAYOUT

__all__ = ["LAYOUT"]
