"""The figures, a function each: it measures and returns lines of Markdown."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.books import forward_book, sgd_book
from benchmarks.processes import ROOT, Cost, in_turn, measured, median_ratio

__all__ = ["FIGURES"]

LESSONS = ("graddesc", "two-neuron", "learning-rates", "titanic")

Table = list[str]
RECALCULATE = (sys.executable, "-m", "benchmarks.recalculate")


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def _median(costs: list[Cost]) -> Cost:
    return sorted(costs)[len(costs) // 2]


def engines(rounds: int) -> Table:
    """Whole processes: import, read, recalculate, read every value."""
    from xlsgd.engines import engines as all_engines

    names = [name for name, one in all_engines().items() if name != "stored" and not one.missing()]
    ways = [*names, "ironcalc-alone", "formualizer", "openpyxl"]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for title, write, size in (
            ("gradient descent", sgd_book, 40_600),
            ("Titanic, forward", forward_book, 712),
        ):
            path = Path(folder) / f"{write.__name__}.xlsx"
            formulas = write(path, size)
            found = in_turn({way: (*RECALCULATE, way, str(path)) for way in ways}, rounds)
            # Once is enough for what takes a hundred times as long.
            found["ExcelModel"] = [measured((*RECALCULATE, "ExcelModel", str(path)))]
            ours = found["formulas"]
            for way in _NAMES:
                if way not in found:
                    continue
                cost, us = _median(found[way]), way == "formulas"
                rows.append(
                    (
                        f"{title}, {formulas:,} formulas",
                        _NAMES[way],
                        f"{cost.seconds:.2f} s",
                        f"{sorted(c.cpu for c in found[way])[len(found[way]) // 2]:.2f} s",
                        f"{cost.memory:.0f} MB",
                        "1" if us else median_ratio(found[way], ours),
                        "1" if us else median_ratio(found[way], ours, "cpu"),
                        "1" if us else f"{cost.memory / _median(ours).memory:.2g}",
                    )
                )
    head = ("workbook", "what", "wall", "CPU", "memory", "wall / ours", "CPU / ours",
            "memory / ours")  # fmt: skip
    return _table(head, rows)


_NAMES = {
    "formulas": "**formulas, as xlsgd runs it**",
    "ironcalc-alone": "IronCalc by itself, with its own reader",
    "formualizer": "formualizer by itself, with its own reader",
    "ironcalc": "IronCalc, given the cells by xlsgd",
    "libreoffice": "LibreOffice, started and read back by xlsgd",
    "gnumeric": "Gnumeric, started and read back by xlsgd",
    "ExcelModel": "`formulas.ExcelModel`, once",
    "openpyxl": "openpyxl, loading alone",
}
"""What is compared, in the order of the table."""


def calculation(rounds: int) -> Table:
    """Cells a second, in one process that has compiled the formulas."""
    from numpy import errstate

    from xlsgd.engines.fast.calculation import Run
    from xlsgd.engines.fast.evaluator import Doubts, Experience
    from xlsgd.engines.fast.library import quiet
    from xlsgd.xlsx.reader import read_workbook

    rows = []
    with tempfile.TemporaryDirectory() as folder, quiet(), errstate(all="ignore"):
        experience = Experience()
        for title, write, size in (
            ("gradient descent", sgd_book, 40_600),
            ("Titanic, forward", forward_book, 712),
        ):
            path = Path(folder) / f"{write.__name__}.xlsx"
            formulas = write(path, size)
            book = read_workbook(path).book
            finding: list[float] = []
            calculating: list[float] = []
            handing: list[float] = []
            for _ in range(max(3, 2 * rounds) + 1):
                begin = perf_counter()
                run = Run(book, experience, Doubts())
                middle = perf_counter()
                run.calculate(None)
                end = perf_counter()
                run.values()
                finding.append(middle - begin)
                calculating.append(end - middle)
                handing.append(perf_counter() - end)
            again, best = sorted(calculating[1:]), min(calculating[1:])
            rows.append(
                (
                    title,
                    f"{calculating[0]:.2f} s",
                    f"{finding[-1]:.2f} s",
                    f"{again[len(again) // 2]:.4f} s",
                    f"{sorted(handing)[len(handing) // 2]:.4f} s",
                    f"{formulas / again[len(again) // 2] / 1e6:.2f} million",
                    f"{formulas / best / 1e6:.2f} million",
                )
            )
    head = (
        "workbook", "first time, with formulas' checks", "finding what is the same formula",
        "calculation alone", "handing the values out", "cells a second, median", "best",
    )  # fmt: skip
    return _table(head, rows)


def ways(rounds: int) -> Table:
    """What each way of executing formulas is worth: recalculating without it."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        paths = {f"`{name}.xlsx`": ROOT / "workbooks" / f"{name}.xlsx" for name in LESSONS}
        for title, write, size in (
            ("gradient descent", sgd_book, 40_600),
            ("Titanic, forward", forward_book, 712),
        ):
            paths[title] = Path(folder) / f"{write.__name__}.xlsx"
            write(paths[title], size)
        for title, path in paths.items():
            command = [sys.executable, "-m", "benchmarks.ways", str(path), str(2 * rounds + 1)]
            done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
            found: dict[str, list[list[float]]] = json.loads(done.stdout)
            whole = found["nothing"]
            for way, runs in found.items():
                if not runs:
                    continue
                again = len(runs[0]) > 1
                rows.append(
                    (
                        title if way == "nothing" else "",
                        way,
                        f"{median(run[0] for run in runs):.3g} s",
                        f"{median(run[1] for run in runs):.3g} s" if again else "",
                        _ratio(runs, whole, 0),
                        _ratio(runs, whole, 1) if again else "",
                    )
                )
    head = ("workbook", "without", "first time", "again", "first time / whole", "again / whole")
    return _table(head, rows)


def _ratio(some: list[list[float]], others: list[list[float]], place: int) -> str:
    """Return the median of the ratios of two runs of a round, and the least and the greatest."""
    ratios = [a[place] / b[place] for a, b in zip(some, others, strict=False)]
    if len(ratios) == 1:
        return f"{ratios[0]:.0f}"
    return f"{median(ratios):.2f} ({min(ratios):.2f} … {max(ratios):.2f})"


def growth(rounds: int) -> Table:
    """Time and memory as gradient descent gets longer."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        nothing = measured((sys.executable, "-c", "import numpy, formulas, lxml.etree"))
        sizes = [10_000 * 4**i for i in range(4)]
        paths = {size: Path(folder) / f"{size}.xlsx" for size in sizes}
        for size, path in paths.items():
            sgd_book(path, size)
        found = in_turn(
            {str(size): (*RECALCULATE, "formulas", str(path)) for size, path in paths.items()},
            rounds,
        )
        for size in sizes:
            costs, earlier = found[str(size)], found.get(str(size // 4))
            cost = _median(costs)
            more = ("", "")
            if earlier is not None:
                before = _median(earlier)
                grown = (cost.memory - nothing.memory) / (before.memory - nothing.memory)
                more = (median_ratio(costs, earlier), f"{grown:.2f}")
            rows.append((f"{size:,}", f"{cost.seconds:.2f} s", f"{cost.memory:.0f} MB", *more))
    return _table(
        ("formulas", "time", "memory", "time / a quarter of them", "memory less imports, the same"),
        rows,
    )


def verify(rounds: int) -> Table:
    """`xlsgd verify` against importing torch and loading the workbook with openpyxl."""
    rows = []
    for name in LESSONS:
        workbook = str(ROOT / "workbooks" / f"{name}.xlsx")
        load = f"import torch, openpyxl; openpyxl.load_workbook({workbook!r})"
        found = in_turn(
            {
                "verify": (sys.executable, "-m", "xlsgd", "verify", "-q", workbook),
                "floor": (sys.executable, "-c", load),
            },
            2 * rounds + 1,
        )
        cost, floor = _median(found["verify"]), _median(found["floor"])
        rows.append(
            (
                f"`{name}.xlsx`",
                f"{cost.seconds:.2f} s, {cost.memory:.0f} MB",
                f"{floor.seconds:.2f} s, {floor.memory:.0f} MB",
                median_ratio(found["verify"], found["floor"]),
            )
        )
    return _table(("workbook", "verify", "import torch, load_workbook", "ratio"), rows)


def _printed(*command: str) -> Table:
    """Return what another benchmark prints, as a block."""
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return ["```text", *done.stdout.splitlines(), "```"]


def profile(rounds: int) -> Table:
    """Where the time of a verify goes."""
    workbook = str(ROOT / "workbooks" / "graddesc.xlsx")
    return _printed("-m", "benchmarks.profile_verify", workbook, str(2 * rounds + 1))[1:-1]


def many(rounds: int) -> Table:
    """Five hundred workbooks of a class; fewer for a quick look."""
    return _printed("benchmarks/many_workbooks.py", "500" if rounds > 2 else "150")


def sweep(rounds: int) -> Table:
    """A sweep against a plain torch loop."""
    return _printed("benchmarks/sweep_speed.py", str(2 * rounds + 1))


def screen(rounds: int) -> Table:
    """From Enter to the last change in LibreOffice's window, on a screen of 1366 × 768 pixels."""
    from scripts.screens import TABS, missing, times

    if why := missing():
        raise SystemExit(f"screen: {why}")
    books = [ROOT / "workbooks" / f"{lesson}.xlsx" for lesson in TABS]
    found: dict[tuple[str, ...], list[tuple[float, ...]]] = {}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            for *change, seen, used in times(books, Path(folder)):
                seconds = tuple(float(text.split()[0]) for text in (seen, used))
                found.setdefault(tuple(change), []).append(seconds)
    rows = [
        (
            f"`{book}`",
            f"`{tab}`",
            f"{key} = {typed}",
            *(f"{median(each):.1f} s" for each in zip(*costs, strict=True)),
        )
        for (book, tab, key, typed), costs in found.items()
    ]
    return _table(("workbook", "tab", "typed", "wall", "CPU"), rows)


FIGURES: dict[str, Callable[[int], Table]] = {
    "engines": engines,
    "calculation": calculation,
    "ways": ways,
    "growth": growth,
    "verify": verify,
    "profile": profile,
    "many": many,
    "sweep": sweep,
    "screen": screen,
}
