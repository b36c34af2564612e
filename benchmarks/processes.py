"""Whole processes, measured by pyperf: wall seconds, and the peak of their memory."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

__all__ = ["Cost", "in_turn", "machine", "measured", "median_ratio"]

ROOT = Path(__file__).resolve().parent.parent


class Cost(NamedTuple):
    """What a process took: wall seconds, and MB at its peak."""

    seconds: float
    memory: float


def measured(command: Sequence[str]) -> Cost:
    """Run a command once.  Raises SystemExit if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        once = ("--processes=1", "--values=1", "--warmups=0", "--loops=1", "--copy-env", "-q")
        pyperf = [sys.executable, "-m", "pyperf", "command", *once, "-o", str(result), "--"]
        done = subprocess.run([*pyperf, *command], capture_output=True, text=True, cwd=ROOT)
        if done.returncode:
            raise SystemExit(f"failed: {' '.join(command)}\n{done.stderr[-2000:]}")
        found = json.loads(result.read_text(encoding="utf-8"))
    run = found["benchmarks"][0]["runs"][0]
    metadata = {**found.get("metadata", {}), **run.get("metadata", {})}
    return Cost(run["values"][0], metadata["command_max_rss"] / 1e6)


def in_turn(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, list[Cost]]:
    """Run every command once a round, so that what disturbs one disturbs all of them."""
    found: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(rounds):
        for name, command in commands.items():
            found[name].append(measured(command))
            print(f"  round {number + 1}, {name}: {found[name][-1].seconds:.2f} s", file=sys.stderr)
    return found


def median_ratio(slow: Sequence[Cost], fast: Sequence[Cost]) -> str:
    """Return the median of the ratios, round by round, with the least and the greatest."""
    ratios = [a.seconds / b.seconds for a, b in zip(slow, fast, strict=True)]
    if len(ratios) == 1:
        return f"{ratios[0]:.3g}"
    return f"{statistics.median(ratios):.3g} ({min(ratios):.3g} … {max(ratios):.3g})"


def machine() -> str:
    """Return what the figures were measured on, in a line."""
    names = ("formulas", "torch", "openpyxl", "numpy")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Linux, "
        f"Python {platform.python_version()}, {versions}"
    )
