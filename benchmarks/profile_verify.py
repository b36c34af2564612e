"""Where the time of ``xlsgd verify`` goes: the table of parts in docs/benchmarks.md.

    python -m benchmarks.profile_verify WORKBOOK [ROUNDS]

Each round is a process of its own in which the parts are timed from outside; prints the median
share of every part.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

PARTS = {
    "start": "start of Python, imports without torch",
    "read_workbook": "reading the file",
    "beside": "importing torch, recalculating beside it",
    "find_lesson": "finding the lesson",
    "train": "training in torch",
    "check": "comparing values, and patterns of formulas",
}
WHY = {
    "start": "NumPy, lxml, and openpyxl, whose words for formats the finder uses",
    "read_workbook": "every cell becomes a Python object, whoever parses the XML",
    "beside": "torch alone takes this",
    "find_lesson": "tables are found by their headers, wherever they have been moved",
    "train": "290 steps in turn, each some 25 operations of torch for all tabs and members at once",
    "check": "71,000 formulas are each compared with the text they should have, and their values "
    "with torch",
}


def once(workbook: str, begun: float) -> dict[str, float]:
    """Verify a workbook in this process; return the seconds of every part.

    begun: when this process was started, by the clock.
    """
    from xlsgd.tabs.kind import kinds
    from xlsgd.verifying import opening, verification

    seconds = dict.fromkeys(PARTS, 0.0)
    seconds["start"] = time.time() - begun

    def timed(home: Any, name: str, part: str) -> None:
        function: Callable[..., Any] = getattr(home, name)

        def wrapped(*arguments: Any, **options: Any) -> Any:
            begin = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                seconds[part] += time.perf_counter() - begin

        setattr(home, name, wrapped)

    for name in ("read_workbook", "beside", "find_lesson"):
        timed(opening, name, name)
    for kind in kinds().values():
        timed(kind, "prepare", "train")
        timed(kind, "check", "check")
    timed(verification, "finish", "check")
    report = verification.verify(workbook)
    if not report.ok:
        raise SystemExit(f"{workbook} does not agree with torch")
    return seconds


def main() -> None:
    workbook, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    if len(sys.argv) > 3:
        print(json.dumps(once(workbook, float(sys.argv[3]))))
        return
    shares: dict[str, list[float]] = {part: [] for part in PARTS}
    for _ in range(rounds):
        command = (sys.executable, "-m", "benchmarks.profile_verify", workbook, "1")
        begun = str(time.time())
        done = subprocess.run((*command, begun), capture_output=True, text=True, check=True)
        seconds = json.loads(done.stdout)
        whole = sum(seconds.values())
        for part, value in seconds.items():
            shares[part].append(value / whole)
    print("| part | share | why it stays |")
    print("| --- | --- | --- |")
    for part, found in shares.items():
        print(f"| {PARTS[part]} | {100 * statistics.median(found):.0f} % | {WHY[part]} |")


if __name__ == "__main__":
    main()
