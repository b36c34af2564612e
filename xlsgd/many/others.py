"""Check workbooks that others wrote, each in detail, whatever becomes of the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from xlsgd.base.errors import XlsgdError
from xlsgd.base.progress import Progress
from xlsgd.base.visible import visible
from xlsgd.foreign.findings import CheckReport
from xlsgd.foreign.rendering import SCHEMA, book_findings, check_lines, nothing_judged
from xlsgd.many.calls import Work
from xlsgd.many.folder import choose
from xlsgd.many.in_order import InOrder
from xlsgd.many.running import answers
from xlsgd.processes.limited import in_own_process
from xlsgd.processes.limits import Limits
from xlsgd.report.findings import AllFindings
from xlsgd.report.formats import formats
from xlsgd.report.targets import check_targets, is_printed, written
from xlsgd.report.terminal import counted

__all__ = ["STATUSES", "CheckedOther", "OthersChecked", "check_others"]

STATUSES = {"right": 0, "nothing judged": 0, "wrong": 1, "failed": 2}
"""What may become of a file, with the exit status that follows from it."""


# In a helper process


def prepare() -> None:
    """Import what a check needs, once for all workbooks."""
    from xlsgd.foreign import check
    from xlsgd.torch_side.plain import load_torch

    assert check
    load_torch().set_num_threads(1)


def examine(path: str, sheets: Sequence[str]) -> CheckReport:
    """Return what there is to say of a workbook, or of some of its tabs."""
    from xlsgd.foreign.check import check

    return check(path, sheets=sheets)


# Where it is asked for


@dataclass(frozen=True)
class CheckedOther:
    """What became of one file.

    status: a key of STATUSES.   message: why it failed, beginning with its name.
    found: what there is to tell, None if it failed.
    """

    file: str
    status: str
    message: str = ""
    found: CheckReport | None = None

    def lines(self, width: int | None = None) -> list[str]:
        """Return what there is to tell of it.  width: columns of a terminal, None for none."""
        return [] if self.found is None else list(check_lines(self.found, width))


def check_others(
    paths: Sequence[Path],
    *,
    sheets: Sequence[str] = (),
    jobs: int | None = None,
    timeout: float | None = None,
    memory: int | None = None,
    dask: str | None = None,
    reports: Mapping[str, Path] | None = None,
    progress: Progress | None = None,
    copied: bool = False,
) -> OthersChecked:
    """Return what becomes of files: they are checked while somebody goes through it.

    paths: files, and folders that stand for all spreadsheets in them.
    sheets: the tabs that are told of, all if there are none.
    jobs, dask: as in ``check_many``.   timeout (seconds), memory (MiB): limits of one workbook.
    reports: files to write, by the name of their format; ``Path("-")`` is for who asks.
    copied: whether one file alone is checked in a copy of this process, under limits.
    Raises SpecError for what makes no sense, before anything is checked.
    """
    reports = {} if reports is None else reports
    chosen = choose(paths)
    check_targets(chosen.files, reports, "findings")
    limits = Limits.given(timeout, memory)
    if len(chosen.files) == 1 and jobs is None and dask is None:
        found = _alone(chosen.files[0], sheets, limits if copied else None, progress)
    else:
        found = _many(chosen.files, sheets, limits, 1 if jobs is None else jobs, dask)
    outcome = AllFindings(SCHEMA, passed_over=[(str(f), why) for f, why in chosen.passed_over])
    return OthersChecked(found, len(chosen.files), outcome, reports, progress)


def _alone(
    file: Path, sheets: Sequence[str], limits: Limits | None, progress: Progress | None
) -> Generator[tuple[int, CheckedOther]]:
    """Check one file in this process, or in a copy of it under limits."""

    def work(_: Progress | None) -> CheckReport:
        return examine(str(file), sheets)

    try:
        found = work(None) if limits is None else in_own_process(work, limits, str(file), progress)
    except XlsgdError as error:
        yield 0, CheckedOther(str(file), "failed", str(error))
    else:
        yield 0, CheckedOther(str(file), _status(found), found=found)


def _many(
    files: Sequence[Path], sheets: Sequence[str], limits: Limits, jobs: int, dask: str | None
) -> Generator[tuple[int, CheckedOther]]:
    """Check files side by side, each in a helper process."""
    work = Work(f"{__name__}:{examine.__name__}", limits)
    calls = ({"path": str(file), "sheets": [*sheets]} for file in files)
    with closing(answers(work, calls, jobs, dask)) as found:
        for place, answer in found:
            file = str(files[place])
            if answer.kind == "done":
                yield place, CheckedOther(file, _status(answer.value), found=answer.value)
            else:
                why = answer.message.removeprefix(f"{visible(file)}: ")
                yield place, CheckedOther(file, "failed", f"{visible(file)}: {why}")


def _status(found: CheckReport) -> str:
    if not found.agrees:
        return "wrong"
    return "nothing judged" if nothing_judged(found) else "right"


class OthersChecked(InOrder[CheckedOther]):
    """What becomes of files, one after the other, as somebody goes through them."""

    def __init__(
        self,
        found: Generator[tuple[int, CheckedOther]],
        total: int,
        outcome: AllFindings,
        reports: Mapping[str, Path],
        progress: Progress | None,
    ) -> None:
        """outcome: gets what is found.   reports: as ``check_others`` has them."""
        super().__init__(found, total, progress and partial(progress, "checking"))
        self.outcome = outcome
        self._reports = {formats()[name]: target for name, target in reports.items()}
        self._counts = Counter[str]()

    def keep(self, one: CheckedOther) -> None:
        """Count and keep what becomes of a file."""
        self._counts[one.status] += 1
        if one.found is None:
            self.outcome.failures.append((one.file, one.message))
        elif self._reports:
            self.outcome.books.append(book_findings(one.found))

    @property
    def status(self) -> int:
        """The exit status that follows: the worst of all."""
        return max((STATUSES[status] for status in self._counts), default=0)

    @property
    def prints_report(self) -> bool:
        """Whether a report is printed, in place of the text."""
        return any(map(is_printed, self._reports.values()))

    def notes(self) -> Iterator[str]:
        """Yield what there is to say of several files together, once they are checked."""
        for file, why in self.outcome.passed_over:
            yield visible(f"passed over: {file}: {why}")
        if self.total > 1:
            words = {"right": "with nothing wrong", "wrong": "wrong", "nothing judged":
                     "not recognised", "failed": "failed"}  # fmt: skip
            said = [f"{self._counts[status]:,} {word}" for status, word in words.items()]
            yield f"{counted(self.total, 'workbook')}: {', '.join(said)}"

    def write(self) -> Iterator[bytes]:
        """Write the reports; yield the one that is to be printed."""
        for format, target in self._reports.items():
            yield from written(target, format.findings(self.outcome))
