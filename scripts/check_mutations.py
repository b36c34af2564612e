"""Put mistakes into workbooks by chance, check them, and print which kinds are found.

    python scripts/check_mutations.py [--seed 1] [--count 4] [--columns 2] [--of way] [NAME ...]

Sources are the ways of tests/foreign (way), workbooks of others in ../shared/foreign (foreign), the
small twins in ../shared/cases/own (own), and generated workbooks without the words by which they
are known again (generated). A source is checked as it is, with mistakes in one cell, with mistakes
in whole columns, and, with --alarms, said in other words, where nothing may be called wrong.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tests.foreign.judged import differences, said  # noqa: E402
from tests.foreign.mutations import mutations  # noqa: E402
from tests.foreign.outcome import may_be_made, outcome, wrong_columns  # noqa: E402
from tests.foreign.rewritings import rewritten  # noqa: E402
from tests.foreign.sources import Source, of_book, of_file, of_way, stripped  # noqa: E402
from tests.foreign.ways import all_ways  # noqa: E402
from tests.foreign.written import write  # noqa: E402

KINDS = ("way", "foreign", "own", "generated")
SHARED = ROOT.parent / "shared"
LESSONS = ("graddesc", "two-neuron", "relu", "cross-entropy")


def sources(kinds: list[str], names: list[str]) -> Iterator[tuple[str, Source]]:
    """Yield what is asked for."""

    def wanted(name: str) -> bool:
        return not names or name in names

    if "way" in kinds:
        for way in all_ways().values():
            if wanted(way.name):
                yield "way", of_way(way)
    for kind, folder in (("foreign", "foreign"), ("own", "cases/own")):
        if kind in kinds:
            for path in sorted((SHARED / folder).glob("*.xlsx")):
                if wanted(path.stem):
                    yield kind, of_file(path)
    if "generated" in kinds:
        for lesson in LESSONS:
            if wanted(lesson):
                yield "generated", generated(lesson)


def generated(lesson: str) -> Source:
    """Return a small workbook of ours without its marks."""
    import xlsgd
    from xlsgd.xlsx.reader import read_workbook

    with tempfile.TemporaryDirectory() as folder:
        path = xlsgd.generate(lesson, Path(folder, "own.xlsx"), epochs=2, points=6)
        return of_book(lesson, stripped(read_workbook(path).book))


class Tally:
    """What was found of every kind of mistake."""

    def __init__(self, path: Path, verbose: bool) -> None:
        self.path = path
        self.verbose = verbose
        self.rows: defaultdict[tuple[bool, str], Counter[str]] = defaultdict(Counter)
        self.said: defaultdict[tuple[bool, str], Counter[str]] = defaultdict(Counter)
        self.alarms: list[str] = []
        self.seconds = 0.0
        self.checks = 0

    def miss(self, what: str) -> None:
        """Print a mistake that was not named."""
        print(what, flush=True)

    def alarm(self, what: str) -> None:
        """Take down and print what was called wrong and is right."""
        self.alarms.append(what)
        print(f"ALARM {what}", flush=True)

    def report(self, book: Any, values: Any) -> Any:
        """Return what check says of a book; None where it breaks off."""
        from xlsgd.foreign.check import check

        write(book, values, self.path)
        start = time.perf_counter()
        try:
            return check(self.path)
        except Exception as error:  # whatever it is, it is counted
            where = traceback.extract_tb(error.__traceback__)[-1]
            what = f"{type(error).__name__} {error} in {Path(where.filename).name}:{where.lineno}"
            return f"broke off: {what}"
        finally:
            self.seconds += time.perf_counter() - start
            self.checks += 1

    def try_mistakes(self, source: Source, seed: int, count: int, whole: bool) -> None:
        """Make mistakes in a source."""
        values = source.calculate(source.book)
        base = self.report(source.book, values)
        if isinstance(base, str):
            self.miss(f"{source.name}: {base}")
            return
        before = wrong_columns(base)
        among = source.columns if whole else source.cells
        random = Random(f"{seed} {source.name} {whole}")
        for mutation in mutations(
            source.book,
            values,
            source.calculate,
            random,
            count,
            whole=whole,
            among=among,
            rates=source.rates,
        ):
            if not may_be_made(mutation, before):
                continue
            report = self.report(mutation.book, mutation.values)
            row = self.rows[whole, mutation.kind]
            row["made"] += 1
            if isinstance(report, str):
                self.miss(f"{source.name}: {mutation}: {report}")
                continue
            found = outcome(report, before, mutation)
            row["found"] += found.found
            row["exact"] += found.exact
            row["first"] += found.first
            row["near"] += found.near
            self.said[whole, mutation.kind][found.kind or "-"] += 1
            if not found.first:
                what = (
                    "named second" if found.exact else "named near" if found.near else "led astray"
                )
                self.miss(
                    f"{source.name}: {mutation}: "
                    + (f"{what}: {found.words}" if found.found else "NOT FOUND")
                )
            if self.verbose:
                print(f"{source.name}: {mutation}: {found}", flush=True)

    def try_alarms(self, source: Source, seed: int) -> None:
        """Say a source in other words."""
        base = self.report(source.book, source.calculate(source.book))
        before = 0 if isinstance(base, str) else len(base.findings)
        for name, book in rewritten(source.book, Random(f"{seed} {source.name}")):
            try:
                values = source.calculate(book)
            except ValueError:
                continue
            report = self.report(book, values)
            if isinstance(report, str):
                self.alarm(f"{source.name}, {name}: {report}")
            elif len(report.findings) > before or (report.findings and not before):
                self.alarm(f"{source.name}, {name}: {said(report.findings[0])}")

    def lines(self) -> Iterator[str]:
        """Yield what was found."""
        for whole in (False, True):
            total: Counter[str] = Counter()
            title = "mistakes in a column" if whole else "mistakes in one cell"
            yield f"{title:22}  made found exact first  near   called"
            for (of_whole, kind), row in sorted(self.rows.items()):
                if of_whole == whole:
                    total += row
                    called = ", ".join(f"{k} {n}" for k, n in self.said[whole, kind].most_common())
                    yield f"{kind:22} {_numbers(row)}   {called}"
            yield f"{'all':22} {_numbers(total)}"
        yield f"false alarms: {len(self.alarms)}"
        yield f"{self.checks} checks, {self.seconds / max(1, self.checks):.2f} s each"


def _numbers(row: Counter[str]) -> str:
    return " ".join(f"{row[key]:5}" for key in ("made", "found", "exact", "first", "near"))


def main() -> int:
    """Try what is asked for; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="of sources; all by default")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=4, help="mistakes in one cell, per source")
    parser.add_argument("--columns", type=int, default=2, help="mistakes in columns, per source")
    parser.add_argument("--of", action="append", choices=KINDS, help="kinds of sources")
    parser.add_argument("--alarms", action="store_true", help="say sources in other words, too")
    parser.add_argument("--truth", action="store_true", help="compare ways with what is true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--json", type=Path, help="write the figures there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tally = Tally(Path(folder, "book.xlsx"), given.verbose)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(print("\n".join(tally.lines()))))
        for kind, source in sources(given.of or list(KINDS), given.names):
            started = time.perf_counter()
            if kind == "way" and given.truth:
                way = all_ways()[source.name]
                report = tally.report(way.book, source.calculate(way.book))
                wrong = [report] if isinstance(report, str) else differences(report, way)
                print(f"{source.name}: {'; '.join(wrong) or 'as it is'}", flush=True)
            if given.count:
                tally.try_mistakes(source, given.seed, given.count, False)
            if given.columns:
                tally.try_mistakes(source, given.seed, given.columns, True)
            if given.alarms:
                tally.try_alarms(source, given.seed)
            took = time.perf_counter() - started
            print(f"... {kind} {source.name} {took:.1f} s", file=sys.stderr, flush=True)
    print("\n".join(tally.lines()))
    if given.json:
        rows = {f"{'column' if w else 'cell'} {k}": dict(r) for (w, k), r in tally.rows.items()}
        given.json.write_text(json.dumps({"rows": rows, "alarms": tally.alarms}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
