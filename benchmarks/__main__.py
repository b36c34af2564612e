"""Measure what the docs show of speed, and write it there.

FIGURE is engines, calculation, ways, growth, verify, profile, many, sweep or screen; all where none
is named, which takes an hour or so, most of it for formulas.ExcelModel. Every comparison runs its
sides in turn, round by round, and what counts is their ratio: machines are noisy.
"""

from __future__ import annotations

import re
import sys

import click

from benchmarks.figures import FIGURES
from benchmarks.processes import ROOT, machine

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@click.command(context_settings={"help_option_names": ["-h", "--help"]}, help=__doc__)
@click.argument("figures", nargs=-1, type=click.Choice([*FIGURES]), metavar="[FIGURE]...")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
def main(figures: tuple[str, ...], rounds: int) -> None:
    """Measure the figures that are asked for."""
    for name in figures or FIGURES:
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
    main()
