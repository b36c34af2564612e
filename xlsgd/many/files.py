"""Check files, whichever are meant: one alone in detail, or many with a line each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shlex import quote
from typing import Any

from xlsgd.base.errors import ForeignWorkbookError, SpecError, XlsgdError
from xlsgd.base.progress import Progress
from xlsgd.base.visible import visible
from xlsgd.engines import ALL, chosen_engines
from xlsgd.many.calls import Work
from xlsgd.many.checking import check_many, compare
from xlsgd.many.copies import Seen, copy_lines, digest, untouched_line
from xlsgd.many.folder import choose
from xlsgd.many.in_order import InOrder
from xlsgd.many.running import answers
from xlsgd.processes.limited import in_own_process
from xlsgd.processes.limits import Limits
from xlsgd.report.engines import EngineComparison, comparison_lines
from xlsgd.report.formats import formats
from xlsgd.report.json_report import report_from
from xlsgd.report.outcome import Outcome
from xlsgd.report.report import Report
from xlsgd.report.targets import check_targets, is_printed, written
from xlsgd.report.terminal import counted, report_lines
from xlsgd.report.tolerances import tolerances

__all__ = ["STATUSES", "CheckedFile", "FilesChecked", "check_files"]

STATUSES = {"agrees": 0, "skipped": 0, "differs": 1, "failed": 2}
"""What may become of a file, with the exit status that follows from it."""


@dataclass(frozen=True)
class CheckedFile:
    """What became of one file.

    status: a key of STATUSES.   message: why it failed or is passed over, beginning with its name.
    found: what there is to tell in detail, None if it failed.
    line: what there is to tell in a line, where there are many.
    seen: what tells whether it is like another one.
    """

    file: str
    status: str
    message: str = ""
    found: Report | EngineComparison | None = None
    line: str = ""
    seen: Seen | None = None

    def lines(self, width: int | None = None) -> list[str]:
        """Return what there is to tell of it.  width: columns of a terminal, None for none."""
        if self.line or self.found is None:
            return [self.line] if self.line else []
        if isinstance(self.found, Report):
            return list(report_lines(self.found))
        return list(comparison_lines(self.found, width))


def check_files(paths: Sequence[Path], **options: Any) -> FilesChecked:
    """Return what becomes of files: they are checked while somebody goes through it.

    paths: files, and folders that stand for all spreadsheets in them.   options: of FilesChecked.
    Raises SpecError for what makes no sense, before anything is checked.
    """
    return FilesChecked(paths, **options)


class FilesChecked(InOrder[CheckedFile]):
    """What becomes of files, one after the other, as somebody goes through them.

    outcome: what was found in all of them; reports only where a file of reports is to be written.
    alone: whether it is one file, which is told in detail.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        engines: Sequence[str] = ("formulas",),
        rtol: float | None = None,
        atol: float | None = None,
        skip_foreign: bool = False,
        jobs: int | None = None,
        timeout: float | None = None,
        memory: int | None = None,
        dask: str | None = None,
        reports: Mapping[str, Path] | None = None,
        resume: bool = False,
        force: bool = False,
        progress: Progress | None = None,
        copied: bool = False,
    ) -> None:
        """engines: more than one, or ``all``, are compared with each other as well.

        skip_foreign: whether a workbook that is none of xlsgd's is passed over; else it failed.
        rtol, atol, jobs, dask: as in ``check_many``.   timeout (seconds), memory (MiB): its limits.
        reports: files to write, by the name of their format; ``Path("-")`` is for who asks.
        resume, force: whether a file that gets a line a workbook is continued, or replaced.
        copied: whether one file alone, which is checked in this process, is checked in a copy of
            it, under limits.
        """
        reports = {} if reports is None else reports
        chosen = choose(paths)
        files = chosen.files
        check_targets(files, reports)
        streams = [name for name in formats("lines") if name in reports]
        if (resume or force) and not streams:
            of = " or ".join(f"--{name}" for name in formats("lines"))
            raise SpecError(f"{'--resume' if resume else '--force'} is about the file of {of}")
        if resume and force:
            raise SpecError("--resume and --force exclude each other: continue it or replace it")
        # What is wrong with the options is wrong for every file: say it once.
        names = chosen_engines(engines)
        self._tolerances, self._limits = {"rtol": rtol, "atol": atol}, Limits.given(timeout, memory)
        tolerances(rtol, atol)
        self._several = len(names) > 1 or ALL in engines
        for name in reports if self._several else ():
            if not formats()[name].several_engines:
                raise SpecError(f"--{name} takes one engine; got {', '.join(names)}")
        if len(streams) > 1:
            raise SpecError(f"--{streams[0]} and --{streams[1]} exclude each other")
        given = (jobs, timeout, memory, dask, *streams)
        self.alone = [*paths] == files and len(files) == 1 and all(each is None for each in given)
        self._files, self._skip_foreign = files, skip_foreign
        self._engines = engines if self._several else names
        self._jobs, self._dask = 1 if jobs is None else jobs, dask
        self._open = None
        if streams:
            self._open = partial(formats()[streams[0]].lines, reports[streams[0]], resume, force)
        whole = formats("outcome").values()
        self._reports = {each: reports[each.name] for each in whole if each.name in reports}
        found = self._by_several() if self._several else self._by_one()
        tell = progress and partial(progress, "verifying")
        far = f"are done{'; the same command with --resume goes on' if streams else ''}"
        if self.alone:
            found, tell, far = self._in_detail(progress, copied), None, ""
        super().__init__(found, len(files), tell, far)
        self.outcome = Outcome(passed_over=[(str(file), why) for file, why in chosen.passed_over])
        self._unsaid = [*self.outcome.passed_over]
        self._counts = Counter[str]()
        self._seen: list[Seen] = []

    def keep(self, one: CheckedFile) -> None:
        """Count and keep what becomes of a file."""
        self._counts[one.status] += 1
        if one.seen is not None:
            self._seen.append(one.seen)
        if one.status == "skipped":
            reason = one.message.removeprefix(f"{one.file}: ")
            self.outcome.passed_over.append((one.file, reason))
            self._unsaid += [] if self.alone or one.line else [(one.file, reason)]
        elif not self._reports:
            pass  # nobody will ask
        elif isinstance(one.found, Report):
            self.outcome.reports.append(one.found)
        elif one.found is not None:
            self.outcome.comparisons.append(one.found)
            self.outcome.reports += one.found.reports
        else:
            self.outcome.failures.append((one.file, one.message))

    @property
    def status(self) -> int:
        """The exit status that follows: 0 all agree, 1 some differ, 2 some could not be checked."""
        return max((STATUSES[status] for status in self._counts), default=0)

    @property
    def prints_report(self) -> bool:
        """Whether a report is printed, in place of the text."""
        return any(map(is_printed, self._reports.values()))

    def notes(self) -> Iterator[str]:
        """Yield what there is to say of all files together, once they are checked."""
        if self.alone:
            return
        untouched = untouched_line(self._seen)
        self.outcome.copies = [*copy_lines(self._seen), *([untouched] if untouched else [])]
        yield from (visible(f"note: {line}") for line in self.outcome.copies)
        yield from (visible(f"passed over: {file}: {why}") for file, why in self._unsaid)
        if not self._several:
            agree, differ, failed = (self._counts[s] for s in ("agrees", "differs", "failed"))
            said = [
                f"{agree:,} {'agrees' if agree == 1 else 'agree'}",
                f"{differ:,} {'differs' if differ == 1 else 'differ'}",
                f"{failed:,} failed",
            ]
            said += [f"{n:,} passed over"] if (n := len(self.outcome.passed_over)) else []
            checked = self.total - self._counts["skipped"]
            yield f"{counted(checked, 'workbook')}: {', '.join(said)}"

    def write(self) -> Iterator[bytes]:
        """Write the reports; yield the one that is to be printed."""
        for format, target in self._reports.items():
            yield from written(target, format.outcome(self.outcome))

    # What becomes of them

    def _in_detail(
        self, progress: Progress | None, copied: bool
    ) -> Generator[tuple[int, CheckedFile]]:
        """Check one file in this process, or in a copy of it."""
        file = self._files[0]

        def work(tell: Progress | None) -> Report | EngineComparison:
            if self._several:
                from xlsgd.verifying.engines import compare_engines

                compared = compare_engines(file, self._engines, progress=tell, **self._tolerances)
                return compared.without_tables()
            from xlsgd.verifying.verification import verify

            report = verify(file, self._engines[0], progress=tell, **self._tolerances)
            return report.without_tables()

        try:
            found = (
                in_own_process(work, self._limits, str(file), progress)
                if copied
                else work(progress)
            )
        except XlsgdError as error:
            skipped = self._skip_foreign and isinstance(error, ForeignWorkbookError)
            yield 0, CheckedFile(str(file), "skipped" if skipped else "failed", str(error))
        else:
            yield 0, CheckedFile(str(file), _status(found), found=found)

    def _by_several(self) -> Generator[tuple[int, CheckedFile]]:
        """Have several engines check files side by side."""
        work = Work(f"{compare.__module__}:{compare.__name__}", self._limits)
        how = {"engines": [*self._engines], **self._tolerances}
        calls = ({"path": str(file), **how} for file in self._files)
        with closing(answers(work, calls, self._jobs, self._dask)) as found:
            for place, answer in found:
                file = str(self._files[place])
                seen = Seen(file, digest(file))
                if answer.kind == "done" and answer.value is not None:
                    yield (
                        place,
                        CheckedFile(file, _status(answer.value), "", answer.value, seen=seen),
                    )
                    continue
                message = answer.message.removeprefix(f"{file}: ") or (
                    f"is no workbook of xlsgd; xlsgd check {quote(file)} looks at workbooks "
                    "of others"
                )
                if answer.kind == "done" and self._skip_foreign:
                    yield place, CheckedFile(file, "skipped", f"{file}: {message}", seen=seen)
                else:
                    line = visible(f"{file}: FAILED, {message}")
                    yield place, CheckedFile(file, "failed", f"{file}: {message}", None, line, seen)

    def _by_one(self) -> Generator[tuple[int, CheckedFile]]:
        """Have one engine check files side by side."""
        with nullcontext() if self._open is None else self._open() as results:
            checked = check_many(
                self._files, engine=self._engines[0], jobs=self._jobs, dask=self._dask,
                limits=self._limits, results=results, skip_foreign=self._skip_foreign,
                **self._tolerances,
            )  # fmt: skip
            with closing(checked):
                for place, r in checked:
                    found = report_from(r.report) if self._reports and r.report else None
                    seen = Seen(r.file, r.sha256, r.content, r.seed, r.untouched, r.made)
                    message = f"{r.file}: {r.message}"
                    yield place, CheckedFile(r.file, r.status, message, found, r.line, seen)


def _status(found: Report | EngineComparison) -> str:
    if isinstance(found, EngineComparison) and found.failed:
        return "failed"
    return "agrees" if found.ok else "differs"
