"""Reports as JSON, with a version of the schema. The fields are described in docs/verify.md."""

from __future__ import annotations

import json
from typing import Any

from xlsgd.report.findings import AllFindings
from xlsgd.report.formats.format import Format
from xlsgd.report.json_report import SCHEMA, comparison_data, report_data
from xlsgd.report.outcome import Outcome

__all__ = ["FORMAT", "Json"]


class Json(Format):
    """JSON (RFC 8259): what is no finite number becomes its name."""

    name = "json"
    title = "JSON"
    order = 1

    def outcome(self, found: Outcome) -> str:
        failures = [{"file": file, "ok": False, "error": why} for file, why in found.failures]
        return self.document(
            {
                "schema": SCHEMA,
                "ok": found.ok,
                "workbooks": [*map(report_data, found.reports), *failures],
                "comparisons": [*map(comparison_data, found.comparisons)],
                "passed_over": [{"file": file, "reason": why} for file, why in found.passed_over],
                "copies": found.copies,
            }
        )

    def findings(self, found: AllFindings) -> str:
        failures = [{"file": file, "ok": False, "error": why} for file, why in found.failures]
        return self.document(
            {
                "schema": found.schema,
                "ok": found.ok,
                "workbooks": [*(book.data for book in found.books), *failures],
                "passed_over": [{"file": file, "reason": why} for file, why in found.passed_over],
            }
        )

    def document(self, data: dict[str, Any]) -> str:
        return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


FORMAT = Json()
