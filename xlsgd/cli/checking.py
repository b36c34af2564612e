"""What ``xlsgd verify`` does with its files: one in detail, or many with a line each."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xlsgd.base.errors import ForeignWorkbookError, XlsgdError
from xlsgd.cli.common import (
    AGREES,
    DIFFERS,
    FAILED,
    InOrder,
    ProgressBar,
    say,
    terminal_width,
)

if TYPE_CHECKING:
    from xlsgd.many import Limits
    from xlsgd.many.copies import Seen
    from xlsgd.report import Report
    from xlsgd.report.engines import EngineComparison

__all__ = ["Check"]

_NO_XLSGD = "is no workbook of xlsgd"


class Check:
    """What is checked, how, and what came of it.

    reports, failures: of the files that could be checked, and of the others; for many files they
    are only kept if somebody wants them.   passed_over: files that were not meant, and why.
    copies: what there is to say of files that are like each other.   status: the exit status.
    """

    def __init__(
        self,
        engine: str,
        rtol: float | None,
        atol: float | None,
        skip_foreign: bool,
        *,
        quiet: bool,
        lines: bool,
        keep: bool,
    ) -> None:
        """lines: whether results are printed as text.   keep: whether reports will be asked for."""
        self._how = {"engine": engine, "rtol": rtol, "atol": atol}
        self._rtol, self._atol, self._skip_foreign = rtol, atol, skip_foreign
        self._quiet, self._lines, self._keep = quiet, lines, keep
        self.reports: list[Report] = []
        self.failures: list[tuple[str, str]] = []
        self.comparisons: list[EngineComparison] = []
        self.passed_over: list[tuple[str, str]] = []
        self.copies: list[str] = []
        self.status = AGREES

    def one(self, file: Path) -> None:
        """Check one file in this process and describe it in detail."""
        from xlsgd.report.terminal import report_lines
        from xlsgd.verifying.verification import verify as check

        progress = ProgressBar(self._quiet)
        try:
            report = check(file, **self._how, progress=progress)  # type: ignore[arg-type]
        except XlsgdError as error:
            progress.clear()
            self.fail(file, error)
            return
        finally:
            progress.clear()
        self.reports.append(report)
        self.status = AGREES if report.ok else DIFFERS
        if self._lines and not (self._quiet and report.ok):
            say(*report_lines(report))

    def by_several(self, file: Path, engines: Sequence[str]) -> None:
        """Check one file in this process with several engines and describe it in detail."""
        from xlsgd.verifying.engines import compare_engines

        progress = ProgressBar(self._quiet)
        try:
            found = compare_engines(file, engines, self._rtol, self._atol, progress)
        except XlsgdError as error:
            progress.clear()
            self.fail(file, error)
            return
        finally:
            progress.clear()
        text = self._text(found)
        if text is not None:
            say(*text.split("\n"))
        self._keep_comparison(found)

    def many_by_several(
        self,
        files: Sequence[Path],
        engines: Sequence[str],
        jobs: int,
        limits: Limits,
        dask: str | None,
    ) -> None:
        """Check files side by side with several engines and describe each, in their order."""
        from xlsgd.many.comparing import compare_many
        from xlsgd.many.copies import Seen
        from xlsgd.many.results import digest, one_line

        lines = InOrder(ProgressBar(self._quiet), "verifying", len(files))
        kept: dict[int, EngineComparison] = {}
        failed: dict[int, tuple[str, str]] = {}
        seen: dict[int, Seen] = {}
        skipped: dict[int, tuple[str, str]] = {}
        found = compare_many(
            files, engines, rtol=self._rtol, atol=self._atol, jobs=jobs, dask=dask, limits=limits
        )
        try:
            with closing(found):
                for place, answer in found:
                    file = str(files[place])
                    seen[place] = Seen(file, digest(files[place]))
                    if answer.kind == "done" and answer.value is not None:
                        kept[place] = answer.value
                        lines.add(place, self._text(answer.value))
                        continue
                    message = answer.message.removeprefix(f"{file}: ") or _NO_XLSGD
                    if answer.kind == "done" and self._skip_foreign:
                        skipped[place] = file, message
                        lines.add(place, None)
                        continue
                    failed[place] = file, f"{file}: {message}"
                    text = one_line(f"{file}: FAILED, {message}")
                    lines.add(place, text if self._lines else None)
        except KeyboardInterrupt:
            lines.rest()
            done = len(kept) + len(failed)
            click.echo(f"Interrupted: {done:,} of {len(files):,} are done", err=True)
            sys.exit(FAILED)
        finally:
            lines.rest()
        for place in sorted(kept):
            self._keep_comparison(kept[place])
        self.failures += (failed[place] for place in sorted(failed))
        self.passed_over += (skipped[place] for place in sorted(skipped))
        self.status = FAILED if failed else self.status
        self._say_of_all([seen[place] for place in sorted(seen)])

    def _text(self, found: EngineComparison) -> str | None:
        from xlsgd.report.engines import comparison_lines

        if not self._lines or (self._quiet and found.ok):
            return None
        return "\n".join(comparison_lines(found, terminal_width()))

    def _keep_comparison(self, found: EngineComparison) -> None:
        self.comparisons.append(found)
        self.reports += found.reports
        self.status = max(self.status, FAILED if found.failed else AGREES if found.ok else DIFFERS)

    def fail(self, file: Path, error: XlsgdError) -> None:
        """Say that a file could not be checked, or that it is passed over."""
        foreign = isinstance(error, ForeignWorkbookError)
        if foreign and self._skip_foreign:
            self.passed_over.append((str(file), str(error).removeprefix(f"{file}: ")))
            click.echo(f"passed over: {error}", err=True)
            return
        self.failures.append((str(file), str(error)))
        self.status = FAILED
        click.echo(f"Error: {error}", err=True)

    def many(
        self,
        files: Sequence[Path],
        jobs: int,
        limits: Limits,
        dask: str | None,
        jsonl_file: Path | None,
        resume: bool,
        force: bool,
    ) -> None:
        """Check files side by side and say a line about each, in their order."""
        from xlsgd.many import ResultsFile, check_many
        from xlsgd.many.copies import Seen
        from xlsgd.report.json_report import report_from
        from xlsgd.report.terminal import counted

        counts = dict.fromkeys(("agrees", "differs", "failed", "skipped"), 0)
        kept: dict[int, Report | tuple[str, str]] = {}
        seen: dict[int, Seen] = {}
        skipped: dict[int, tuple[str, str]] = {}
        lines = InOrder(ProgressBar(self._quiet), "verifying", len(files))
        opened = nullcontext() if jsonl_file is None else ResultsFile(jsonl_file, resume, force)
        with opened as results:
            found = check_many(
                files, **self._how, jobs=jobs, dask=dask, limits=limits, results=results,  # type: ignore[arg-type]
                skip_foreign=self._skip_foreign,
            )  # fmt: skip
            try:
                with closing(found):
                    for place, r in found:
                        counts[r.status] += 1
                        quiet = self._quiet and r.status in ("agrees", "skipped")
                        lines.add(place, r.line if self._lines and not quiet else None)
                        seen[place] = Seen(r.file, r.sha256, r.content, r.seed, r.untouched)
                        if r.status == "skipped":
                            skipped[place] = r.file, r.message
                        elif self._keep and r.report is not None:
                            kept[place] = report_from(r.report)
                        elif self._keep:
                            kept[place] = r.file, f"{r.file}: {r.message}"
            except KeyboardInterrupt:
                lines.rest()
                done = sum(counts.values())
                how = "" if jsonl_file is None else "; the same command with --resume goes on"
                click.echo(f"Interrupted: {done:,} of {len(files):,} are done{how}", err=True)
                sys.exit(FAILED)
            finally:
                lines.rest()
        for place in sorted(kept):
            one = kept[place]
            self.failures.append(one) if isinstance(one, tuple) else self.reports.append(one)
        self._say_of_all([seen[place] for place in sorted(seen)])
        self.passed_over += (skipped[place] for place in sorted(skipped))  # they had their lines
        if not self._quiet:
            words = {"agrees": "agree", "differs": "differ"}
            said = [
                f"{n:,} {status if n == 1 else words.get(status, status)}"
                for status, n in counts.items()
                if status != "skipped"
            ]
            said += [f"{n:,} passed over"] if (n := len(self.passed_over)) else []
            checked = len(files) - counts["skipped"]
            click.echo(f"{counted(checked, 'workbook')}: {', '.join(said)}", err=True)
        self.status = FAILED if counts["failed"] else DIFFERS if counts["differs"] else AGREES

    def _say_of_all(self, seen: Sequence[Seen]) -> None:
        """Say which files are like each other, and which were passed over."""
        from xlsgd.many.copies import copy_lines, untouched_line
        from xlsgd.many.results import one_line

        untouched = untouched_line(seen)
        self.copies = [*copy_lines(seen), *([] if untouched is None else [untouched])]
        for line in [] if self._quiet else self.copies:
            click.echo(one_line(f"note: {line}"), err=True)
        for file, why in [] if self._quiet else self.passed_over:
            click.echo(one_line(f"passed over: {file}: {why}"), err=True)

    def write_reports(self, json_file: Path | None, junit_file: Path | None) -> None:
        """Write what was asked for; - is standard output."""
        from xlsgd.base.files import write_whole
        from xlsgd.report.json_report import to_json
        from xlsgd.report.junit import to_junit

        found = self.reports, self.failures, self.comparisons, self.passed_over
        for file in (json_file, junit_file):
            if file is None:
                continue
            text = to_json(*found, self.copies) if file is json_file else to_junit(*found)
            # A file's name may hold bytes that are no letters; they are written as \\udcxx.
            content = text.encode("utf-8", "backslashreplace")
            if str(file) == "-":
                click.echo(content, nl=False)
            else:
                write_whole(file, content, force=True)
