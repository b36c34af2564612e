"""Options that several commands take, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from xlsgd.cli.types import (
    CONVENTION,
    DIFFERENCE,
    ENGINE,
    ENGINES,
    GRADIENT,
    NUMBER,
    SCHEDULE,
    START,
    WHOLE,
)
from xlsgd.processes.limits import Limits

if TYPE_CHECKING:
    from xlsgd.data import Dataset

__all__ = [
    "comparing",
    "engine_option",
    "engines_option",
    "given_limits",
    "limit_options",
    "many_options",
    "rate_option",
    "run_options",
    "start_options",
    "tell_of",
]


def _numbers(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> dict[str, float]:
    """Parse ``a=1,b=1``."""
    found: dict[str, float] = {}
    last = ""
    for part in text.split(",") if text else ():
        name, equals, number = part.partition("=")
        if last and part.strip().isdecimal():
            from xlsgd.data.csvnumbers import DECIMAL_POINT

            raise click.BadParameter(f"got '{last},{part.strip()}', {DECIMAL_POINT}")
        last = part.strip()
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


engine_option = click.option(
    "--engine", type=ENGINE, default="formulas", show_default=True,
    help="What recalculates the workbook.",
)  # fmt: skip
engines_option = click.option(
    "--engine", "engines", type=ENGINES, multiple=True, default=["formulas"], show_default=True,
    help="What recalculates the workbook; may be repeated, all is every engine that is installed.",
)  # fmt: skip


def comparing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of everything that compares."""
    for option in (
        click.option("--rtol", type=NUMBER, help="Relative tolerance; together with --atol."),
        click.option("--atol", type=NUMBER, help="Absolute tolerance; together with --rtol."),
        click.option("-q", "--quiet", is_flag=True, help="No progress, no lines if all is well."),
    ):
        function = option(function)
    return function


def _added(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a decorator that adds options, to be listed in this order."""

    def add(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return add


def rate_option(help: str) -> Callable[[Any], Any]:
    """Return the option for the learning rate, by its short name and its long one."""
    return click.option("--lr", "--learning-rate", "learning_rate", type=NUMBER, help=help)


# What may be asked of a lesson, by every command that makes one.
start_options = _added(
    click.option("--epochs", type=WHOLE, help="How often the data is gone through."),
    click.option("--h", type=NUMBER, help="How far a numerical derivative moves a weight."),
    click.option(
        "--init",
        callback=_numbers,
        metavar="a=1,b=1",
        help="Start values of weights, and of optimizer state such as velocity.a=0.",
    ),
)
run_options = _added(
    click.option(
        "--gradient", type=GRADIENT, help="What drives the update: numerical or backprop."
    ),
    click.option("--difference", type=DIFFERENCE, help="Numerical derivative: forward or central."),
    click.option("--schedule", type=SCHEDULE, help="Rate of every step; xlsgd list shows them."),
    click.option(
        "--convention",
        type=CONVENTION,
        default="torch",
        show_default=True,
        help="Whose formulas: torch or fastai.",
    ),
    click.option("--batch-size", type=WHOLE, help="Rows of data per update."),
    click.option(
        "--data",
        "source",
        metavar="FILE|URL",
        help="CSV file or URL with columns x and y; for titanic Kaggle's train.csv, or the word "
        "titanic for a public copy.",
    ),
    click.option("--points", type=WHOLE, help="Make up this many points, or passengers, instead."),
    click.option(
        "--noise", type=NUMBER, help="Standard deviation of made-up points around the line."
    ),
    click.option(
        "--seed", type=WHOLE, help="Seed for made-up points; for titanic, for start weights."
    ),
    click.option(
        "--start",
        type=START,
        default="random",
        show_default=True,
        help="Start weights of titanic: random, or solved by torch.",
    ),
)

# What everything that opens a stranger's workbook takes.
_limits = (
    click.option(
        "--timeout", type=NUMBER, metavar="SECONDS",
        help=f"Give up on a workbook that takes longer.  [{Limits().seconds:g}]",
    ),
    click.option(
        "--memory", type=WHOLE, metavar="MIB",
        help=f"Give up on a workbook that needs more.  [{Limits().memory}]",
    ),
)  # fmt: skip
limit_options = _added(*_limits)

# What everything that works on many workbooks takes.
many_options = _added(
    click.option(
        "-j", "--jobs", type=WHOLE, metavar="N",
        help="Work on so many workbooks at once, in a process each; 0: one per core.  [1]",
    ),
    *_limits,
    click.option(
        "--dask", metavar="ADDRESS",
        help="Work on the Dask cluster whose scheduler is there, such as tcp://10.0.0.1:8786.",
    ),
)  # fmt: skip


def given_limits(timeout: float | None, memory: int | None) -> Limits:
    """Return the limits that were asked for.  Raises SpecError if they make no sense."""
    given = Limits()
    return Limits(
        given.seconds if timeout is None else timeout, given.memory if memory is None else memory
    )


def tell_of(data: Dataset, source: str | None) -> None:
    """Say what was read, and how to be sure to read the same again."""
    from xlsgd.data import Passengers

    if isinstance(data, Passengers):
        click.echo(data.title, err=True)
    if source is not None and data.sha256 and not data.checked and "://" in source:
        click.echo(
            f"The download was not checked; for the same file every time: "
            f"--data '{source}#sha256={data.sha256}'",
            err=True,
        )
