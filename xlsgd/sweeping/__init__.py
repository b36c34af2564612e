"""Sweeps: what becomes of a run at every learning rate, or at every point of a map.

All runs are trained by PyTorch at once and judged by the same rules as a training tab; some, drawn
by lot, are written as a workbook and recalculated. A picture, a table and a workbook show them.
"""

from __future__ import annotations

from xlsgd.sweeping.axes import Axis, axis_names, parse_axis
from xlsgd.sweeping.border import border, closer
from xlsgd.sweeping.check import can_be_checked, check_sweep
from xlsgd.sweeping.grid import Sweep, sweep_experiment
from xlsgd.sweeping.lesson import sweep
from xlsgd.sweeping.outputs import Outputs
from xlsgd.sweeping.written import SweepWritten, write_sweep

__all__ = [
    "Axis",
    "Outputs",
    "Sweep",
    "SweepWritten",
    "axis_names",
    "border",
    "can_be_checked",
    "check_sweep",
    "closer",
    "parse_axis",
    "sweep",
    "sweep_experiment",
    "write_sweep",
]
