"""The command ``xlsgd verify``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xlsgd.cli.common import (
    AGREES,
    DIFFERS,
    FAILED,
    InOrder,
    ProgressBar,
    errors_as_text,
    refuse_to_overwrite,
    within,
)
from xlsgd.cli.options import comparing, engines_option, given_limits, many_options
from xlsgd.errors import SpecError, XlsgdError
from xlsgd.files import files_below, is_folder

if TYPE_CHECKING:
    from xlsgd.many import Limits
    from xlsgd.report import Report
    from xlsgd.report.engines import EngineComparison

__all__ = ["verify"]


@click.command(epilog="Example:  xlsgd verify graddesc.xlsx --json report.json")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE|DIR..."
)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write a report as JSON."
)
@click.option(
    "--junit", "junit_file", type=click.Path(path_type=Path), help="Write a report as JUnit XML."
)
@many_options
@click.option(
    "--jsonl", "jsonl_file", type=click.Path(path_type=Path),
    help="Write a line of JSON per workbook, as they are done.",
)  # fmt: skip
@click.option(
    "--resume", is_flag=True, help="Continue the file of --jsonl: do only what is not in it yet."
)
@click.option("--force", is_flag=True, help="Replace the file of --jsonl.")
@comparing
@engines_option
def verify(
    paths: tuple[Path, ...],
    json_file: Path | None,
    junit_file: Path | None,
    jobs: int | None,
    timeout: float | None,
    memory: int | None,
    dask: str | None,
    jsonl_file: Path | None,
    resume: bool,
    force: bool,
    engines: tuple[str, ...],
    rtol: float | None,
    atol: float | None,
    quiet: bool,
) -> None:
    """Check workbooks against PyTorch, every cell.  A folder stands for all .xlsx files in it.

    One file alone is described in detail.  A folder, several files, or one of the options -j,
    --timeout, --memory, --dask and --jsonl gives a line a file; one that hangs or crashes does
    not stop the others.
    """
    with errors_as_text():
        files = _workbooks(paths)
        targets = [file for file in (json_file, junit_file, jsonl_file) if file is not None]
        if len({os.path.realpath(target) for target in targets}) < len(targets):
            raise SpecError("--json, --junit and --jsonl: need a file each, got one for two")
        for target in targets:
            refuse_to_overwrite(files, target)
        if (resume or force) and jsonl_file is None:
            raise SpecError(f"{'--resume' if resume else '--force'} is about the file of --jsonl")
        if resume and force:
            raise SpecError("--resume and --force exclude each other: continue it or replace it")
        from xlsgd.engines import ALL, chosen_engines
        from xlsgd.tolerances import tolerances

        # What is wrong with the options is wrong for every file: say it once.
        names = chosen_engines(engines)
        tolerances(rtol, atol)
        limits = given_limits(timeout, memory)
        several = len(names) > 1 or ALL in engines
        keep = json_file is not None or junit_file is not None
        check = _Check(names[0], rtol, atol, quiet, keep)
        options = (jobs, timeout, memory, dask, jsonl_file)
        single = [*paths] == files and len(files) == 1 and all(given is None for given in options)
        jobs = 1 if jobs is None else jobs
        if several and jsonl_file is not None:
            raise SpecError(f"--jsonl takes one engine; got {', '.join(names)}")

        def finish() -> int:
            _write_reports(json_file, junit_file, check.reports, check.failures, check.comparisons)
            return check.status

        def do_one() -> int:
            if several:
                check.by_several(files[0], engines)
            else:
                check.one(files[0])
            return finish()

        if single:
            from xlsgd.apart import LimitError

            try:
                status = within(limits, files[0], do_one)
            except LimitError as error:
                check.fail(files[0], error)
                status = finish()
        elif several:
            check.many_by_several(files, engines, jobs, limits, dask)
            status = finish()
        else:
            check.many(files, jobs, limits, dask, jsonl_file, resume, force)
            status = finish()
    sys.exit(status)


class _Check:
    """What is checked, how, and what came of it.

    reports, failures: of the files that could be checked, and of the others; for many files they
    are only kept if somebody wants them.   status: the exit status.
    """

    def __init__(
        self, engine: str, rtol: float | None, atol: float | None, quiet: bool, keep: bool
    ) -> None:
        self._how = {"engine": engine, "rtol": rtol, "atol": atol}
        self._rtol, self._atol = rtol, atol
        self._quiet, self._keep = quiet, keep
        self.reports: list[Report] = []
        self.failures: list[tuple[str, str]] = []
        self.comparisons: list[EngineComparison] = []
        self.status = AGREES

    def one(self, file: Path) -> None:
        """Check one file in this process and describe it in detail."""
        from xlsgd.report.terminal import report_lines
        from xlsgd.verification import verify as check

        progress = ProgressBar(self._quiet)
        try:
            report = check(file, **self._how, progress=progress)  # type: ignore[arg-type]
        except XlsgdError as error:
            progress.clear()
            self.fail(file, error)
            return
        progress.clear()
        self.reports.append(report)
        self.status = AGREES if report.ok else DIFFERS
        if not (self._quiet and report.ok):
            click.echo("\n".join(report_lines(report)))

    def by_several(self, file: Path, engines: Sequence[str]) -> None:
        """Check one file in this process with several engines and describe it in detail."""
        from xlsgd.engine_comparison import compare_engines

        progress = ProgressBar(self._quiet)
        try:
            found = compare_engines(file, engines, self._rtol, self._atol, progress)
        except XlsgdError as error:
            progress.clear()
            self.fail(file, error)
            return
        progress.clear()
        text = self._text(found)
        if text is not None:
            click.echo(text)
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
        from xlsgd.many.results import one_line

        lines = InOrder(ProgressBar(self._quiet), "verifying", len(files))
        kept: dict[int, EngineComparison] = {}
        failed: dict[int, tuple[str, str]] = {}
        found = compare_many(
            files, engines, rtol=self._rtol, atol=self._atol, jobs=jobs, dask=dask, limits=limits
        )
        try:
            with closing(found):
                for place, answer in found:
                    if answer.kind == "done":
                        kept[place] = answer.value
                        lines.add(place, self._text(answer.value))
                        continue
                    message = answer.message.removeprefix(f"{one_line(str(files[place]))}: ")
                    failed[place] = str(files[place]), f"{files[place]}: {message}"
                    lines.add(place, one_line(f"{files[place]}: FAILED, {message}"))
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
        self.status = FAILED if failed else self.status

    def _text(self, found: EngineComparison) -> str | None:
        from xlsgd.report.engines import comparison_lines

        return None if self._quiet and found.ok else "\n".join(comparison_lines(found))

    def _keep_comparison(self, found: EngineComparison) -> None:
        self.comparisons.append(found)
        self.reports += found.reports
        self.status = max(self.status, FAILED if found.failed else AGREES if found.ok else DIFFERS)

    def fail(self, file: Path, error: XlsgdError) -> None:
        """Say that a file could not be checked."""
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
        from xlsgd.report.json_report import report_from
        from xlsgd.report.terminal import counted

        counts = dict.fromkeys(("agrees", "differs", "failed"), 0)
        kept: dict[int, Report | tuple[str, str]] = {}
        lines = InOrder(ProgressBar(self._quiet), "verifying", len(files))
        opened = nullcontext() if jsonl_file is None else ResultsFile(jsonl_file, resume, force)
        with opened as results:
            found = check_many(
                files, **self._how, jobs=jobs, dask=dask, limits=limits, results=results,  # type: ignore[arg-type]
            )  # fmt: skip
            try:
                with closing(found):
                    for place, result in found:
                        counts[result.status] += 1
                        quiet = self._quiet and result.status == "agrees"
                        lines.add(place, None if quiet else result.line)
                        if self._keep and result.report is not None:
                            kept[place] = report_from(result.report)
                        elif self._keep:
                            kept[place] = result.file, f"{result.file}: {result.message}"
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
        if not self._quiet:
            words = {"agrees": "agree", "differs": "differ", "failed": "failed"}
            said = (f"{n:,} {status if n == 1 else words[status]}" for status, n in counts.items())
            click.echo(f"{counted(len(files), 'workbook')}: {', '.join(said)}", err=True)
        self.status = FAILED if counts["failed"] else DIFFERS if counts["differs"] else AGREES


def _workbooks(paths: tuple[Path, ...]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if not is_folder(path):
            files.append(path)
            continue
        # "~$" marks the lock files that Excel leaves beside an open workbook.
        inside = sorted(
            p for p in files_below(path) if p.suffix == ".xlsx" and not p.name.startswith("~$")
        )
        if not inside:
            raise SpecError(f"{path}: no .xlsx file in this folder")
        files += inside
    once: dict[str, Path] = {}
    for file in files:
        once.setdefault(
            os.path.realpath(file), file
        )  # Path.resolve fails where links go in circles
    return list(once.values())


def _write_reports(
    json_file: Path | None,
    junit_file: Path | None,
    reports: list[Report],
    failures: list[tuple[str, str]],
    comparisons: list[EngineComparison],
) -> None:
    from xlsgd.files import write_whole
    from xlsgd.report.json_report import to_json
    from xlsgd.report.junit import to_junit

    for file, render in ((json_file, to_json), (junit_file, to_junit)):
        if file is not None:
            # A report is a result of this very run: the one of the last run is to be replaced.
            # A file's name may hold bytes that are no letters; they are written as \\udcxx.
            text = render(reports, failures, comparisons)
            write_whole(file, text.encode("utf-8", "backslashreplace"), force=True)
