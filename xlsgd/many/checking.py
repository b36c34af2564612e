"""Check many workbooks against PyTorch: one result a workbook, whatever becomes of it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from xlsgd.base.errors import XlsgdError
from xlsgd.base.visible import visible
from xlsgd.many.calls import Limits, Reply, Work
from xlsgd.many.copies import __name__ as home_of_digest
from xlsgd.many.copies import digest
from xlsgd.many.helper import ask, end_helpers
from xlsgd.many.running import answers
from xlsgd.processes.limits import out_of_memory
from xlsgd.report.engines import EngineComparison
from xlsgd.report.formats.jsonl import Result, ResultsFile
from xlsgd.report.report import name_text

__all__ = ["FOREIGN", "check", "check_many", "compare", "prepare"]

FOREIGN = "foreign"
"""The reason of a workbook that is none of xlsgd's."""


# In a helper process


def prepare() -> None:
    """Import what a check needs, once for all workbooks."""
    from xlsgd.base.cells import Book, Formula
    from xlsgd.engines.formulas import ENGINE
    from xlsgd.torch_side.plain import load_torch
    from xlsgd.verifying import verification

    assert verification
    load_torch().set_num_threads(1)
    # Some libraries are only imported when there is something to calculate.
    ENGINE.calculate(Book({"first": {(1, 1): Formula("=SUM(1,2)")}}))


def check(path: str, engine: str, rtol: float | None, atol: float | None) -> dict[str, Any]:
    """Return the report on a workbook as plain data with its traits, or why there is none; and
    its checksum."""
    from xlsgd.base.errors import ForeignWorkbookError
    from xlsgd.many.copies import traits
    from xlsgd.report.json_report import report_data
    from xlsgd.report.tolerances import tolerances
    from xlsgd.verifying.opening import CircularError, open_workbook
    from xlsgd.verifying.verification import circular_report, examine

    found: dict[str, Any] = {"sha256": digest(path)}
    try:
        opened = open_workbook(path, engine)
        report = examine(opened, path, tolerances(rtol, atol))
    except CircularError as error:
        return {**found, "report": report_data(circular_report(error, path)), "untouched": False}
    except ForeignWorkbookError as error:
        return {**found, FOREIGN: str(error)}
    except XlsgdError as error:
        if out_of_memory(error):
            raise
        return {**found, "refused": str(error)}
    return {**found, "report": report_data(report), **traits(opened, report)}


def compare(
    path: str, engines: Sequence[str], rtol: float | None, atol: float | None
) -> EngineComparison | None:
    """Return what engines make of a workbook, without the numbers of every cell.

    None for a workbook that is none of xlsgd's.
    """
    from xlsgd.base.errors import ForeignWorkbookError
    from xlsgd.report.json_report import report_data, report_from
    from xlsgd.verifying.engines import compare_engines

    try:
        found = compare_engines(path, engines, rtol, atol)
    except ForeignWorkbookError:
        return None
    runs = [
        run if run.report is None else replace(run, report=report_from(report_data(run.report)))
        for run in found.runs
    ]
    return replace(found, runs=runs)


# Where they are asked for


def check_many(
    files: Sequence[str | Path],
    *,
    engine: str = "formulas",
    rtol: float | None = None,
    atol: float | None = None,
    jobs: int = 1,
    dask: str | None = None,
    limits: Limits | None = None,
    results: ResultsFile | None = None,
    skip_foreign: bool = False,
) -> Generator[tuple[int, Result]]:
    """Yield the result of every workbook as it comes, with its place among files.

    engine, rtol, atol: as in ``xlsgd.verify``.
    jobs: processes side by side; 0 for one per core.   dask: address of a Dask scheduler; every
    core of that cluster then is a place to work at, and files must be there under the same names.
    limits: what one workbook may take.
    skip_foreign: whether a workbook that is none of xlsgd's is passed over; else it failed.
    results: is continued: what it holds about these files as they are now is not done again.
    Raises SpecError for options that make no sense, ClusterError if the cluster cannot be used.
    """
    from xlsgd.engines import get_engine
    from xlsgd.report.tolerances import tolerances

    get_engine(engine)
    tolerances(rtol, atol)
    limits = limits or Limits()
    asked = {"engine": engine, "rtol": rtol, "atol": atol}
    xlsgd = version("xlsgd")
    known = {} if results is None else _known(results, {**asked, "xlsgd": xlsgd}, limits)
    names = [str(file) for file in files]
    shown = [name_text(name) for name in names]
    # Nothing is read here: a file may lie on a disk that does not answer, or be a device.
    hashing = Work(f"{home_of_digest}:{digest.__name__}", limits)
    try:
        todo: list[int] = []
        for place, name in enumerate(names):
            earlier = known.get(shown[place])
            if earlier is not None and earlier.sha256 == ask(hashing, {"path": name}).value:
                if earlier.reason == FOREIGN:
                    earlier = replace(earlier, status="skipped" if skip_foreign else "failed")
                yield place, earlier
            else:
                todo.append(place)
        if todo:
            found = _checked(names, shown, todo, asked, xlsgd, jobs, dask, hashing, results)
            for place, result in found:
                if skip_foreign and result.reason == FOREIGN:
                    result = replace(result, status="skipped")
                yield place, result
    finally:
        end_helpers(hashing)


def _checked(
    names: Sequence[str],
    shown: Sequence[str],
    todo: Sequence[int],
    asked: dict[str, Any],
    xlsgd: str,
    jobs: int,
    dask: str | None,
    hashing: Work,
    results: ResultsFile | None,
) -> Generator[tuple[int, Result]]:
    """Check the files at these places, and keep and yield their results as they come."""
    limits = hashing.limits
    calls = ({"path": names[place], **asked} for place in todo)
    work = Work(f"{__name__}:{check.__name__}", limits)
    for number, answer in answers(work, calls, jobs, dask):
        place = todo[number]
        value = answer.value or {}
        sha256 = value.get("sha256") or ask(hashing, {"path": names[place]}).value
        reason = None if answer.kind == "done" else answer.kind
        for why in ("refused", FOREIGN):
            if why in value:
                answer, reason = Reply(why, None, value[why], answer.seconds), why
        status, message = _judged(names[place], answer)
        result = Result(
            file=shown[place],
            status=status,
            reason=reason,
            message=message,
            seconds=round(answer.seconds, 3),
            sha256=sha256,
            xlsgd=xlsgd,
            timeout=limits.seconds,
            memory=limits.memory,
            report=value.get("report"),
            content=value.get("content"),
            seed=value.get("seed"),
            untouched=value.get("untouched"),
            made=value.get("made"),
            **asked,
        )
        if results is not None:
            results.write(result)
        yield place, result


def _known(results: ResultsFile, asked: dict[str, Any], limits: Limits) -> dict[str, Result]:
    """Return the results that still count, by the name of their file; the last one of each."""
    known: dict[str, Result] = {}
    for result in results.read():
        same = all(getattr(result, name) == value for name, value in asked.items())
        larger = (result.reason == "timeout" and limits.seconds > result.timeout) or (
            result.reason == "memory" and limits.memory > result.memory
        )
        if same and not larger and result.sha256 is not None:
            known[result.file] = result
        else:
            known.pop(result.file, None)
    return known


def _judged(name: str, answer: Reply) -> tuple[str, str]:
    """Return the status of a workbook, and what to say of it in a line."""
    if answer.kind != "done":
        # Messages of xlsgd begin with the file, which stands in front of the line already.
        return "failed", answer.message.removeprefix(f"{visible(name)}: ")
    report = answer.value["report"]
    if report["ok"]:
        return "agrees", f"{report['cells_compared']:,} cells compared"
    first = report["first_difference"]
    if first is None:
        tabs = [sheet["name"] for sheet in report["sheets"] if not sheet["ok"]]
        return "differs", f"verdicts differ: {', '.join(tabs)}"
    wrong = report["cells_differing"]
    quantity = f" ({first['quantity']})" if first["quantity"] else ""
    return "differs", (
        f"{wrong:,} {'cell' if wrong == 1 else 'cells'}, first "
        f"{first['sheet']}!{first['cell']}{quantity}: {first['reason']}"
    )
