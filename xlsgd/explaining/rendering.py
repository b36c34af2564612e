"""An explanation as lines for a terminal, and as plain data, with the fields of the findings."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from xlsgd.explaining.findings import Explanation
from xlsgd.report.json_report import plain

__all__ = ["SCHEMA", "explanation_data", "explanation_lines"]

SCHEMA = "xlsgd.explain/1"
"""Name and version: the number grows when a field changes its meaning or goes away."""

_NARROWEST, _WIDEST = 40, 100


def explanation_lines(explanation: Explanation, width: int = 80) -> Iterator[str]:
    """Yield the lines of an explanation.  width: of the terminal."""
    width = min(max(width, _NARROWEST), _WIDEST)
    wrapper = textwrap.TextWrapper(
        width, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    for note in explanation.notes:
        yield from wrapper.wrap(f"note: {note}")
    if explanation.notes:
        yield ""
    for i, tab in enumerate(explanation.tabs):
        if i:
            yield ""
        head = tab.verdict if tab.followed else "its formulas have been changed"
        head += ", says the level loss; but it is only slow" if tab.crawl else ""
        yield from textwrap.wrap(f"{tab.tab}: {head}", width, subsequent_indent="  ")
        for text in tab.sentences:
            yield from wrapper.wrap(f"  {text}")


def explanation_data(explanation: Explanation) -> dict[str, Any]:
    """Return an explanation as plain dicts and lists; what is no finite number becomes its name."""
    found: dict[str, Any] = plain({"schema": SCHEMA, **asdict(explanation)})
    return found
