"""Many workbooks: each in a helper process under limits, on this machine or on a Dask cluster."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xlsgd.many.calls import Limits
    from xlsgd.many.checking import check_many
    from xlsgd.many.files import check_files
    from xlsgd.report.formats.jsonl import Result, ResultsFile

__all__ = ["Limits", "Result", "ResultsFile", "check_files", "check_many"]

_HOMES = {
    "Limits": "xlsgd.many.calls",
    "Result": "xlsgd.report.formats.jsonl",
    "ResultsFile": "xlsgd.report.formats.jsonl",
    "check_files": "xlsgd.many.files",
    "check_many": "xlsgd.many.checking",
}


def __getattr__(name: str) -> Any:
    """Load what is asked for, when it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module 'xlsgd.many' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)
