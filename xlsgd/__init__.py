"""Excel workbooks that train tiny neural nets with live formulas, checked against PyTorch.

>>> import xlsgd
>>> path = xlsgd.generate("graddesc", "graddesc.xlsx", epochs=2)    # doctest: +SKIP
>>> report = xlsgd.verify(path)                                     # doctest: +SKIP
>>> report.ok, report.cells_compared                                # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlsgd.base.errors import XlsgdError
    from xlsgd.data import Dataset, made_data, read_csv
    from xlsgd.explaining import Explanation, explain
    from xlsgd.foreign.check import check
    from xlsgd.foreign.findings import CheckReport
    from xlsgd.lessons.exporting import export
    from xlsgd.lessons.generation import generate
    from xlsgd.report import Report
    from xlsgd.sweeping import sweep
    from xlsgd.verifying.engines import compare_engines
    from xlsgd.verifying.verification import verify

__all__ = [
    "CheckReport",
    "Dataset",
    "Explanation",
    "Report",
    "XlsgdError",
    "check",
    "compare_engines",
    "explain",
    "export",
    "generate",
    "made_data",
    "read_csv",
    "sweep",
    "verify",
]

_HOMES = {
    "CheckReport": "xlsgd.foreign.findings",
    "Dataset": "xlsgd.data",
    "Explanation": "xlsgd.explaining",
    "Report": "xlsgd.report",
    "XlsgdError": "xlsgd.base.errors",
    "check": "xlsgd.foreign.check",
    "compare_engines": "xlsgd.verifying.engines",
    "explain": "xlsgd.explaining",
    "export": "xlsgd.lessons.exporting",
    "generate": "xlsgd.lessons.generation",
    "made_data": "xlsgd.data",
    "read_csv": "xlsgd.data",
    "sweep": "xlsgd.sweeping",
    "verify": "xlsgd.verifying.verification",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for, when it is asked for: nobody waits for torch to see a help page."""
    if name not in _HOMES:
        raise AttributeError(f"module 'xlsgd' has no attribute '{name}'")
    thing = getattr(import_module(_HOMES[name]), name)
    globals()[name] = thing
    return thing
