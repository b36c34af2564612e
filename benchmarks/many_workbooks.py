"""What checking many workbooks costs, and what a class of 100,000 would.

    python benchmarks/many_workbooks.py [COUNT] [FOLDER]

Writes COUNT (500) distinct workbooks `xlsgd generate graddesc --epochs 1 --seeds 1-COUNT` into
FOLDER (a temporary one; those that are there are kept), then runs over all of them, each as whole
processes: `xlsgd verify` with one process, while openpyxl's load_workbook goes through the same
files again and again on another core, so that both have the machine in the same mood; and `xlsgd
verify` with two. Prints time per workbook, the ratios, memory, sizes, and the arithmetic for
100,000. Needs a machine with two cores and nothing else to do.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
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
import itertools, sys, time, openpyxl
for name in itertools.cycle(sys.argv[1:]):
    begin = time.process_time()
    openpyxl.load_workbook(name)
    print(time.process_time() - begin, flush=True)
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

        load = (sys.executable, "-c", LOAD, *files)
        with (Path(temporary) / "loads").open("w+") as printed:
            loading = subprocess.Popen(load, stdout=printed)
            runs = {"verify -j 1": verify(1)}
            loading.kill()
            loading.wait()
            printed.seek(0)
            loads = [float(line) for line in printed.read().split("\n")[:-1]]
        runs["verify -j 2"] = verify(2)
        lines = results.read_text(encoding="ascii").splitlines()
    seconds = sorted(json.loads(line)["seconds"] for line in lines)
    print(f"{count} workbooks of {size / 1e3:.0f} kB, Python {platform.python_version()}, "
          f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    print(f"{'run':<20} {'wall s':>8} {'CPU s':>8} {'CPU ms each':>12} {'MB':>6}")
    if missing:
        runs = {"generate -j 2": written, **runs}
    for name, run in runs.items():
        each = 1000 * run.cpu / max(missing if run is written else count, 1)
        print(f"{name:<20} {run.wall:8.1f} {run.cpu:8.1f} {each:12.0f} {run.memory:6.0f}")
    one, two = runs["verify -j 1"], runs["verify -j 2"]
    load = sum(loads) / len(loads)
    print(f"load_workbook beside it{1000 * load:24.0f}")
    print(f"verify -j 1 / load_workbook, CPU, start included: {one.cpu / count / load:.2f}")
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
