"""Whole processes, as the system measures them: wall and CPU seconds, the peak of their memory."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

__all__ = ["Cost", "in_turn", "machine", "measured", "median_ratio"]

ROOT = Path(__file__).resolve().parent.parent


class Cost(NamedTuple):
    """What a process took: wall seconds, MB at its peak, CPU seconds with all it has started."""

    seconds: float
    memory: float
    cpu: float


_WATCHER = """
import json, os, subprocess, sys, time
begin = time.perf_counter()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
wall = time.perf_counter() - begin
print(json.dumps([os.waitstatus_to_exitcode(status), wall, usage.ru_maxrss / 1024,
                  usage.ru_utime + usage.ru_stime]))
"""
"""Runs a command and tells its status, wall seconds, MB and CPU seconds.

A process of its own, since what this process holds would count as its child's peak."""


def measured(command: Sequence[str]) -> Cost:
    """Run a command once.  Raises SystemExit if it fails."""
    watcher = [sys.executable, "-S", "-E", "-c", _WATCHER, *command]
    done = subprocess.run(watcher, capture_output=True, text=True, cwd=ROOT, check=True)
    status, *cost = json.loads(done.stdout)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}\n{done.stderr[-2000:]}")
    return Cost(*cost)


def in_turn(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, list[Cost]]:
    """Run every command once a round, so that what disturbs one disturbs all of them."""
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(rounds):
        for name, command in commands.items():
            found[name].append(measured(command))
            print(f"  round {number + 1}, {name}: {found[name][-1].seconds:.2f} s", file=sys.stderr)
    return found


def median_ratio(slow: Sequence[Cost], fast: Sequence[Cost], what: str = "seconds") -> str:
    """Return the median of the ratios, round by round, with the least and the greatest.

    what: a field of Cost.
    """
    ratios = [getattr(a, what) / getattr(b, what) for a, b in zip(slow, fast, strict=False)]
    if len(ratios) == 1:
        return f"{ratios[0]:.3g}"
    return f"{statistics.median(ratios):.3g} ({min(ratios):.3g} … {max(ratios):.3g})"


def machine() -> str:
    """Return what the figures were measured on, in a line."""
    names = ("formulas", "ironcalc", "formualizer", "torch", "openpyxl", "numpy")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Linux, "
        f"Python {platform.python_version()}, {versions}"
    )
