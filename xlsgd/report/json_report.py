"""Reports as plain data and back, with a version of the schema; docs/verify.md has the fields."""

from __future__ import annotations

import math
from typing import Any

from xlsgd.report.engines import EngineComparison, EngineRun, agreeing
from xlsgd.report.report import Difference, Extreme, Report, RunVerdict, SheetReport

__all__ = ["SCHEMA", "comparison_data", "plain", "report_data", "report_from"]

SCHEMA = "xlsgd.verify/1"
"""Name and version: the number grows when a field changes its meaning or goes away."""


def report_data(report: Report) -> dict[str, Any]:
    """Return one report as plain dicts and lists."""
    return {
        "file": report.file,
        "ok": report.ok,
        "engine": report.engine,
        "engine_version": report.engine_version,
        "torch_version": report.torch_version,
        "cells_compared": report.cells_compared,
        "cells_differing": report.cells_differing,
        "cells_harmless": report.cells_harmless,
        "first_difference": _difference(report.first_difference),
        "notes": report.notes,
        "sheets": [_sheet(sheet) for sheet in report.sheets],
    }


def comparison_data(found: EngineComparison) -> dict[str, Any]:
    """Return what several engines make of a workbook as plain dicts and lists."""
    return {
        "file": found.file,
        "ok": found.ok,
        "engines": [_engine_run(run) for run in found.runs],
        "disagreements": [plain(vars(disagreement)) for disagreement in found.disagreements],
        "notes": found.notes,
    }


def plain(value: Any) -> Any:
    """Return a value as JSON has it: what it has no word for, as no finite number, becomes text."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if isinstance(value, str | int) or value is None else str(value)


def _engine_run(run: EngineRun) -> dict[str, Any]:
    return {
        "engine": run.engine,
        "engine_version": run.version,
        "seconds": None if run.seconds is None else round(run.seconds, 3),
        "error": run.error,
        "sheets": [
            {
                "name": sheet.name,
                "cells_compared": sheet.cells_compared,
                "cells_agreeing": agreeing(sheet),
                "cells_harmless": sheet.cells_harmless,
                "greatest_difference": _fields(sheet.greatest_off),
                "not_finite": dict(sorted(run.not_finite.get(sheet.name, {}).items())),
            }
            for sheet in ([] if run.report is None else run.report.sheets)
            if sheet.looked_at
        ],
    }


def _sheet(sheet: SheetReport) -> dict[str, Any]:
    return {
        "name": sheet.name,
        "kind": sheet.kind,
        "experiment": sheet.experiment,
        "ok": sheet.ok,
        "formulas": sheet.formulas,
        "cells_compared": sheet.cells_compared,
        "cells_in_pattern": sheet.cells_in_pattern,
        "cells_stored": sheet.cells_stored,
        "cells_differing": sheet.cells_differing,
        "cells_following": sheet.cells_following,
        "greatest_difference": _fields(sheet.greatest_off),
        "greatest_relative_difference": _fields(sheet.greatest_relative),
        "predictable_steps": sheet.predictable_steps,
        "horizon": sheet.horizon,
        "verdict": _fields(sheet.verdict, but="torch_all"),
        "first_difference": _difference(sheet.first_difference),
        "differences": [_difference(d) for d in sheet.differences],
        "harmless": [
            {"rule": rule, "cells": len(found), "first": _difference(found[0])}
            for rule, found in sheet.harmless.items()
        ],
        "unchecked": [{"cell": cell, "reason": why} for cell, why in sheet.unchecked.items()],
    }


def _difference(difference: Difference | None) -> dict[str, Any] | None:
    if difference is None:
        return None
    return {
        "sheet": difference.sheet,
        "cell": difference.cell,
        "quantity": difference.quantity,
        "step": difference.step,
        "check": difference.check,
        "reason": difference.reason,
        "formula": difference.formula,
        "sheet_value": plain(difference.sheet_value),
        "torch_value": plain(difference.torch_value),
        "difference": difference.off,
        "allowed": difference.allowed,
    }


def _fields(found: Extreme | RunVerdict | None, but: str = "") -> dict[str, Any] | None:
    """Return what stands in all fields of a finding but one."""
    if found is None:
        return None
    return {name: value for name, value in vars(found).items() if name != but}


def report_from(data: dict[str, Any]) -> Report:
    """Return the report that ``report_data`` made data of, less what only a table needs.

    That is: ``frame()`` is empty, and what was no number is text.
    """
    return Report(
        file=data["file"],
        engine=data["engine"],
        engine_version=data["engine_version"],
        torch_version=data["torch_version"],
        sheets=[_sheet_from(sheet) for sheet in data["sheets"]],
        notes=list(data["notes"]),
    )


def _sheet_from(data: dict[str, Any]) -> SheetReport:
    plain = (
        "name", "kind", "experiment", "formulas", "cells_compared", "cells_in_pattern",
        "cells_stored", "cells_differing", "cells_following", "predictable_steps", "horizon",
    )  # fmt: skip
    verdict = data["verdict"]
    return SheetReport(
        **{name: data[name] for name in plain},
        greatest_off=_extreme_from(data["greatest_difference"]),
        greatest_relative=_extreme_from(data["greatest_relative_difference"]),
        verdict=None if verdict is None else RunVerdict(torch_all=(verdict["torch"],), **verdict),
        differences=[_difference_from(difference) for difference in data["differences"]],
        # Of these only the first is told, and how many there are.
        harmless={
            one["rule"]: [_difference_from(one["first"])] * one["cells"] for one in data["harmless"]
        },
        unchecked={cell["cell"]: cell["reason"] for cell in data["unchecked"]},
    )


def _extreme_from(data: dict[str, Any] | None) -> Extreme | None:
    return None if data is None else Extreme(**data)


def _difference_from(data: dict[str, Any]) -> Difference:
    fields = dict(data)
    return Difference(off=fields.pop("difference"), **fields)
