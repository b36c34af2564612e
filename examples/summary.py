"""Say in Markdown what a report of xlsgd verify found: every file, then its wrong cells.

    xlsgd verify workbooks/ --json report.json
    python examples/summary.py report.json

It needs nothing but Python, calculates nothing again, and never prints more than --most bytes:
GitHub shows no summary of more than 1 MiB. What had no room is counted.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MOST = 1_000_000
NAME, TEXT = 300, 200
"""Letters of a file's name, and of anything else in a cell of a table, that are shown."""
NOTE = 200
"""Bytes kept free for the last line."""


def cell(value: object, most: int = TEXT) -> str:
    """Return a value as one cell of a Markdown table."""
    text = "" if value is None else str(value)
    text = "".join(c if c.isprintable() else " " for c in text)
    text = text.replace("\\", "\\\\").replace("|", "\\|").replace("`", "'").replace("<", "&lt;")
    return text if len(text) <= most else f"{text[: most - 1]}…"


def row(*values: object) -> str:
    return "| " + " | ".join(cell(value) for value in values) + " |"


def overview(workbooks: list[dict[str, Any]]) -> Iterator[str]:
    """Yield a table with a row per file, those with something wrong first."""
    yield "| file | result | first wrong cell |"
    yield "| --- | --- | --- |"
    for book in sorted(workbooks, key=lambda book: book["ok"]):
        if "error" in book:
            result, first = "could not be checked", cell(book["error"])
        else:
            wrong = book["cells_differing"]
            result = "agrees with torch" if book["ok"] else f"{wrong:,} cells differ"
            d = book["first_difference"]
            first = "" if d is None else cell(f"{d['sheet']}!{d['cell']}: {d['reason']}")
        yield f"| {cell(book['file'], NAME)} | {result} | {first} |"


def details(book: dict[str, Any]) -> Iterator[str]:
    """Yield a table with a row per wrong cell of a workbook."""
    yield from ("", f"### {cell(book['file'], NAME)}", "")
    yield "| cell | quantity | step | sheet | torch | reason | formula |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for sheet in book["sheets"]:
        for d in sheet["differences"]:
            yield row(
                *(f"{d['sheet']}!{d['cell']}", d["quantity"], d["step"]),
                *(d["sheet_value"], d["torch_value"], d["reason"], d["formula"]),
            )


def summary(report: dict[str, Any], most: int) -> str:
    """Return the summary, of at most so many bytes in UTF-8."""
    books = report["workbooks"]
    wrong = [book for book in books if not book["ok"] and "error" not in book]
    lines: list[str] = []
    used = left_out = 0

    def add(line: str, room: int) -> bool:
        nonlocal used
        size = len(line.encode("utf-8", "backslashreplace")) + 1
        if used + size > room:
            return False
        lines.append(line)
        used += size
        return True

    def add_all(some: Iterator[str], room: int) -> int:
        """Add lines while there is room; return how many had none."""
        for line in some:
            if not add(line, room):
                return 1 + sum(1 for _ in some)
        return 0

    # Files come first, and may not take all the room; then each wrong one gets its share of it.
    left_out += add_all(overview(books), (most - NOTE) // 2)
    for i, book in enumerate(wrong):
        left_out += add_all(details(book), used + (most - NOTE - used) // (len(wrong) - i))
    if left_out:
        lines += ["", f"… and {left_out:,} more lines: the report has all of them."]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("report", type=Path, help="what xlsgd verify --json wrote")
    parser.add_argument("--most", type=int, default=MOST, help="bytes, %(default)s by default")
    given = parser.parse_args()
    try:
        report = json.loads(given.report.read_text(encoding="utf-8"))
    except OSError as error:
        sys.exit(f"{given.report}: cannot be read ({error.strerror})")
    text = summary(report, given.most)
    sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))


if __name__ == "__main__":
    main()
