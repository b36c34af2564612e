"""Options that several commands take, and what becomes of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xlsgd.base.errors import SpecError
from xlsgd.cli.types import (
    CONVENTION,
    DIFFERENCE,
    ENGINE,
    ENGINES,
    GRADIENT,
    LOSS,
    NUMBER,
    PIXELS,
    REDUCTION,
    SCHEDULE,
    SCHEDULE_BY,
    START,
    WHOLE,
)
from xlsgd.processes.limits import Limits

if TYPE_CHECKING:
    from xlsgd.data import Dataset

__all__ = [
    "Command",
    "comparing",
    "engine_option",
    "engines_option",
    "format_options",
    "given_reports",
    "later",
    "lesson_options",
    "limit_options",
    "many_options",
    "refuse_without",
    "tell_of",
]


class _Told(click.Option):
    """An option of whose meaning lessons may say more: in its help ``{}`` stands for that."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        from xlsgd.lessons import lesson_plans

        said = "".join(plan.says_of.get(str(self.name), "") for plan in lesson_plans().values())
        template = self.help or ""
        self.help = template.format(said)
        try:
            return super().get_help_record(ctx)
        finally:
            self.help = template


def _numbers(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> dict[str, float]:
    """Parse ``a=1,b=1``."""
    found: dict[str, float] = {}
    last = ""
    # Not at the commas of a name, such as fc.weight[0,1].
    for part in re.split(r",(?![^\[\]]*\])", text) if text else ():
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


def _hyper(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Gather hyperparameters, however they were given, in one place."""
    given = value if isinstance(value, dict) else {str(parameter.name): value}
    hyper = context.params.setdefault("hyper", {})
    hyper |= {name: number for name, number in given.items() if number is not None}


def _more_hyper(context: click.Context, parameter: click.Parameter, text: str | None) -> None:
    _hyper(context, parameter, _numbers(context, parameter, text))


def _transform_options() -> list[click.Option]:
    """Return an option for everything that can be done to slopes."""
    from xlsgd.training.transforms import transforms

    return [
        click.Option(
            [f"--{given.key.replace('_', '-')}"],
            type=NUMBER,
            callback=_hyper,
            expose_value=False,
            help=f"{each.summary}: {given.note}.",
        )
        for each in transforms().values()
        for given in each.hyperparameters
    ]


engine_option = click.option(
    "--engine", type=ENGINE, default="formulas", show_default=True,
    help="What recalculates the workbook.",
)  # fmt: skip
engines_option = click.option(
    "--engine", "engines", type=ENGINES, multiple=True, default=["formulas"], show_default=True,
    help="What recalculates the workbook; may be repeated, all is every engine that is installed.",
)  # fmt: skip


def _added(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a decorator that adds options, to be listed in this order."""

    def add(function: Any) -> Any:
        for option in reversed(options):
            function = option(function)
        return function

    return add


# What everything that compares takes.
comparing = _added(
    click.option("-q", "--quiet", is_flag=True, help="No progress, no lines if all is well."),
    click.option("--atol", type=NUMBER, help="Absolute tolerance; together with --rtol."),
    click.option("--rtol", type=NUMBER, help="Relative tolerance; together with --atol."),
)


# Options that are only known when somebody asks


class _Later(click.Option):
    """Stands for options in a command."""

    def __init__(self, names: Sequence[str], make: Callable[[], list[click.Option]]) -> None:
        super().__init__(names)
        self.make = make


class Command(click.Command):
    """A command some of whose options are looked for when it is: not for a help page of all."""

    @property
    def params(self) -> list[click.Parameter]:
        """All parameters, in the order of its help page."""
        found = (one.make() if isinstance(one, _Later) else [one] for one in self._params)
        self._params[:] = [each for options in found for each in options]  # click adds to them
        return self._params

    @params.setter
    def params(self, given: list[click.Parameter]) -> None:
        self._params = given


def later(make: Callable[[], list[click.Option]]) -> Callable[[Any], Any]:
    """Add options that are made when they are needed."""
    return click.option("--later", cls=_Later, make=make)


def format_options(what: str, type: click.ParamType, help: str) -> Callable[[Any], Any]:  # type: ignore[type-arg]
    """Add an option for every report format that can show something: ``--json FILE``.

    what: as ``xlsgd.report.formats.formats`` takes it.   help: with ``{title}`` of the format.
    """

    def make() -> list[click.Option]:
        from xlsgd.report.formats import formats

        return [
            click.Option([f"--{name}"], type=type, help=help.format(title=format.title))
            for name, format in formats(what).items()
        ]

    return later(make)


def given_reports(options: dict[str, Any], *whats: str) -> dict[str, Path]:
    """Take the files of reports out of options; return those given, by the name of the format."""
    from xlsgd.report.formats import formats

    names = [name for what in whats for name in formats(what)]
    files = {name: options.pop(name.replace("-", "_")) for name in names}
    return {name: file for name, file in files.items() if file is not None}


# What may be asked of a lesson, by every command that makes one


def lesson_options(rate: str, optimizer: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Add the options of a lesson.  rate: help for the learning rate.   optimizer: its option."""
    return _added(
        click.option("--lr", "--learning-rate", "learning_rate", type=NUMBER, help=rate),
        *_START,
        optimizer,
        *_OWN,
        *_RUN,
    )


def _columns(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Gather in one place which columns of a file are what."""
    from dataclasses import replace

    from xlsgd.lessons.lesson import NO_COLUMNS

    if parameter.name in ("shuffle", "validation", "image"):
        known = context.params.get("columns", NO_COLUMNS)
        context.params["columns"] = replace(known, **{parameter.name: value})
        return
    names = [value] if isinstance(value, str) else list(value or ())
    if parameter.name != "features":
        names = [name.strip() for text in names for name in text.split(",") if name.strip()]
    known = context.params.get("columns", NO_COLUMNS)
    context.params["columns"] = replace(known, **{str(parameter.name): tuple(names)})


_OWN = (
    click.option(
        "--target", "targets", multiple=True, callback=_columns, expose_value=False,
        metavar="COLUMN", help="Of a net of your own: the column to predict; may be repeated.",
    ),
    click.option(
        "--inputs", callback=_columns, expose_value=False, metavar="a,b",
        help="Of a net of your own: the columns to predict from.  [all others]",
    ),
    click.option(
        "--feature", "features", multiple=True, callback=_columns, expose_value=False,
        metavar="standardised(a)", help="An input made of columns; may be repeated.",
    ),
    click.option(
        "--shuffle", type=WHOLE, callback=_columns, expose_value=False, metavar="SEED",
        help="Of a net of your own: the rows in an order drawn once, by this seed.",
    ),
    click.option(
        "--validation", callback=_columns, expose_value=False, metavar="COLUMN|0.2",
        help="Of a net of your own: the column that says which rows validate, or a share of them, "
        "the last ones.",
    ),
    click.option(
        "--image", type=PIXELS, callback=_columns, expose_value=False, metavar="8x6",
        help="Of a net of your own: its inputs are the pixels of an image of so many rows and "
        "columns; a tab more shows image, weights and outputs.",
    ),
)  # fmt: skip
_START = (
    click.option("--epochs", type=WHOLE, help="How often the data is gone through."),
    click.option("--h", type=NUMBER, help="How far a numerical derivative moves a weight."),
    click.option(
        "--init",
        callback=_numbers,
        metavar="a=1,b=1",
        help="Start values of weights, and of optimizer state such as velocity.a=0.",
    ),
)
_RUN = (
    click.option(
        "--hyper",
        callback=_more_hyper,
        expose_value=False,
        metavar="beta=0.8",
        help="Hyperparameters of optimizer and schedule; xlsgd list shows them.",
    ),
    later(_transform_options),
    click.option(
        "--digits",
        is_flag=True,
        help="Of three-or-seven: learn from handwritten digits, of scikit-learn.",
    ),
    click.option("--maximize", is_flag=True, help="Let steps lead uphill."),
    click.option(
        "--group",
        "groups",
        multiple=True,
        metavar="'b: lr=0.001'",
        help="Weights with options of their own, as torch's param_groups: 'out.*: lr=0.001, "
        "weight_decay=0', or with a name, 'head = out.*: lr=0.001'; may be repeated.",
    ),
    click.option(
        "--freeze",
        "frozen",
        multiple=True,
        metavar="WEIGHTS",
        help="Weights that are kept fixed, such as a or 'fc1.*'; may be repeated.",
    ),
    click.option(
        "--gradient", type=GRADIENT, help="What drives the update: numerical or backprop."
    ),
    click.option("--difference", type=DIFFERENCE, help="Numerical derivative: forward or central."),
    click.option("--loss", type=LOSS, help="What a row costs; xlsgd list shows them."),
    click.option(
        "--reduction", type=REDUCTION, help="What a step follows of its rows' losses: mean or sum."
    ),
    click.option(
        "--schedule",
        type=SCHEDULE,
        help="Rate of every step, by its name (xlsgd list shows them), as a chain, such as "
        "'linear 5, cosine', or as a formula, such as 'learning_rate/(1+0.1*step)'.",
    ),
    click.option(
        "--schedule-by",
        type=SCHEDULE_BY,
        default="step",
        show_default=True,
        help="Set the rate anew after every step or epoch.",
    ),
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
        cls=_Told,
        help="CSV file or URL with columns x and y{}; of a net of your own, with any columns.",
    ),
    click.option("--points", type=WHOLE, cls=_Told, help="Make up this many points{}, instead."),
    click.option(
        "--noise", type=NUMBER, help="Standard deviation of made-up points around the line."
    ),
    click.option("--seed", type=WHOLE, cls=_Told, help="Seed for made-up points{}."),
    click.option(
        "--start",
        type=START,
        default="random",
        show_default=True,
        cls=_Told,
        help="Start weights{}: random, or solved by torch.",
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


def tell_of(data: Dataset, source: str | None) -> None:
    """Say what was read, and how to be sure to read the same again."""
    from xlsgd.lessons.given import words_about

    for line in words_about(data, source):
        click.echo(line, err=True)


def refuse_without(option: str, **given: Any) -> None:
    """Raise SpecError for options that are given and are about many workbooks.

    option: the one that asks for many.   given: the others, None where they are not given.
    """
    for name, value in given.items():
        if value is not None:
            raise SpecError(f"--{name} is for many workbooks: it goes with {option}")
