"""Why a run explodes, dies, freezes or crawls, with evidence, and what to change.

All of it is found in torch, from the inputs that stand in a workbook: which step a run turned in,
how much of the stable learning rate it uses, what a ReLU did, and which rate does better.
"""

from __future__ import annotations

from xlsgd.explaining.findings import Explanation, TabExplanation
from xlsgd.explaining.workbook import explain, explain_run

__all__ = ["Explanation", "TabExplanation", "explain", "explain_run"]
