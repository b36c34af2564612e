"""The command line: parse, call one library function, print."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlsgd.errors import SpecError, XlsgdError

if TYPE_CHECKING:
    from xlsgd.data import Dataset
    from xlsgd.report import Report

__all__ = ["main"]

AGREES, DIFFERS, FAILED = 0, 1, 2
"""Exit statuses, as those of ``diff``."""


@contextmanager
def _errors_as_text() -> Iterator[None]:
    """Turn the errors that a user can mend into a message and exit status 2."""
    try:
        yield
    except XlsgdError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(FAILED)


class _Progress:
    """A bar on stderr that says how far the work has come; only where somebody watches."""

    _WIDTH = 24

    def __init__(self, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr.isatty()
        self._last = ""
        self._what, self._begun = "", 0.0

    def __call__(self, what: str, done: int, total: int) -> None:
        if not self._shown:
            return
        if what != self._what:
            self._what, self._begun = what, time.monotonic()
        share = min(done / total, 1.0) if total else 1.0
        full = int(share * self._WIDTH)
        text = f"{what} [{'#' * full}{'-' * (self._WIDTH - full)}] {share:4.0%}"
        passed = time.monotonic() - self._begun
        if passed > 1 and 0 < share < 1:
            minutes, seconds = divmod(round(passed / share * (1 - share)), 60)
            text += f"  {minutes}:{seconds:02} left"
        if text != self._last:
            click.echo(f"\r\x1b[K{text}", nl=False, err=True)
            self._last = text

    def clear(self) -> None:
        if self._shown and self._last:
            click.echo("\r\x1b[K", nl=False, err=True)
            self._last = ""


def _numbers(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> dict[str, float]:
    """Parse ``a=1,b=1``."""
    found: dict[str, float] = {}
    for part in text.split(",") if text else ():
        name, equals, number = part.partition("=")
        try:
            if not equals or not name.strip():
                raise ValueError
            if name.strip() in found:
                raise click.BadParameter(f"got {name.strip()} twice, need it once")
            found[name.strip()] = float(number)
        except ValueError:
            raise click.BadParameter(
                f"got '{part.strip()}', need name=number pairs such as a=1,b=1"
            ) from None
    return found


def _verifying(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of everything that recalculates and compares."""
    for option in (
        click.option("--engine", default="formulas", show_default=True,
                     help="What recalculates the workbook."),
        click.option("--rtol", type=float, help="Relative tolerance; together with --atol."),
        click.option("--atol", type=float, help="Absolute tolerance; together with --rtol."),
        click.option("-q", "--quiet", is_flag=True, help="No progress, no lines if all is well."),
    ):  # fmt: skip
        function = option(function)
    return function


def _added(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a decorator that adds options, to be listed in this order."""

    def add(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return add


# What may be asked of a lesson, by every command that makes one.
_start_options = _added(
    click.option("--epochs", type=int, help="How often the data is gone through."),
    click.option("--h", type=float, help="How far a numerical derivative moves a weight."),
    click.option(
        "--init",
        callback=_numbers,
        metavar="a=1,b=1",
        help="Start values of weights, and of optimizer state such as velocity.a=0.",
    ),
)
_run_options = _added(
    click.option("--gradient", help="What drives the update: numerical or backprop."),
    click.option("--difference", help="Numerical derivative: forward or central."),
    click.option("--convention", default="torch", show_default=True, help="torch or fastai."),
    click.option("--batch-size", type=int, help="Rows of data per update."),
    click.option(
        "--data",
        "source",
        metavar="FILE|URL",
        help="CSV file with columns x and y; for titanic Kaggle's train.csv, as a file, a URL, or "
        "the word titanic for a public copy.",
    ),
    click.option("--points", type=int, help="Make up this many points, or passengers, instead."),
    click.option(
        "--noise", type=float, help="Standard deviation of made-up points around the line."
    ),
    click.option(
        "--seed", type=int, help="Seed for made-up points; for titanic, for start weights."
    ),
    click.option(
        "--start",
        default="random",
        show_default=True,
        help="Start weights of titanic: random, or solved by torch.",
    ),
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="xlsgd", prog_name="xlsgd")
def main() -> None:
    """Excel workbooks that train tiny neural nets with live formulas, checked against PyTorch.

    Exit status: 0 sheet and torch agree, 1 cells differ, 2 it could not be done.
    """


@main.command(epilog="Example:  xlsgd generate graddesc -o graddesc.xlsx --lr 0.0002 --epochs 5")
@click.argument("lesson")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="File to write.  [LESSON.xlsx]"
)
@click.option("--lr", "learning_rate", type=float, help="Learning rate of every tab.")
@_start_options
@click.option("--optimizer", "optimizers", multiple=True, help="A tab for it; may be repeated.")
@_run_options
@click.option("--force", is_flag=True, help="Replace an existing file.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def generate(
    lesson: str,
    output: Path | None,
    init: dict[str, float],
    source: str | None,
    points: int | None,
    noise: float | None,
    seed: int | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Write the workbook of LESSON (xlsgd list shows them)."""
    from xlsgd.generation import generate as write

    progress = _Progress(quiet)
    with _errors_as_text():
        if source is not None and output is not None:
            _refuse_to_overwrite([Path(source)], output)
        data = _dataset(lesson, source, points, noise, seed)
        path = write(lesson, output, init=init, data=data, seed=seed, progress=progress, **options)
        progress.clear()
        if data is not None and not quiet:
            _tell_of(data, source)
        click.echo(path)


def _dataset(
    lesson: str, source: str | None, points: int | None, noise: float | None, seed: int | None
) -> Dataset | None:
    """Return the data that was asked for, None for the lesson's own."""
    from xlsgd.lessons import get_plan

    plan = get_plan(lesson)
    making = {"--points": points, "--noise": noise}
    if not plan.seeds_weights:
        making["--seed"] = seed
    given = [name for name, value in making.items() if value is not None]
    if source is not None:
        if given:
            raise SpecError(f"--data and {given[0]} exclude each other: data is read or made up")
        return plan.read_data(source)
    return plan.make_data(points, noise, seed) if given else None


def _tell_of(data: Dataset, source: str | None) -> None:
    """Say what was read, and how to be sure to read the same again."""
    from xlsgd.data import Passengers

    if not isinstance(data, Passengers):
        return
    click.echo(data.title, err=True)
    if source is not None and data.sha256 and not data.checked and "://" in source:
        click.echo(
            f"The download was not checked; for the same file every time: "
            f"--data '{source}#sha256={data.sha256}'",
            err=True,
        )


@main.command(epilog="Example:  xlsgd verify graddesc.xlsx --json report.json")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE|DIR..."
)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), help="Write a report as JSON."
)
@click.option(
    "--junit", "junit_file", type=click.Path(path_type=Path), help="Write a report as JUnit XML."
)
@_verifying
def verify(
    paths: tuple[Path, ...],
    json_file: Path | None,
    junit_file: Path | None,
    engine: str,
    rtol: float | None,
    atol: float | None,
    quiet: bool,
) -> None:
    """Check workbooks against PyTorch, every cell.  A folder stands for all .xlsx files in it."""
    with _errors_as_text():
        files = _workbooks(paths)
        for target in (json_file, junit_file):
            if target is not None:
                _refuse_to_overwrite(files, target)
        from xlsgd.engines import get_engine
        from xlsgd.tolerances import tolerances

        # What is wrong with the options is wrong for every file: say it once.
        get_engine(engine)
        tolerances(rtol, atol)
        from xlsgd.verification import verify as check

        reports: list[Report] = []
        failures: list[tuple[str, str]] = []
        from xlsgd.report.terminal import report_lines

        for file in files:
            progress = _Progress(quiet)
            try:
                report = check(file, engine, rtol, atol, progress)
            except XlsgdError as error:
                progress.clear()
                failures.append((str(file), str(error)))
                click.echo(f"Error: {error}", err=True)
                continue
            progress.clear()
            reports.append(report)
            if not (quiet and report.ok):
                click.echo("\n".join(report_lines(report)))
        _write_reports(json_file, junit_file, reports, failures)
    if failures:
        sys.exit(FAILED)
    sys.exit(AGREES if all(report.ok for report in reports) else DIFFERS)


def _workbooks(paths: tuple[Path, ...]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        # "~$" marks the lock files that Excel leaves beside an open workbook.
        inside = sorted(p for p in path.rglob("*.xlsx") if not p.name.startswith("~$"))
        if not inside:
            raise SpecError(f"{path}: no .xlsx file in this folder")
        files += inside
    return files


def _refuse_to_overwrite(inputs: Sequence[Path], output: Path) -> None:
    """Raise SpecError if output is one of the files that are read."""
    for file in inputs:
        if file.resolve() == output.resolve():
            raise SpecError(f"{output}: is read and would be overwritten; name another file")


def _write_reports(
    json_file: Path | None,
    junit_file: Path | None,
    reports: list[Report],
    failures: list[tuple[str, str]],
) -> None:
    from xlsgd.files import write_whole
    from xlsgd.report.json_report import to_json
    from xlsgd.report.junit import to_junit

    for file, render in ((json_file, to_json), (junit_file, to_junit)):
        if file is not None:
            # A report is a result of this very run: the one of the last run is to be replaced.
            # A file's name may hold bytes that are no letters; they are written as \\udcxx.
            text = render(reports, failures)
            write_whole(file, text.encode("utf-8", "backslashreplace"), force=True)


@main.command(epilog="Example:  xlsgd diff mine.xlsx --format markdown")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("other", required=False, type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format",
    default="table",
    show_default=True,
    type=click.Choice(["table", "csv", "markdown"]),
    help="How to print the cells.",
)
@_verifying
def diff(
    file: Path,
    other: Path | None,
    format: str,
    engine: str,
    rtol: float | None,
    atol: float | None,
    quiet: bool,
) -> None:
    """List every cell of FILE that differs from torch, or from the workbook OTHER."""
    with _errors_as_text():
        from xlsgd.report.differences import difference_table
        from xlsgd.report.terminal import counted

        progress = _Progress(quiet)
        if other is None:
            from xlsgd.verification import verify as check

            report = check(file, engine, rtol, atol, progress)
            found, ok = list(report.differences()), report.ok
        else:
            from xlsgd.bookdiff import diff_workbooks

            found = diff_workbooks(file, other, engine, rtol, atol)
            ok = not found
        progress.clear()
        if found:
            click.echo(difference_table(found, format), nl=False)
        if not quiet:
            click.echo(f"{counted(len(found), 'differing cell')}", err=True)
    sys.exit(AGREES if ok else DIFFERS)


@main.command(
    epilog="Example:  xlsgd sweep two-neuron --tab two --y init.a=-3:3 --zoom 1 -o closer"
)
@click.argument("lesson")
@click.option(
    "-o", "--output", "stem", type=click.Path(path_type=Path), metavar="STEM",
    help="Write STEM.png, STEM.csv and STEM.xlsx.  [LESSON-sweep]",
)  # fmt: skip
@click.option(
    "--x", default="learning_rate", show_default=True, metavar="NAME[=LOW:HIGH[:STEPS][:log|lin]]",
    help="What to vary: learning_rate, learning_rate.2 for the second layer, a start value such "
    "as init.a, a hyperparameter such as beta, or h.",
)  # fmt: skip
@click.option("--y", metavar="NAME=…", help="A second quantity, for a map of the two.")
@click.option("--tab", help="Which tab of the lesson.  [the first]")
@click.option("--zoom", type=int, default=0, help="Look closer at the border this many times.")
@click.option(
    "--check", "per_side", type=int, default=2, show_default=True,
    help="Recalculate so many runs from each side of the border as a workbook.",
)  # fmt: skip
@click.option("--check-seed", type=int, default=0, help="Seed of the lot that draws them.")
@click.option(
    "--table", type=click.Path(path_type=Path), help="Another file for the table: .csv or .parquet."
)
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
@click.option("--lr", "learning_rate", type=float, help="Learning rate, if it is not varied.")
@_start_options
@click.option("--optimizer", help="Train by it instead.")
@_run_options
@click.option("--force", is_flag=True, help="Replace existing files.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, no lines if all is well.")
def sweep(
    lesson: str,
    stem: Path | None,
    table: Path | None,
    per_side: int,
    check_seed: int,
    init: dict[str, float],
    source: str | None,
    points: int | None,
    noise: float | None,
    seed: int | None,
    force: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Train a tab of LESSON at many learning rates, and draw a map of how it goes."""
    progress = _Progress(quiet)
    with _errors_as_text():
        for name, number in (("--check", per_side), ("--check-seed", check_seed)):
            if number < 0:
                raise SpecError(f"{name}: got {number}, need a whole number, 0 or greater")
        from xlsgd.sweeping.outputs import Outputs

        outputs = Outputs(Path(f"{lesson}-sweep" if stem is None else stem), table, force)
        for path in outputs.paths if source is not None else ():
            _refuse_to_overwrite([Path(str(source))], path)
        data = _dataset(lesson, source, points, noise, seed)
        if data is not None and not quiet:
            _tell_of(data, source)
        from xlsgd.sweeping.check import can_be_checked, check_sweep
        from xlsgd.sweeping.lesson import sweep as train
        from xlsgd.sweeping.words import check_lines, summary_lines

        def tell(lines: Sequence[str]) -> None:
            progress.clear()
            if not quiet:
                click.echo("\n".join(lines))

        def seen(found: Any) -> None:
            tell(summary_lines(found))

        found = train(
            lesson, init=init, data=data, seed=seed, progress=progress, seen=seen, **options
        )
        seen(found)
        checked = None
        if per_side and not can_be_checked(found):
            click.echo(
                "not recalculated: a workbook has one learning rate for all layers", err=True
            )
        elif per_side:
            checked = check_sweep(found, per_side, check_seed, progress)
            agree = all(one.agree for one in checked)
            progress.clear()
            if not (quiet and agree):
                click.echo("\n".join(check_lines(checked)))
        for path in outputs.write(found, checked):
            click.echo(path)
    sys.exit(AGREES if checked is None or all(one.agree for one in checked) else DIFFERS)


@main.command(epilog="Example:  xlsgd explain two-neuron.xlsx --tab two")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--tab", "tabs", multiple=True, help="Only this training tab; may be repeated.")
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path, allow_dash=True),
    help="Write the findings as JSON; - for standard output, in place of the text.",
)  # fmt: skip
@click.option("--engine", default="formulas", show_default=True,
              help="What recalculates the workbook.")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def explain(
    file: Path, tabs: tuple[str, ...], json_file: Path | None, engine: str, quiet: bool
) -> None:
    """Say why the runs of FILE went as they did, and what to change.

    Every training tab is trained in PyTorch from the inputs that stand in it: which step it turned
    in, how large the learning rate may be, and what another rate does, which has been tried.
    """
    progress = _Progress(quiet)
    to_stdout = str(json_file) == "-"
    with _errors_as_text():
        if json_file is not None and not to_stdout:
            _refuse_to_overwrite([file], json_file)
        from xlsgd.explaining import explain as find_out
        from xlsgd.explaining.telling import explanation_lines, to_json

        try:
            found = find_out(file, tabs, engine, progress)
        finally:
            progress.clear()
        if to_stdout:
            click.echo(to_json(found), nl=False)
            return
        if json_file is not None:
            from xlsgd.files import write_whole

            write_whole(json_file, to_json(found).encode("utf-8", "backslashreplace"), force=True)
        width = shutil.get_terminal_size().columns
        click.echo("\n".join(explanation_lines(found, width)))


@main.command("list", epilog="Example:  xlsgd list")
def list_command() -> None:
    """Show the lessons, layers, gradient rules, optimizers and engines there are."""
    from xlsgd.engines import engine_names
    from xlsgd.gradients import gradient_rules
    from xlsgd.lessons import lesson_plans
    from xlsgd.losses import losses
    from xlsgd.nets import layer_types
    from xlsgd.optimizers import optimizers

    sections = {
        "lessons": {name: plan.summary for name, plan in lesson_plans().items()},
        "layers": {name: kind.summary for name, kind in layer_types().items()},
        "losses": {name: loss.paper for name, loss in losses().items()},
        "gradient rules": {name: rule.summary for name, rule in gradient_rules().items()},
        "optimizers": {name: o.summary for name, o in optimizers().items()},
        "engines": dict.fromkeys(engine_names(), ""),
    }
    for heading, things in sections.items():
        click.echo(f"{heading}:")
        for name, summary in things.items():
            click.echo(f"  {name:<18} {summary}".rstrip())
