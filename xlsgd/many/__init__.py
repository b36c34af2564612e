"""Many workbooks: each in a helper process under limits, on this machine or on a Dask cluster."""

from __future__ import annotations

from xlsgd.many.checking import check_many
from xlsgd.many.files import check_files
from xlsgd.processes.limits import Limits
from xlsgd.report.formats.jsonl import Result, ResultsFile

__all__ = ["Limits", "Result", "ResultsFile", "check_files", "check_many"]
