"""How long verify takes, against the least that any check with torch has to do.

    python benchmarks/verify_time.py [WORKBOOK] [PAIRS]

Runs in turn, as whole processes: `xlsgd verify WORKBOOK`, and importing torch and loading the
workbook with openpyxl. Prints the median of each, the median of the ratios pair by pair, and the
greatest memory either took. Ratios hold where single times do not: machines are noisy.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path


def measured(command: list[str]) -> tuple[float, float]:
    """Run a command and return its wall time in seconds and its peak memory in MB."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"failed: {' '.join(command)}")
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


def main() -> None:
    workbook = Path(sys.argv[1] if len(sys.argv) > 1 else "workbooks/graddesc.xlsx")
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    verify = [sys.executable, "-m", "xlsgd", "verify", "-q", str(workbook)]
    floor = [
        *(sys.executable, "-c"),
        f"import torch, openpyxl; openpyxl.load_workbook({str(workbook)!r})",
    ]
    for command in (verify, floor):
        measured(command)  # once for the caches of the file system
    results = [(measured(verify), measured(floor)) for _ in range(pairs)]
    print(f"{workbook}, {pairs} pairs, Python {platform.python_version()}, {os.cpu_count()} cores")
    for name, runs in zip(("verify", "floor"), zip(*results, strict=True), strict=True):
        seconds, memory = zip(*runs, strict=True)
        print(f"{name:<7} {statistics.median(seconds):6.2f} s   {max(memory):5.0f} MB")
    ratios = [a[0] / b[0] for a, b in results]
    print(f"ratio   {statistics.median(ratios):6.2f}     ({min(ratios):.2f} … {max(ratios):.2f})")


if __name__ == "__main__":
    main()
