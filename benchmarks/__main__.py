"""Measure what the docs show of speed, and write it there.

    python -m benchmarks [--rounds N] [FIGURE...]

FIGURE is engines, calculation, growth, verify, profile, many or sweep; all where none is named,
which takes an hour or so, most of it for formulas.ExcelModel. Every comparison runs its sides in
turn, round by round, and what counts is their ratio: machines are noisy.
"""

from __future__ import annotations

import re
import sys

from benchmarks.figures import FIGURES
from benchmarks.processes import ROOT, machine

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def main(arguments: list[str]) -> None:
    """Measure the figures that are asked for."""
    rounds = 3
    if arguments[:1] == ["--rounds"]:
        if not (arguments[1:2] and arguments[1].isdecimal() and int(arguments[1])):
            raise SystemExit("--rounds needs a number, 1 or more")
        rounds, arguments = int(arguments[1]), arguments[2:]
    for name in arguments or FIGURES:
        if name not in FIGURES:
            raise SystemExit(f"no figure '{name}'; there are: {', '.join(FIGURES)}")
    for name in arguments or FIGURES:
        print(f"{name} …", file=sys.stderr)
        lines = [*FIGURES[name](rounds), "", f"({machine()}.)"]
        print("\n".join(lines))
        _replace(name, lines)


def _replace(name: str, lines: list[str]) -> None:
    mark = re.compile(rf"(<!-- measured: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    found = 0
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        new, count = mark.subn(lambda m: m[1] + "\n" + "\n".join(lines) + "\n\n" + m[2], text)
        if count:
            page.write_text(new, encoding="utf-8")
        found += count
    if not found:
        raise SystemExit(f"no page of the docs has a place for the figure '{name}'")


if __name__ == "__main__":
    main(sys.argv[1:])
