"""What checking many workbooks costs, and what a class of 100,000 would.

    python benchmarks/many_workbooks.py [COUNT] [FOLDER]

Writes COUNT (500) distinct workbooks `xlsgd generate graddesc --epochs 1 --seeds 1-COUNT` into
FOLDER (a temporary one; those that are there are kept), then runs over all of them, each as whole
processes: openpyxl's load_workbook, and `xlsgd verify` with one and with two processes. Prints
time per workbook, the ratios, memory, sizes, and the arithmetic for 100,000. Needs psutil.

CPU seconds hold on a busy machine, wall seconds and the gain of a second process do not: look at
the load it prints.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

import psutil

CLASS = 100_000
PRICE = 0.05
"""US dollars for a core and an hour, about what a cloud asks."""

LOAD = """
import sys, time, openpyxl
begin = time.process_time()
for name in sys.argv[1:]:
    openpyxl.load_workbook(name)
"""


@dataclass(frozen=True)
class Cost:
    """What a command took: wall and CPU seconds, and the peak of the memory of all processes."""

    wall: float
    cpu: float
    memory: float


def measured(*command: str, statuses: tuple[int, ...] = (0,)) -> Cost:
    """Run a command; memory is in MB, counting once what processes share."""
    begin = time.perf_counter()
    process = psutil.Popen(command, stdout=-3)
    done, peaks = Event(), [0.0]

    def watch() -> None:
        while not done.wait(0.5):
            try:
                tree = [process, *process.children(recursive=True)]
                memory = sum(p.memory_full_info().pss for p in tree) / 1e6
            except psutil.Error:
                continue
            peaks[0] = max(peaks[0], memory)

    watcher = Thread(target=watch)
    watcher.start()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    done.set()
    watcher.join()
    if os.waitstatus_to_exitcode(status) not in statuses:
        raise SystemExit(f"failed: {' '.join(command)[:200]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, peaks[0])


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(sys.argv[2] if len(sys.argv) > 2 else Path(temporary) / "class")
        results = Path(temporary) / "results.jsonl"
        xlsgd = (sys.executable, "-m", "xlsgd")
        seeds = ("--epochs", "1", "--seeds", f"1-{count}", "-o", str(folder), "--resume")
        missing = count - len(list(folder.glob("graddesc-*.xlsx")))
        written = measured(*xlsgd, "generate", "graddesc", *seeds, "-j", "2")
        files = [str(folder / f"graddesc-{seed}.xlsx") for seed in range(1, count + 1)]
        size = sum(Path(file).stat().st_size for file in files) / count

        def verify(jobs: int) -> Cost:
            options = ("-q", "-j", str(jobs), "--jsonl", str(results), "--force")
            return measured(*xlsgd, "verify", *files, *options)

        runs = {
            "load_workbook": measured(sys.executable, "-c", LOAD, *files),
            "verify -j 1": verify(1),
            "verify -j 2": verify(2),
            "load_workbook again": measured(sys.executable, "-c", LOAD, *files),
        }
        lines = results.read_text(encoding="ascii").splitlines()
    imports = measured(sys.executable, "-c", LOAD).cpu
    load = (runs["load_workbook"].cpu + runs["load_workbook again"].cpu) / 2 - imports
    seconds = sorted(json.loads(line)["seconds"] for line in lines)
    print(f"{count} workbooks of {size / 1e3:.0f} kB, Python {platform.python_version()}, "
          f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    print(f"{'run':<20} {'wall s':>8} {'CPU s':>8} {'CPU ms each':>12} {'MB':>6}")
    for name, run in {"generate -j 2": written, **runs}.items():
        each = 1000 * run.cpu / max(missing if run is written else count, 1)
        print(f"{name:<20} {run.wall:8.1f} {run.cpu:8.1f} {each:12.0f} {run.memory:6.0f}")
    one, two = runs["verify -j 1"], runs["verify -j 2"]
    print(
        f"verify / load_workbook, CPU, imports and start of verify included: {one.cpu / load:.2f}"
    )
    print(f"-j 2 is {one.wall / two.wall:.2f} times as fast as -j 1")
    print(
        f"the slowest workbook: {seconds[-1]:.2f} s, the median {seconds[len(seconds) // 2]:.2f} s"
    )
    line = sum(map(len, lines)) / len(lines)
    hours = one.cpu / count * CLASS / 3600
    dollars = PRICE * hours
    print(
        f"{CLASS:,} workbooks: {hours:.1f} hours of a core, {dollars:.2f} dollars at {PRICE} each"
    )
    print(f"  {size * CLASS / 1e9:.1f} GB of workbooks, {line * CLASS / 1e6:.0f} MB of results")
    print(f"  {two.memory - one.memory:.0f} MB of memory for every further process")


if __name__ == "__main__":
    main()
