"""The command ``xlsgd verify``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from xlsgd.base.errors import SpecError
from xlsgd.cli.checking import Check
from xlsgd.cli.common import errors_as_text, refuse_to_overwrite, within
from xlsgd.cli.options import comparing, engines_option, given_limits, many_options
from xlsgd.cli.types import FILE, OUTPUT

__all__ = ["verify"]


@click.command(epilog="Example:  xlsgd verify graddesc.xlsx --json report.json")
@click.argument("paths", nargs=-1, required=True, type=FILE, metavar="FILE|DIR...")
@click.option(
    "--json", "json_file", type=OUTPUT,
    help="Write a report as JSON; - for standard output, in place of the text.",
)  # fmt: skip
@click.option(
    "--junit", "junit_file", type=OUTPUT,
    help="Write a report as JUnit XML; - for standard output, in place of the text.",
)  # fmt: skip
@click.option("--skip-foreign", is_flag=True, help="Pass over workbooks that are none of xlsgd's.")
@many_options
@click.option(
    "--jsonl", "jsonl_file", type=FILE, help="Write a line of JSON per workbook, as they are done."
)
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
    skip_foreign: bool,
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
    """Check workbooks against PyTorch, every cell.

    A folder stands for all spreadsheets in it, whatever program's.  One file alone is described in
    detail.  A folder, several files, or one of the options -j, --timeout, --memory, --dask and
    --jsonl gives a line a file; one that hangs or crashes does not stop the others.
    """
    with errors_as_text():
        from xlsgd.many.folder import choose

        chosen = choose(paths)
        files = chosen.files
        reports = [file for file in (json_file, junit_file) if file is not None]
        printed = [file for file in reports if str(file) == "-"]
        _check_targets(files, reports, jsonl_file)
        if (resume or force) and jsonl_file is None:
            raise SpecError(f"{'--resume' if resume else '--force'} is about the file of --jsonl")
        if resume and force:
            raise SpecError("--resume and --force exclude each other: continue it or replace it")
        from xlsgd.engines import ALL, chosen_engines
        from xlsgd.report.tolerances import tolerances

        # What is wrong with the options is wrong for every file: say it once.
        names = chosen_engines(engines)
        tolerances(rtol, atol)
        limits = given_limits(timeout, memory)
        several = len(names) > 1 or ALL in engines
        check = Check(
            names[0], rtol, atol, skip_foreign,
            quiet=quiet, lines=not printed, keep=bool(reports),
        )  # fmt: skip
        check.passed_over += ((str(file), why) for file, why in chosen.passed_over)
        options = (jobs, timeout, memory, dask, jsonl_file)
        single = [*paths] == files and len(files) == 1 and all(given is None for given in options)
        jobs = 1 if jobs is None else jobs
        if several and jsonl_file is not None:
            raise SpecError(f"--jsonl takes one engine; got {', '.join(names)}")

        def finish() -> int:
            check.write_reports(json_file, junit_file)
            return check.status

        def do_one() -> int:
            if several:
                check.by_several(files[0], engines)
            else:
                check.one(files[0])
            return finish()

        if single:
            from xlsgd.processes.limited import LimitError

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


def _check_targets(files: Sequence[Path], reports: Sequence[Path], jsonl: Path | None) -> None:
    """Raise SpecError for reports that cannot be written, before there is anything to write."""
    from xlsgd.base.files import check_target

    if jsonl is not None and str(jsonl) == "-":
        raise SpecError("--jsonl -: it needs a file, which --resume goes on with; --json - prints")
    targets = [*reports, *([] if jsonl is None else [jsonl])]
    names = [str(t) if str(t) == "-" else os.path.realpath(t) for t in targets]
    if len(set(names)) < len(names):
        raise SpecError("--json, --junit and --jsonl: need a file each, got one for two")
    for target in targets:
        if str(target) != "-":
            refuse_to_overwrite(files, target)
    for report in reports:
        if str(report) != "-":
            # A report is a result of this very run: the one of the last run is to be replaced.
            check_target(report, force=True)
